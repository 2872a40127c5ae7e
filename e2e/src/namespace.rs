//! Network namespaces without any way out: for tests of what happens when there is no internet, and of what another
//! machine may do.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
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
    /// Makes one and moves this thread into it.
    pub fn enter() -> Result<Self> {
        let namespace = Self::new()?;
        namespace.move_in()?;
        Ok(namespace)
    }

    /// Makes one.
    pub fn new() -> Result<Self> {
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
        Ok(namespace)
    }

    /// Moves this thread into it, with every thread and process that it starts from now on.
    pub fn move_in(&self) -> Result<()> {
        let file = File::open(format!("/proc/{}/ns/net", self.holder.id()))?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
        Ok(())
    }

    /// Gives it an address that is not a loopback one, and lays a cable to another namespace if this kernel has such
    /// cables. Returns the address, and whether the other namespace reaches it.
    pub fn join(&self, other: &Self) -> Result<(Ipv4Addr, bool)> {
        let [near, far] = [Ipv4Addr::new(10, 77, 0, 1), Ipv4Addr::new(10, 77, 0, 2)];
        let peer = other.holder.id();
        let cable = format!("ip link add name near0 type veth peer name far0 netns {peer}");
        if let Err(error) = self.run(&cable) {
            crate::say(format_args!("no cable between network namespaces: {error}"));
            self.run(&format!("ip addr add {near}/24 dev lo"))?;
            return Ok((near, false));
        }
        for (namespace, device, address) in [(self, "near0", near), (other, "far0", far)] {
            namespace.run(&format!(
                "ip addr add {address}/24 dev {device} && ip link set {device} up"
            ))?;
        }
        Ok((near, true))
    }

    fn run(&self, script: &str) -> Result<()> {
        let status = Command::new("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", self.holder.id()))
            .args(["sh", "-c", script])
            .status()
            .context("nsenter")?;
        ensure!(status.success(), "{script}: {status}");
        Ok(())
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
