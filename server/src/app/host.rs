//! What only the host's own configuration can set, because it reaches beyond the data directory: directories that may become
//! targets of backups, a command that is run after each, whom the server may contact and whom it believes.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use shared::model::text::SecretText;

use super::backups::Finished;
use super::trusted_proxies::TrustedProxies;
use crate::config::Configuration;
use crate::outside::outbound_guard::OutboundGuard;

/// The host's own configuration.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Directories below which a directory may be a target of backups.
    pub backup_roots: Vec<PathBuf>,
    /// A shell command that is run after each backup, whether it succeeded or not.
    pub backup_hook: Option<String>,
    /// Whom the server may contact.
    pub outbound: Arc<OutboundGuard>,
    /// Proxies whose word about their clients is believed.
    pub trusted_proxies: TrustedProxies,
    /// What a program on another machine shows for the metrics.
    pub metrics_token: Option<SecretText>,
    /// Where to report a weakness of this instance, as an address with its scheme.
    pub security_contact: Option<String>,
    /// What the server was told when it was started, to show it.
    pub configuration: Configuration,
}

impl Host {
    /// Runs the hook. `RESULT` is `ok` or `failed`; then come the file, or the reason.
    pub fn after_backup(&self, outcome: &Result<Finished, String>) {
        let Some(hook) = &self.backup_hook else {
            return;
        };
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(hook)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        match outcome {
            Ok(finished) => command
                .env("STRONGROOM_BACKUP_RESULT", "ok")
                .env("STRONGROOM_BACKUP_FILE", &finished.path)
                .env("STRONGROOM_BACKUP_SIZE", finished.size.to_string())
                .env("STRONGROOM_BACKUP_SHA256", &finished.sha256),
            Err(reason) => command
                .env("STRONGROOM_BACKUP_RESULT", "failed")
                .env("STRONGROOM_BACKUP_ERROR", reason),
        };
        match command.status() {
            Ok(status) if status.success() => tracing::info!("the hook after the backup was run"),
            Ok(status) => tracing::error!(%status, "the hook after the backup failed"),
            Err(error) => tracing::error!(%error, "the hook after the backup could not be run"),
        }
    }
}
