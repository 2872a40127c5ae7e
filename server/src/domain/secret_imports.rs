//! Imports: the ordered list of other folders whose secrets a folder shows besides its own.

use shared::model::access::{Action, Subject};
use shared::model::ids::{FolderId, SecretImportId};
use shared::model::names::FolderPath;

use super::access::Scope;
use super::caller::Caller;
use super::folders::tree;
use super::places::{self, Folder, Place};
use super::{Context, Error, audit, projects};
use crate::crypto::random;
use crate::store;
use crate::store::environments::Environment;
use crate::store::secret_imports::SecretImport;

/// Imports of one folder. Each is one more list to read whenever somebody reads the folder.
const MOST: usize = 100;

fn not_found(id: SecretImportId) -> Error {
    Error::NotFound(format!("Secret import with id '{id}' not found"))
}

/// The imports of a folder in their order, counted from 1.
pub(super) fn of_folder(cx: &mut Context, folder: FolderId) -> Result<Vec<SecretImport>, Error> {
    let mut imports = store::secret_imports::list(cx.tx, folder)?;
    for (position, import) in (1..).zip(&mut imports) {
        import.position = position;
    }
    Ok(imports)
}

/// Lists the imports of a folder.
pub fn list(cx: &mut Context, caller: &Caller, place: &Place) -> Result<Vec<SecretImport>, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Read, Subject::SecretImports)?;
    of_folder(cx, folder.id)
}

/// One import by id, with the folder that imports.
pub fn get(cx: &mut Context, caller: &Caller, id: SecretImportId) -> Result<(SecretImport, Folder), Error> {
    let (_, project, environment) = store::secret_imports::by_id(cx.tx, id)?.ok_or_else(|| not_found(id))?;
    // Who does not belong to the project does not learn which one it is.
    let membership = match projects::find(cx, caller, &project.to_string()) {
        Err(Error::NotFound(_)) => return Err(not_found(id)),
        Err(Error::Forbidden(_)) => {
            return Err(Error::Forbidden(
                "You are not a member of the project of this import".into(),
            ));
        }
        other => other?,
    };
    let (import, _, _) = store::secret_imports::by_id(cx.tx, id)?.ok_or_else(|| not_found(id))?;
    let environment =
        store::environments::by_id(cx.tx, project, environment)?.ok_or_else(|| not_found(id))?;
    let path = tree::path_of(cx, environment.id, import.folder_id)?;
    let scope = Scope {
        environment: Some(&environment.slug),
        path: Some(&path),
    };
    membership
        .access
        .require(Action::Read, Subject::SecretImports, scope)?;
    let import = of_folder(cx, import.folder_id)?
        .into_iter()
        .find(|import| import.id == id)
        .ok_or_else(|| not_found(id))?;
    let folder = Folder {
        id: import.folder_id,
        project,
        access: membership.access,
        environment,
        path,
    };
    Ok((import, folder))
}

/// A folder to import from, in the words of the caller.
#[derive(Debug, Clone)]
pub struct Source {
    /// Slug of the environment.
    pub environment: String,
    /// Folder.
    pub path: FolderPath,
}

/// The environment of a source that may be imported into a folder: it exists, the caller may read it, and it leads to
/// no circle that one could see from here.
fn importable(cx: &mut Context, into: &Folder, source: &Source) -> Result<Environment, Error> {
    let environment = places::find_environment(cx, into.project, &source.environment)?;
    let slug = environment
        .as_ref()
        .map_or(&source.environment, |found| &found.slug);
    let scope = Scope {
        environment: Some(slug),
        path: Some(&source.path),
    };
    into.access.require(Action::Read, Subject::Secrets, scope)?;
    let environment =
        environment.ok_or_else(|| places::environment_not_found(into.project, &source.environment))?;
    let folder = places::find_folder(cx, &environment, &source.path)?
        .ok_or_else(|| places::folder_not_found(&source.path, &environment.slug))?;
    if folder == into.id {
        return Err(Error::BadRequest(
            "A folder cannot import itself. Choose another folder as the source".into(),
        ));
    }
    let path = into.path.to_string();
    let back = store::secret_imports::list(cx.tx, folder)?
        .iter()
        .any(|import| import.source_environment_id == into.environment.id && import.source_path == path);
    if back {
        return Err(Error::BadRequest(format!(
            "Cyclic import: '{}' in environment '{}' imports this folder already. Delete that import first",
            source.path, environment.slug
        )));
    }
    Ok(environment)
}

/// Stores the order of the imports of a folder.
fn store_order(cx: &mut Context, imports: &[SecretImport]) -> Result<(), Error> {
    // As they are in the database, where deleted environments may have left gaps.
    let stored = match imports.first() {
        Some(import) => store::secret_imports::list(cx.tx, import.folder_id)?,
        None => return Ok(()),
    };
    for (position, import) in (1..).zip(imports) {
        let before = stored.iter().find(|stored| stored.id == import.id);
        if let Some(before) = before.filter(|before| before.position != position) {
            let mut moved = before.clone();
            moved.position = position;
            store::secret_imports::update(cx.tx, &moved)?;
        }
    }
    Ok(())
}

