//! Names that people choose. What is valid is decided here and nowhere else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Why a name was refused; the text is meant for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(String);

fn refuse<T>(reason: &str) -> Result<T, InvalidName> {
    Err(InvalidName(reason.to_owned()))
}

/// Implements the common face of a validated name on top of its `FromStr`.
macro_rules! text_name {
    ($name:ident) => {
        impl $name {
            /// The validated text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(D::Error::custom)
            }
        }
    };
}

/// Name of a secret: 1 to 512 characters, free text as in Infisical (spaces, `:` and `/` occur in imported
/// stores), but no control characters. White space at both ends is removed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretName(String);
text_name!(SecretName);

impl FromStr for SecretName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return refuse("the name of a secret must not be empty");
        }
        if text.chars().count() > 512 {
            return refuse("the name of a secret must not be longer than 512 characters");
        }
        if text.chars().any(char::is_control) {
            return refuse("the name of a secret must not contain control characters");
        }
        if matches!(text, "." | "..") {
            return refuse("a secret cannot be named . or ..: no URL could carry the name");
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_slug(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(edge) && text.ends_with(edge) && text.chars().all(|c| edge(c) || c == '-' || c == '_')
}

/// Slug of an environment, such as `dev`: 1 to 64 lower-case letters, digits, `-` and `_`, beginning and ending with
/// a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvSlug(String);
text_name!(EnvSlug);

impl FromStr for EnvSlug {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.len() > 64 || !is_slug(text) {
            return refuse(
                "an environment slug has 1 to 64 lower-case letters, digits, - and _, and begins and ends with a letter or digit",
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// Environments that people call by a long and a short name.
const ENVIRONMENT_ALIASES: [(&str, &str); 3] = [
    ("production", "prod"),
    ("development", "dev"),
    ("staging", "stage"),
];

/// The other slug under which people look for an environment: `prod` for `production`, and back. It counts only where
/// no environment has the slug that was given.
pub fn environment_alias(slug: &str) -> Option<&'static str> {
    ENVIRONMENT_ALIASES.into_iter().find_map(|(long, short)| {
        if slug == long {
            Some(short)
        } else if slug == short {
            Some(long)
        } else {
            None
        }
    })
}

/// Slug of a tag: 1 to 32 letters, digits and hyphens, beginning and ending with a letter or digit. White space at both
/// ends is removed and capitals become small, as Infisical does it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagSlug(String);
text_name!(TagSlug);

impl FromStr for TagSlug {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim().to_lowercase();
        if text.len() > 32 || !is_slug(&text) || text.contains('_') {
            return refuse(
                "a tag slug has 1 to 32 letters, digits and hyphens, and begins and ends with a letter or digit",
            );
        }
        Ok(Self(text))
    }
}

/// Colour of a tag as its maker wrote it, such as `#2f6b4f`: at most 32 characters without control characters, trimmed.
/// May be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TagColor(String);
text_name!(TagColor);

impl FromStr for TagColor {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.chars().count() > 32 || text.chars().any(char::is_control) {
            return refuse("a colour has at most 32 characters, such as #2f6b4f, and no control characters");
        }
        Ok(Self(text.to_owned()))
    }
}

/// Slug of a project, 5 to 36 characters (Infisical's limits), letters as in [`EnvSlug`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectSlug(String);
text_name!(ProjectSlug);

impl FromStr for ProjectSlug {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if !(5..=36).contains(&text.len()) || !is_slug(text) {
            return refuse(
                "a project slug has 5 to 36 lower-case letters, digits, - and _, and begins and ends with a letter or digit",
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// A name for people to read (project, environment, organization, identity): 1 to 64 characters after trimming,
/// without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DisplayName(String);
text_name!(DisplayName);

impl DisplayName {
    /// The name in the letters of a slug: `Home Lab` becomes `home-lab`. May be empty when the name has no ASCII
    /// letter or digit.
    pub fn slugified(&self) -> String {
        let mut slug = String::new();
        for c in self.0.chars() {
            if c.is_ascii_alphanumeric() {
                slug.push(c.to_ascii_lowercase());
            } else if !slug.ends_with('-') && !slug.is_empty() {
                slug.push('-');
            }
        }
        slug.trim_end_matches('-').to_owned()
    }
}

impl FromStr for DisplayName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if !(1..=64).contains(&text.chars().count()) {
            return refuse("a name has 1 to 64 characters");
        }
        if text.chars().any(char::is_control) {
            return refuse("a name must not contain control characters");
        }
        Ok(Self(text.to_owned()))
    }
}

/// Free text about something: at most 1,000 characters, lines and tabs but no other control characters, trimmed. May be
/// empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Description(String);
text_name!(Description);

impl FromStr for Description {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.chars().count() > 1_000 {
            return refuse("a description has at most 1,000 characters");
        }
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            return refuse("a description must not contain control characters");
        }
        Ok(Self(text.to_owned()))
    }
}

