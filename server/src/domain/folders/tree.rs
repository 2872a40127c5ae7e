//! The folders of an environment as the tree they are. A row names its parent alone; paths are made here.

use std::collections::HashMap;

use shared::model::ids::{EnvironmentId, FolderId};
use shared::model::names::FolderPath;

use super::corrupt;
use crate::domain::{Context, Error};
use crate::store;
use crate::store::folders::Folder as Row;

/// The folders of an environment by the names that lead to them.
#[derive(Debug, Default)]
pub struct Tree {
    root: Option<FolderId>,
    children: HashMap<FolderId, HashMap<String, FolderId>>,
}

impl Tree {
    /// Loads all folders of an environment, with one statement.
    pub fn load(cx: &mut Context, environment: EnvironmentId) -> Result<Self, Error> {
        let mut tree = Self::default();
        for row in store::folders::list(cx.tx, environment)? {
            match row.parent_id {
                None => tree.root = Some(row.id),
                Some(parent) => {
                    tree.children.entry(parent).or_default().insert(row.name, row.id);
                }
            }
        }
        Ok(tree)
    }

    /// The folder at a path.
    pub fn find(&self, path: &FolderPath) -> Option<FolderId> {
        path.segments().iter().try_fold(self.root?, |folder, name| {
            self.children.get(&folder)?.get(name).copied()
        })
    }
}

/// Of all folders of an environment, those below one with their paths, each before what it holds.
pub fn below(all: Vec<Row>, start: FolderId, path: &FolderPath) -> Result<Vec<(Row, FolderPath)>, Error> {
    let mut children: HashMap<FolderId, Vec<Row>> = HashMap::new();
    for row in all {
        if let Some(parent) = row.parent_id {
            children.entry(parent).or_default().push(row);
        }
    }
    let mut found: Vec<(Row, FolderPath)> = Vec::new();
    let mut open = vec![(start, path.clone())];
    while let Some((folder, path)) = open.pop() {
        // A folder is taken out with its children, so that a circle, should one ever come about, ends.
        for row in children.remove(&folder).unwrap_or_default() {
            let path = path.child(&row.name.parse().map_err(corrupt)?).map_err(corrupt)?;
            open.push((row.id, path.clone()));
            found.push((row, path));
        }
    }
    Ok(found)
}

/// Where each folder of an environment is.
pub fn paths(cx: &mut Context, environment: EnvironmentId) -> Result<HashMap<FolderId, FolderPath>, Error> {
    let all = store::folders::list(cx.tx, environment)?;
    let Some(root) = all.iter().find(|row| row.parent_id.is_none()).map(|row| row.id) else {
        return Ok(HashMap::new());
    };
    let below = below(all, root, &FolderPath::root())?;
    let mut paths: HashMap<FolderId, FolderPath> =
        below.into_iter().map(|(row, path)| (row.id, path)).collect();
    paths.insert(root, FolderPath::root());
    Ok(paths)
}

/// Where a folder is that its environment has.
pub fn path_of(cx: &mut Context, environment: EnvironmentId, folder: FolderId) -> Result<FolderPath, Error> {
    paths(cx, environment)?
        .remove(&folder)
        .ok_or(Error::Store(store::Error::Corrupt("folders.parent_id")))
}
