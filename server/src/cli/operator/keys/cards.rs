//! Cards: a key that several people hold.

use std::io::{Write, sink};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use shared::model::keys::KeysAct;
use shared::model::text::SecretText;

use super::kit;
use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::operator::StoreArgs;
use crate::cli::operator::new_file::{NewFile, cannot_write};
use crate::cli::operator::submit::{NotDone, submit, unexpected};
use crate::cli::printer::Printer;
use crate::cli::prompt;
use crate::clock::Clock;
use crate::crypto::keyring::fingerprint;
use crate::crypto::{cards, identity};

/// Arguments of `keys add-cards`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// So many cards together are the key
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=20))]
    pub needed: u8,
    /// So many cards are made
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=20))]
    pub made: u8,
    /// Beginning of the files' names: PREFIX-1.txt and so on; none of them may exist
    #[arg(long, short = 'o', value_name = "PREFIX", default_value = "strongroom-card")]
    pub output: PathBuf,
    /// Name of the set, to tell it from others
    #[arg(long)]
    pub name: Option<String>,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `keys combine-cards`.
#[derive(Debug, Args)]
pub struct CombineArgs {
    /// The file to make, a recovery kit; it must not exist
    #[arg(long, short = 'o', value_name = "KITFILE")]
    pub output: PathBuf,
}

/// Runs `keys add-cards`.
pub async fn add(args: AddArgs, printer: &Printer) -> Result<(), Failure> {
    let dir = args.store.data_dir.dir()?;
    let instance = kit::instance_of(&dir)?;
    let kept = identity::generate();
    let recipient = identity::recipient(&kept);
    let made = cards::split(&kept, args.needed, args.made)
        .map_err(|error| Failure::usage("The cards cannot be made").because(error.to_string()))?;
    // The files come first: a store must never open for cards that nobody has.
    let mut files = Vec::new();
    for (number, card) in (1..).zip(&made) {
        let mut path = args.output.clone().into_os_string();
        path.push(format!("-{number}.txt"));
        let path = PathBuf::from(path);
        let mut file = NewFile::create(&path)?;
        let text = format!(
            "# Strongroom card {number} of {made} of instance {instance}, made on {date}\n\
             # Fingerprint: {fingerprint}\n\
             # Any {needed} of these cards together open the store and its backups; fewer tell nothing.\n\
             # To put them together: strongroom keys combine-cards --output kit.txt, with the cards as input.\n",
            made = args.made,
            date = Clock::default().now().date(),
            fingerprint = fingerprint(&recipient),
            needed = args.needed,
        );
        for part in [text.as_str(), card.expose(), "\n"] {
            file.write_all(part.as_bytes())
                .map_err(|error| cannot_write(&path, &error))?;
        }
        file.sync()?;
        files.push((path, file));
    }
    let name = args.name.unwrap_or_else(|| "Cards".to_owned());
    let (needed, made) = (args.needed, args.made);
    let own = fingerprint(&recipient);
    let act = KeysAct::AddCards {
        name,
        recipient,
        needed,
        made,
    };
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let message = match submit(&args.store, Command::Keys(act), &mut sink()).await {
        Ok(Reply::Done { message }) => message,
        // The files open nothing; dropping them removes them.
        Err(NotDone::Refused(failure)) => return Err(failure),
        in_doubt => {
            if let Err(failure) = keep_all(files, printer) {
                printer.failure(&failure);
            }
            let failure = in_doubt.err().map_or_else(unexpected, Failure::from);
            return Err(failure.advise(
                "The files of the cards were kept, in case the store opens for them: see `strongroom keys list`",
            ));
        }
    };
    keep_all(files, printer)?;
    let mut text = format!("{message}.");
    for path in &paths {
        text.push_str("\nWrote ");
        text.push_str(&path.display().to_string());
    }
    text.push_str("\nGive each card to a person of its own, and leave none of them on this machine.");
    printer.done(
        &text,
        &json!({"files": paths, "fingerprint": own, "needed": needed}),
    )
}

/// Gives every card its name, also when one of them cannot get it: the store opens for all of them, and may for these alone.
/// Tells the first failure.
fn keep_all(files: Vec<(PathBuf, NewFile)>, printer: &Printer) -> Result<(), Failure> {
    let mut kept = Ok(());
    for (_, file) in files {
        match file.keep_anyway() {
            Ok(()) => {}
            Err(failure) if kept.is_ok() => kept = Err(failure),
            Err(failure) => printer.failure(&failure),
        }
    }
    kept
}

/// Runs `keys combine-cards`.
pub fn combine(args: &CombineArgs, printer: &Printer) -> Result<(), Failure> {
    use std::io::Read as _;
    let mut text = zeroize::Zeroizing::new(String::with_capacity(16 * 1024));
    if prompt::possible() {
        printer.note("Enter the cards, one to a line, and end with Ctrl-D:");
    }
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new("The cards cannot be read").because(error.to_string()))?;
    let kept = cards::combine(&text).map_err(|why| Failure::new("The cards are not a key").because(why))?;
    let recipient = identity::recipient(&kept);
    let comments = format!(
        "# Strongroom recovery kit, put together from cards\n# Fingerprint: {}\n# public key: {recipient}\n",
        fingerprint(&recipient)
    );
    let secret: SecretText = identity::secret_text(&kept);
    let kit = shared::model::kit::identity_file(&comments, &secret);
    let mut file = NewFile::create(&args.output)?;
    file.write_all(kit.expose().as_bytes())
        .map_err(|error| cannot_write(&args.output, &error))?;
    file.keep()?;
    let own = fingerprint(&recipient);
    let text = format!(
        "Wrote {} (fingerprint {own}). Delete it when it has served its purpose.",
        args.output.display()
    );
    printer.done(&text, &json!({"file": args.output, "fingerprint": own}))
}
