//! A secret that is being written: what was typed, and the change that comes of it.

use std::str::FromStr;

use leptos::prelude::*;
use shared::model::ids::SecretId;
use shared::model::names::SecretName;
use shared::model::text::SecretText;
use shared::wire::changes::Change;
use shared::wire::secrets::Secret;

use crate::plaintext;
use crate::problem::Problem;

/// A secret as it was when its form was opened.
#[derive(Debug, Clone)]
pub struct Original {
    /// Id.
    pub id: SecretId,
    /// Version; the server refuses the change when it is no longer the current one.
    pub version: i64,
    /// What it held.
    pub content: Content,
}

/// What a secret holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// Name.
    pub name: String,
    /// Value.
    pub value: SecretText,
    /// Comment.
    pub comment: SecretText,
    /// Slugs of its tags.
    pub tags: Vec<String>,
}

impl From<&Secret> for Content {
    fn from(secret: &Secret) -> Self {
        let mut tags: Vec<String> = secret.tags.iter().map(|tag| tag.slug.clone()).collect();
        tags.sort();
        Self {
            name: secret.secret_key.clone(),
            value: secret.secret_value.clone(),
            comment: secret.secret_comment.clone(),
            tags,
        }
    }
}

impl From<&Secret> for Original {
    fn from(secret: &Secret) -> Self {
        Self {
            id: secret.id,
            version: secret.version,
            content: secret.into(),
        }
    }
}

/// The change that makes `typed` of `original`: none when nothing differs, or the reason why there cannot be one.
pub fn change(original: Option<&Original>, typed: Content) -> Result<Option<Change>, String> {
    let Some(original) = original else {
        if typed == Content::default() {
            return Ok(None);
        }
        return Ok(Some(Change::Create {
            name: checked(&typed.name)?,
            value: typed.value,
            comment: (!typed.comment.is_empty()).then_some(typed.comment),
            tag_slugs: (!typed.tags.is_empty()).then_some(typed.tags),
        }));
    };
    let before = &original.content;
    if typed == *before {
        return Ok(None);
    }
    let name = checked(&typed.name)?;
    Ok(Some(Change::Update {
        id: original.id,
        version: original.version,
        name: (name != before.name).then_some(name),
        value: (typed.value != before.value).then_some(typed.value),
        comment: (typed.comment != before.comment).then_some(typed.comment),
        tag_slugs: (typed.tags != before.tags).then_some(typed.tags),
    }))
}

fn checked(name: &str) -> Result<String, String> {
    SecretName::from_str(name)
        .map(|name| name.to_string())
        .map_err(|reason| reason.to_string())
}

/// A form. Its text lives here and not in the page: a row that is scrolled out of sight is not drawn.
#[derive(Debug, Clone)]
pub struct Draft {
    /// A number of its own.
    pub number: u64,
    /// The secret that it changes; none for a new one.
    pub secret: Option<SecretId>,
    /// The secret as it was.
    pub original: ArcRwSignal<Option<Original>>,
    /// The name.
    pub name: ArcRwSignal<String>,
    /// The value.
    pub value: ArcRwSignal<String>,
    /// The comment.
    pub comment: ArcRwSignal<String>,
    /// The tags, sorted.
    pub tags: ArcRwSignal<Vec<String>>,
    /// Why it was not saved.
    pub problem: ArcRwSignal<Option<Problem>>,
    /// What somebody else made of the secret in the meantime.
    pub theirs: ArcRwSignal<Option<Original>>,
}

impl Draft {
    /// An empty form.
    pub fn new(number: u64, secret: Option<SecretId>) -> Self {
        Self {
            number,
            secret,
            original: ArcRwSignal::new(None),
            name: ArcRwSignal::new(String::new()),
            value: ArcRwSignal::new(String::new()),
            comment: ArcRwSignal::new(String::new()),
            tags: ArcRwSignal::new(Vec::new()),
            problem: ArcRwSignal::new(None),
            theirs: ArcRwSignal::new(None),
        }
    }

    /// A form that starts from a secret as it is.
    pub fn of(number: u64, secret: &Secret) -> Self {
        let draft = Self::new(number, Some(secret.id));
        let original = Original::from(secret);
        draft.fill(&original.content);
        draft.original.set(Some(original));
        draft
    }

    /// A form of a new secret with some text in it.
    pub fn with(number: u64, content: &Content) -> Self {
        let draft = Self::new(number, None);
        draft.fill(content);
        draft
    }

    fn fill(&self, content: &Content) {
        self.name.set(content.name.clone());
        self.value.set(plaintext::in_field(&content.value));
        self.comment.set(plaintext::in_field(&content.comment));
        self.tags.set(content.tags.clone());
    }

