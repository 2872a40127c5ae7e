//! The container image: its last stage, built and run with a rootless tool. The stages before it are what `cargo xtask
//! dist` does, so the binary under test takes their place.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use e2e::http::Connection;
use e2e::instance::Instance;
use e2e::program::{Run, binary};
use serde_json::Value;

/// Whom the image runs as.
const NOBODY: u32 = 65532;

/// Storage for images in a scratch folder, and the image in it.
struct Image {
    scratch: tempfile::TempDir,
}

impl Image {
    fn build() -> Result<Self> {
        let image = Self {
            scratch: tempfile::tempdir()?,
        };
        let built = image.scratch.path().join("build/out");
        fs::create_dir_all(built.join("data"))?;
        fs::set_permissions(built.join("data"), fs::Permissions::from_mode(0o700))?;
        fs::copy(binary()?, built.join("strongroom"))?;
        fs::set_permissions(built.join("strongroom"), fs::Permissions::from_mode(0o755))?;
        let stage = format!("build={}", image.scratch.path().join("build").display());
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Dockerfile");
        image.tool(&[
            "build",
            "--format",
            "docker",
            "--build-context",
            &stage,
            "--tag",
            "strongroom",
            "--file",
            &file.display().to_string(),
            &image.scratch.path().join("build").display().to_string(),
        ])?;
        Ok(image)
    }

    /// Runs buildah on this storage and returns what it prints.
    fn tool(&self, arguments: &[&str]) -> Result<String> {
        let done = self.command(arguments).output().context("buildah")?;
        ensure!(
            done.status.success(),
            "buildah {arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(String::from_utf8(done.stdout)?.trim().to_owned())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("buildah");
        command
            .arg("--storage-driver=vfs")
            .arg("--root")
            .arg(self.scratch.path().join("root"))
            .arg("--runroot")
            .arg(self.scratch.path().join("run"))
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    fn config(&self) -> Result<Value> {
        let inspected: Value =
            serde_json::from_str(&self.tool(&["inspect", "--type", "image", "strongroom"])?)?;
        Ok(inspected["Docker"]["config"].clone())
    }
}

/// The image's program in a container, until this value goes.
struct Container {
    child: Child,
}

impl Container {
    fn start(image: &Image, name: &str, address: SocketAddr) -> Result<Self> {
        let child = image
            .command(&["run", "--isolation", "chroot", "--env"])
            // What a platform gives a container. This one shares the machine's network: nobody else is to reach it.
            .arg(format!("PORT={}", address.port()))
            .args(["--env", "HOST=127.0.0.1"])
            .args([name, "--", "/strongroom", "serve"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let begun = Instant::now();
        while Connection::open(address).is_err() {
            ensure!(
                begun.elapsed() < Duration::from_mins(1),
                "the image's server did not start"
            );
            sleep(Duration::from_millis(50));
        }
        Ok(Self { child })
    }

    /// What runs in the container.
    fn processes() -> Result<Vec<i32>> {
        // Its name there; nothing outside a container has it.
        let inside = |process: &fs::DirEntry| {
            fs::read(process.path().join("cmdline")).is_ok_and(|line| line.starts_with(b"/strongroom\0serve"))
        };
        let processes = fs::read_dir("/proc")?.filter_map(Result::ok).filter(inside);
        Ok(processes
            .filter_map(|process| process.file_name().to_string_lossy().parse().ok())
            .collect())
    }

    /// Kills the program in the container, which ends the tool around it.
    fn kill(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            // Again and again: the tool may not have come to start the program yet.
            for id in Self::processes()? {
                let id = rustix::process::Pid::from_raw(id).context("a process without an id")?;
                // It may have ended in the meantime.
                let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
            }
            if begun.elapsed() > Duration::from_secs(20) {
                self.child.kill()?;
                self.child.wait()?;
                bail!("buildah did not end with the program in its container");
            }
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Fails only when everything has ended already.
        let _ = self.end();
    }
}

#[test]
fn the_image_holds_one_file_runs_as_nobody_and_keeps_its_data() -> Result<()> {
    let image = Image::build()?;
    let config = image.config()?;
    assert_eq!(config["User"], format!("{NOBODY}:{NOBODY}"));
    assert_eq!(config["Entrypoint"], serde_json::json!(["/strongroom"]));
    assert_eq!(config["Cmd"], serde_json::json!(["serve"]));
    assert_eq!(
        config["Healthcheck"]["Test"],
        serde_json::json!(["CMD", "/strongroom", "healthcheck"])
    );
    assert_eq!(config["Volumes"], serde_json::json!({"/data": {}}));

    let name = image.tool(&["from", "strongroom"])?;
    let root = PathBuf::from(image.tool(&["mount", &name])?);
    let mut files: Vec<String> = fs::read_dir(&root)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    files.sort();
    assert_eq!(files, ["data", "strongroom"]);
    assert_eq!(fs::metadata(root.join("data"))?.uid(), NOBODY);

    let free = TcpListener::bind("127.0.0.1:0")?;
    let address = free.local_addr()?;
    drop(free);
    let container = Container::start(&image, &name, address)?;
    let instance = Instance::set_up(address)?;
    let mut connection = Connection::open(address)?;
    instance.create(&mut connection, "IN_A_BOX", "kept")?.ok()?;
    assert_eq!(instance.read(&mut connection, "IN_A_BOX")?, "kept");
    // As the program sees it: the volume is mounted for it alone.
    let process = Container::processes()?
        .pop()
        .context("nothing runs in the container")?;
    let keyring = fs::metadata(
        Path::new("/proc")
            .join(process.to_string())
            .join("root")
            .join("data/keyring.json"),
    )?;
    assert_eq!(keyring.uid(), NOBODY);

    // The image's own health check, as a container engine runs it: with the variables of the container.
    let variables: Vec<(String, String)> = config["Env"]
        .as_array()
        .context("no variables")?
        .iter()
        .filter_map(|variable| variable.as_str()?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(variables.contains(&("HOST".to_owned(), "0.0.0.0".to_owned())));
    let healthy = |address: SocketAddr| {
        let mut run = Run::of(&root.join("strongroom"), image.scratch.path());
        for (name, value) in &variables {
            run = run.env(name, value);
        }
        run.env("PORT", address.port().to_string())
            .args(["healthcheck"])
            .finish()
    };
    assert_eq!(healthy(address)?.code, Some(0));
    container.kill()?;
    assert_ne!(healthy(address)?.code, Some(0));

    let again = Container::start(&image, &name, address)?;
    let mut connection = Connection::open(address)?;
    assert_eq!(instance.read(&mut connection, "IN_A_BOX")?, "kept");
    again.kill()
}
