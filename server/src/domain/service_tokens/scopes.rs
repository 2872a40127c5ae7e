//! Where a service token works: environments, each with a folder or a pattern of folders.

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};
use shared::model::names::{EnvSlug, FolderPath};

use crate::domain::Error;

/// Longest pattern.
const PATTERN_LIMIT: usize = 512;
/// Most scopes of a token.
const SCOPES_LIMIT: usize = 100;

/// A scope in words, as people write it and as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Slug of the environment.
    pub environment: String,
    /// Folder or pattern.
    pub path: String,
}

/// One environment and the folders in it.
#[derive(Debug, Clone)]
pub struct Scope {
    environment: String,
    folders: Folders,
}

#[derive(Debug, Clone)]
enum Folders {
    /// Exactly this one, not those in it.
    One(FolderPath),
    /// Those that a pattern fits.
    Fitting {
        text: String,
        /// The pattern, and for one that ends in `/**` also what stands before.
        patterns: Vec<GlobMatcher>,
        /// Whether it fits the top folder, which has no name that a `*` could stand for.
        top: bool,
    },
}

impl Scope {
    fn parse(words: &Words) -> Result<Self, Error> {
        let environment: EnvSlug = words
            .environment
            .parse()
            .map_err(|error| Error::invalid("scopes", &error))?;
        let folders = if words.path.contains(['*', '?', '{', '}']) {
            fitting(&words.path)?
        } else {
            let path = words
                .path
                .parse()
                .map_err(|error| Error::invalid("scopes", &error))?;
            Folders::One(path)
        };
        Ok(Self {
            environment: environment.to_string(),
            folders,
        })
    }

    /// Slug of the environment.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The same folders in the environment that a usual name for it means.
    #[must_use]
    pub fn meaning(self, environment: &str) -> Self {
        Self {
            environment: environment.to_owned(),
            ..self
        }
    }

    /// The folder, when it is one and no pattern.
    pub fn folder(&self) -> Option<&FolderPath> {
        match &self.folders {
            Folders::One(path) => Some(path),
            Folders::Fitting { .. } => None,
        }
    }

    /// Whether a folder of an environment lies in it.
    pub fn covers(&self, environment: &str, path: &FolderPath) -> bool {
        if self.environment != environment {
            return false;
        }
        match &self.folders {
            Folders::One(folder) => folder == path,
            Folders::Fitting { top, .. } if path.segments().is_empty() => *top,
            Folders::Fitting { patterns, .. } => {
                let path = path.to_string();
                patterns.iter().any(|pattern| pattern.is_match(&path))
            }
        }
    }

    fn words(&self) -> Words {
        Words {
            environment: self.environment.clone(),
            path: match &self.folders {
                Folders::One(path) => path.to_string(),
                Folders::Fitting { text, .. } => text.clone(),
            },
        }
    }
}

fn refused(reason: &str) -> Error {
    Error::Invalid {
        field: "scopes",
        reason: reason.to_owned(),
    }
}

/// A pattern in its canonical spelling: `*` and `?` stay within a folder's name, `**` goes through any number of
/// folders, none included, and `{a,b}` is either. Nothing else is special, and nothing else is allowed.
fn fitting(text: &str) -> Result<Folders, Error> {
    if text.len() > PATTERN_LIMIT {
        return Err(refused("a pattern of folders has at most 512 characters"));
    }
    let segments: Vec<&str> = text.trim().split('/').filter(|part| !part.is_empty()).collect();
    let top = segments.iter().all(|segment| *segment == "**");
    let text = format!("/{}", segments.join("/"));
    let known = |c: char| c.is_ascii_alphanumeric() || "-_/*?{},".contains(c);
    if !text.chars().all(known) {
        return Err(refused(
            "a pattern of folders holds letters, digits, - and _, and *, **, ? and {a,b}",
        ));
    }
    let mut patterns = vec![compiled(&text)?];
    if let Some(before) = text.strip_suffix("/**") {
        patterns.push(compiled(before)?);
    }
    Ok(Folders::Fitting { text, patterns, top })
}

fn compiled(pattern: &str) -> Result<GlobMatcher, Error> {
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(false)
        .build()
        .map_err(|error| refused(&format!("not a pattern of folders: {}", error.kind())))?;
    Ok(glob.compile_matcher())
}

