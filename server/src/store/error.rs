//! What can go wrong between a repository function and its database, in terms both databases share.

/// Why a statement or a transaction failed. The list is closed: every layer above matches on it.
///
/// Messages never contain values of rows or parameters, so they may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file does not open with this key: the key belongs to another store, or the file is not a store.
    #[error("the database file does not open with this key, or is not a Strongroom database")]
    NotADatabase,
    /// The disk that holds the database is full. Nothing of the transaction was stored.
    #[error("the disk that holds the database is full")]
    Full,
    /// The database cannot be used now: connection lost, store closed, input or output failed.
    #[error("the database cannot be used: {0}")]
    Unavailable(String),
    /// Simultaneous transactions got in each other's way until the retries were exhausted. Nothing was stored; the
    /// caller may try again later.
    #[error("too many simultaneous changes of the same rows, try again")]
    Conflict,
    /// A row with the same unique columns exists. Names them as `table.column, table.column`, or as
    /// `index 'name'` when the index is over an expression, equally on both databases.
    #[error("a row with the same {0} exists")]
    Unique(String),
    /// The row was changed by someone else since it was read. Returned by repository functions whose update names
    /// the expected version, never by the drivers.
    #[error("the row was changed since it was read")]
    Stale,
    /// A row does not have the shape the program expects.
    #[error("a row of the database has an unexpected shape: {0}")]
    Corrupt(&'static str),
    /// Anything else, for the log only: a mistake in a statement, a violated check or foreign key.
    #[error("the database refused a statement: {0}")]
    Sql(String),
}

impl Error {
    /// The answer of a store that is closed or being closed.
    pub(super) fn closed() -> Self {
        Self::Unavailable("the store is closed".to_owned())
    }
}
