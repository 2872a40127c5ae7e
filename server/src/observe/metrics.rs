//! What the server counts about itself. Labels are words of this program: routes as templates, never a path, never a name
//! that a user gave.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use shared::model::time::UnixMillis;

/// Upper ends, in seconds: an answer from memory, one from the disk, a password check, too long.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 10.0];

/// Requests that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Requests {
    method: &'static str,
    route: String,
    status: &'static str,
}

/// Requests whose time is measured together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Times {
    route: String,
}

/// What is counted while the server runs.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<Requests, Counter>,
    times: Family<Times, Histogram, fn() -> Histogram>,
    /// Reads that were not answered because no record of them could be written.
    pub unrecorded_reads: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            times: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            unrecorded_reads: Counter::default(),
        }
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub fn answered(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let requests = Requests {
            method: known(method),
            route: route.to_owned(),
            status: class(status),
        };
        self.requests.get_or_create(&requests).inc();
        let times = Times {
            route: route.to_owned(),
        };
        self.times.get_or_create(&times).observe(took.as_secs_f64());
    }

    /// Adds what was counted to what is shown.
    pub fn show(&self, registry: &mut Registry) {
        registry.register("requests", "Requests that were answered", self.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time until the head of the answer",
            Unit::Seconds,
            self.times.clone(),
        );
        registry.register(
            "audit_failures",
            "Reads that were refused because they could not be recorded",
            self.unrecorded_reads.clone(),
        );
    }
}

/// A method by its name; whatever else somebody sends is one thing, or he could fill the memory.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// The process itself, under the names that dashboards know.
pub fn show_process(registry: &mut Registry, started_at: UnixMillis) {
    let mut set = |name: &str, help: &str, value: f64| {
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 milliseconds")]
    let start = started_at.0 as f64 / 1000.0;
    set(
        "process_start_time_seconds",
        "When the process began to serve",
        start,
    );
    // Without /proc there is no number, rather than a wrong one.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(bytes) = resident(&status) {
        set("process_resident_memory_bytes", "Memory in use", bytes);
    }
}

/// Resident memory in what Linux says about a process, in bytes.
fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kibibytes) * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[test]
    fn requests_are_counted_by_template_and_class() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        for (method, status) in [("GET", 200), ("GET", 204), ("BREW", 404), ("PUNCH", 405)] {
            metrics.answered(&method.parse().unwrap(), "/a/{b}", status, took);
        }
        metrics.unrecorded_reads.inc();
        let mut registry = Registry::with_prefix("strongroom");
        metrics.show(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            r#"strongroom_requests_total{method="GET",route="/a/{b}",status="2xx"} 2"#,
            r#"strongroom_requests_total{method="other",route="/a/{b}",status="4xx"} 2"#,
            r#"strongroom_request_duration_seconds_bucket{le="0.001",route="/a/{b}"} 0"#,
            r#"strongroom_request_duration_seconds_bucket{le="0.005",route="/a/{b}"} 4"#,
            "strongroom_audit_failures_total 1",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
    }

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t   12 kB\n"), Some(12288.0));
        for bad in ["", "VmRSS:", "VmRSS: 12", "VmRSS: x kB"] {
            assert_eq!(resident(bad), None, "{bad}");
        }
        let mut registry = Registry::default();
        show_process(&mut registry, UnixMillis(1_763_769_600_120));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(
            text.contains("process_start_time_seconds 1763769600.12\n"),
            "{text}"
        );
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
    }
}
