//! The load generator: threads that each send one request after the other.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::connection::{Connection, Request};

/// When a load ends: whichever comes first.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Requests in all.
    pub requests: u64,
    /// Time in all.
    pub time: Duration,
}

/// When a connection sends its next request.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// When the last one was answered.
    Closed,
    /// So many in a second over all connections. Latencies count from when each was due: a server that keeps one waiting
    /// keeps those behind it waiting too.
    PerSecond(f64),
}

impl Pace {
    /// How long after the first one the n-th is due; none for at once.
    fn due(self, number: u64) -> Option<Duration> {
        match self {
            Self::Closed => None,
            Self::PerSecond(rate) => {
                let number = f64::from(u32::try_from(number).unwrap_or(u32::MAX));
                Some(Duration::from_secs_f64(number / rate))
            }
        }
    }
}

/// What a load measured.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// Time from the first request to the last answer.
    pub elapsed: Duration,
    latencies: Vec<Duration>,
}

impl Measurement {
    /// How many were answered.
    pub fn requests(&self) -> usize {
        self.latencies.len()
    }

    /// Requests for each second.
    #[allow(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
    pub fn rate(&self) -> f64 {
        self.requests() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this many percent of the requests stayed at or below.
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }
}

/// Sends requests over a number of connections. `request` makes the n-th; an answer that is no success ends everything:
/// fast refusals are not throughput.
pub fn run(
    address: SocketAddr,
    connections: usize,
    limit: Limit,
    request: impl Fn(u64) -> Request + Sync,
) -> Result<Measurement> {
    let until = Instant::now() + limit.time;
    let goes_on = |number| number < limit.requests && Instant::now() <= until;
    run_while(address, connections, Pace::Closed, goes_on, request)
}

/// The same at a pace, as long as `goes_on` says so before the n-th request.
pub fn run_while(
    address: SocketAddr,
    connections: usize,
    pace: Pace,
    goes_on: impl Fn(u64) -> bool + Sync,
    request: impl Fn(u64) -> Request + Sync,
) -> Result<Measurement> {
    let opened: Vec<Connection> = (0..connections)
        .map(|_| Connection::open(address))
        .collect::<Result<_>>()?;
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let failure = Mutex::new(None);
    let begun = Instant::now();
    let mut latencies = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = opened
            .into_iter()
            .map(|mut connection| {
                let (next, failed, failure) = (&next, &failed, &failure);
                let (goes_on, request) = (&goes_on, &request);
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if failed.load(Ordering::Relaxed) || !goes_on(number) {
                            return latencies;
                        }
                        let request = request(number);
                        let due = pace.due(number).map(|after| begun + after);
                        if let Some(due) = due {
                            std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        }
                        let sent = due.unwrap_or_else(Instant::now);
                        let result = connection.send(&request);
                        latencies.push(sent.elapsed());
                        let error = match result {
                            Ok(answer) if (200..300).contains(&answer.status) => continue,
                            Ok(answer) => format!(
                                "request {number} was answered with {}: {}",
                                answer.status,
                                String::from_utf8_lossy(&answer.body)
                            ),
                            Err(error) => format!("request {number}: {error:#}"),
                        };
                        // Stops the others too.
                        failed.store(true, Ordering::Relaxed);
                        if let Ok(mut failure) = failure.lock() {
                            failure.get_or_insert(error);
                        }
                        return latencies;
                    }
                })
            })
            .collect();
        for worker in workers {
            latencies.extend(worker.join().unwrap_or_default());
        }
    });
    let elapsed = begun.elapsed();
    if let Ok(Some(failure)) = failure.into_inner() {
        bail!(failure);
    }
    if latencies.is_empty() {
        bail!("no request was sent");
    }
    latencies.sort_unstable();
    Ok(Measurement { elapsed, latencies })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    const LIMIT: Limit = Limit {
        requests: 100,
        time: Duration::from_secs(20),
    };

    /// Answers with the given text until the client goes away.
    fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    while let Some(Ok(line)) = lines.next() {
                        if line.is_empty() {
                            stream.write_all(answer.as_bytes()).unwrap();
                        }
                    }
                });
            }
        });
        address
    }

    fn load(answer: &'static str) -> Result<Measurement> {
        let address = server(answer);
        run(address, 4, LIMIT, |_| {
            Request::new("GET", "/", address, Some("token"), None)
        })
    }

    #[test]
    fn every_request_is_counted_once() {
        let measured = load("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert_eq!(measured.requests(), 100);
        assert!(measured.rate() > 0.0);
        assert!(measured.percentile(50) <= measured.percentile(99));
        assert!(measured.percentile(99) <= measured.elapsed);
    }

    #[test]
    fn a_paced_load_keeps_its_pace_and_counts_what_waited() {
        let quick = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        let request = |_| Request::new("GET", "/", quick, None, None);
        let measured = run_while(quick, 2, Pace::PerSecond(200.0), |number| number < 21, request).unwrap();
        assert_eq!(measured.requests(), 21);
        assert!(measured.elapsed >= Duration::from_millis(100), "{measured:?}");

        // Ten are due at once, and one connection takes 10 ms for each: the last one waited for all of them.
        let slow = |_| {
            std::thread::sleep(Duration::from_millis(10));
            Request::new("GET", "/", quick, None, None)
        };
        let measured = run_while(quick, 1, Pace::PerSecond(1e6), |number| number < 10, slow).unwrap();
        assert!(
            measured.percentile(100) >= Duration::from_millis(90),
            "{measured:?}"
        );
    }

    #[test]
    fn a_refusal_is_no_throughput() {
        let error = load("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nslow").unwrap_err();
        assert!(
            error.to_string().contains("429") && error.to_string().contains("slow"),
            "{error}"
        );
        assert!(load("nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn only_this_machine_is_loaded() {
        let address: SocketAddr = "192.0.2.1:80".parse().unwrap();
        let error = run(address, 1, LIMIT, |_| {
            Request::new("GET", "/", address, None, None)
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains("loopback"), "{error}");
    }

    #[test]
    fn percentiles_are_positions_in_the_sorted_latencies() {
        let measured = Measurement {
            elapsed: Duration::from_secs(1),
            latencies: (0..=100).map(Duration::from_millis).collect(),
        };
        assert_eq!(measured.percentile(50), Duration::from_millis(50));
        assert_eq!(measured.percentile(99), Duration::from_millis(99));
    }
}
