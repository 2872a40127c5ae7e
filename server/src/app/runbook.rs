//! The runbook of this very instance: what to do when something is lost, with its own paths, fingerprints and times, for
//! somebody who has never seen it before. It names no secret.

use std::fmt::Write as _;

use shared::model::backups::{Backups, TargetPlace};
use shared::model::keys::Keys;
use shared::model::time::UnixMillis;

use super::data_dir::DataDir;
use super::{App, server_identity};
use crate::domain::caller::{Credential, Source};
use crate::domain::{Context, Error, audit, backups, keys};

/// What the runbook is about.
pub struct Facts {
    /// The instance.
    pub instance: String,
    /// Its data directory.
    pub data_dir: String,
    /// What opens the store.
    pub keys: Keys,
    /// What there is to go back to.
    pub backups: Backups,
    /// When it is written.
    pub now: UnixMillis,
}

impl App {
    /// The runbook, for who administers the instance.
    pub async fn runbook(&self, caller: (Credential, Source)) -> Result<String, Error> {
        let data_dir = self.require_data_dir()?.clone();
        let facts = self
            .write_as(caller, move |cx, caller| {
                caller.require_instance_admin()?;
                audit::record(cx, caller, &audit::Entry::new("instance.runbook"))?;
                facts(cx, &data_dir)
            })
            .await?;
        Ok(text(&facts))
    }
}

/// Gathers them.
pub fn facts(cx: &mut Context, data_dir: &DataDir) -> Result<Facts, Error> {
    let identity = server_identity::place(cx.keys, Some(data_dir));
    Ok(Facts {
        instance: cx.keys.instance().to_string(),
        data_dir: data_dir.path().display().to_string(),
        keys: keys::state_for_operator(cx, identity)?,
        backups: backups::state_for_operator(cx)?,
        now: cx.now,
    })
}

