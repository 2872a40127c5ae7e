//! Attaching tags to a secret and detaching them, by slug.

use shared::model::access::{Action, Subject};
use shared::model::names::SecretName;

use super::writing::{TagWord, Writing, find};
use super::{Kind, Secret, SecretTag};
use crate::domain::caller::Caller;
use crate::domain::places::{self, Place};
use crate::domain::{Context, Error, audit};

/// What happens to the tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagging {
    /// The secret gets them.
    Attach,
    /// The secret loses them.
    Detach,
}

/// Attaches tags or detaches them. Tags that a secret has or lacks already are no error; a new version is made only
/// when something changes.
pub fn tag(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    kind: Kind,
    name: &SecretName,
    (tagging, slugs): (Tagging, &[String]),
) -> Result<Secret, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Edit, Subject::Secrets)?;
    let owner = kind.owner(caller)?;
    let row = find(cx, &folder, name, &owner)?;
    let mut writing = Writing::open(cx, caller, folder.project)?;
    let chosen = writing.tags(cx, slugs, TagWord::Slug)?;
    let change = |tags: &mut Vec<SecretTag>| {
        tags.retain(|tag| !chosen.contains(tag));
        if tagging == Tagging::Attach {
            tags.extend(chosen.iter().cloned());
            tags.sort_by(|one, other| one.slug.cmp(&other.slug));
        }
    };
    let (secret, changed) = writing.retag(cx, &folder, row, change)?;
    if changed {
        let event = match tagging {
            Tagging::Attach => "secret.tag",
            Tagging::Detach => "secret.untag",
        };
        let slugs: Vec<&str> = chosen.iter().map(|tag| tag.slug.as_str()).collect();
        let entry = folder
            .entry(event)
            .with("secret", name)
            .with("version", &secret.version)
            .with("tags", &slugs.join(", "));
        audit::record(cx, caller, &entry)?;
    }
    Ok(secret)
}
