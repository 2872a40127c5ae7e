//! `keys kit`: a file that opens the store and its backups.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use shared::model::ids::InstanceId;
use shared::model::names::DisplayName;

use crate::app::data_dir::DataDir;
use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::operator::StoreArgs;
use crate::cli::operator::new_file::{NewFile, cannot_write};
use crate::cli::operator::submit::{NotDone, no_store, submit, unexpected};
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::crypto::keyring::{self, fingerprint};
use crate::crypto::{identity, keyfile};

/// Arguments of `keys kit`.
#[derive(Debug, Args)]
pub struct KitArgs {
    /// The file to make; it must not exist
    #[arg(long, short = 'o', value_name = "KITFILE")]
    pub output: PathBuf,
    /// Name of the kit, to tell it from others
    #[arg(long)]
    pub name: Option<DisplayName>,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Runs `keys kit`.
pub async fn run(args: KitArgs, printer: &Printer) -> Result<(), Failure> {
    let dir = args.store.data_dir.dir()?;
    let instance = instance_of(&dir)?;
    let name = args
        .name
        .map_or_else(|| "Recovery kit".to_owned(), |name| name.to_string());
    // The file comes first: a store must never open for a kit that nobody has.
    let mut file = NewFile::create(&args.output)?;
    let kit = identity::generate();
    let recipient = identity::recipient(&kit);
    let text = identity::kit_text(&kit, instance, Clock::default().now());
    file.write_all(text.expose().as_bytes())
        .map_err(|error| cannot_write(&args.output, &error))?;
    // On disk before the store learns of it, under its name only afterwards: a kit that has its name opens the store.
    file.sync()?;
    let own = fingerprint(&recipient);
    let path = args.output.display();
    let in_doubt = |failure: Failure| {
        failure.advise(format!(
            "The kit {path} (fingerprint {own}) was kept, because the store may open for it. `strongroom backup` \
             names the kits that open a backup: delete the file if this one is not among them, and make another"
        ))
    };
    match submit(
        &args.store,
        Command::AddKit { name, recipient },
        &mut std::io::sink(),
    )
    .await
    {
        Ok(Reply::KitAdded { fingerprint }) if fingerprint == own => {
            file.keep_anyway()?;
            let text = format!(
                "Wrote the recovery kit {path} (fingerprint {fingerprint}).\n\
                 Keep it away from this machine: whoever has it can open the store and its backups, and the server \
                 keeps no copy."
            );
            printer.done(&text, &json!({"file": args.output, "fingerprint": fingerprint}))
        }
        Ok(_) => {
            file.keep_anyway()?;
            Err(in_doubt(unexpected()))
        }
        Err(NotDone::Unknown(failure)) => {
            file.keep_anyway()?;
            Err(in_doubt(failure))
        }
        // The file opens nothing; dropping it removes it.
        Err(NotDone::Refused(failure)) => Err(failure),
    }
}

/// The instance that a kit is for, which the keyring tells without a key.
pub fn instance_of(dir: &DataDir) -> Result<InstanceId, Failure> {
    let loaded = keyfile::load(dir.path())
        .and_then(|loaded| loaded.map(|loaded| keyring::summary(&loaded.text)).transpose());
    match loaded {
        Ok(Some(summary)) => Ok(summary.instance),
        Ok(None) => Err(no_store(dir)),
        Err(error) => Err(Failure::new("The keyring cannot be read").because(error.to_string())),
    }
}
