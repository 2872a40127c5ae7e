//! What the process shows of itself, and what it does not.

pub mod logging;
pub mod metrics;
pub mod process;
