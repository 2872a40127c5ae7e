//! A new environment with the folders, the imports and, if wanted, the secrets of another one.

use std::collections::HashMap;

use shared::model::access::{Action, Subject};
use shared::model::ids::{EnvironmentId, FolderId};
use shared::model::names::{DisplayName, EnvSlug, FolderPath};

use super::{Environment, by_id, end, insert};
use crate::domain::access::{Access, Scope};
use crate::domain::caller::Caller;
use crate::domain::folders::{self, tree};
use crate::domain::places::{self, Folder};
use crate::domain::projects::find_for;
use crate::domain::secrets::copying;
use crate::domain::{Context, Error, audit, secret_imports};
use crate::store;

/// A new environment and what it got.
#[derive(Debug, Clone)]
pub struct Cloned {
    /// The environment.
    pub environment: Environment,
    /// How many folders, the root not counted.
    pub folders: usize,
    /// How many imports.
    pub imports: usize,
    /// How many secrets.
    pub secrets: usize,
}

/// Makes an environment after the last one. What the source imports from itself, the clone imports from itself.
pub fn clone(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    source: EnvironmentId,
    (name, slug): (&DisplayName, &EnvSlug),
    with_secrets: bool,
) -> Result<Cloned, Error> {
    let found = find_for(cx, caller, project, Action::Create, Subject::Environments)?;
    let project = found.project.id;
    let source = by_id(cx, project, source)?;
    let position = end(cx, project)?;
    let environment = insert(cx, project, name.as_str(), slug.as_str(), position)?;
    let pairs = copy_folders(cx, &found.access, &source, &environment)?;
    let mut imports = 0;
    for (from, to) in &pairs {
        require(&found.access, Action::Read, Subject::SecretImports, from)?;
        require(&found.access, Action::Create, Subject::SecretImports, to)?;
        imports += secret_imports::copy(cx, from, to)?;
    }
    let secrets = if with_secrets {
        copying::copy(cx, caller, &pairs)?
    } else {
        0
    };
    let folders = pairs.len() - 1;
    let entry = audit::Entry::in_project("environment.clone", project)
        .with("environment", &environment.slug)
        .with("source", &source.slug)
        .with("folders", &folders)
        .with("imports", &imports)
        .with("secrets", &secrets);
    audit::record(cx, caller, &entry)?;
    Ok(Cloned {
        environment,
        folders,
        imports,
        secrets,
    })
}

fn require(access: &Access, action: Action, subject: Subject, folder: &Folder) -> Result<(), Error> {
    let scope = Scope {
        environment: Some(&folder.environment.slug),
        path: Some(&folder.path),
    };
    access.require(action, subject, scope)
}

/// Makes the folders of an environment in another one; each with its copy, the root first.
fn copy_folders(
    cx: &mut Context,
    access: &Access,
    source: &Environment,
    clone: &Environment,
) -> Result<Vec<(Folder, Folder)>, Error> {
    let root = FolderPath::root();
    let mut root_of = |environment: &Environment| {
        places::find_folder(cx, environment, &root)?
            .ok_or(Error::Store(store::Error::Corrupt("folders.parent_id")))
    };
    let (from, to) = (root_of(source)?, root_of(clone)?);
    let folder = |id, environment: &Environment, path: &FolderPath| Folder {
        id,
        project: environment.project_id,
        access: access.clone(),
        environment: environment.clone(),
        path: path.clone(),
    };
    let mut copies: HashMap<FolderId, FolderId> = HashMap::from([(from, to)]);
    let mut pairs = vec![(folder(from, source, &root), folder(to, clone, &root))];
    let all = store::folders::list(cx.tx, source.id)?;
    for (row, path) in tree::below(all, from, &root)? {
        // Each folder comes before what it holds.
        let parent = row
            .parent_id
            .and_then(|parent| copies.get(&parent))
            .ok_or(Error::Store(store::Error::Corrupt("folders.parent_id")))?;
        let copy = folders::insert(cx, clone.id, Some(*parent), &row.name, row.description)?;
        copies.insert(row.id, copy.id);
        pairs.push((folder(row.id, source, &path), folder(copy.id, clone, &path)));
    }
    for (from, to) in &pairs {
        require(access, Action::Read, Subject::Folders, from)?;
        require(access, Action::Create, Subject::Folders, to)?;
    }
    Ok(pairs)
}
