//! The certificate of a locked server. Its own authority lies in the store that is locked, so this one lies beside it, and
//! vouches for nothing: people compare its fingerprint with the one in the log.

use std::sync::Arc;

use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::authority::{Error, self_signed};
use super::certificate::Served;
use crate::app::data_dir::DataDir;
use crate::crypto::private_file;
use crate::domain::tls::Pem;

/// How long it lives. Whoever compared its fingerprint once recognises it for that long.
const DAYS: u64 = 10 * 365;

/// Whether there is one: whoever chose TLS on the page gets it from a locked server as well.
pub fn is_there(data_dir: &DataDir) -> bool {
    data_dir.locked_certificate().exists()
}

/// The one in the data directory. Made when it is first needed, and when it is damaged or over.
pub fn load_or_create(data_dir: &DataDir, now: UnixMillis) -> Result<Arc<Served>, Error> {
    if let Some(served) = load(data_dir, now) {
        return Ok(served);
    }
    let (made, served) = make(now)?;
    let text = zeroize::Zeroizing::new(format!("{}{}", made.chain, made.key.expose()));
    if let Err(error) = private_file::replace(&data_dir.locked_certificate(), text.as_bytes()) {
        tracing::warn!(
            %error,
            "the certificate of the locked server cannot be kept; until the server ends this one serves"
        );
    }
    Ok(served)
}

/// The one in the data directory, or one that lives as long as the process: for a server that must not write anything.
pub fn load_or_make(data_dir: &DataDir, now: UnixMillis) -> Result<Arc<Served>, Error> {
    match load(data_dir, now) {
        Some(served) => Ok(served),
        None => make(now).map(|(_, served)| served),
    }
}

/// The one in the data directory, if it can be served.
fn load(data_dir: &DataDir, now: UnixMillis) -> Option<Arc<Served>> {
    let text = private_file::read(&data_dir.locked_certificate())
        .inspect_err(|error| tracing::warn!(%error, "the certificate of the locked server cannot be read"))
        .ok()??;
    match Served::from_pem(&text, &SecretText::from(text.as_str())) {
        Ok(served) if !served.is_over(now) => return Some(Arc::new(served)),
        Ok(_) => tracing::warn!("the certificate of the locked server is over"),
        Err(error) => tracing::warn!(%error, "the certificate of the locked server cannot be used"),
    }
    None
}

fn make(now: UnixMillis) -> Result<(Pem, Arc<Served>), Error> {
    let made = self_signed(&["localhost".to_owned()], DAYS, now)?;
    let served = Served::from_pem(&made.chain, &made.key)?;
    Ok((made, Arc::new(served)))
}

/// Removes it, once plain HTTP or files were chosen.
pub fn remove(data_dir: &DataDir) -> std::io::Result<()> {
    if is_there(data_dir) {
        data_dir.remove(&[data_dir.locked_certificate()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_stays_the_same_until_it_is_damaged_or_over() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path());
        let now = UnixMillis(1_800_000_000_000);
        assert!(!is_there(&dir));
        let first = load_or_create(&dir, now).unwrap();
        let mode = fs::metadata(dir.locked_certificate())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let fingerprint = |now| load_or_create(&dir, now).unwrap().facts.fingerprint.clone();
        assert_eq!(fingerprint(now), first.facts.fingerprint);
        let later = now.plus_seconds(11 * 365 * 24 * 60 * 60);
        assert_ne!(fingerprint(later), first.facts.fingerprint);
        fs::write(dir.locked_certificate(), "nonsense").unwrap();
        assert_ne!(fingerprint(now), first.facts.fingerprint);
        remove(&dir).unwrap();
        assert!(!is_there(&dir));
        remove(&dir).unwrap();
    }
}
