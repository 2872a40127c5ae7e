//! The admin interface in a real browser, as a person sees it.

mod access;
mod air_gap;
mod backups;
mod certificates;
mod command_line;
mod everyday;
mod first_hour;
mod keys;
mod secrets;
mod settings;
mod stage;
mod trouble;