    /// What was typed so far.
    pub fn typed(&self) -> Content {
        Content {
            name: self.name.get(),
            value: SecretText::new(self.value.get()),
            comment: SecretText::new(self.comment.get()),
            tags: self.tags.get(),
        }
    }

    /// The change that comes of it; see [`change`].
    pub fn change(&self) -> Result<Option<Change>, String> {
        self.original
            .with(|original| change(original.as_ref(), self.typed()))
    }

    /// Whether anything would be lost with it.
    pub fn is_dirty(&self) -> bool {
        !matches!(self.change(), Ok(None))
    }

    /// How it is called in messages.
    pub fn title(&self) -> String {
        let name = self.name.get();
        if name.trim().is_empty() {
            "The new secret".to_owned()
        } else {
            name
        }
    }

    /// Somebody else changed the secret: says so, and keeps what was typed.
    pub fn met(&self, theirs: Original) {
        self.theirs.set(Some(theirs));
    }

    /// Goes on from the other person's version: saving then replaces it.
    pub fn keep_mine(&self) {
        if let Some(theirs) = self.theirs.get_untracked() {
            self.original.set(Some(theirs));
            self.theirs.set(None);
            self.problem.set(None);
        }
    }

    /// Gives up what was typed for what the other person saved.
    pub fn take_theirs(&self) {
        if let Some(theirs) = self.theirs.get_untracked() {
            self.fill(&theirs.content);
            self.keep_mine();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(name: &str, value: &str) -> Content {
        Content {
            name: name.to_owned(),
            value: SecretText::from(value),
            ..Content::default()
        }
    }

    fn original() -> Original {
        Original {
            id: SecretId::from_random([1; 16]),
            version: 3,
            content: content("DB_URL", "old"),
        }
    }

    #[test]
    fn names_that_nobody_could_address_are_refused() {
        for name in [".", "..", " .. ", "", "a\nb"] {
            assert!(change(None, content(name, "x")).is_err(), "{name:?}");
            assert!(
                change(Some(&original()), content(name, "old")).is_err(),
                "{name:?}"
            );
        }
    }

    #[test]
    fn an_untouched_form_changes_nothing() {
        assert_eq!(change(None, Content::default()), Ok(None));
        assert_eq!(change(Some(&original()), original().content), Ok(None));
    }

    #[test]
    fn a_new_secret_is_created_with_what_was_typed() {
        let typed = Content {
            comment: SecretText::from("main"),
            ..content(" DB_URL ", "x")
        };
        assert_eq!(
            change(None, typed),
            Ok(Some(Change::Create {
                name: "DB_URL".to_owned(),
                value: SecretText::from("x"),
                comment: Some(SecretText::from("main")),
                tag_slugs: None,
            }))
        );
    }

    #[test]
    fn a_change_sends_what_differs_and_the_version_that_was_seen() {
        let typed = Content {
            tags: vec!["db".to_owned()],
            ..content("DB_URL", "new")
        };
        assert_eq!(
            change(Some(&original()), typed),
            Ok(Some(Change::Update {
                id: original().id,
                version: 3,
                name: None,
                value: Some(SecretText::from("new")),
                comment: None,
                tag_slugs: Some(vec!["db".to_owned()]),
            }))
        );
    }

    #[test]
    fn a_comment_can_be_taken_away() {
        let mut before = original();
        before.content.comment = SecretText::from("old words");
        let change = change(Some(&before), content("DB_URL", "old"));
        assert!(
            matches!(&change, Ok(Some(Change::Update { comment: Some(comment), value: None, .. })) if comment.is_empty()),
            "{change:?}"
        );
    }

    #[test]
    fn of_two_writers_the_second_decides() {
        let draft = Draft::new(1, Some(original().id));
        draft.fill(&content("DB_URL", "mine"));
        draft.original.set(Some(original()));
        let mut theirs = original();
        theirs.version = 4;
        theirs.content.value = SecretText::from("theirs");
        draft.met(theirs);
        assert!(matches!(
            draft.change(),
            Ok(Some(Change::Update { version: 3, .. }))
        ));
        let other = draft.clone();
        draft.keep_mine();
        assert!(matches!(
            draft.change(),
            Ok(Some(Change::Update { version: 4, .. }))
        ));
        assert!(draft.theirs.get_untracked().is_none());
        let mut latest = original();
        latest.version = 5;
        other.met(latest);
        other.take_theirs();
        assert_eq!(other.change(), Ok(None));
    }
}
