//! What connections see.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// The certificates that were not made for a single handshake.
    pub fn served(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.acme.values().chain(&self.files)
    }
}
