//! What a process uses, read from `/proc`.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Ticks of `/proc/PID/stat`: Linux reports them at 100 a second whatever the kernel's own clock.
const TICK: Duration = Duration::from_millis(10);

/// Processor time so far, of all threads, in user and kernel mode.
pub fn cpu(process: u32) -> Result<Duration> {
    let stat = read(process, "stat")?;
    cpu_of(&stat).context("/proc has an unknown form of stat")
}

/// Resident memory in bytes.
pub fn memory(process: u32) -> Result<u64> {
    let status = read(process, "status")?;
    memory_of(&status).context("/proc has an unknown form of status")
}

fn read(process: u32, name: &str) -> Result<String> {
    let path = format!("/proc/{process}/{name}");
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

fn cpu_of(stat: &str) -> Option<Duration> {
    // The name in parentheses may hold anything, also spaces and parentheses.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<u32>);
    Some(TICK * (times.next()?.ok()? + times.next()?.ok()?))
}

fn memory_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_an_awkward_name() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 5 0";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_of("nonsense"), None);
        assert_eq!(memory_of("Name:\tx\nVmRSS:\t    9100 kB\n"), Some(9_318_400));
        assert_eq!(memory_of("Name:\tx\n"), None);
    }

    #[test]
    fn our_own_process_uses_something() {
        assert!(memory(std::process::id()).unwrap() > 0);
        assert!(cpu(std::process::id()).is_ok());
        assert!(memory(u32::MAX).is_err());
    }
}
