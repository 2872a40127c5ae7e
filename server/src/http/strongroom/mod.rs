//! Our own routes under `/api/strongroom/v1`.

pub mod changes;
pub mod environments;
pub mod setup;
pub mod system;
