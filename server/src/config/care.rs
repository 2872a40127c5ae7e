//! How carefully a setting is changed. None is set once and never changed.

use shared::model::settings::Care;

use super::secret;

const RESTART: &str = "Change it where it comes from, and restart the server.";

/// How a setting may be changed, and how that is done.
pub fn of(id: &str) -> (Care, &'static str) {
    match id {
        "data_dir" => (
            Care::Procedure,
            "Stop the server, move the whole directory, and start the server with the new place.",
        ),
        "identity" => (
            Care::Procedure,
            "`strongroom keys identity --move-to FILE` makes a new identity there; then name that file, and restart.",
        ),
        "passphrase_file" | secret::PASSPHRASE => (
            Care::Procedure,
            "`strongroom keys add-passphrase` adds the new one first; then change it here, restart, and remove the old one.",
        ),
        key if key == "database_url_file" || secret::ADDRESSES.contains(&key) => (
            Care::Procedure,
            "Another user, password or host of the same database: change it there, and restart. Another database: make a \
             backup, restore it there with `strongroom restore`, and start the server on what that made.",
        ),
        key if secret::ENCRYPTION_KEYS.contains(&key) => (
            Care::Procedure,
            "`strongroom keys add-encryption-key` adds the new one first; then change it here, restart, and remove the old one.",
        ),
        _ => (Care::Free, RESTART),
    }
}
