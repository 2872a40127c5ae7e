//! Any number of changes to the shared secrets of a folder, made together or not at all, and what takes them back.
//!
//! The changes happen at once: what counts is how names stand afterwards, whatever the order of the request. All of
//! them are looked at before the first is made, so that a refusal names every secret it is about.

mod plan;

use std::collections::BTreeMap;

use shared::model::access::{Action, Subject};
use shared::model::changes::{MOST_CHANGES, Op, Refused};
use shared::model::ids::SecretId;
use shared::model::names::{FolderName, SecretName};

use self::plan::Step;
use super::write::{self, NewSecret};
use super::writing::{Writing, exists};
use crate::domain::access::Scope;
use crate::domain::caller::Caller;
use crate::domain::places::{self, Folder, Origin, Place};
use crate::domain::{Context, Error, audit, folders};
use crate::store;
use crate::store::secrets::{Named, SHARED, Secret as Row};

/// A change to one shared secret.
#[derive(Debug, Clone)]
pub enum Change {
    /// Makes a secret.
    Create(NewSecret),
    /// Adds a version to a secret.
    Update {
        /// Which.
        id: SecretId,
        /// What changes, with the version that its writer saw.
        change: write::Change,
    },
    /// Moves a secret to the trash, with the overrides of it.
    Delete {
        /// Which.
        id: SecretId,
        /// The version that its writer saw, if that matters.
        version: Option<i64>,
    },
    /// Takes a secret out of the trash, with the overrides that went there with it.
    Restore {
        /// Which.
        id: SecretId,
    },
    /// Adds a version that has the content of a past one.
    Revert {
        /// Which.
        id: SecretId,
        /// The version that its writer saw.
        version: i64,
        /// The past one.
        to: i64,
        /// New name; otherwise it keeps the one it has.
        name: Option<SecretName>,
    },
}

impl Change {
    fn op(&self) -> Op {
        match self {
            Self::Create(_) => Op::Create,
            Self::Update { .. } => Op::Update,
            Self::Delete { .. } => Op::Delete,
            Self::Restore { .. } => Op::Restore,
            Self::Revert { .. } => Op::Revert,
        }
    }
}

/// A change that was made.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What was done.
    pub op: Op,
    /// The secret.
    pub id: SecretId,
    /// Its name now, or the last one of a deleted secret.
    pub name: String,
    /// Its version now.
    pub version: i64,
    /// What takes it back.
    pub undo: Undo,
}

/// What takes a change back, as a change of the same secret.
#[derive(Debug, Clone)]
pub enum Undo {
    /// It goes to the trash, if it is still at this version.
    Delete(i64),
    /// It comes out of the trash.
    Restore,
    /// From a version back to the content of another one, and to the name it had when that was another.
    Revert(i64, i64, Option<String>),
}

/// Most refusals in one message.
const MOST_TOLD: usize = 20;

/// What the sender is told about all of them.
pub fn summary(refusals: &[Refused]) -> String {
    let count = match refusals.len() {
        1 => "one change cannot be made".to_owned(),
        more => format!("{more} changes cannot be made"),
    };
    let mut told: Vec<String> = refusals
        .iter()
        .take(MOST_TOLD)
        .map(|refusal| format!("'{}': {}", refusal.name, refusal.reason))
        .collect();
    if refusals.len() > MOST_TOLD {
        told.push(format!("and {} more", refusals.len() - MOST_TOLD));
    }
    format!("Nothing was changed, because {count}. {}", told.join("; "))
}

/// Makes all changes or none. What was done stands in the order of the request.
pub fn apply(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    create_path: bool,
    changes: &[Change],
) -> Result<Vec<Applied>, Error> {
    let folder = folder_of(cx, caller, place, create_path)?;
    check_count(changes.len())?;
    require_rights(&folder, changes)?;
    let mut writing = Writing::open(cx, caller, folder.project)?;
    let plan = plan::of(cx, &folder, &mut writing, changes)?;
    for name in &plan.parked {
        // No secret has such a name: control characters are refused.
        store::secrets::park(cx.tx, folder.id, name, &format!("\u{1}{name}"))?;
    }
    let mut applied = Vec::with_capacity(changes.len());
    for (index, step) in plan.steps {
        applied.push((index, make(cx, &folder, &mut writing, step)?));
    }
    applied.sort_by_key(|(index, _)| *index);
    let applied: Vec<Applied> = applied.into_iter().map(|(_, applied)| applied).collect();
    record(cx, caller, &folder, &applied)?;
    Ok(applied)
}

fn check_count(count: usize) -> Result<(), Error> {
    let reason = match count {
        0 => "at least one is needed".to_owned(),
        1..=MOST_CHANGES => return Ok(()),
        _ => {
            format!("at most {MOST_CHANGES} in one request, these are {count}. Send them in several requests")
        }
    };
    Err(Error::Invalid {
        field: "changes",
        reason,
    })
}

