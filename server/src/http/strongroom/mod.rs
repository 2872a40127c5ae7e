//! Our own routes under `/api/strongroom/v1`.

pub mod account;
pub mod instance;
pub mod onboarding;
pub mod sessions;
pub mod changes;
pub mod environments;
pub mod setup;
pub mod system;
