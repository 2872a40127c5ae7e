//! One line in the log for every login that was refused. Programs that shut out an address read it, so its form is fixed:
//! `login refused client=<address> method=<word>`.

use super::error::Failure;
use crate::domain::Error;
use crate::domain::caller::Source;

/// Passes an outcome on; writes the line when somebody was refused. A request that was wrongly written, or that failed
/// here, is not counted against anybody.
pub fn noted<T, E: Into<Failure>>(
    source: &Source,
    method: &'static str,
    outcome: Result<T, E>,
) -> Result<T, Failure> {
    let outcome = outcome.map_err(Into::into);
    if let Err(Failure::Domain(
        Error::BadRequest(_)
        | Error::Unauthenticated(_)
        | Error::Forbidden(_)
        | Error::TooManyAttempts { .. },
    )) = &outcome
    {
        let client = if source.ip.is_empty() { "-" } else { &source.ip };
        tracing::warn!(%client, %method, "login refused");
    }
    outcome
}