/// The folder of the request, made when it is missing and that is wanted.
fn folder_of(cx: &mut Context, caller: &Caller, place: &Place, create_path: bool) -> Result<Folder, Error> {
    let resolved = places::resolve(cx, caller, place, Action::Edit, Subject::Secrets)?;
    let missing = match resolved.folder {
        Ok(folder) => return Ok(folder),
        Err(missing) => missing,
    };
    let (true, Some(name)) = (create_path, resolved.path.segments().last()) else {
        return Err(missing);
    };
    let above = Place {
        project: Some(resolved.project.to_string()),
        environment: Some(resolved.environment),
        path: resolved.path.parent(),
        origin: Origin::Named,
    };
    let name: FolderName = name
        .parse()
        .map_err(|reason| Error::invalid("secretPath", &reason))?;
    let made = folders::create(cx, caller, &above, &name, None)?;
    Ok(Folder {
        id: made.row.id,
        project: made.project,
        access: resolved.access,
        environment: made.environment,
        path: made.path,
    })
}

/// Who may edit came in; what else the changes do is asked for here.
fn require_rights(folder: &Folder, changes: &[Change]) -> Result<(), Error> {
    let scope = Scope {
        environment: Some(&folder.environment.slug),
        path: Some(&folder.path),
    };
    for change in changes {
        let action = match change.op() {
            Op::Create | Op::Restore => Action::Create,
            Op::Update | Op::Revert => Action::Edit,
            Op::Delete => Action::Delete,
        };
        folder.access.require(action, Subject::Secrets, scope)?;
    }
    Ok(())
}

/// A row that the plan has seen in this transaction.
fn row_of(cx: &mut Context, secret: &Named) -> Result<Row, Error> {
    store::secrets::by_id(cx.tx, secret.id)?.ok_or_else(|| Error::from(store::Error::Stale))
}

fn make(cx: &mut Context, folder: &Folder, writing: &mut Writing, step: Step) -> Result<Applied, Error> {
    let (op, before, now) = match step {
        Step::Create(new) => {
            let made = writing.create(cx, folder, SHARED, new)?;
            return Ok(Applied {
                op: Op::Create,
                id: made.id,
                name: made.name,
                version: made.version,
                undo: Undo::Delete(made.version),
            });
        }
        Step::Delete(secret) => {
            let row = row_of(cx, &secret)?;
            writing.delete(cx, folder, row)?;
            return Ok(Applied {
                op: Op::Delete,
                id: secret.id,
                name: secret.name,
                version: secret.version,
                undo: Undo::Restore,
            });
        }
        Step::Restore(secret) => {
            store::secrets::restore(cx.tx, folder.id, &secret, cx.now)
                .map_err(|error| exists(error, &secret.name))?;
            return Ok(Applied {
                op: Op::Restore,
                id: secret.id,
                name: secret.name,
                undo: Undo::Delete(secret.version),
                version: secret.version,
            });
        }
        Step::Update(secret, change) => {
            let row = row_of(cx, &secret)?;
            (Op::Update, secret, writing.update(cx, folder, row, change)?)
        }
        Step::Revert(secret, past, name) => {
            let row = row_of(cx, &secret)?;
            (Op::Revert, secret, writing.revert(cx, folder, row, &past, name)?)
        }
    };
    let old_name = (before.name != now.name).then_some(before.name);
    Ok(Applied {
        op,
        id: now.id,
        name: now.name,
        version: now.version,
        undo: Undo::Revert(now.version, before.version, old_name),
    })
}

/// One record for all of them: names, never values.
fn record(cx: &mut Context, caller: &Caller, folder: &Folder, applied: &[Applied]) -> Result<(), Error> {
    let mut entry = folder.entry("secret.change").with("count", &applied.len());
    for (word, op) in [
        ("created", Op::Create),
        ("updated", Op::Update),
        ("deleted", Op::Delete),
        ("restored", Op::Restore),
        ("reverted", Op::Revert),
    ] {
        let of_it = applied.iter().filter(|applied| applied.op == op);
        let mut names = of_it.map(|applied| applied.name.as_str()).peekable();
        if names.peek().is_some() {
            entry = entry.with_names(word, names);
        }
    }
    let renamed: BTreeMap<&str, &str> = applied
        .iter()
        .filter_map(|applied| match &applied.undo {
            Undo::Revert(_, _, Some(old)) => Some((old.as_str(), applied.name.as_str())),
            _ => None,
        })
        .collect();
    if !renamed.is_empty() {
        entry = entry.with_renamed(renamed);
    }
    audit::record(cx, caller, &entry)
}
