//! The past of a secret.

use shared::model::access::Action;
use shared::model::ids::SecretId;

use super::located::locate;
use super::{Secret, opened};
use crate::domain::audit::Audited;
use crate::domain::caller::Caller;
use crate::domain::{Context, Error, data_keys};
use crate::store;

/// Most versions in one answer: each may hold a megabyte.
pub const MOST: i64 = 100;

/// The versions of a secret, newest first, each with the name and the tags it had.
pub fn list(
    cx: &mut Context,
    caller: &Caller,
    id: SecretId,
    offset: i64,
    limit: i64,
) -> Result<Audited<Vec<Secret>>, Error> {
    let (folder, current) = locate(cx, caller, id, Action::Read)?;
    if !(1..=MOST).contains(&limit) {
        return Err(Error::Invalid {
            field: "limit",
            reason: format!("between 1 and {MOST}"),
        });
    }
    if offset < 0 {
        return Err(Error::Invalid {
            field: "offset",
            reason: "0 or more".into(),
        });
    }
    let keys = data_keys::open(cx, folder.project)?;
    let rows = store::secrets::versions(cx.tx, id, offset, limit)?;
    let mut tags = store::secret_tags::of_versions(cx.tx, id)?;
    let versions = rows
        .into_iter()
        .map(|row| {
            let tags = tags.remove(&row.version).unwrap_or_default();
            opened(&keys, &folder, row, tags, true)
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let entry = folder
        .entry("secret.read-versions")
        .with("secret", &current.name)
        .with("versions", &versions.len())
        .with("offset", &offset);
    let shown = versions.len();
    Ok(Audited::new(cx, caller, &entry, versions)?.showing(shown))
}
