//! What one request sees of a project. Whatever it looks at, it loads once.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use shared::model::access::{Action, Subject};
use shared::model::ids::{EnvironmentId, FolderId, ProjectId};
use shared::model::names::{FolderPath, SecretName, environment_alias};
use shared::model::text::SecretText;

use super::{Secret, opened};
use crate::domain::access::{Access, Scope};
use crate::domain::data_keys::{DataKeys, Part};
use crate::domain::folders::tree::Tree;
use crate::domain::places::{self, Folder};
use crate::domain::references::{Address, Found, Lookup};
use crate::domain::{Context, Error, data_keys, secret_imports};
use crate::store;
use crate::store::environments::Environment;
use crate::store::secret_imports::SecretImport;
use crate::store::secret_tags::SecretTag;
use crate::store::secrets::{SHARED, Secret as Row};

/// Values looked up one by one before all of their folder are loaded.
const FEW: usize = 8;
/// Folders walked to, a statement for each name of their paths, before the folders of each environment are loaded whole.
const FEW_WALKS: usize = 8;
/// Secrets that are worth a thread of their own: opening them takes longer than starting it.
const WORTH_A_THREAD: usize = 1_000;
/// A list does not take more of the machine.
const MOST_THREADS: usize = 4;

/// A project as its caller sees it.
pub(super) struct View<'a, 'b> {
    /// The transaction.
    pub cx: &'a mut Context<'b>,
    project: ProjectId,
    access: Access,
    keys: DataKeys,
    /// Whether anything has a tag.
    tagged: bool,
    /// Whose overrides stand for the shared values when a reference is looked up.
    overrides: String,
    /// All of the project by slug, once one of them is asked for.
    environments: Option<HashMap<String, Rc<Environment>>>,
    walks: usize,
    trees: HashMap<EnvironmentId, Tree>,
    /// Folders that exist and that the caller may read. What is missing is not kept: the trees know it, and any number
    /// of places can be missing.
    reached: HashMap<EnvironmentId, HashMap<FolderPath, FolderId>>,
    values: HashMap<FolderId, Values>,
    imports: HashMap<FolderId, Rc<Vec<SecretImport>>>,
    /// Where values of references came from, as `environment:path`.
    referenced: HashMap<FolderId, String>,
}

/// What is behind an environment and a path.
#[derive(Debug, Clone, Copy)]
enum Reach {
    Folder(FolderId),
    Missing,
    Denied,
}

/// The values of a folder that references asked for.
#[derive(Default)]
struct Values {
    asked: usize,
    /// All that were not opened yet, once they are loaded.
    sealed: Option<HashMap<String, Row>>,
    open: HashMap<String, Rc<SecretText>>,
}

impl<'a, 'b> View<'a, 'b> {
    /// Nothing looked at yet. References see the overrides of a user, or of [`SHARED`] none.
    pub fn new(
        cx: &'a mut Context<'b>,
        project: ProjectId,
        access: Access,
        overrides: String,
    ) -> Result<Self, Error> {
        let keys = data_keys::open(cx, project)?;
        let tagged = !store::secret_tags::available(cx.tx, project)?.is_empty();
        Ok(Self {
            cx,
            project,
            access,
            keys,
            tagged,
            overrides,
            environments: None,
            walks: 0,
            trees: HashMap::new(),
            reached: HashMap::new(),
            values: HashMap::new(),
            imports: HashMap::new(),
            referenced: HashMap::new(),
        })
    }

    /// Whether the caller may read the secrets of a folder.
    fn may_read(&self, environment: &str, path: &FolderPath) -> bool {
        let scope = Scope {
            environment: Some(environment),
            path: Some(path),
        };
        self.access.allows(Action::Read, Subject::Secrets, scope)
    }

    /// An environment by slug or alias. All are loaded for the first one: any number of words can mean none.
    fn environment(&mut self, word: &str) -> Result<Option<Rc<Environment>>, Error> {
        if self.environments.is_none() {
            let all = store::environments::list(self.cx.tx, self.project)?;
            let by_slug = all
                .into_iter()
                .map(|environment| (environment.slug.clone(), Rc::new(environment)));
            self.environments = Some(by_slug.collect());
        }
        let known = self.environments.as_ref();
        let found = [Some(word), environment_alias(word)]
            .into_iter()
            .flatten()
            .find_map(|slug| known?.get(slug));
        Ok(found.cloned())
    }

