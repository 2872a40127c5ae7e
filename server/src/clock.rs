//! The only place that reads the time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use shared::model::time::UnixMillis;

/// The machine's clock, which tests may move forward.
#[derive(Debug, Default)]
pub struct Clock {
    ahead: AtomicI64,
}

impl Clock {
    /// The present time.
    pub fn now(&self) -> UnixMillis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        UnixMillis(millis.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// A moment from which to measure how long something takes. Nobody can set it.
    pub fn moment(&self) -> Instant {
        Instant::now()
    }

    /// Moves this clock forward: how tests see tokens expire.
    pub fn advance_seconds(&self, seconds: i64) {
        self.ahead
            .fetch_add(seconds.saturating_mul(1000), Ordering::Relaxed);
    }
}
