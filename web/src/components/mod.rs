//! What pages are made of.

pub mod announcer;
pub mod brand;
pub mod button;
pub mod card;
pub mod dialog;
pub mod environment_tabs;
pub mod exposure_banner;
pub mod field;
pub mod focus;
pub mod icon;
pub mod new_project;
pub mod notice;
pub mod secret_editor;
pub mod secret_list;
pub mod secret_row;
pub mod splash;
pub mod top_bar;
