//! The admin interface in a real browser, as a person sees it.

mod first_hour;
mod secrets;
mod stage;
mod trouble;
