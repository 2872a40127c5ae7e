//! Reading secrets: a folder or everything below it, one secret, with what is imported and with references expanded.

use std::collections::BTreeSet;

use shared::model::access::{Action, Subject};
use shared::model::ids::FolderId;
use shared::model::names::SecretName;

pub use super::filter::Filter;
pub use super::imported::ImportBlock;
use super::imported::Imported;
use super::view::View;
use super::{Kind, Secret, not_found};
use crate::domain::audit::{Audited, Entry};
use crate::domain::caller::{Actor, Caller};
use crate::domain::folders::tree;
use crate::domain::places::{self, Folder, Place, Resolved};
use crate::domain::references::{Address, Expansion, Found, Lookup, has_references};
use crate::domain::{Context, Error};
use crate::store;
use crate::store::secrets::SHARED;

/// What a list shows of the caller's own overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overrides {
    /// Nothing.
    #[default]
    Hidden,
    /// Each besides the shared secret; references do not see them.
    Beside,
    /// Each in the place of the shared secret, for references too.
    Instead,
}

/// What happens to references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum References {
    /// They stay as they are written.
    #[default]
    Kept,
    /// They are expanded in what is imported alone. Nobody asked for it, so one to what the caller may not read stays as
    /// it is written.
    ExpandedInImports,
    /// They are expanded; one to what the caller may not read is refused.
    Expanded,
}

/// How to list secrets.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Whether to show values.
    pub values: bool,
    /// Whether to list the folders below too.
    pub recursive: bool,
    /// Whether to list what is imported.
    pub imports: bool,
    /// What happens to references in values that are shown.
    pub references: References,
    /// The caller's own overrides.
    pub overrides: Overrides,
    /// Which secrets.
    pub filter: Filter,
}

/// The secrets of a place.
#[derive(Debug, Default)]
pub struct Listing {
    /// By path and name; an override follows the shared secret.
    pub secrets: Vec<Secret>,
    /// What the listed folders import, in their order.
    pub imports: Vec<ImportBlock>,
    /// What is missing when environment or folder do not exist. Infisical answers with an empty list then, and scripts
    /// rely on it.
    pub missing: Option<String>,
    /// Where values of references came from besides the listed folders, for the record.
    referenced: BTreeSet<String>,
}

impl Listing {
    /// Nothing, because environment or folder do not exist.
    fn without(missing: String) -> Self {
        Self {
            missing: Some(missing),
            ..Self::default()
        }
    }
}

/// Places named in one record.
const MOST_PLACES_RECORDED: usize = 100;

/// Adds where values of references came from to a record: how many places, and the first of them by name.
fn with_referenced(entry: Entry, places: &BTreeSet<String>) -> Entry {
    if places.is_empty() {
        return entry;
    }
    let first: Vec<&str> = places
        .iter()
        .take(MOST_PLACES_RECORDED)
        .map(String::as_str)
        .collect();
    entry
        .with("referenced_places", &places.len())
        .with("referenced_from", &first.join(" "))
}

/// The user whose overrides are meant; [`SHARED`] for who can have none.
fn user(caller: &Caller) -> String {
    match caller.actor {
        Actor::User(user) => user.to_string(),
        _ => SHARED.to_owned(),
    }
}

/// Lists the secrets of a folder.
pub fn list(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    options: &ListOptions,
) -> Result<Audited<Listing>, Error> {
    let event = if options.values {
        "secret.list"
    } else {
        "secret.list-names"
    };
    listed(cx, caller, place, (event, options.values), |cx, resolved| {
        list_in(cx, caller, resolved, options)
    })
}

/// Lists what a folder imports, without its own secrets.
pub fn list_imported(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    options: &ListOptions,
) -> Result<Audited<Listing>, Error> {
    let event = if options.values {
        "secret.list-imported"
    } else {
        "secret.list-imported-names"
    };
    listed(cx, caller, place, (event, options.values), |cx, resolved| {
        let folder = match resolved.folder {
            Err(Error::NotFound(missing)) => return Ok(Listing::without(missing)),
            other => other?,
        };
        let mut view = View::new(cx, folder.project, folder.access, SHARED.to_owned())?;
        let mut listing = Listing {
            imports: Imported::new(options.values).blocks(&mut view, folder.id, &options.filter)?,
            ..Listing::default()
        };
        expand(&mut view, &mut listing, options)?;
        listing.referenced = view.referenced_besides(&[folder.id]);
        Ok(listing)
    })
}

