//! What a request wants, held against what is there: every change that cannot be made is found before one is made.

use std::collections::{HashMap, HashSet};

use shared::model::changes::{Refused, RefusedKind};
use shared::model::ids::SecretId;
use shared::model::names::SecretName;

use super::super::write;
use super::super::write::NewSecret;
use super::super::writing::{TagWord, Writing};
use super::Change;
use crate::domain::places::Folder;
use crate::domain::{Context, Error};
use crate::store;
use crate::store::secrets::{Named, Secret as Row};

/// A change that can be made.
pub enum Step<'a> {
    /// Makes a secret.
    Create(&'a NewSecret),
    /// Adds a version.
    Update(Named, &'a write::Change),
    /// Moves it to the trash.
    Delete(Named),
    /// Takes it out of there.
    Restore(Named),
    /// Gives it the content of a past version, and another name if one is wanted.
    Revert(Named, Box<Row>, Option<&'a SecretName>),
}

impl Step<'_> {
    /// Names are given up before they are taken.
    fn turn(&self) -> u8 {
        match self {
            Self::Delete(_) => 0,
            Self::Update(..) | Self::Revert(..) => 1,
            Self::Restore(_) | Self::Create(_) => 2,
        }
    }

    /// The name that the secret gives up.
    fn left(&self) -> Option<&str> {
        match self {
            Self::Create(_) | Self::Restore(_) => None,
            Self::Delete(secret) => Some(&secret.name),
            Self::Update(secret, _) | Self::Revert(secret, ..) => {
                self.renamed().map(|_| secret.name.as_str())
            }
        }
    }

    /// The other name that a secret gets.
    fn renamed(&self) -> Option<&str> {
        let (secret, name) = match self {
            Self::Update(secret, change) => (secret, change.name.as_ref()),
            Self::Revert(secret, _, name) => (secret, *name),
            Self::Create(_) | Self::Delete(_) | Self::Restore(_) => return None,
        };
        name.map(SecretName::as_str).filter(|name| *name != secret.name)
    }

    /// The name that has to be free for it.
    fn taken(&self) -> Option<&str> {
        match self {
            Self::Create(new) => Some(new.name.as_str()),
            Self::Restore(secret) => Some(&secret.name),
            Self::Update(..) | Self::Revert(..) => self.renamed(),
            Self::Delete(_) => None,
        }
    }
}

/// Everything that is to be done.
pub struct Plan<'a> {
    /// With their places in the request, in the order in which they can be done.
    pub steps: Vec<(usize, Step<'a>)>,
    /// Names of secrets that get another one while another secret gets theirs.
    pub parked: Vec<String>,
}

/// Why a change does not become a step.
enum Stop {
    /// The refusal of this one.
    Refused(Box<Refused>),
    /// Something that is not about this one alone.
    Failed(Error),
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

fn refuse(name: &str, kind: RefusedKind, reason: String) -> Stop {
    Stop::Refused(Box::new(Refused {
        index: 0,
        name: name.to_owned(),
        kind,
        reason,
        current_version: None,
    }))
}

/// A refusal of what a secret is to hold, as one of this secret.
fn about(name: &str, error: Error) -> Stop {
    match error {
        Error::Forbidden(reason) => refuse(name, RefusedKind::Denied, reason),
        Error::NotFound(reason) => refuse(name, RefusedKind::Missing, reason),
        Error::Invalid { reason, .. } => refuse(name, RefusedKind::Invalid, reason),
        other => Stop::Failed(other),
    }
}

/// Looks at all changes.
pub fn of<'a>(
    cx: &mut Context,
    folder: &Folder,
    writing: &mut Writing,
    changes: &'a [Change],
) -> Result<Plan<'a>, Error> {
    let present = store::secrets::names(cx.tx, folder.id)?;
    let mut planning = Planning {
        folder,
        present: present.into_iter().map(|secret| (secret.id, secret)).collect(),
        seen: HashSet::new(),
    };
    let mut steps = Vec::with_capacity(changes.len());
    let mut refusals = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        match planning.step(cx, writing, change) {
            Ok(step) => steps.push((index, step)),
            Err(Stop::Refused(refusal)) => refusals.push(Refused { index, ..*refusal }),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    refusals.extend(planning.name_clashes(&steps));
    if !refusals.is_empty() {
        refusals.sort_by_key(|refusal| refusal.index);
        return Err(Error::ChangesRefused(refusals));
    }
    let renamed: HashSet<&str> = steps.iter().filter_map(|(_, step)| step.renamed()).collect();
    let parked = steps
        .iter()
        .filter(|(_, step)| step.renamed().is_some())
        .filter_map(|(_, step)| step.left())
        .filter(|name| renamed.contains(name))
        .map(str::to_owned)
        .collect();
    steps.sort_by_key(|(_, step)| step.turn());
    Ok(Plan { steps, parked })
}

fn check_tags(
    cx: &mut Context,
    writing: &mut Writing,
    name: &str,
    tags: Option<&(TagWord, Vec<String>)>,
) -> Result<(), Stop> {
    if let Some((kind, words)) = tags {
        writing
            .tags(cx, words, *kind)
            .map_err(|error| about(name, error))?;
    }
    Ok(())
}

struct Planning<'a> {
    folder: &'a Folder,
    /// The shared secrets of the folder.
    present: HashMap<SecretId, Named>,
    /// Those that a change was about.
    seen: HashSet<SecretId>,
}

