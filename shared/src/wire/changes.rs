//! Our own: any number of changes to the secrets of a folder, made together or not at all, and what takes them back.

use serde::{Deserialize, Serialize};

pub use crate::model::changes::{MOST_CHANGES, Op, Refused, RefusedKind};
use crate::model::ids::SecretId;
use crate::model::text::SecretText;

/// `POST /api/strongroom/v1/changes`
///
/// The changes happen at once: what counts is how names stand afterwards, so two secrets may swap theirs, and one may
/// take a name that another one of the request gives up.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangesRequest {
    /// Project, by id or slug.
    pub project_id: String,
    /// Slug of the environment.
    pub environment: String,
    /// Folder, `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_path: Option<String>,
    /// Whether the folder, and those above it, are made when they are missing.
    #[serde(default)]
    pub create_path: bool,
    /// 1 to [`MOST_CHANGES`], each about another secret.
    pub changes: Vec<Change>,
}

/// A change to one shared secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Change {
    /// Makes a secret.
    Create {
        /// Name, which has to be free.
        name: String,
        /// Value.
        value: SecretText,
        /// Comment, none when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<SecretText>,
        /// Slugs of its tags, none when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag_slugs: Option<Vec<String>>,
    },
    /// Adds a version to a secret; what is absent stays as it is.
    Update {
        /// Which.
        id: SecretId,
        /// The version that its writer saw: the current one, or the change is refused.
        version: i64,
        /// New name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// New value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<SecretText>,
        /// New comment; empty for none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<SecretText>,
        /// Slugs of the tags that replace its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag_slugs: Option<Vec<String>>,
    },
    /// Moves a secret to the trash, with the overrides of it.
    Delete {
        /// Which.
        id: SecretId,
        /// The version that its writer saw; not checked when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<i64>,
    },
    /// Takes a secret out of the trash as it was, with the overrides that went there together with it.
    Restore {
        /// Which.
        id: SecretId,
    },
    /// Adds a version that has the content of a past one: value, comment, tags, metadata.
    Revert {
        /// Which.
        id: SecretId,
        /// The version that its writer saw: the current one, or the change is refused.
        version: i64,
        /// The past version.
        to: i64,
        /// New name; otherwise it keeps the one it has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

/// All changes were made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangesResponse {
    /// What was done, in the order of the request.
    pub applied: Vec<Applied>,
    /// The changes that, sent to the same place, take all of it back. They hold ids and names, no values. Folders that
    /// were made stay.
    pub undo: Vec<Change>,
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// What was done.
    pub op: Op,
    /// The secret.
    pub id: SecretId,
    /// Its name now, or the last one of a deleted secret.
    pub name: String,
    /// Its version now.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_look_as_documented() {
        let id = "00000000-0000-4000-8000-000000000000";
        for json in [
            r#"{"op":"create","name":"A","value":"x","comment":"c","tagSlugs":["db"]}"#.to_owned(),
            r#"{"op":"create","name":"A","value":"x"}"#.to_owned(),
            format!(r#"{{"op":"update","id":"{id}","version":3,"name":"B","tagSlugs":[]}}"#),
            format!(r#"{{"op":"delete","id":"{id}"}}"#),
            format!(r#"{{"op":"delete","id":"{id}","version":3}}"#),
            format!(r#"{{"op":"restore","id":"{id}"}}"#),
            format!(r#"{{"op":"revert","id":"{id}","version":3,"to":1,"name":"B"}}"#),
        ] {
            let change: Change = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&change).unwrap(), json);
        }
        for json in [
            r#"{"op":"create","name":"A"}"#,
            r#"{"op":"update","version":1}"#,
            r#"{"op":"delete","id":"7"}"#,
            r#"{"op":"drop","id":"00000000-0000-4000-8000-000000000000"}"#,
            r#"{"name":"A","value":"x"}"#,
        ] {
            assert!(serde_json::from_str::<Change>(json).is_err(), "{json}");
        }
    }
}
