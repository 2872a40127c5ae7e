//! Settings of the instance.

use shared::model::settings::RuntimeSetting;
use shared::model::text::SecretText;
use shared::wire::settings::{ChangeSetting, Settings};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

const SETTINGS: &str = "/api/strongroom/v1/settings";

/// All of them.
pub async fn list(session: Session) -> Result<Settings, Error> {
    Request::get(SETTINGS).send(session).await
}

/// Changes one.
pub async fn change(
    session: Session,
    setting: RuntimeSetting,
    value: i64,
    password: SecretText,
) -> Result<Settings, Error> {
    let body = ChangeSetting {
        setting,
        value,
        password,
    };
    Request::patch(SETTINGS).json(&body)?.send(session).await
}
