//! The four disasters of every guide, rehearsed with the commands of the instance's own runbook, against the clock.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::desk::Desk;
use e2e::http::Connection;
use e2e::program::Run;
use e2e::server::Server;
use e2e::shell::sh;

/// The commands of a section of the runbook.
fn commands(runbook: &str, section: &str) -> Result<String> {
    let (_, rest) = runbook
        .split_once(&format!("\n## {section}"))
        .with_context(|| format!("no section {section}"))?;
    let (_, rest) = rest.split_once("```\n").context("no commands")?;
    Ok(rest
        .split_once("```")
        .context("no end of the commands")?
        .0
        .to_owned())
}

/// Runs commands of the runbook in a shell, with the binary on the path under its own name.
fn follow(home: &Path, commands: &str) -> Result<String> {
    let bin = home.join("bin");
    if !bin.exists() {
        fs::create_dir(&bin)?;
        std::os::unix::fs::symlink(e2e::program::binary()?, bin.join("strongroom"))?;
    }
    sh(&format!("PATH={}:$PATH\n{commands}", bin.display()), &[], home)?.ok()
}

/// Everything a client may hold works as before: nobody has to log in again.
fn all_clients_go_on(desk: &Desk, server: &Server) -> Result<()> {
    let told = desk.run(&["whoami"])?.finish()?.ok()?;
    ensure!(told.contains(e2e::instance::EMAIL), "{told}");
    let mut connection = Connection::open(server.address)?;
    ensure!(
        desk.instance.read(&mut connection, "DB_URL")? == "postgres://db/app",
        "another value"
    );
    connection
        .call(&desk.instance.machine, "GET", "/api/v1/projects", None)?
        .ok()?;
    Ok(())
}

#[test]
fn the_four_disasters_by_the_runbook() -> Result<()> {
    let desk = Desk::new()?;
    desk.data(&["secrets", "set", "DB_URL=postgres://db/app"])?;
    let data = desk.server.data_dir.clone();
    let address = desk.server.address;
    let start = || Server::start_at(&data, address, &[]);
    let at = |args: &[&str]| -> Result<Run> { Ok(desk.run(args)?.args(["--data-dir"]).arg_path(&data)) };
    at(&["keys", "kit", "--output", "recovery-kit.txt"])?
        .finish()?
        .ok()?;
    desk.instance.back_up(desk.server.address)?;
    at(&["backup", "drill"])?.finish()?.ok()?;
    let runbook = at(&["runbook"])?.finish()?.ok()?;
    ensure!(runbook.contains("Last rehearsed restore: passed"), "{runbook}");
    let refused = at(&["runbook", "--output", "recovery-kit.txt"])?
        .finish()?
        .refused(1)?;
    ensure!(refused.contains("exists"), "{refused}");

    // 1. The key file is lost: the server is locked, and one command opens it.
    desk.server.terminate()?;
    while data.join("control.sock").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let identity = fs::read(data.join("identity"))?;
    fs::remove_file(data.join("identity"))?;
    let server = wait_for_start(&start)?;
    ensure!(server.log()?.contains("locked"), "{}", server.log()?);
    let stopwatch = Instant::now();
    follow(&desk.home, &commands(&runbook, "1.")?)?;
    all_clients_go_on(&desk, &server)?;
    let lost_key = stopwatch.elapsed();
    server.stop()?;
    fs::write(data.join("identity"), identity)?;

    // 2. A kit is lost: a new one, the old one goes, and every key is turned. Backups open with the new kit.
    let server = start()?;
    let listed = at(&["keys", "list"])?.finish()?.ok()?;
    ensure!(listed.contains("Recovery kit"), "{listed}");
    let turn = commands(&runbook, "2.")?.replace("NAME-OF-THE-LOST-KIT", "\"$(strongroom keys list --json --data-dir \"$DATA\" | jq -r '[.unlockers[] | select(.kind == \"kit\")][0].fingerprint')\"");
    follow(&desk.home, &format!("DATA='{}'\n{turn}", data.display()))?;
    all_clients_go_on(&desk, &server)?;
    at(&["backup", "--output", "after.age"])?.finish()?.ok()?;
    desk.run(&["backup", "verify", "after.age", "--identity", "recovery-kit.txt"])?
        .finish()?
        .refused(1)?;
    desk.run(&["backup", "verify", "after.age", "--identity", "new-kit.txt"])?
        .finish()?
        .ok()?;
    server.stop()?;

    // How long it takes until everybody can go on after a restore.
    let restored = |section: &str| -> Result<Duration> {
        let stopwatch = Instant::now();
        let commands = commands(&runbook, section)?;
        let (restore, _) = commands
            .split_once("strongroom serve")
            .context("nothing is started")?;
        follow(&desk.home, restore)?;
        let server = start()?;
        all_clients_go_on(&desk, &server)?;
        let taken = stopwatch.elapsed();
        server.stop()?;
        Ok(taken)
    };

    // 3. The database is damaged, the machine is not.
    fs::write(data.join("strongroom.db"), "damaged")?;
    let lost_data = restored("3.")?;
    let aside = fs::read_dir(&data)?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with("replaced-"));
    let aside = aside.context("the damaged store was not set aside")?;
    ensure!(
        fs::read(aside.path().join("strongroom.db"))? == b"damaged",
        "it was changed"
    );

    // 4. The machine is gone: a copy of the newest backup, and the kit.
    let backup = fs::read_dir(data.join("backups"))?
        .next()
        .context("no backup")??;
    fs::copy(backup.path(), desk.home.join(backup.file_name()))?;
    fs::rename(&data, data.with_file_name("lost"))?;
    let lost_server = restored("4.")?;

    // And one secret without any of this.
    let one = commands(&runbook, "One secret")?
        .replace("PROJECT/ENVIRONMENT", "home-lab/dev")
        .replace("NAME", "DB_URL");
    ensure!(
        follow(&desk.home, &one)?.trim() == "postgres://db/app",
        "another value"
    );
    println!("lost key {lost_key:.1?}, damaged data {lost_data:.1?}, lost server {lost_server:.1?}");
    Ok(())
}

/// The old process lets go of the directory a moment after its socket is gone.
fn wait_for_start(start: &dyn Fn() -> Result<Server>) -> Result<Server> {
    let begun = Instant::now();
    loop {
        match start() {
            Ok(server) => return Ok(server),
            Err(error) => ensure!(begun.elapsed().as_secs() < 15, "{error}"),
        }
    }
}
