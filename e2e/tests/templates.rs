//! What `dist/` gives people to install: compose files, templates, and the script for a container of LXC.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use e2e::program::{Finished, Run, binary};
use serde_json::Value;

fn dist(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist").join(name)
}

/// A compose file as Debian's docker-compose understands it.
fn compose(file: &Path) -> Result<Value> {
    let scratch = tempfile::tempdir()?;
    let read = Run::of(Path::new("docker-compose"), scratch.path())
        .args(["--file"])
        .arg_path(file)
        .args(["config"])
        .finish()?
        .ok()?;
    Ok(serde_saphyr::from_str(&read)?)
}

#[test]
fn compose_files_are_one_service_with_one_volume_and_no_rights() -> Result<()> {
    for name in ["compose.yaml", "coolify/compose.yaml"] {
        let file = compose(&dist(name))?;
        let services = file["services"].as_object().context("no services")?;
        assert_eq!(services.keys().collect::<Vec<_>>(), ["strongroom"], "{name}");
        let service = &services["strongroom"];
        let folder = service["build"]["context"].as_str().context("no folder")?;
        ensure!(Path::new(folder).join("Dockerfile").exists(), "{name}: {folder}");
        assert_eq!(service["volumes"].as_array().map(Vec::len), Some(1), "{name}");
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"][0], "ALL", "{name}");
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        // What is not set must not arrive as an empty text: an empty key is a wrong one.
        assert_eq!(service["environment"]["ENCRYPTION_KEY"], Value::Null, "{name}");
        ensure!(service["environment"].get("SITE_URL").is_some(), "{name}");
        let volumes = file["volumes"].as_object().context("no volumes")?;
        assert_eq!(volumes.len(), 1, "{name}");
    }
    Ok(())
}

#[test]
fn a_template_of_portainer_keeps_the_data_of_the_image() -> Result<()> {
    let file: Value = serde_json::from_str(&fs::read_to_string(dist("portainer/templates.json"))?)?;
    let template = &file["templates"][0];
    let image = fs::read_to_string(dist("../Dockerfile"))?;
    let volume = template["volumes"][0]["container"]
        .as_str()
        .context("no volume")?;
    ensure!(image.contains(&format!("VOLUME [\"{volume}\"]")));
    let port = template["ports"][0]
        .as_str()
        .and_then(|port| port.split([':', '/']).nth(1));
    ensure!(image.contains(&format!("EXPOSE {}", port.context("no port")?)));
    Ok(())
}

fn install(arguments: &[&str], root: &Path) -> Result<Finished> {
    Run::of(&dist("lxc/install"), root).args(arguments).finish()
}

#[test]
fn the_script_puts_every_file_in_place_and_keeps_settings() -> Result<()> {
    let root = tempfile::tempdir()?;
    let path = |name: &str| root.path().join(name);
    let there = root.path().display().to_string();
    let program = binary()?.display().to_string();

    let refused = install(&["--root", &there], root.path())?;
    assert_eq!(refused.code, Some(2));
    let refused = install(&["--root", &there, "no-such-file"], root.path())?.refused(2)?;
    assert!(refused.contains("no-such-file is no file"), "{refused}");
    let refused = install(
        &["--root", &there, "--namespaces", "perhaps", &program],
        root.path(),
    )?;
    assert_eq!(refused.code, Some(2));
    fs::write(path("no-program"), "text")?;
    let refused = install(
        &["--root", &there, &path("no-program").display().to_string()],
        root.path(),
    )?;
    assert_ne!(refused.code, Some(0));
    assert!(
        !path("usr").exists() && !path("etc").exists(),
        "a refusal left something"
    );

    install(&["--root", &there, &program], root.path())?.ok()?;
    let installed = path("usr/local/bin/strongroom");
    let version = |program: &Path| Run::of(program, root.path()).args(["--version"]).finish()?.ok();
    assert_eq!(version(&installed)?, version(&binary()?)?);
    assert_eq!(
        fs::read(path("etc/systemd/system/strongroom.service"))?,
        fs::read(dist("strongroom.service"))?
    );
    let settings = path("etc/strongroom/strongroom.env");
    assert_eq!(fs::metadata(&settings)?.permissions().mode() & 0o777, 0o600);
    // The server is another user than root. It has to be able to see whether a strongroom.toml is there.
    assert_eq!(
        fs::metadata(path("etc/strongroom"))?.permissions().mode() & 0o777,
        0o755
    );
    let drop_in = path("etc/systemd/system/strongroom.service.d/no-namespaces.conf");
    assert!(!drop_in.exists());

    // By its bare name, as after unpacking: not the command of that name, which an upgrade would meet.
    fs::remove_file(&installed)?;
    fs::copy(binary()?, path("strongroom"))?;
    install(&["--root", &there, "strongroom"], root.path())?.ok()?;
    assert!(installed.exists());

    // Again, as an upgrade does, in a container that may make no namespaces, and with settings of one's own.
    fs::write(&settings, "STRONGROOM_LISTEN=0.0.0.0:8020\n")?;
    let told = install(&["--root", &there, "--namespaces", "no", &program], root.path())?.ok()?;
    // Nobody makes the user of the drop-in while there is no system.
    assert!(
        told.contains("useradd ") && fs::read_to_string(&drop_in)?.contains("User=strongroom"),
        "{told}"
    );
    assert_eq!(fs::read_to_string(&settings)?, "STRONGROOM_LISTEN=0.0.0.0:8020\n");
    assert!(drop_in.exists());
    let verified = Run::of(Path::new("systemd-analyze"), root.path())
        .args(["verify", "--root", &there, "strongroom.service"])
        .finish()?;
    // There is nothing but these files below the root, so the system's own units are missing.
    let ours: Vec<&str> = verified
        .stderr
        .lines()
        .filter(|line| line.contains("strongroom") && !line.ends_with("Unit sysinit.target not found."))
        .collect();
    assert!(ours.is_empty(), "{ours:?}");
    Ok(())
}
