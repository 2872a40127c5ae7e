//! Settings that change while the server runs. They lie sealed in the store, with what they were before.

use serde::{Deserialize, Serialize};
use shared::model::settings::{Changeable, Changed, RuntimeSetting};
use shared::model::text::SecretText;

use super::caller::Caller;
use super::{Context, Error, audit, sealed_settings, sessions, users};
use crate::store;

#[derive(Serialize, Deserialize)]
struct Stored {
    value: i64,
    changed: Changed,
}

fn stored(cx: &mut Context, setting: RuntimeSetting) -> Result<Option<Stored>, Error> {
    let Some(text) = sealed_settings::get(cx, setting.name())? else {
        return Ok(None);
    };
    serde_json::from_str(text.expose()).map_err(|_| store::Error::Corrupt("a setting cannot be read").into())
}

/// The value of a setting.
pub fn value(cx: &mut Context, setting: RuntimeSetting) -> Result<i64, Error> {
    Ok(stored(cx, setting)?.map_or(setting.default_value(), |stored| stored.value))
}

/// The same for one that is a number of days, in seconds.
pub fn days_in_seconds(cx: &mut Context, setting: RuntimeSetting) -> Result<i64, Error> {
    Ok(value(cx, setting)? * 24 * 60 * 60)
}

/// All of them, for who administers the instance.
pub fn list(cx: &mut Context, caller: &Caller) -> Result<Vec<Changeable>, Error> {
    caller.require_instance_admin()?;
    RuntimeSetting::ALL
        .into_iter()
        .map(|setting| {
            let stored = stored(cx, setting)?;
            Ok(Changeable {
                setting,
                value: stored
                    .as_ref()
                    .map_or(setting.default_value(), |stored| stored.value),
                changed: stored.map(|stored| stored.changed),
            })
        })
        .collect()
}

/// Changes one, at once for everything it is about.
pub fn change(cx: &mut Context, caller: &Caller, setting: RuntimeSetting, to: i64) -> Result<(), Error> {
    caller.require_instance_admin()?;
    let (least, most) = setting.range();
    if !(least..=most).contains(&to) {
        return Err(Error::Invalid {
            field: "value",
            reason: format!("must be from {least} to {most}"),
        });
    }
    let before = value(cx, setting)?;
    if before == to {
        return Err(Error::BadRequest(format!("{setting} is {to} already")));
    }
    let changed = Changed {
        before,
        at: cx.now,
        by: users::me(cx, caller)?.email,
    };
    let text = serde_json::to_string(&Stored { value: to, changed })
        .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
    sealed_settings::set(cx, setting.name(), &SecretText::new(text))?;
    match setting {
        RuntimeSetting::SessionDays => sessions::shorten(cx, to)?,
        // Asked whenever it is seen whether one is due.
        RuntimeSetting::DrillDays => {}
    }
    let entry = audit::Entry::new("instance.setting.update")
        .with("setting", &setting)
        .with("from", &before)
        .with("to", &to);
    audit::record(cx, caller, &entry)
}
