//! Which of the secrets that are there are asked for.

use std::collections::HashSet;

use super::{MetadataItem, Secret};

/// Secrets by their tags and metadata.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Slugs; a secret has at least one of them. Empty for any secret.
    pub tags: HashSet<String>,
    /// Keys with values; a secret has all of them. Empty for any secret.
    pub metadata: Vec<(String, String)>,
}

impl Filter {
    fn is_open(&self) -> bool {
        self.tags.is_empty() && self.metadata.is_empty()
    }

    /// Whether a secret is asked for.
    pub fn admits(&self, secret: &Secret) -> bool {
        let tagged = self.tags.is_empty() || secret.tags.iter().any(|tag| self.tags.contains(&tag.slug));
        let described = |(key, value): &(String, String)| {
            let is = |item: &MetadataItem| item.key == *key && item.value.is(value);
            secret.details.metadata.iter().any(is)
        };
        tagged && self.metadata.iter().all(described)
    }

    /// Keeps what is asked for, and of the tags those that were asked for, as Infisical does. An override stays with the
    /// secret that it overrides, which comes right before it.
    pub fn apply(&self, secrets: &mut Vec<Secret>) {
        if self.is_open() {
            return;
        }
        let mut shared: Option<(String, bool)> = None;
        secrets.retain(|secret| {
            let admitted = self.admits(secret);
            if secret.owner.is_none() {
                shared = Some((place_of(secret), admitted));
                return admitted;
            }
            admitted
                || shared
                    .as_ref()
                    .is_some_and(|(place, admitted)| *admitted && *place == place_of(secret))
        });
        for secret in secrets {
            self.narrow(secret);
        }
    }

    /// Leaves a secret the tags that were asked for.
    pub fn narrow(&self, secret: &mut Secret) {
        if !self.tags.is_empty() {
            secret.tags.retain(|tag| self.tags.contains(&tag.slug));
        }
    }
}

fn place_of(secret: &Secret) -> String {
    format!("{}/{}", secret.path, secret.name)
}