/// An e-mail address of the form `a@b.cd`, lower-cased, at most 254 characters. Whether it exists is not our business:
/// no mail is needed to sign up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);
text_name!(Email);

impl FromStr for Email {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim().to_lowercase();
        let valid = text.len() <= 254
            && !text
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !domain.contains('@')
                    && domain.rsplit_once('.').is_some_and(|(host, top)| {
                        top.chars().count() >= 2 && !host.is_empty() && !host.split('.').any(str::is_empty)
                    })
            });
        if valid {
            Ok(Self(text))
        } else {
            refuse("an e-mail address looks like name@example.com")
        }
    }
}

/// Name of a folder: 1 to 255 letters, digits, `-` and `_`, compared with case. Nothing else could stand in a
/// [`FolderPath`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderName(String);
text_name!(FolderName);

impl FromStr for FolderName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return refuse("the name of a folder must not be empty");
        }
        if text.len() > 255 {
            return refuse("a folder name must not be longer than 255 characters");
        }
        if !text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        {
            return refuse("a folder name holds letters, digits, - and _ only");
        }
        Ok(Self(text.to_owned()))
    }
}

/// Folders nest no deeper.
const DEEPEST: usize = 32;

/// Path of a folder in an environment: `/` or `/app/database`.
///
/// Parsing forgives what Infisical's clients send: a missing leading slash, a trailing one, runs of slashes, spaces at
/// the ends. Segments hold letters, digits, `-` and `_` and are compared with case; `.`, `..` and backslashes are refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FolderPath(Vec<String>);

impl FolderPath {
    /// The top folder, `/`.
    pub fn root() -> Self {
        Self::default()
    }

    /// The folder names from the top down; empty for the root.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The path of a folder in this one.
    pub fn child(&self, name: &FolderName) -> Result<Self, InvalidName> {
        if self.0.len() >= DEEPEST {
            return refuse("folders nest at most 32 deep");
        }
        let mut segments = self.0.clone();
        segments.push(name.0.clone());
        Ok(Self(segments))
    }

    /// The folder that holds this one; the root for the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(
            self.0
                .split_last()
                .map_or_else(Vec::new, |(_, above)| above.to_vec()),
        )
    }

    /// A path below this one, seen from the root.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl FromStr for FolderPath {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let mut segments = Vec::new();
        for segment in text.trim().split('/').filter(|segment| !segment.is_empty()) {
            // A name forgives spaces around it; inside a path they are a mistake.
            let name: FolderName = segment.parse()?;
            if name.0 != segment {
                return refuse("a folder name holds letters, digits, - and _ only");
            }
            segments.push(name.0);
        }
        if segments.len() > DEEPEST {
            return refuse("folders nest at most 32 deep");
        }
        Ok(Self(segments))
    }
}

impl Serialize for FolderPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FolderPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
