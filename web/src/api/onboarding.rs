//! The first steps.

use shared::wire::onboarding::{Onboarding, OnboardingChange};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

const PATH: &str = "/api/strongroom/v1/onboarding";

/// What is done.
pub async fn get(session: Session) -> Result<Onboarding, Error> {
    Request::get(PATH).send(session).await
}

/// Puts the checklist away.
pub async fn dismiss(session: Session) -> Result<Onboarding, Error> {
    Request::patch(PATH)
        .json(&OnboardingChange { dismissed: true })?
        .send(session)
        .await
}
