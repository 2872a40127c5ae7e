//! What this machine must have, and how to get it on Debian.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::terminal::say;

/// Something that must be there before a step can work.
pub struct Need {
    /// What a person calls it.
    pub what: &'static str,
    /// The Debian packages that bring it.
    pub packages: &'static [&'static str],
    /// Whether it is there.
    pub present: fn() -> bool,
}

/// OpenSSL's build asks for modules that Debian's `perl-base` does not have.
pub const PERL: Need = Need {
    what: "perl with its standard modules",
    packages: &["perl"],
    present: || process::succeeds("perl", &["-MFindBin", "-MIPC::Cmd", "-MFile::Compare", "-e", "1"]),
};
/// OpenSSL's build.
pub const MAKE: Need = Need {
    what: "make",
    packages: &["make"],
    present: || process::on_path("make").is_some(),
};
/// SQLCipher, OpenSSL and zstd are C.
pub const CC: Need = Need {
    what: "a C compiler (cc) with the C library's headers",
    packages: &["gcc", "libc6-dev"],
    present: || process::on_path("cc").is_some() && Path::new("/usr/include/stdlib.h").exists(),
};
/// What building the server takes.
pub const BUILD: &[&Need] = &[&PERL, &MAKE, &CC];

/// The throw-away database of the tests.
pub const POSTGRES: Need = Need {
    what: "PostgreSQL (initdb)",
    packages: &["postgresql"],
    present: || postgres_tools().is_some(),
};
/// Runs the browser driver, and Infisical's client for Node.js.
pub const NODE: Need = Need {
    what: "Node.js 20 or newer",
    packages: &["nodejs"],
    present: || node_major().is_some_and(|v| v >= 20),
};
/// Installs both.
pub const NPM: Need = Need {
    what: "npm",
    packages: &["npm"],
    present: || process::on_path("npm").is_some(),
};
/// Infisical's client for Python is installed into a virtual environment.
pub const PYTHON: Need = Need {
    what: "Python 3 with venv and pip",
    packages: &["python3", "python3-venv"],
    present: || process::succeeds("python3", &["-c", "import venv, ensurepip"]),
};
/// The browser.
pub const CHROMIUM: Need = Need {
    what: "Chromium",
    packages: &["chromium", "fonts-dejavu-core"],
    present: || process::on_path("chromium").is_some(),
};
/// Backups must open with the stock tool.
pub const AGE: Need = Need {
    what: "age",
    packages: &["age"],
    present: || process::on_path("age").is_some(),
};
/// The same.
pub const ZSTD: Need = Need {
    what: "zstd",
    packages: &["zstd"],
    present: || process::on_path("zstd").is_some(),
};
/// The same.
pub const JQ: Need = Need {
    what: "jq",
    packages: &["jq"],
    present: || process::on_path("jq").is_some(),
};
/// Reads the files that are written for it.
pub const DOCKER_COMPOSE: Need = Need {
    what: "docker-compose",
    packages: &["docker-compose"],
    present: || process::on_path("docker-compose").is_some(),
};
/// Kills the program at a chosen system call.
pub const STRACE: Need = Need {
    what: "strace",
    packages: &["strace"],
    present: || process::on_path("strace").is_some(),
};
/// Makes the SSH keys that open a store.
pub const SSH_KEYGEN: Need = Need {
    what: "ssh-keygen",
    packages: &["openssh-client"],
    present: || process::on_path("ssh-keygen").is_some(),
};
/// Makes the certificate with which PostgreSQL speaks TLS, and others that nobody should believe.
pub const OPENSSL: Need = Need {
    what: "openssl",
    packages: &["openssl"],
    present: || process::on_path("openssl").is_some(),
};
/// The container image is built and run without an engine, and without being root for it.
pub const BUILDAH: Need = Need {
    what: "buildah",
    packages: &["buildah"],
    present: || process::on_path("buildah").is_some(),
};
/// A browser's list of authorities gets the server's own.
pub const CERTUTIL: Need = Need {
    what: "certutil",
    packages: &["libnss3-tools"],
    present: || process::on_path("certutil").is_some(),
};
/// A machine without a network is a namespace of the kernel's.
pub const NAMESPACES: Need = Need {
    what: "ip and unshare",
    packages: &["iproute2", "util-linux"],
    present: || process::on_path("ip").is_some() && process::on_path("unshare").is_some(),
};
/// Certificates are ordered from an authority that is made for tests.
pub const PEBBLE: Need = Need {
    what: "pebble and pebble-challtestsrv",
    packages: &["pebble"],
    present: || process::on_path("pebble").is_some() && process::on_path("pebble-challtestsrv").is_some(),
};

