//! stub
use super::{Db, Error, Tx};
use zeroize::Zeroizing;
/// stub
pub struct PostgresOptions {}
pub(super) struct Origin;
impl Origin {
    pub(super) fn snapshot<T, E, F>(&self, _f: F) -> Result<T, E>
    where
        F: FnOnce(Tx<'_>) -> Result<T, E>,
        E: From<Error>,
    {
        Err(Error::closed().into())
    }
}
pub(super) fn open(_c: &Zeroizing<String>, _o: &PostgresOptions) -> Result<Db, Error> {
    let _ = super::Origin::Postgres(Origin);
    Err(Error::closed())
}
