//! One secret of a list, without its value.

use shared::model::ids::SecretId;
use shared::model::text::SecretText;
use shared::wire::secrets::Secret;

/// What a list knows about a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Id, the same across versions and names.
    pub id: SecretId,
    /// Name.
    pub name: String,
    /// Comment, may be empty.
    pub comment: SecretText,
    /// Slugs of its tags.
    pub tags: Vec<String>,
    /// Version that this page knows.
    pub version: i64,
    /// The name in small letters, for searching.
    folded: String,
}

impl Entry {
    /// What is known about a secret.
    pub fn new(id: SecretId, name: String, comment: SecretText, tags: Vec<String>, version: i64) -> Self {
        Self {
            id,
            folded: name.to_lowercase(),
            name,
            comment,
            tags,
            version,
        }
    }

    /// Whether name or tags contain the text, which is in small letters.
    pub fn matches(&self, wanted: &str) -> bool {
        self.folded.contains(wanted) || self.tags.iter().any(|tag| tag.contains(wanted))
    }

    /// Where it stands in a list: capitals do not count, except between names that differ in nothing else.
    pub fn sort_key(&self) -> (&str, &str) {
        (&self.folded, &self.name)
    }
}

impl From<&Secret> for Entry {
    fn from(secret: &Secret) -> Self {
        Self::new(
            secret.id,
            secret.secret_key.clone(),
            secret.secret_comment.clone(),
            secret.tags.iter().map(|tag| tag.slug.clone()).collect(),
            secret.version,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tags_are_searched() {
        let entry = Entry::new(
            SecretId::from_random([1; 16]),
            "DB_Url".to_owned(),
            SecretText::from("hidden word"),
            vec!["database".to_owned()],
            1,
        );
        for wanted in ["", "db", "b_u", "url", "database"] {
            assert!(entry.matches(wanted), "{wanted}");
        }
        for wanted in ["redis", "hidden", "DB"] {
            assert!(!entry.matches(wanted), "{wanted}");
        }
    }
}