/// The unit is checked with systemd's own tools; systemd itself need not run.
pub const SYSTEMD: Need = Need {
    what: "systemd-analyze and systemd-socket-activate",
    packages: &["systemd"],
    present: || {
        let tools = ["systemd-analyze", "systemd-socket-activate"];
        tools.into_iter().all(|tool| process::on_path(tool).is_some())
    },
};
/// The server is tested behind real proxies, with the configurations that are handed out.
pub const NGINX: Need = Need {
    what: "nginx",
    packages: &["nginx"],
    present: || Path::new("/usr/sbin/nginx").exists(),
};
/// The same.
pub const HAPROXY: Need = Need {
    what: "HAProxy",
    packages: &["haproxy"],
    present: || Path::new("/usr/sbin/haproxy").exists(),
};
/// The same.
pub const CADDY: Need = Need {
    what: "Caddy",
    packages: &["caddy"],
    present: || process::on_path("caddy").is_some(),
};
/// Speaks to them, from an address of its own choice.
pub const CURL: Need = Need {
    what: "curl",
    packages: &["curl"],
    present: || process::on_path("curl").is_some(),
};
/// Reads the server's log with the filter that is handed out.
pub const FAIL2BAN: Need = Need {
    what: "fail2ban-regex",
    packages: &["fail2ban"],
    present: || process::on_path("fail2ban-regex").is_some(),
};

/// Makes every need true, or says in one message what is missing and how to get it.
pub fn provide(needs: &[&Need], install: bool) -> Result<()> {
    let missing = absent(needs);
    if missing.is_empty() {
        return Ok(());
    }
    if install && can_install() {
        apt_install(&packages(&missing))?;
        let still = absent(&missing);
        if still.is_empty() {
            return Ok(());
        }
        bail!(
            "the packages are installed, but this is still missing: {}",
            names(&still)
        );
    }
    bail!(explain(&missing));
}

/// Whether packages may be installed without being asked: a build server, where nobody is there to ask.
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// Whether packages can be installed: Debian, and we are root.
pub fn can_install() -> bool {
    is_root() && Path::new("/etc/debian_version").exists() && process::on_path("apt-get").is_some()
}

/// Whether we are root.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Installs Debian packages.
pub fn apt_install(packages: &[&str]) -> Result<()> {
    say(format_args!("installing Debian packages: {}", packages.join(" ")));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(std::process::Stdio::null())
            .args(["-q", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"])
            .args(arguments);
        command
    };
    process::capture(&mut apt(&["update"]))?;
    process::capture(apt(&["install", "-y", "--no-install-recommends"]).args(packages))?;
    Ok(())
}

/// The line a person would type.
pub fn apt_line(packages: &[&str]) -> String {
    format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    )
}

/// The folder with `initdb` and `postgres`; Debian keeps it off PATH.
pub fn postgres_tools() -> Option<PathBuf> {
    if let Some(initdb) = process::on_path("initdb") {
        // A link on PATH does not promise that `postgres` lies beside it.
        return initdb.canonicalize().ok()?.parent().map(Path::to_path_buf);
    }
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(Result::ok)
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, folder): &(u32, PathBuf)| folder.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().map(|(_, folder)| folder)
}

fn node_major() -> Option<u32> {
    let version = process::capture(Command::new("node").arg("--version")).ok()?;
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn absent<'a>(needs: &[&'a Need]) -> Vec<&'a Need> {
    needs.iter().filter(|need| !(need.present)()).copied().collect()
}

fn packages(needs: &[&Need]) -> Vec<&'static str> {
    needs.iter().flat_map(|need| need.packages).copied().collect()
}

fn names(needs: &[&Need]) -> String {
    needs.iter().map(|need| need.what).collect::<Vec<_>>().join(", ")
}

fn explain(missing: &[&Need]) -> String {
    let mut text = String::from("this machine lacks what the build needs:\n");
    for need in missing {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "  - {}", need.what);
    }
    let _ = write!(
        text,
        "On Debian, run as root:\n  {}\nThen run this command again.",
        apt_line(&packages(missing))
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Need = Need {
        what: "a unicorn",
        packages: &["unicorn", "unicorn-data"],
        present: || false,
    };
    const ALSO_NEVER: Need = Need {
        what: "a dragon",
        packages: &["dragon"],
        present: || false,
    };
    const ALWAYS: Need = Need {
        what: "air",
        packages: &["air"],
        present: || true,
    };

    #[test]
    fn one_message_names_everything_that_is_missing() {
        let text = provide(&[&NEVER, &ALWAYS, &ALSO_NEVER], false)
            .unwrap_err()
            .to_string();
        assert!(text.contains("a unicorn") && text.contains("a dragon"), "{text}");
        assert!(
            text.contains("install -y --no-install-recommends unicorn unicorn-data dragon"),
            "{text}"
        );
        assert!(!text.contains("air"), "{text}");
    }

    #[test]
    fn nothing_missing_is_nothing_to_say() {
        assert!(provide(&[&ALWAYS], false).is_ok());
    }
}