    fn reach(&mut self, word: &str, path: &FolderPath) -> Result<Reach, Error> {
        let environment = self.environment(word)?;
        let known = environment
            .as_ref()
            .and_then(|environment| self.reached.get(&environment.id)?.get(path));
        if let Some(folder) = known {
            return Ok(Reach::Folder(*folder));
        }
        let slug = environment.as_ref().map_or(word, |found| found.slug.as_str());
        if !self.may_read(slug, path) {
            return Ok(Reach::Denied);
        }
        let Some(environment) = environment else {
            return Ok(Reach::Missing);
        };
        let Some(folder) = self.find(&environment, path)? else {
            return Ok(Reach::Missing);
        };
        self.reached
            .entry(environment.id)
            .or_default()
            .insert(path.clone(), folder);
        Ok(Reach::Folder(folder))
    }

    /// A folder by path: the first few step by step, all others in the tree of their environment, which is loaded once.
    fn find(&mut self, environment: &Environment, path: &FolderPath) -> Result<Option<FolderId>, Error> {
        if let Some(tree) = self.trees.get(&environment.id) {
            return Ok(tree.find(path));
        }
        if self.walks < FEW_WALKS {
            self.walks += 1;
            return places::find_folder(self.cx, environment, path);
        }
        let tree = Tree::load(self.cx, environment.id)?;
        let found = tree.find(path);
        self.trees.insert(environment.id, tree);
        Ok(found)
    }

    /// A folder that exists and that the caller may read.
    pub fn folder(&mut self, environment: &str, path: &FolderPath) -> Result<Option<Folder>, Error> {
        let Reach::Folder(id) = self.reach(environment, path)? else {
            return Ok(None);
        };
        Ok(self.environment(environment)?.map(|environment| Folder {
            id,
            project: self.project,
            access: self.access.clone(),
            environment: Environment::clone(&environment),
            path: path.clone(),
        }))
    }

    /// The imports of a folder in their order.
    pub fn imports(&mut self, folder: FolderId) -> Result<Rc<Vec<SecretImport>>, Error> {
        if let Some(known) = self.imports.get(&folder) {
            return Ok(Rc::clone(known));
        }
        let imports = Rc::new(secret_imports::of_folder(self.cx, folder)?);
        self.imports.insert(folder, Rc::clone(&imports));
        Ok(imports)
    }

    /// The secrets of a folder by name, each override of a user right after the shared one.
    pub fn secrets(&mut self, folder: &Folder, user: &str, with_values: bool) -> Result<Vec<Secret>, Error> {
        let rows = store::secrets::list(self.cx.tx, folder.id, user)?;
        let mut tags = if self.tagged && !rows.is_empty() {
            store::secret_tags::of_folder(self.cx.tx, folder.id)?
        } else {
            HashMap::new()
        };
        let rows = rows
            .into_iter()
            .map(|row| {
                let tags = tags.remove(&row.id).unwrap_or_default();
                (row, tags)
            })
            .collect();
        open_all(&self.keys, folder, rows, with_values)
    }

    /// One secret by name in its present version.
    pub fn secret(&mut self, folder: &Folder, name: &SecretName, owner: &str) -> Result<Option<Row>, Error> {
        Ok(store::secrets::by_name(self.cx.tx, folder.id, name, owner)?)
    }

    /// A row with everything it holds opened.
    pub fn open_one(&mut self, folder: &Folder, row: Row, with_value: bool) -> Result<Secret, Error> {
        let tags = store::secret_tags::of_version(self.cx.tx, row.id, row.version)?;
        self.open(folder, row, tags, with_value)
    }

    /// The same with its tags at hand.
    pub fn open(
        &self,
        folder: &Folder,
        row: Row,
        tags: Vec<SecretTag>,
        with_value: bool,
    ) -> Result<Secret, Error> {
        open_row(&self.keys, folder, row, tags, with_value)
    }

    /// Remembers the values of a folder that were all loaded for another purpose.
    pub fn remember(&mut self, folder: FolderId, secrets: &[Secret]) {
        let values = self.values.entry(folder).or_default();
        values.sealed = Some(HashMap::new());
        for secret in secrets {
            // An override comes after the secret that it overrides and takes its place.
            let counts = secret.owner.is_none() || self.overrides != SHARED;
            if let Some(value) = secret.value.as_ref().filter(|_| counts) {
                values.open.insert(secret.name.clone(), Rc::new(value.clone()));
            }
        }
    }

