//! The own sessions.

use shared::wire::sessions::{Session as Login, Sessions, SessionsEnded};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

const PATH: &str = "/api/strongroom/v1/sessions";

/// Those in force, the one used last first.
pub async fn list(session: Session) -> Result<Vec<Login>, Error> {
    let answer: Sessions = Request::get(PATH).send(session).await?;
    Ok(answer.sessions)
}

/// Ends one.
pub async fn end(session: Session, id: &str) -> Result<(), Error> {
    let _: SessionsEnded = Request::delete(format!("{PATH}/{id}")).send(session).await?;
    Ok(())
}

/// Ends all but this one; the answer is how many.
pub async fn end_others(session: Session) -> Result<u64, Error> {
    let answer: SessionsEnded = Request::delete(PATH)
        .query("others", "true")
        .send(session)
        .await?;
    Ok(answer.ended)
}

/// Ends all, this one too.
pub async fn end_all(session: Session) -> Result<(), Error> {
    let _: SessionsEnded = Request::delete(PATH).send(session).await?;
    session.end();
    Ok(())
}
