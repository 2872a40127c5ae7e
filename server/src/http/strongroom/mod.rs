//! Our own routes under `/api/strongroom/v1`.

pub mod setup;
pub mod system;
