//! Where the rows of a store lie: in an encrypted file of its data directory, or in PostgreSQL, where they are rows with sealed
//! values. Keyring and age files stay in the directory.
//!
//! The directory notes that its store lies in PostgreSQL, so that a start without the address is refused and never makes
//! another, empty store. The address itself comes with each start: it holds a password.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::data_dir::DataDir;
use crate::crypto::keyring::Keyring;
use crate::store::{self, Db, PostgresAddress, PostgresOptions, SqliteOptions};

/// In a data directory: its store lies in PostgreSQL.
pub(crate) const NOTE: &str = "database";
/// First line of that note. A second one may name the schema into which the store was moved.
const POSTGRES: &str = "postgresql";
/// The schema in which a restore works until it is complete, beside the one in whose place it goes.
pub const RESTORE_SCHEMA: &str = "strongroom_restore";

/// Where rows lie, or go.
#[derive(Debug, Clone)]
pub enum Place {
    /// In the file of the data directory.
    File,
    /// In this database.
    Postgres(PostgresAddress),
}

impl DataDir {
    /// The same directory with the address of a database.
    #[must_use]
    pub fn with_database(mut self, address: Option<PostgresAddress>) -> Self {
        self.postgres = address;
        self
    }

    /// A directory in which a store is built that takes the place of this one's.
    #[must_use]
    pub fn beside(&self, path: PathBuf, place: &Place) -> Self {
        let address = match place {
            Place::File => None,
            Place::Postgres(address) => Some(address.in_schema(RESTORE_SCHEMA)),
        };
        Self::new(path).with_database(address)
    }

    /// Where the rows of the store lie that is here, or would be made here. The refusal says what does not fit.
    pub fn place(&self) -> Result<Place, String> {
        let unusable = |error: io::Error| format!("The data directory cannot be used: {error}");
        let noted = self.noted().map_err(unusable)?;
        let has_file = self.has_database().map_err(unusable)?;
        match (noted, &self.postgres) {
            (Some(_), _) if has_file => Err(format!(
                "{} says that the store lies in PostgreSQL, but {} is here as well. Move away the one that does not belong \
                 here. Nothing was changed",
                self.path().join(NOTE).display(),
                self.database().display()
            )),
            (Some(schema), Some(address)) => Ok(Place::Postgres(match schema {
                Some(schema) => address.in_schema(&schema),
                None => address.clone(),
            })),
            (Some(_), None) => Err(
                "This store lies in PostgreSQL, and the address of that was not given. Name it with STRONGROOM_DATABASE_URL, \
                 STRONGROOM_DATABASE_URL_FILE or --database-url. No empty store was made"
                    .into(),
            ),
            (None, Some(_)) if has_file => Err(format!(
                "This store lies in {}, but the address of a PostgreSQL was given. Take the address away to go on with the \
                 store as it is. To move it into PostgreSQL, make a backup and restore it with `strongroom restore \
                 --database-url` into an empty data directory. Nothing was changed",
                self.database().display()
            )),
            (None, Some(address)) => Ok(Place::Postgres(address.clone())),
            (None, None) => Ok(Place::File),
        }
    }

    /// Where the rows of a new store go, whatever is here.
    pub fn new_place(&self) -> Place {
        match &self.postgres {
            Some(address) => Place::Postgres(address.clone()),
            None => Place::File,
        }
    }

    /// Notes that the store here lies in PostgreSQL, in a schema of its own if it was moved there.
    pub fn note_postgres(&self, schema: Option<&str>) -> io::Result<()> {
        let text = match schema {
            Some(schema) => format!("{POSTGRES}\n{schema}\n"),
            None => format!("{POSTGRES}\n"),
        };
        let part = self.path().join(format!("{NOTE}.part"));
        fs::write(&part, text)?;
        fs::File::open(&part)?.sync_all()?;
        fs::rename(part, self.path().join(NOTE))?;
        self.sync()
    }

    /// Whether the store here lies in PostgreSQL, and in which schema if not in that of the address.
    pub fn noted(&self) -> io::Result<Option<Option<String>>> {
        match fs::read_to_string(self.path().join(NOTE)) {
            Ok(text) => {
                let mut lines = text.lines().map(str::trim);
                if lines.next() != Some(POSTGRES) {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!(
                            "{} names no kind of database that is known",
                            self.path().join(NOTE).display()
                        ),
                    ));
                }
                let schema = lines.next().filter(|schema| !schema.is_empty());
                Ok(Some(schema.map(str::to_owned)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Connects to the database of a store, so that nobody else works with it meanwhile.
pub fn connect(address: &PostgresAddress) -> Result<Db, store::Error> {
    let options = PostgresOptions {
        alone: true,
        ..PostgresOptions::default()
    };
    Db::open_postgres(address, &options)
}

/// Makes the embedded database of a new store.
pub fn make_file(data_dir: &DataDir, keyring: &Keyring) -> Result<Db, store::Error> {
    let options = SqliteOptions {
        create: true,
        ..SqliteOptions::default()
    };
    Db::open_sqlite(&data_dir.database(), &keyring.database_key().to_hex(), &options)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn told(dir: &DataDir) -> String {
        match dir.place() {
            Ok(Place::File) => "file".into(),
            Ok(Place::Postgres(address)) => address.to_string(),
            Err(reason) => format!("refused: {reason}"),
        }
    }

    #[test]
    fn what_the_directory_says_is_what_counts() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path());
        let url = Zeroizing::new("postgres://app:canary@db.example.com/vault".to_owned());
        let with = dir
            .clone()
            .with_database(Some(PostgresAddress::parse(&url).unwrap()));
        // Nothing here yet.
        assert_eq!(told(&dir), "file");
        assert_eq!(told(&with), "db.example.com:5432/vault");
        // A store in a file stays in it.
        fs::write(dir.database(), "x").unwrap();
        assert_eq!(told(&dir), "file");
        assert!(told(&with).starts_with("refused: This store lies in /"));
        // One in PostgreSQL is never taken for none.
        dir.note_postgres(None).unwrap();
        assert!(told(&with).contains("as well"));
        fs::remove_file(dir.database()).unwrap();
        assert!(told(&dir).contains("STRONGROOM_DATABASE_URL"));
        dir.note_postgres(Some("aside")).unwrap();
        assert_eq!(told(&with), "db.example.com:5432/vault, schema aside");
        // What is not understood is not passed over.
        fs::write(dir.path().join(NOTE), "mongodb\n").unwrap();
        assert!(told(&with).contains("no kind of database"));
    }
}