    /// Where values of references came from besides some folders, as `environment:path`.
    pub fn referenced_besides(&self, folders: &[FolderId]) -> BTreeSet<String> {
        self.referenced
            .iter()
            .filter(|(folder, _)| !folders.contains(folder))
            .map(|(_, place)| place.clone())
            .collect()
    }

    /// Notes where the value of a reference came from. The slug is that of the environment, not another word for it.
    fn note(&mut self, folder: FolderId, address: &Address) -> Result<(), Error> {
        if !self.referenced.contains_key(&folder) {
            let environment = self.environment(&address.environment)?;
            let slug = environment
                .as_ref()
                .map_or(address.environment.as_str(), |found| found.slug.as_str());
            let place = format!("{slug}:{}", address.path);
            self.referenced.insert(folder, place);
        }
        Ok(())
    }

    /// The value behind a reference.
    fn value(&mut self, folder: FolderId, name: &str) -> Result<Option<Rc<SecretText>>, Error> {
        let values = self.values.entry(folder).or_default();
        if let Some(open) = values.open.get(name) {
            return Ok(Some(Rc::clone(open)));
        }
        values.asked += 1;
        if values.sealed.is_none() && values.asked > FEW {
            // Overrides come after the shared secrets of their name, and stay.
            let rows = store::secrets::list(self.cx.tx, folder, &self.overrides)?;
            let rows = rows.into_iter().map(|row| (row.name.clone(), row));
            values.sealed = Some(rows.collect());
        }
        let row = if let Some(sealed) = &mut values.sealed {
            sealed.remove(name)
        } else {
            let Ok(name) = name.parse::<SecretName>() else {
                return Ok(None);
            };
            let own = if self.overrides == SHARED {
                None
            } else {
                store::secrets::by_name(self.cx.tx, folder, &name, &self.overrides)?
            };
            match own {
                Some(own) => Some(own),
                None => store::secrets::by_name(self.cx.tx, folder, &name, SHARED)?,
            }
        };
        let Some(row) = row else {
            return Ok(None);
        };
        let value = self
            .keys
            .open(row.id, row.version, Part::Value, &row.owner_id, &row.value_sealed)?;
        let value = Rc::new(value);
        values.open.insert(row.name, Rc::clone(&value));
        Ok(Some(value))
    }
}

impl Lookup for View<'_, '_> {
    fn look_up(&mut self, address: &Address) -> Result<Found, Error> {
        match self.reach(&address.environment, &address.path)? {
            Reach::Denied => Ok(Found::Denied),
            Reach::Missing => Ok(Found::Missing),
            Reach::Folder(folder) => match self.value(folder, &address.name)? {
                None => Ok(Found::Missing),
                Some(value) => {
                    self.note(folder, address)?;
                    Ok(Found::Value(value))
                }
            },
        }
    }
}

/// A row opened. The caller's own overrides are never hidden from him.
fn open_row(
    keys: &DataKeys,
    folder: &Folder,
    row: Row,
    tags: Vec<SecretTag>,
    with_value: bool,
) -> Result<Secret, Error> {
    let with_value = with_value || row.owner_id != SHARED;
    opened(keys, folder, row, tags, with_value)
}

/// Rows opened, in their order; so many that it takes a while, on every processor that is there.
fn open_all(
    keys: &DataKeys,
    folder: &Folder,
    mut rows: Vec<(Row, Vec<SecretTag>)>,
    with_values: bool,
) -> Result<Vec<Secret>, Error> {
    let open = |rows: Vec<(Row, Vec<SecretTag>)>| -> Result<Vec<Secret>, Error> {
        rows.into_iter()
            .map(|(row, tags)| open_row(keys, folder, row, tags, with_values))
            .collect()
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = (rows.len() / WORTH_A_THREAD).clamp(1, processors.min(MOST_THREADS));
    let part = rows.len().div_ceil(parts);
    let mut opened = Vec::with_capacity(rows.len());
    std::thread::scope(|scope| {
        let mut others = Vec::new();
        for number in (1..parts).rev() {
            let rows = rows.split_off(number * part);
            others.push(scope.spawn(move || open(rows)));
        }
        opened.extend(open(rows)?);
        for other in others.into_iter().rev() {
            opened.extend(
                other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
            );
        }
        Ok(opened)
    })
}
