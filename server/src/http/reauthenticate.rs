//! Asking a logged-in person for the password again.

use shared::model::text::SecretText;

use super::error::Failure;
use crate::app::App;
use crate::domain::caller::{Caller, Credential, Source};
use crate::domain::reauthentication::{self, Finished};
use crate::domain::{Error, login};

/// Returns when the password is the caller's. `permit` is asked first: whoever may not do what comes next is told so,
/// and learns nothing about a password. Wrong passwords are counted like wrong logins, and recorded.
pub async fn by_password(
    app: &App,
    bearer: &(Credential, Source),
    password: SecretText,
    permit: impl Fn(&Caller) -> Result<(), Error> + Send + 'static,
) -> Result<(), Failure> {
    let begun = app
        .write_as(bearer.clone(), move |cx, caller| {
            permit(caller)?;
            reauthentication::begin(cx, caller)
        })
        .await?;
    let hash = begun.password_hash().map(str::to_owned);
    let right = match app.password_fits(password, hash).await {
        Ok(right) => right,
        Err(error) => {
            app.write(move |cx| login::undo(cx, &begun)).await?;
            return Err(error.into());
        }
    };
    let finished = app
        .write_as(bearer.clone(), move |cx, caller| {
            reauthentication::finish(cx, caller, &begun, right)
        })
        .await?;
    match finished {
        Finished::Confirmed => Ok(()),
        Finished::Refused => Err(reauthentication::refused().into()),
    }
}
