//! What a folder shows by way of its imports.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use shared::model::ids::FolderId;
use shared::model::names::{FolderPath, SecretName};
use shared::model::text::SecretText;

use super::Secret;
use super::filter::Filter;
use super::view::View;
use crate::domain::Error;
use crate::domain::places::Folder;
use crate::store;
use crate::store::secret_imports::SecretImport;
use crate::store::secrets::{SHARED, Secret as Row};

/// Imports followed one behind the other.
const DEEPEST: usize = 10;
/// Folders looked at on behalf of imports in one request.
const MOST_FOLDERS: usize = 10_000;
/// Secrets shown by way of imports in one request.
const MOST_SECRETS: usize = 100_000;
/// Bytes of their values.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// The secrets that one import brings.
#[derive(Debug)]
pub struct ImportBlock {
    /// Slug of the environment that is imported from.
    pub environment: String,
    /// The folder that is imported.
    pub path: FolderPath,
    /// Its id.
    pub folder: FolderId,
    /// Each name once: those of the folder itself, then those that it imports.
    pub secrets: Vec<Secret>,
}

/// Follows the imports of folders.
pub(super) struct Imported {
    with_values: bool,
    loaded: HashMap<FolderId, Rc<Vec<Secret>>>,
    folders_left: usize,
    secrets_left: usize,
    bytes_left: usize,
}

fn too_much() -> Error {
    Error::BadRequest(format!(
        "The imports bring too much: more than {MOST_SECRETS} secrets, {MOST_BYTES} bytes or {MOST_FOLDERS} folders. \
         Read fewer folders at once, or with includeImports=false"
    ))
}

impl Imported {
    /// Nothing followed yet.
    pub fn new(with_values: bool) -> Self {
        Self {
            with_values,
            loaded: HashMap::new(),
            folders_left: MOST_FOLDERS,
            secrets_left: MOST_SECRETS,
            bytes_left: MOST_BYTES,
        }
    }

    /// For each import of a folder the folders that it leads to, in the order in which they count: the imported one, then
    /// those that it imports, the last import first. What is not there any more, or not for the caller, is left out; so is
    /// what the folder imports directly anyway.
    fn followed(&mut self, view: &mut View, importing: FolderId) -> Result<Vec<Vec<Folder>>, Error> {
        let mut tops = Vec::new();
        for import in view.imports(importing)?.iter() {
            tops.extend(source(view, import)?.filter(|folder| folder.id != importing));
        }
        let direct: HashSet<FolderId> = tops.iter().map(|folder| folder.id).chain([importing]).collect();
        let mut blocks = Vec::with_capacity(tops.len());
        for top in tops {
            let id = top.id;
            let mut folders = Vec::new();
            self.visit(&mut folders, top)?;
            self.follow(view, id, 1, &mut direct.clone(), &mut folders)?;
            blocks.push(folders);
        }
        Ok(blocks)
    }

    fn visit(&mut self, folders: &mut Vec<Folder>, folder: Folder) -> Result<(), Error> {
        self.folders_left = self.folders_left.checked_sub(1).ok_or_else(too_much)?;
        folders.push(folder);
        Ok(())
    }

    fn follow(
        &mut self,
        view: &mut View,
        folder: FolderId,
        depth: usize,
        seen: &mut HashSet<FolderId>,
        folders: &mut Vec<Folder>,
    ) -> Result<(), Error> {
        if depth >= DEEPEST {
            return Ok(());
        }
        for import in view.imports(folder)?.iter().rev() {
            if let Some(next) = source(view, import)?
                && seen.insert(next.id)
            {
                let id = next.id;
                self.visit(folders, next)?;
                self.follow(view, id, depth + 1, seen, folders)?;
            }
        }
        Ok(())
    }

    /// What the imports of a folder bring, in their order.
    pub fn blocks(
        &mut self,
        view: &mut View,
        importing: FolderId,
        filter: &Filter,
    ) -> Result<Vec<ImportBlock>, Error> {
        let mut blocks = Vec::new();
        for folders in self.followed(view, importing)? {
            let Some(top) = folders.first() else { continue };
            let mut block = ImportBlock {
                environment: top.environment.slug.clone(),
                path: top.path.clone(),
                folder: top.id,
                secrets: Vec::new(),
            };
            let mut names = HashSet::new();
            for folder in &folders {
                let secrets = self.secrets(view, folder)?;
                for secret in secrets.iter() {
                    if names.insert(secret.name.clone()) && filter.admits(secret) {
                        let mut secret = self.copy(secret)?;
                        filter.narrow(&mut secret);
                        block.secrets.push(secret);
                    }
                }
            }
            blocks.push(block);
        }
        Ok(blocks)
    }

    fn copy(&mut self, secret: &Secret) -> Result<Secret, Error> {
        let bytes = secret.value.as_ref().map_or(0, SecretText::len);
        self.secrets_left = self.secrets_left.checked_sub(1).ok_or_else(too_much)?;
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(too_much)?;
        Ok(secret.clone())
    }

    fn secrets(&mut self, view: &mut View, folder: &Folder) -> Result<Rc<Vec<Secret>>, Error> {
        if let Some(loaded) = self.loaded.get(&folder.id) {
            return Ok(Rc::clone(loaded));
        }
        let secrets = Rc::new(view.secrets(folder, SHARED, self.with_values)?);
        self.loaded.insert(folder.id, Rc::clone(&secrets));
        Ok(secrets)
    }

    /// The secret of a name that counts among what a folder imports, with the folder it lies in: the last import that has
    /// it.
    pub fn find(
        &mut self,
        view: &mut View,
        importing: FolderId,
        name: &SecretName,
    ) -> Result<Option<(Folder, Row)>, Error> {
        for folders in self.followed(view, importing)?.into_iter().rev() {
            for folder in folders {
                if let Some(row) = view.secret(&folder, name, SHARED)? {
                    return Ok(Some((folder, row)));
                }
            }
        }
        Ok(None)
    }
}

/// The folder that an import shows, if it is there and the caller may read it.
fn source(view: &mut View, import: &SecretImport) -> Result<Option<Folder>, Error> {
    let path: FolderPath = import
        .source_path
        .parse()
        .map_err(|_| Error::Store(store::Error::Corrupt("secret_imports.source_path")))?;
    view.folder(&import.source_slug, &path)
}
