//! `run --watch`: a command that starts again when its secrets change, and behaves as if nobody stood between.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::desk::Desk;
use e2e::program::Run;
use e2e::server::{signal, wait};
use rustix::process::Signal;

/// Longest wait for something that takes a second or two; a loaded machine is slow.
const PATIENCE: Duration = Duration::from_mins(1);

fn until(mut done: impl FnMut() -> bool) -> Result<()> {
    let step = Duration::from_millis(50);
    for _ in 0..PATIENCE.as_millis() / step.as_millis() {
        if done() {
            return Ok(());
        }
        std::thread::sleep(step);
    }
    anyhow::bail!("it did not happen within {} seconds", PATIENCE.as_secs())
}

fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn desk() -> Result<(Desk, PathBuf)> {
    let desk = Desk::new()?;
    desk.data(&["secrets", "set", "A=1"])?;
    let seen = desk.home.join("seen");
    Ok((desk, seen))
}

fn watching(desk: &Desk, command: &str) -> Result<Child> {
    desk.run(&["run", "--watch", "--watch-interval", "1", "--command", command])?
        .env("INFISICAL_PROJECT_ID", "home-lab")
        .start()
}

fn is_alive(process: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state
        .rsplit(')')
        .next()
        .is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
}

#[test]
fn signals_reach_the_command_and_its_exit_code_comes_back() -> Result<()> {
    let (desk, seen) = desk()?;
    let script = "trap 'echo hup >> seen' HUP; trap 'echo usr1 >> seen' USR1; trap 'echo term >> seen; exit 9' TERM; \
                  echo ready >> seen; while :; do sleep 0.05; done";
    let mut child = watching(&desk, script)?;
    until(|| lines(&seen) == ["ready"])?;
    for (given, word) in [(Signal::HUP, "hup"), (Signal::USR1, "usr1")] {
        signal(child.id(), given)?;
        until(|| lines(&seen).last().is_some_and(|line| line == word))?;
    }
    signal(child.id(), Signal::TERM)?;
    assert_eq!(wait(&mut child, PATIENCE)?.code(), Some(9));
    assert_eq!(
        lines(&seen),
        ["ready", "hup", "usr1", "term"],
        "each of them once"
    );
    Ok(())
}

#[test]
fn a_change_ends_everything_that_the_command_started() -> Result<()> {
    let (desk, seen) = desk()?;
    let mut child = watching(&desk, "sleep 300 & echo $A $! >> seen; wait")?;
    until(|| lines(&seen).len() == 1)?;
    let first = lines(&seen)[0].split_once(' ').context("two words")?.1.to_owned();
    ensure!(is_alive(&first), "it has not begun");
    desk.data(&["secrets", "set", "A=2"])?;
    until(|| lines(&seen).len() == 2)?;
    ensure!(lines(&seen)[1].starts_with("2 "), "{:?}", lines(&seen));
    until(|| !is_alive(&first))?;
    let second = lines(&seen)[1].split_once(' ').context("two words")?.1.to_owned();
    signal(child.id(), Signal::TERM)?;
    assert_eq!(wait(&mut child, PATIENCE)?.code(), Some(128 + 15));
    until(|| !is_alive(&second))
}

#[test]
fn a_server_that_is_gone_ends_nothing() -> Result<()> {
    let (desk, seen) = desk()?;
    let child = watching(
        &desk,
        "echo ready >> seen; while [ ! -e stop ]; do sleep 0.05; done; exit 4",
    )?;
    until(|| lines(&seen) == ["ready"])?;
    let Desk { server, home, .. } = &desk;
    signal(server.id(), Signal::STOP)?;
    signal(server.id(), Signal::KILL)?;
    std::thread::sleep(Duration::from_secs(3));
    std::fs::write(home.join("stop"), "")?;
    let ended = child.wait_with_output()?;
    assert_eq!(ended.status.code(), Some(4));
    let told = String::from_utf8(ended.stderr)?;
    assert_eq!(
        told.matches("goes on with the secrets it has").count(),
        1,
        "{told}"
    );
    assert_eq!(lines(&seen), ["ready"]);
    Ok(())
}

#[test]
fn keys_of_a_terminal_reach_the_command_once() -> Result<()> {
    let (desk, seen) = desk()?;
    let script = "trap 'echo int >> seen' INT; echo ready >> seen; while [ ! -e stop ]; do sleep 0.05; done; \
                  read -r line; echo \"$line\" >> seen; exit 6";
    desk.file("script.sh", script)?;
    // `script` gives the program a terminal; what is written to it are keys. Without the shell's own job control the
    // program would not lead its group: `exec` makes it the leader that `script` has made.
    let inner = "exec strongroom run --watch --watch-interval 1 --projectId home-lab -- sh script.sh";
    let keys = "until grep -q ready seen 2> /dev/null; do sleep 0.05; done; printf '\\003'; sleep 1; touch stop; \
                sleep 0.5; printf 'typed\\n'; sleep 1";
    let line = format!("({keys}) | script -E never -qec '{inner}' /dev/null");
    let ended = Run::of(Path::new("/bin/sh"), &desk.home)
        .args(["-c", line.as_str()])
        .env("PATH", desk.path()?)
        .finish()?;
    assert_eq!(ended.code, Some(6), "{}", String::from_utf8_lossy(&ended.stdout));
    assert_eq!(lines(&seen), ["ready", "int", "typed"]);
    Ok(())
}