/// Adds an import behind those that a folder has.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    source: &Source,
) -> Result<SecretImport, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Create, Subject::SecretImports)?;
    let environment = importable(cx, &folder, source)?;
    let mut imports = of_folder(cx, folder.id)?;
    if imports.len() >= MOST {
        return Err(Error::BadRequest(format!(
            "A folder has at most {MOST} imports. Delete one first, or gather secrets in a folder of their own"
        )));
    }
    let import = SecretImport {
        id: SecretImportId::from_random(random::bytes()?),
        folder_id: folder.id,
        source_environment_id: environment.id,
        source_slug: environment.slug,
        source_name: environment.name,
        source_path: source.path.to_string(),
        position: imports.last().map_or(0, |last| last.position) + 1,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::secret_imports::insert(cx.tx, &import)?;
    imports.push(import.clone());
    store_order(cx, &imports)?;
    let entry = entry(&folder, "secret-import.create", &import);
    audit::record(cx, caller, &entry)?;
    Ok(import)
}

/// Gives a folder the imports of another one, and says how many. What that one imports from its own environment, the
/// folder imports from its own. As with any import, the caller has to be allowed to read what it leads to.
pub(super) fn copy(cx: &mut Context, source: &Folder, destination: &Folder) -> Result<usize, Error> {
    let imports = of_folder(cx, source.id)?;
    for import in &imports {
        let own = import.source_environment_id == source.environment.id;
        let (from, slug) = if own {
            (destination.environment.id, &destination.environment.slug)
        } else {
            (import.source_environment_id, &import.source_slug)
        };
        let path = path_of(import)?;
        let scope = Scope {
            environment: Some(slug),
            path: Some(&path),
        };
        destination
            .access
            .require(Action::Read, Subject::Secrets, scope)?;
        let copy = SecretImport {
            id: SecretImportId::from_random(random::bytes()?),
            folder_id: destination.id,
            source_environment_id: from,
            version: 1,
            created_at: cx.now,
            updated_at: cx.now,
            ..import.clone()
        };
        store::secret_imports::insert(cx.tx, &copy)?;
    }
    Ok(imports.len())
}

fn path_of(import: &SecretImport) -> Result<FolderPath, Error> {
    import
        .source_path
        .parse()
        .map_err(|_| Error::Store(store::Error::Corrupt("secret_imports.source_path")))
}

fn entry(folder: &Folder, event: &'static str, import: &SecretImport) -> audit::Entry {
    folder
        .entry(event)
        .with("source_environment", &import.source_slug)
        .with("source_path", &import.source_path)
        .with("position", &import.position)
}

/// A change to an import; absent parts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Slug of another environment to import from.
    pub environment: Option<String>,
    /// Another folder to import.
    pub path: Option<FolderPath>,
    /// New place among the imports of the folder, from 1; behind the last one means the end.
    pub position: Option<i64>,
}

/// The imports of a folder, and the index of one of them.
fn find(cx: &mut Context, folder: &Folder, id: SecretImportId) -> Result<(Vec<SecretImport>, usize), Error> {
    let imports = of_folder(cx, folder.id)?;
    let index = imports
        .iter()
        .position(|import| import.id == id)
        .ok_or_else(|| not_found(id))?;
    Ok((imports, index))
}

/// Changes what is imported, or the order in which it counts.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    id: SecretImportId,
    change: &Change,
) -> Result<SecretImport, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Edit, Subject::SecretImports)?;
    let (mut imports, index) = find(cx, &folder, id)?;
    let mut import = imports.remove(index);
    if change.environment.is_some() || change.path.is_some() {
        let path = match &change.path {
            Some(path) => path.clone(),
            None => path_of(&import)?,
        };
        let source = Source {
            environment: change
                .environment
                .clone()
                .unwrap_or_else(|| import.source_slug.clone()),
            path,
        };
        let environment = importable(cx, &folder, &source)?;
        import.source_environment_id = environment.id;
        import.source_slug = environment.slug;
        import.source_name = environment.name;
        import.source_path = source.path.to_string();
    }
    let target = match change.position {
        None => index,
        Some(position) => usize::try_from(position.saturating_sub(1))
            .unwrap_or(0)
            .min(imports.len()),
    };
    import.position = i64::try_from(target).unwrap_or(i64::MAX - 1) + 1;
    import.version += 1;
    import.updated_at = cx.now;
    store::secret_imports::update(cx.tx, &import)?;
    imports.insert(target, import.clone());
    store_order(cx, &imports)?;
    audit::record(cx, caller, &entry(&folder, "secret-import.update", &import))?;
    Ok(import)
}

/// Takes an import away; those behind it move up.
pub fn delete(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    id: SecretImportId,
) -> Result<SecretImport, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Delete, Subject::SecretImports)?;
    let (mut imports, index) = find(cx, &folder, id)?;
    let import = imports.remove(index);
    store::secret_imports::delete(cx.tx, id, cx.now)?;
    store_order(cx, &imports)?;
    audit::record(cx, caller, &entry(&folder, "secret-import.delete", &import))?;
    Ok(import)
}
