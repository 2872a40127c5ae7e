//! `keys identity`: where the server's own key is.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use shared::model::keys::KeysAct;

use super::act;
use super::selected::keys;
use crate::cli::failure::Failure;
use crate::cli::operator::StoreArgs;
use crate::cli::operator::new_file::NewFile;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::crypto::identity;
use crate::crypto::keyring::fingerprint;

/// Arguments of `keys identity`.
#[derive(Debug, Args)]
pub struct IdentityArgs {
    /// Keep it in this file, outside of the data directory; name it at each start
    #[arg(long, value_name = "FILE", conflicts_with_all = ["in_data_dir", "none"])]
    pub move_to: Option<PathBuf>,
    /// Keep it in the data directory
    #[arg(long, conflicts_with = "none")]
    pub in_data_dir: bool,
    /// Have none: the server starts locked until somebody brings another key
    #[arg(long)]
    pub none: bool,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Runs `keys identity`.
pub async fn run(args: IdentityArgs, printer: &Printer) -> Result<(), Failure> {
    let store = &args.store;
    if let Some(file) = &args.move_to {
        move_to(file, store, printer).await
    } else if args.in_data_dir {
        act(store, KeysAct::IdentityInDataDir, printer).await
    } else if args.none {
        act(store, KeysAct::IdentityNowhere, printer).await?;
        printer.note(
            "At each start: open it in the browser or with `strongroom unlock`, or give `strongroom serve` --passphrase-file.",
        );
        Ok(())
    } else {
        let place = keys(store).await?.identity;
        printer.done(&format!("{}.", place.words()), &json!({"identity": place}))
    }
}

async fn move_to(file: &Path, store: &StoreArgs, printer: &Printer) -> Result<(), Failure> {
    let file = std::path::absolute(file).map_err(|error| unusable(file, &error.to_string()))?;
    require_outside(&file, &store.data_dir.path()?)?;
    // Whatever is in the way of the whole is said before there is a file.
    keys(store).await?;
    // It comes first: the store must never open for an identity that nobody has. One that lies there already is what an
    // interrupted command left, or what somebody put there for this.
    if file.symlink_metadata().is_err() {
        let new = identity::generate();
        let mut made = NewFile::create(&file)?;
        made.write_all(
            identity::server_text(&new, Clock::default().now())
                .expose()
                .as_bytes(),
        )
        .map_err(|error| unusable(&file, &error.to_string()))?;
        made.keep()?;
    }
    let lying = identity::read_identities(&file).map_err(|error| unusable(&file, &error.to_string()))?;
    let [lying] = lying.as_slice() else {
        return Err(unusable(&file, "it holds more than one identity"));
    };
    let recipient = identity::recipient(lying);
    let (path, own) = (file.display(), fingerprint(&recipient));
    let moved = act(store, KeysAct::IdentityElsewhere { recipient }, printer).await;
    // Even after a refusal the store may open with it, if that came late.
    moved.map_err(|failure| {
        failure.advise(format!(
            "{path} was kept. Give the same command again; delete the file if `strongroom keys list` does not show its \
             fingerprint, {own}"
        ))
    })?;
    printer.note(&format!(
        "From now on start the server with --identity {path}, or with STRONGROOM_IDENTITY_FILE={path}. As a credential of \
         systemd or a secret of a container it is called strongroom-identity."
    ));
    Ok(())
}

/// In the data directory it would protect nothing more.
fn require_outside(file: &Path, data_dir: &Path) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(file);
    let folder = folder
        .canonicalize()
        .map_err(|error| unusable(folder, &error.to_string()))?;
    if data_dir.canonicalize().is_ok_and(|dir| folder.starts_with(dir)) {
        return Err(
            Failure::usage(format!("{} lies in the data directory", file.display()))
                .because("There it would be copied together with the data.")
                .advise("Name a file elsewhere, best on another disk"),
        );
    }
    Ok(())
}

fn unusable(file: &Path, why: &str) -> Failure {
    Failure::new(format!("{} cannot be the server's identity", file.display())).because(why)
}
