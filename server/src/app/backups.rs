//! Backups that the server writes: one at a time, in the background, into `backups/` of the data directory, because somebody
//! asked or the schedule did. A finished one is fetched with a ticket, because a browser sends no bearer token with a
//! download.

mod act;
mod copying;
mod file;
mod job;
mod ticket;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

pub use act::perform;
pub use file::Finished;
pub(super) use file::{explain, remove_parts, write_before_upgrade};
pub use job::Job;
use shared::model::ids::TargetId;
use ticket::Ticket;

/// The backups of this process and the tickets for them.
#[derive(Default)]
pub struct Backups {
    jobs: Mutex<VecDeque<Arc<Job>>>,
    tickets: Mutex<HashMap<[u8; 32], Ticket>>,
    /// Targets at which something is being done.
    busy: Mutex<Vec<TargetId>>,
}
