//! A certificate and its key in two files that somebody else renews.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::certificate::Served;

/// Larger files are no certificates.
const MOST_BYTES: u64 = 1024 * 1024;

/// Where they lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePair {
    /// The certificate and those that vouch for it, PEM.
    pub certificate: PathBuf,
    /// The key, PEM.
    pub key: PathBuf,
}

/// How a file can be seen to be another one: when it was written, which it is, how long it is.
type Stamp = Option<(i64, i64, u64, u64)>;

impl FilePair {
    /// What lies there now, or why it cannot be served.
    pub fn load(&self) -> Result<Served, String> {
        let chain = read(&self.certificate)?;
        let key = SecretText::new(read(&self.key)?.to_string());
        Served::from_pem(&chain, &key).map_err(|error| {
            format!(
                "{} with {}: {error}",
                self.certificate.display(),
                self.key.display()
            )
        })
    }

    fn stamps(&self) -> [Stamp; 2] {
        [&self.certificate, &self.key].map(|path| {
            let found = fs::metadata(path).ok()?;
            Some((found.mtime(), found.mtime_nsec(), found.ino(), found.size()))
        })
    }
}

fn read(path: &PathBuf) -> Result<Zeroizing<String>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if fs::metadata(path).map_err(told)?.len() > MOST_BYTES {
        return Err(format!("{} is far too long for a certificate", path.display()));
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(told)
}

/// Notices when the files change.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Option<[Stamp; 2]>,
    failure: Option<String>,
}

impl Watch {
    /// What the files hold now, if they changed since the last look. A pair that cannot be served is remembered as such
    /// until it changes again: of two files, one is always written first.
    pub fn look(&mut self, pair: &FilePair) -> Option<Result<Served, String>> {
        let stamps = pair.stamps();
        if self.seen == Some(stamps) {
            return None;
        }
        self.seen = Some(stamps);
        let loaded = pair.load();
        self.failure = loaded.as_ref().err().cloned();
        Some(loaded)
    }

    /// Why the files as they are now are not served.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use shared::model::time::UnixMillis;

    use super::*;
    use crate::domain::tls::Pem;
    use crate::tls::authority::self_signed;

    fn made() -> Pem {
        self_signed(&["a.example".to_owned()], 30, UnixMillis(1_800_000_000_000)).unwrap()
    }

    fn write(pair: &FilePair, pem: &Pem) {
        fs::write(&pair.certificate, &pem.chain).unwrap();
        fs::write(&pair.key, pem.key.expose()).unwrap();
    }

    #[test]
    fn changes_are_noticed_and_broken_pairs_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let pair = FilePair {
            certificate: dir.path().join("cert.pem"),
            key: dir.path().join("key.pem"),
        };
        let mut watch = Watch::default();
        assert!(watch.look(&pair).unwrap().unwrap_err().contains("cert.pem"));
        assert!(watch.failure().is_some());
        let (first, second) = (made(), made());
        write(&pair, &first);
        let served = watch.look(&pair).unwrap().unwrap();
        assert_eq!(served.facts.names, ["a.example"]);
        assert_eq!(watch.failure(), None);
        assert!(watch.look(&pair).is_none());
        // One of two files is always written first.
        fs::write(&pair.certificate, format!("\n{}", second.chain)).unwrap();
        let told = watch.look(&pair).unwrap().unwrap_err();
        assert!(told.contains("does not belong to the certificate"), "{told}");
        assert!(watch.look(&pair).is_none());
        fs::write(&pair.key, format!("\n{}", second.key.expose())).unwrap();
        let next = watch.look(&pair).unwrap().unwrap();
        assert_ne!(next.facts.fingerprint, served.facts.fingerprint);
        for (certificate, key) in [
            ("", second.key.expose()),
            ("nonsense", "nonsense"),
            (&second.chain, ""),
        ] {
            fs::write(&pair.certificate, certificate).unwrap();
            fs::write(&pair.key, key).unwrap();
            assert!(pair.load().is_err(), "{certificate}");
        }
    }
}
