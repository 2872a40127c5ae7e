//! Settings of the instance.

use std::sync::Arc;

use axum::extract::State;
use shared::model::settings::Changeable;
use shared::wire::settings::{ChangeSetting, Fixed, Settings, Variable};

use crate::app::App;
use crate::config::{Configuration, care};
use crate::domain::caller::Caller;
use crate::domain::settings;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;
use crate::http::reauthenticate;

/// Every setting, and where it comes from.
pub async fn list(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Settings>, Failure> {
    let changeable = app.read_as(caller, settings::list).await?;
    Ok(Json(body(changeable, &app.host().configuration)))
}

/// Changes one, once the password was given again.
pub async fn change(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<ChangeSetting>,
) -> Result<Json<Settings>, Failure> {
    let ChangeSetting {
        setting,
        value,
        password,
    } = request;
    reauthenticate::by_password(&app, &caller, password, Caller::require_instance_admin).await?;
    let changeable = app
        .write_as(caller, move |cx, caller| {
            settings::change(cx, caller, setting, value)?;
            settings::list(cx, caller)
        })
        .await?;
    Ok(Json(body(changeable, &app.host().configuration)))
}

fn body(changeable: Vec<Changeable>, configuration: &Configuration) -> Settings {
    let given = configuration.settings.iter().chain(&configuration.secrets);
    let fixed = given.map(|setting| {
        let (care, procedure) = care::of(&setting.id);
        Fixed {
            name: setting.name.clone(),
            about: setting.about.clone(),
            value: setting.shown(),
            source: setting.source.to_string(),
            care,
            procedure: procedure.to_owned(),
        }
    });
    let variables = configuration.variables.iter().map(|report| Variable {
        name: report.name.clone(),
        became: report.became.to_string(),
        why: report.why.clone(),
    });
    Settings {
        changeable,
        fixed: fixed.collect(),
        file: configuration.file.as_ref().map(|path| path.display().to_string()),
        variables: variables.collect(),
    }
}
