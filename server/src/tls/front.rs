//! What connections see.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::model::time::UnixMillis;
use shared::model::tls::TlsSettings;

use super::certificate::Served;
use super::leaves::Leaves;

/// All that is served, at one moment.
#[derive(Default)]
pub struct Front {
    /// What is in force.
    pub settings: TlsSettings,
    /// Certificates by ACME, each by its name.
    pub acme: BTreeMap<String, Arc<Served>>,
    /// The certificate from files.
    pub files: Option<Arc<Served>>,
    /// Those of the server's own authority.
    pub leaves: Option<Arc<Leaves>>,
    /// What is served while the store is locked.
    pub locked: Option<Arc<Served>>,
}

impl Front {
    /// What somebody else vouches for, for a name: one by ACME while it lasts, or the one from files.
    pub fn vouched(&self, name: Option<&str>, now: UnixMillis) -> Option<&Arc<Served>> {
        let by_name = name.and_then(|name| self.acme.get(&name.to_ascii_lowercase()));
        by_name
            .filter(|served| !served.is_over(now))
            .or(self.files.as_ref())
    }

    /// The certificates that were not made for a single handshake.
    pub fn served(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.acme.values().chain(&self.files)
    }
}