/// Reads the scopes of a new token. None at all would open nothing, so it is a mistake.
pub fn parse(words: &[Words]) -> Result<Vec<Scope>, Error> {
    if words.is_empty() || words.len() > SCOPES_LIMIT {
        return Err(refused(
            "give 1 to 100 scopes. An empty list would open nothing, so it is not taken for everything",
        ));
    }
    words.iter().map(Scope::parse).collect()
}

/// The text that is stored.
pub fn to_text(scopes: &[Scope]) -> Result<String, Error> {
    let words: Vec<Words> = scopes.iter().map(Scope::words).collect();
    serde_json::to_string(&words).map_err(|error| damaged(&error))
}

/// The scopes of a stored text.
pub fn from_text(text: &str) -> Result<Vec<Scope>, Error> {
    words_of(text)?.iter().map(Scope::parse).collect()
}

/// The words of a stored text.
pub fn words_of(text: &str) -> Result<Vec<Words>, Error> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> Error {
    Error::Store(crate::store::Error::Sql(format!(
        "the scopes of a service token are unreadable: {error}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(path: &str) -> Result<Scope, Error> {
        Scope::parse(&Words {
            environment: "dev".into(),
            path: path.into(),
        })
    }

    fn covers(pattern: &str, path: &str) -> bool {
        scope(pattern).unwrap().covers("dev", &path.parse().unwrap())
    }

    #[test]
    fn a_folder_is_itself_alone() {
        for (pattern, path, expected) in [
            ("/", "/", true),
            ("", "/", true),
            ("/", "/a", false),
            ("a/", "/a", true),
            ("/a", "/a/b", false),
            ("/a", "/A", false),
        ] {
            assert_eq!(covers(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn patterns_fit_as_picomatch_has_them() {
        for (pattern, path, expected) in [
            ("/**", "/", true),
            ("/**", "/a/b/c", true),
            ("**", "/a", true),
            ("/*", "/", false),
            ("/{,a}", "/", false),
            ("/**/*", "/", false),
            ("/**/*", "/a", true),
            ("/**/**", "/", true),
            ("/*", "/a", true),
            ("/*", "/a/b", false),
            ("/a/**", "/a", true),
            ("/a/**", "/a/b/c", true),
            ("/a/**", "/ab", false),
            ("/a/**", "/b/a/c", false),
            ("/**/db", "/db", true),
            ("/**/db", "/a/b/db", true),
            ("/**/db", "/a/b/db/x", false),
            ("/a/*/c", "/a/b/c", true),
            ("/a/*/c", "/a/b/b/c", false),
            ("/a?", "/ab", true),
            ("/a?", "/a", false),
            ("/?", "//", false),
            ("/{a,b}", "/b", true),
            ("/{a,b}", "/c", false),
            ("/{a,b}/**", "/a", true),
            ("/{a,b}/**", "/b/c", true),
            ("/app-*", "/app-1", true),
            ("/app-*", "/app", false),
        ] {
            assert_eq!(covers(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn another_environment_is_never_covered() {
        assert!(!scope("/**").unwrap().covers("prod", &FolderPath::root()));
        assert!(!scope("/**").unwrap().covers("Dev", &FolderPath::root()));
        assert!(!scope("/**").unwrap().covers("", &FolderPath::root()));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in [
            "/a/..",
            "/*/..",
            "/.*",
            "/a\\*",
            "/[ab]*",
            "/!(a)*",
            "/a b*",
            "/{a",
            "/a}",
            "/%2e%2e/*",
            &"*".repeat(600),
        ] {
            assert!(scope(bad).is_err(), "{bad}");
        }
        for environment in ["", "*", "Dev", "dev prod"] {
            let words = Words {
                environment: environment.into(),
                path: "/".into(),
            };
            assert!(Scope::parse(&words).is_err(), "{environment}");
        }
    }

    #[test]
    fn an_empty_allow_list_is_a_mistake_and_not_everything() {
        assert!(matches!(parse(&[]), Err(Error::Invalid { field: "scopes", .. })));
        assert!(from_text("[]").unwrap().is_empty());
    }

    #[test]
    fn stored_and_read_again_in_one_spelling() {
        let words: Vec<Words> = ["a//b/", " /**/ "]
            .map(|path| Words {
                environment: " dev ".into(),
                path: path.into(),
            })
            .to_vec();
        let text = to_text(&parse(&words).unwrap()).unwrap();
        let again = words_of(&text).unwrap();
        assert_eq!(again[0].path, "/a/b");
        assert_eq!(again[1].path, "/**");
        assert_eq!(again[0].environment, "dev");
        assert!(from_text("damaged").is_err());
    }
}