fn listed(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    (event, values): (&'static str, bool),
    list: impl FnOnce(&mut Context, Resolved) -> Result<Listing, Error>,
) -> Result<Audited<Listing>, Error> {
    let resolved = places::resolve(cx, caller, place, Action::Read, Subject::Secrets)?;
    let mut entry = resolved.entry(event);
    let listing = list(cx, resolved)?;
    entry = entry.with("secrets", &listing.secrets.len());
    let imported: usize = listing.imports.iter().map(|block| block.secrets.len()).sum();
    if imported > 0 {
        let from: Vec<String> = listing
            .imports
            .iter()
            .take(MOST_PLACES_RECORDED)
            .map(|block| format!("{}:{}", block.environment, block.path))
            .collect();
        entry = entry
            .with("imported", &imported)
            .with("imported_places", &listing.imports.len())
            .with("imported_from", &from.join(" "));
    }
    entry = with_referenced(entry, &listing.referenced);
    let shown = if values {
        listing.secrets.len() + imported
    } else {
        0
    };
    Ok(Audited::new(cx, caller, &entry, listing)?.showing(shown))
}

fn list_in(
    cx: &mut Context,
    caller: &Caller,
    resolved: Resolved,
    options: &ListOptions,
) -> Result<Listing, Error> {
    let folder = match resolved.folder {
        Err(Error::NotFound(missing)) if !options.recursive => {
            return Ok(Listing::without(missing));
        }
        other => other?,
    };
    let user = match options.overrides {
        Overrides::Hidden => SHARED.to_owned(),
        Overrides::Beside | Overrides::Instead => user(caller),
    };
    let seen_by_references = match options.overrides {
        Overrides::Instead => user.clone(),
        Overrides::Hidden | Overrides::Beside => SHARED.to_owned(),
    };
    let mut view = View::new(cx, folder.project, folder.access.clone(), seen_by_references)?;
    let folders = if options.recursive {
        readable(&mut view, folder)?
    } else {
        vec![folder]
    };
    let mut listing = Listing::default();
    for folder in &folders {
        let secrets = view.secrets(folder, &user, options.values)?;
        if options.values && options.references == References::Expanded {
            let referring = secrets
                .iter()
                .any(|secret| secret.value.as_ref().is_some_and(has_references));
            if referring {
                view.remember(folder.id, &secrets);
            }
        }
        listing.secrets.extend(secrets);
    }
    options.filter.apply(&mut listing.secrets);
    if options.overrides == Overrides::Instead {
        put_overrides_first(&mut listing.secrets);
    }
    if options.imports {
        let mut imported = Imported::new(options.values);
        for folder in &folders {
            let blocks = imported.blocks(&mut view, folder.id, &options.filter)?;
            listing.imports.extend(blocks);
        }
    }
    expand(&mut view, &mut listing, options)?;
    let listed: Vec<FolderId> = folders.iter().map(|folder| folder.id).collect();
    listing.referenced = view.referenced_besides(&listed);
    Ok(listing)
}

/// A folder and all below it that the caller may read, by path.
fn readable(view: &mut View, top: Folder) -> Result<Vec<Folder>, Error> {
    let all = store::folders::list(view.cx.tx, top.environment.id)?;
    let mut folders: Vec<Folder> = tree::below(all, top.id, &top.path)?
        .into_iter()
        .map(|(row, path)| Folder {
            id: row.id,
            path,
            ..top.clone()
        })
        .collect();
    folders.push(top);
    folders.retain(Folder::shows_secrets);
    folders.sort_by_cached_key(|folder| folder.path.to_string());
    Ok(folders)
}

/// Leaves one secret of each name in a folder: the override where there is one.
fn put_overrides_first(secrets: &mut Vec<Secret>) {
    // An override follows the shared secret of its name.
    secrets.dedup_by(|next, kept| {
        let same = next.owner.is_some() && next.name == kept.name && next.path == kept.path;
        if same {
            std::mem::swap(next, kept);
        }
        same
    });
}

/// Looks up like another, and finds nothing where the caller may not look.
struct Lenient<'a>(&'a mut dyn Lookup);

