//! The first hour: what an administrator of the instance has done so far.

use serde::{Deserialize, Serialize};

pub use crate::model::backups::BackupTrouble;
pub use crate::model::onboarding::{FirstRead, Reader};

/// `GET /api/strongroom/v1/onboarding`, and the answer to `PATCH` of the same. Cheap enough to be asked every few seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the items of a checklist are independent"
)]
pub struct Onboarding {
    /// Whether there is a recovery kit.
    pub kit: bool,
    /// Whether somebody decided to go on without.
    pub kit_skipped: bool,
    /// Whether a backup was completed.
    pub backup: bool,
    /// Whether the organization has a project.
    pub project: bool,
    /// Whether one of its projects has a secret.
    pub secret: bool,
    /// Whether it has a machine identity, besides the one that set-up made.
    pub identity: bool,
    /// The first time that a program read a secret; none before.
    pub first_read: Option<FirstRead>,
    /// Whether the checklist was put away.
    pub dismissed: bool,
    /// What is wrong with the backups, so that every page can say so.
    pub backup_trouble: Option<BackupTrouble>,
}

/// `PATCH /api/strongroom/v1/onboarding`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnboardingChange {
    /// Whether the checklist is put away.
    pub dismissed: bool,
}
