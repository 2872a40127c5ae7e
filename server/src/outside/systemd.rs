//! systemd, when it started the server: the sockets that it opened, and what it wants to be told (`sd_notify(3)`,
//! `sd_listen_fds(3)`). Without it nothing here does anything.

use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use sd_notify::NotifyState;

/// The sockets that systemd listens on for us, each with the name that its unit gives it. An error when one is none for TCP.
pub fn listeners() -> io::Result<Vec<(String, TcpListener)>> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut passed = ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..passed.len() {
        let name = names.next().unwrap_or_default().to_owned();
        if let Some(listener) = passed.take_tcp_listener(index)? {
            listener.set_nonblocking(true)?;
            listeners.push((name, listener));
        }
    }
    Ok(listeners)
}

/// Says that the server answers requests from now on, and what it is doing, for `systemctl status`.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Says that the server stops because it was asked to.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Says for as long as the server runs that it is alive, when the unit has `WatchdogSec=`. It comes from a task among those
/// that answer requests: when these cannot run any more, neither can it, and systemd starts the server again.
pub fn stay_alive() {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    tokio::spawn(async move {
        // Half of the limit, as `sd_watchdog_enabled(3)` advises.
        let mut ticks = tokio::time::interval(limit / 2);
        loop {
            ticks.tick().await;
            tell(&[NotifyState::Watchdog]);
        }
    });
}

fn tell(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told");
    }
}
