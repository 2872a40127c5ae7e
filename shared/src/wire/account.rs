//! The account of the person who asks, under `/api/strongroom/v1/account`.

use serde::{Deserialize, Serialize};

use crate::model::text::SecretText;

/// `POST /api/strongroom/v1/account/password`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordChange {
    /// The password so far. Wrong ones are counted like wrong logins.
    pub current_password: SecretText,
    /// 12 characters or more, not among the known common ones, another one than before.
    pub new_password: SecretText,
}

/// Answer to [`PasswordChange`]: the session that asked goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordChanged {
    /// How many other sessions of the person ended with the old password.
    pub ended: u64,
}
