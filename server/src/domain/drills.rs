//! Rehearsed restores: the key with which the store opens its own backups, and what came of each.

use shared::model::backups::Drill;
use shared::model::settings::RuntimeSetting;
use shared::model::text::SecretText;

use super::caller::Caller;
use super::{Context, Error, audit, backups, sealed_settings, settings};
use crate::crypto::identity::{self, Identity};
use crate::crypto::{random, token};
use crate::store;
use crate::store::drills::DrillRow;

/// Name of the sealed identity.
const IDENTITY: &str = "drill-identity";
/// What the keyed hash over a result is for.
const RESULT: &str = "drill-result";
/// After so many times the usual interval somebody has to look.
const OVERDUE: i64 = 2;
/// Seconds after one that did not pass until it is tried again.
const TRY_AGAIN_SECONDS: i64 = 6 * 60 * 60;

/// The store's own identity for its backups. Made when it is first needed, and anew when it does not open.
pub fn identity(cx: &mut Context) -> Result<Identity, Error> {
    match sealed_settings::get(cx, IDENTITY).and_then(|text| text.map(|text| parse(&text)).transpose()) {
        Ok(Some(found)) => return Ok(found),
        Ok(None) => {}
        // Without one there would be no backup any more. Those that were made for it fail their rehearsal, and the next passes.
        Err(error @ (Error::Crypto(_) | Error::Store(store::Error::Corrupt(_)))) => {
            tracing::error!(%error, "the key for rehearsed restores does not open and was made anew");
        }
        Err(error) => return Err(error),
    }
    let made = identity::generate();
    sealed_settings::set(cx, IDENTITY, &identity::secret_text(&made))?;
    Ok(made)
}

fn parse(text: &SecretText) -> Result<Identity, Error> {
    let found = identity::parse_secret(text)
        .ok()
        .and_then(|mut found| found.pop());
    found.ok_or(Error::Store(store::Error::Corrupt(
        "the identity for drills cannot be read",
    )))
}

/// The newest results. One that is not as it was written says so.
pub fn list(cx: &mut Context, limit: i64) -> Result<Vec<Drill>, Error> {
    let latest = backups::latest_credible(cx);
    let rows = store::drills::list(cx.tx, latest, limit)?;
    rows.into_iter()
        .map(|row| {
            let mac = token::fingerprint(cx.keys.token_key(), RESULT, row.result.as_bytes());
            let mut drill: Drill = serde_json::from_str(&row.result)
                .map_err(|_| Error::Store(store::Error::Corrupt("the result of a drill cannot be read")))?;
            drill.genuine =
                token::matches(&mac, &row.mac) && drill.passed == row.passed && drill.at == row.at;
            drill.passed &= drill.genuine;
            Ok(drill)
        })
        .collect()
}

/// Keeps a result, with a keyed hash over it, and puts it on record.
pub fn note(cx: &mut Context, drill: &Drill) -> Result<(), Error> {
    let result = serde_json::to_string(drill)
        .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
    let mac = token::fingerprint(cx.keys.token_key(), RESULT, result.as_bytes());
    store::drills::insert(
        cx.tx,
        &DrillRow {
            id: random::letters(20)?,
            at: drill.at,
            passed: drill.passed,
            result,
            mac: mac.to_vec(),
        },
    )?;
    let entry = audit::Entry::new(if drill.passed {
        "backup.drill.passed"
    } else {
        "backup.drill.failed"
    })
    .with("file", &drill.file_name)
    .with("sha256", &drill.sha256)
    .with("root", &drill.root)
    .with("secrets", &drill.secrets);
    audit::record(cx, &Caller::operator(), &entry)
}

/// Whether one is to be rehearsed now: there is a backup, and the last time is as long ago as is set, or did not pass.
pub fn is_due(cx: &mut Context) -> Result<bool, Error> {
    if backups::newest(cx)?.is_none() {
        return Ok(false);
    }
    let last = list(cx, 1)?.pop();
    let every = settings::days_in_seconds(cx, RuntimeSetting::DrillDays)?;
    Ok(last.is_none_or(|last| {
        let again = if last.passed { every } else { TRY_AGAIN_SECONDS };
        !backups::lately(cx, last.at, again)
    }))
}

/// Whether somebody has to look: the last one did not pass, or there are backups and none passed for twice as long as is set.
pub fn is_overdue(cx: &mut Context) -> Result<bool, Error> {
    let drills = list(cx, 1)?;
    let longest = OVERDUE * settings::days_in_seconds(cx, RuntimeSetting::DrillDays)?;
    let Some(last) = drills.first() else {
        let backups = store::backups::list(cx.tx)?;
        let here = backups.iter().filter(|backup| backup.here);
        let oldest = here.map(|backup| backup.created_at).min();
        return Ok(oldest.is_some_and(|oldest| oldest.plus_seconds(longest) < cx.now));
    };
    Ok(!last.passed || !backups::lately(cx, last.at, longest))
}
