//! A network namespace without any way out, for tests of what happens when there is no internet.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A namespace that has loopback and nothing else. It ends with this value and the processes in it.
#[derive(Debug)]
pub struct Namespace {
    holder: Child,
}

impl Namespace {
    /// Makes one and moves this thread into it, with every thread and process that it starts from now on.
    pub fn enter() -> Result<Self> {
        let mut holder = Command::new("unshare")
            .args(["--net", "sh", "-c", "ip link set lo up && echo up && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("unshare")?;
        let answer = holder.stdout.take().context("no standard output")?;
        let namespace = Self { holder };
        let mut line = String::new();
        BufReader::new(answer).read_line(&mut line)?;
        ensure!(
            line == "up\n",
            "no network namespace can be made here: run the tests as root"
        );
        let file = File::open(format!("/proc/{}/ns/net", namespace.holder.id()))?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
        Ok(namespace)
    }

    /// Packets that somebody in it tried to send to where no route leads.
    pub fn lost_packets(&self) -> Result<u64> {
        let folder = format!("/proc/{}/net", self.holder.id());
        let four = fs::read_to_string(format!("{folder}/snmp"))?;
        let mut lines = four.lines().filter(|line| line.starts_with("Ip:"));
        let (names, values) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let lost = names
            .split_whitespace()
            .zip(values.split_whitespace())
            .find_map(|(name, value)| (name == "OutNoRoutes").then_some(value))
            .context("the kernel does not count what has no route")?;
        let six = fs::read_to_string(format!("{folder}/snmp6"))?;
        let lost_six = six
            .lines()
            .find_map(|line| line.strip_prefix("Ip6OutNoRoutes"))
            .context("the kernel does not count what has no route in IPv6")?;
        Ok(lost.parse::<u64>()? + lost_six.trim().parse::<u64>()?)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