/// The runbook as Markdown.
pub fn text(facts: &Facts) -> String {
    let mut out = String::new();
    let dir = quoted(&facts.data_dir);
    let newest = facts
        .backups
        .backups
        .iter()
        .find(|backup| backup.here || !backup.copies.is_empty());
    let file = newest.map_or("BACKUP.age", |backup| backup.file_name.as_str());
    let local = format!("{}/backups/{file}", facts.data_dir.trim_end_matches('/'));
    let local = quoted(&local);
    // Writing to a text cannot fail.
    let _ = write!(
        out,
        "# Runbook of the Strongroom instance {}

Written {} by version {}. Print it, and keep it beside the recovery kit: it names no secret. Make it anew after changes with
`strongroom runbook --data-dir {dir} --output runbook.md`.

Data directory: `{}`. Everything that is needed to start again lies there; nothing lies elsewhere.

## What opens it

| Name | Kind | Fingerprint | Opens backups | Last proven | Copies |
|---|---|---|---|---|---|
",
        facts.instance,
        facts.now,
        env!("CARGO_PKG_VERSION"),
        facts.data_dir,
    );
    for unlocker in &facts.keys.unlockers {
        let kept: Vec<String> = unlocker.kept_at.iter().map(|kept| cell(&kept.place)).collect();
        let _ = writeln!(
            out,
            "| {} | {} | `{}` | {} | {} | {} |",
            cell(&unlocker.name),
            unlocker.kind_words(),
            unlocker.fingerprint,
            if unlocker.opens_backups { "yes" } else { "no" },
            unlocker
                .proven_at
                .map_or_else(|| "never".to_owned(), UnixMillis::date),
            if kept.is_empty() {
                "not noted".to_owned()
            } else {
                kept.join("; ")
            },
        );
    }
    if facts.backups.opens_with.is_empty() {
        out.push_str(
            "\n**There is no recovery kit. Make one now:** `strongroom keys kit --output recovery-kit.txt`\n",
        );
    }
    out.push_str("\n## What there is to go back to\n\n");
    match newest {
        Some(backup) => {
            let _ = writeln!(
                out,
                "* Newest backup: `{}` of {}, {} secrets, SHA-256 `{}`. It opens with: {}.",
                backup.file_name,
                backup.created_at,
                backup.secrets,
                backup.sha256,
                cell(&backup.opens_with.join(", "))
            );
        }
        None => out.push_str("* **There is no backup yet.**\n"),
    }
    let _ = writeln!(
        out,
        "* Backups on this machine: `{}/backups/`.",
        facts.data_dir.trim_end_matches('/')
    );
    for target in &facts.backups.targets {
        let _ = writeln!(
            out,
            "* Copies at {}: {}.",
            cell(&target.name),
            place(&target.place)
        );
    }
    if facts.backups.targets.is_empty() {
        out.push_str("* **No copies on another machine.** `strongroom backup add-target --help`\n");
    }
    match (&facts.backups.schedule.cron, facts.backups.next_at) {
        (Some(cron), Some(next)) => {
            let _ = writeln!(out, "* By itself: `{cron}` (UTC), next at {next}.");
        }
        _ => out.push_str("* **The schedule is off.**\n"),
    }
    match facts.backups.drills.first() {
        Some(drill) => {
            let _ = writeln!(
                out,
                "* Last rehearsed restore: {} at {}, {} secrets opened.",
                if drill.passed {
                    "passed"
                } else {
                    "**did not pass**"
                },
                drill.at,
                drill.secrets
            );
        }
        None => out.push_str("* **No restore was rehearsed yet.** `strongroom backup drill`\n"),
    }
    let _ = write!(
        out,
        "
## 1. The server says that it is locked: its key file is lost or was changed

Nothing is lost. The store is opened with a kit, and the server is given a key of its own again:

```
strongroom unlock --data-dir {dir} --identity recovery-kit.txt
```

Or open the server's page in a browser and paste the last line of the kit. After that, put the key file back from a copy of the
data directory if there is one; `strongroom keys list --data-dir {dir}` shows what opens the store.

## 2. A recovery kit is lost, or was seen by somebody

Make a new one and take the old one away; then turn every key that it opened:

```
strongroom keys kit --data-dir {dir} --output new-kit.txt
strongroom keys remove --data-dir {dir} NAME-OF-THE-LOST-KIT
strongroom keys rotate-root --data-dir {dir}
strongroom keys rotate-data --data-dir {dir}
strongroom keys rekey-database --data-dir {dir}
strongroom keys destroy-retired --data-dir {dir}
```

Backups made before still open with the lost kit: make a new one, and remove the old files from every place named above.

## 3. The data is lost or damaged, the machine is not

Stop the server. Then:

```
strongroom backup verify {local} --identity recovery-kit.txt
strongroom restore {local} --data-dir {dir} --identity recovery-kit.txt --force
strongroom serve --data-dir {dir}
```

`--force` sets aside what is there; it is not deleted. Nobody has to log in again, tokens and identities keep working.

## 4. The machine is lost

On a new one, with the binary `strongroom`, a copy of the newest backup and the kit:

```
strongroom restore {file} --data-dir {dir} --identity recovery-kit.txt
strongroom serve --data-dir {dir}
```

Then let the old name point to the new address. Nobody has to log in again: the keys with which sessions and tokens are signed
are in the backup. What was revoked after the backup was made is in force again: look through sessions and identities, or
restore with `--revoke-all-sessions`.

## One secret, without Strongroom

With `age`, `zstd`, `tar` and `jq` alone:

```
age --decrypt --identity recovery-kit.txt {file} | zstd --decompress | tar --extract --to-stdout values/PROJECT/ENVIRONMENT.json | jq -r '.\"/\".NAME'
```
"
    );
    out
}

fn place(place: &TargetPlace) -> String {
    match place {
        TargetPlace::Directory { path } => format!("directory `{}`", cell(path)),
        TargetPlace::S3 {
            endpoint,
            bucket,
            prefix,
            ..
        } => format!(
            "bucket `{}` of `{}`, names begin with `{}`",
            cell(bucket),
            cell(endpoint),
            cell(prefix)
        ),
        TargetPlace::WebDav { url, .. } => format!("WebDAV folder `{}`", cell(url)),
    }
}

/// A text of a person in a table: it ends no cell, no line and no code.
fn cell(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '|' | '`' | '<' => ' ',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

/// A path as a word of a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_do_no_harm() {
        assert_eq!(cell("a|b`c<d>\n"), "a b c d> ");
        assert_eq!(quoted("/srv/strongroom-1.0"), "/srv/strongroom-1.0");
        assert_eq!(quoted("/srv/it's $(here)"), "'/srv/it'\\''s $(here)'");
    }
}