impl Planning<'_> {
    fn step<'c>(
        &mut self,
        cx: &mut Context,
        writing: &mut Writing,
        change: &'c Change,
    ) -> Result<Step<'c>, Stop> {
        match change {
            Change::Create(new) => {
                let name = new.name.as_str();
                check_tags(cx, writing, name, new.tags.as_ref())?;
                writing
                    .check_references(cx, self.folder, name, &new.value)
                    .map_err(|error| about(name, error))?;
                Ok(Step::Create(new))
            }
            Change::Update { id, change } => {
                let secret = self.find(cx, *id, change.expected_version)?;
                check_tags(cx, writing, &secret.name, change.tags.as_ref())?;
                if let Some(value) = &change.value {
                    writing
                        .check_references(cx, self.folder, &secret.name, value)
                        .map_err(|error| about(&secret.name, error))?;
                }
                Ok(Step::Update(secret, change))
            }
            Change::Delete { id, version } => Ok(Step::Delete(self.find(cx, *id, *version)?)),
            Change::Restore { id } => self.restored(cx, *id).map(Step::Restore),
            Change::Revert {
                id,
                version,
                to,
                name,
            } => {
                let secret = self.find(cx, *id, Some(*version))?;
                let renamed = name.as_ref().is_some_and(|name| name.as_str() != secret.name);
                if *to == secret.version && !renamed {
                    let reason = format!("it is at version {to} already");
                    return Err(refuse(&secret.name, RefusedKind::Invalid, reason));
                }
                let Some(past) = store::secrets::at_version(cx.tx, *id, *to)? else {
                    let reason = format!("it has no version {to}");
                    return Err(refuse(&secret.name, RefusedKind::Missing, reason));
                };
                writing
                    .check_references_of(cx, self.folder, &secret.name, &past)
                    .map_err(|error| about(&secret.name, error))?;
                Ok(Step::Revert(secret, Box::new(past), name.as_ref()))
            }
        }
    }

    /// Each secret once: which of two changes of it is meant would depend on their order.
    fn once(&mut self, id: SecretId) -> Result<(), Stop> {
        if self.seen.insert(id) {
            return Ok(());
        }
        let name = self
            .present
            .get(&id)
            .map_or_else(|| id.to_string(), |secret| secret.name.clone());
        let reason = "it occurs more than once in the request. Make one change of it".to_owned();
        Err(refuse(&name, RefusedKind::Invalid, reason))
    }

    /// A secret of the folder at the version that somebody saw.
    fn find(&mut self, cx: &mut Context, id: SecretId, version: Option<i64>) -> Result<Named, Stop> {
        self.once(id)?;
        let Some(secret) = self.present.get(&id) else {
            return Err(match store::secrets::in_trash(cx.tx, self.folder.id, id)? {
                Some(gone) => {
                    let reason = "somebody deleted it in the meantime".to_owned();
                    refuse(&gone.name, RefusedKind::Missing, reason)
                }
                None => self.unknown(id),
            });
        };
        match version.filter(|version| *version != secret.version) {
            None => Ok(secret.clone()),
            Some(seen) => Err(Stop::Refused(Box::new(Refused {
                index: 0,
                name: secret.name.clone(),
                kind: RefusedKind::Stale,
                reason: format!(
                    "somebody changed it in the meantime: it is at version {}, you saw version {seen}. Read it again",
                    secret.version
                ),
                current_version: Some(secret.version),
            }))),
        }
    }

    /// A secret that went from the folder into the trash.
    fn restored(&mut self, cx: &mut Context, id: SecretId) -> Result<Named, Stop> {
        self.once(id)?;
        if let Some(secret) = self.present.get(&id) {
            let reason = "it is not in the trash: somebody restored it already".to_owned();
            return Err(refuse(&secret.name, RefusedKind::Invalid, reason));
        }
        store::secrets::in_trash(cx.tx, self.folder.id, id)?.ok_or_else(|| self.unknown(id))
    }

    fn unknown(&self, id: SecretId) -> Stop {
        let reason = format!(
            "there is no shared secret with this id in '{}' of environment '{}'",
            self.folder.path, self.folder.environment.slug
        );
        refuse(&id.to_string(), RefusedKind::Missing, reason)
    }

    /// Names that two secrets would have afterwards.
    fn name_clashes(&self, steps: &[(usize, Step)]) -> Vec<Refused> {
        let left: HashSet<&str> = steps.iter().filter_map(|(_, step)| step.left()).collect();
        let kept: HashSet<&str> = self
            .present
            .values()
            .map(|secret| secret.name.as_str())
            .filter(|name| !left.contains(name))
            .collect();
        let mut wanted = HashSet::new();
        let mut clashes = Vec::new();
        for (index, step) in steps {
            let Some(name) = step.taken() else { continue };
            let (kind, reason) = if kept.contains(name) {
                (RefusedKind::Taken, "there is another secret of this name")
            } else if wanted.insert(name) {
                continue;
            } else {
                (
                    RefusedKind::Invalid,
                    "another change of the request wants the same name",
                )
            };
            clashes.push(Refused {
                index: *index,
                name: name.to_owned(),
                kind,
                reason: reason.to_owned(),
                current_version: None,
            });
        }
        clashes
    }
}