impl Lookup for Lenient<'_> {
    fn look_up(&mut self, address: &Address) -> Result<Found, Error> {
        Ok(match self.0.look_up(address)? {
            Found::Denied => Found::Missing,
            other => other,
        })
    }
}

/// Expands the references of what was listed. Without values there is nothing to expand: an override, which is never
/// hidden, must not carry the value of another secret out.
fn expand(view: &mut View, listing: &mut Listing, options: &ListOptions) -> Result<(), Error> {
    if !options.values {
        return Ok(());
    }
    let mut lenient;
    let lookup: &mut dyn Lookup = match options.references {
        References::Kept => return Ok(()),
        References::Expanded => view,
        References::ExpandedInImports => {
            lenient = Lenient(view);
            &mut lenient
        }
    };
    let mut expansion = Expansion::new(lookup);
    if options.references == References::Expanded {
        for secret in &mut listing.secrets {
            expand_one(&mut expansion, secret)?;
        }
    }
    for secret in listing.imports.iter_mut().flat_map(|block| &mut block.secrets) {
        expand_one(&mut expansion, secret)?;
    }
    Ok(())
}

fn expand_one(expansion: &mut Expansion, secret: &mut Secret) -> Result<(), Error> {
    if let Some(value) = secret.value.take_if(|value| has_references(value)) {
        let from = Address {
            environment: secret.environment.clone(),
            path: secret.path.clone(),
            name: secret.name.clone(),
        };
        let skip_multiline = secret.skip_multiline_encoding == Some(true);
        secret.value = Some(expansion.expand(value, &from, skip_multiline)?);
    }
    Ok(())
}

/// How to read one secret.
#[derive(Debug, Clone, Copy, Default)]
pub struct GetOptions {
    /// The shared secret or the caller's own override.
    pub kind: Kind,
    /// A past version; the present one when none is given.
    pub version: Option<i64>,
    /// Whether to show the value.
    pub value: bool,
    /// Whether to look among what the folder imports for what it does not have itself.
    pub imports: bool,
    /// Whether to expand references.
    pub expand: bool,
}

/// One secret by name.
pub fn get(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    name: &SecretName,
    options: GetOptions,
) -> Result<Audited<Secret>, Error> {
    let asked = places::resolve_folder(cx, caller, place, Action::Read, Subject::Secrets)?;
    let owner = match options.kind {
        Kind::Shared => SHARED.to_owned(),
        Kind::Personal => user(caller),
    };
    if options.kind == Kind::Personal && owner == SHARED {
        // Machines have no overrides, so there is none of this name.
        return Err(not_found(name));
    }
    let mut view = View::new(cx, asked.project, asked.access.clone(), SHARED.to_owned())?;
    let found = match view.secret(&asked, name, &owner)? {
        Some(row) => Some((asked.clone(), row)),
        None if options.imports && options.kind == Kind::Shared && options.version.is_none() => {
            Imported::new(options.value).find(&mut view, asked.id, name)?
        }
        None => None,
    };
    let (folder, mut row) = found.ok_or_else(|| not_found(name))?;
    if let Some(version) = options.version.filter(|version| *version != row.version) {
        row = store::secrets::at_version(view.cx.tx, row.id, version)?
            .ok_or_else(|| Error::NotFound(format!("Version {version} of secret '{name}' not found")))?;
    }
    let mut secret = view.open_one(&folder, row, options.value)?;
    if options.expand && options.value {
        expand_one(&mut Expansion::new(&mut view), &mut secret)?;
    }
    let referenced = view.referenced_besides(&[asked.id]);
    let entry = with_referenced(read_entry(&asked, &folder, &secret, name, options), &referenced);
    Ok(Audited::new(cx, caller, &entry, secret)?.showing(usize::from(options.value)))
}

fn read_entry(
    asked: &Folder,
    folder: &Folder,
    secret: &Secret,
    name: &SecretName,
    options: GetOptions,
) -> Entry {
    let event = if options.value || options.kind == Kind::Personal {
        "secret.read"
    } else {
        "secret.read-name"
    };
    let mut entry = asked
        .entry(event)
        .with("secret", &name)
        .with("version", &secret.version);
    if options.kind == Kind::Personal {
        entry = entry.with("type", "personal");
    }
    if folder.id != asked.id {
        entry = entry
            .with("source_environment", &folder.environment.slug)
            .with("source_path", &folder.path);
    }
    entry
}
