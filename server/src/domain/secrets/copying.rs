//! Copying secrets from folder to folder of a project: what they hold, not what they are.

use shared::model::access::{Action, Subject};

use super::writing::Writing;
use crate::domain::access::Scope;
use crate::domain::caller::Caller;
use crate::domain::places::Folder;
use crate::domain::{Context, Error};
use crate::store;
use crate::store::secrets::SHARED;

/// Copies the shared secrets of folders into others of the same project, and says how many there were. Each becomes the
/// first version of a new one, with comment, tags and metadata.
pub fn copy(cx: &mut Context, caller: &Caller, pairs: &[(Folder, Folder)]) -> Result<usize, Error> {
    let Some((first, _)) = pairs.first() else {
        return Ok(0);
    };
    let writing = Writing::open(cx, caller, first.project)?;
    let mut copied = 0;
    for (source, destination) in pairs {
        for (folder, action) in [(source, Action::Read), (destination, Action::Create)] {
            let scope = Scope {
                environment: Some(&folder.environment.slug),
                path: Some(&folder.path),
            };
            folder.access.require(action, Subject::Secrets, scope)?;
        }
        let mut tags = store::secret_tags::of_folder(cx.tx, source.id)?;
        for row in store::secrets::list(cx.tx, source.id, SHARED)? {
            let tags = tags.remove(&row.id).unwrap_or_default();
            writing.copy(cx, destination, &row, tags)?;
            copied += 1;
        }
    }
    Ok(copied)
}
