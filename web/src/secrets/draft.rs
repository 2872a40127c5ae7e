//! A secret that is being written: what was typed, and the change that comes of it.

use std::str::FromStr;

use leptos::prelude::*;
use shared::model::ids::SecretId;
use shared::model::names::{SecretName, TagSlug};
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

impl Content {
    /// Whether both are stored as the same: the server removes white space around names and values.
    pub fn is_stored_as(&self, other: &Self) -> bool {
        self.name.trim() == other.name.trim()
            && self.value.normalized_value() == other.value.normalized_value()
            && self.comment.trimmed() == other.comment.trimmed()
            && self.tags == other.tags
    }

    /// What differs: how it is called, how it is here and how it is in the other one.
    pub fn differences(&self, other: &Self) -> Vec<(&'static str, SecretText, SecretText)> {
        let text = |text: &str| SecretText::from(text);
        let all = [
            ("Name", text(&self.name), text(&other.name)),
            ("Value", self.value.clone(), other.value.clone()),
            ("Comment", self.comment.clone(), other.comment.clone()),
            ("Tags", text(&self.tags.join("\n")), text(&other.tags.join("\n"))),
        ];
        all.into_iter().filter(|(_, here, there)| here != there).collect()
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
    /// Whether it began as the form of a new secret: such a form stays above the list.
    pub is_new: bool,
    /// The secret that it changes, as it was; none as long as there is none.
    pub original: ArcRwSignal<Option<Original>>,
    /// The name.
    pub name: ArcRwSignal<String>,
    /// The value.
    pub value: ArcRwSignal<String>,
    /// The comment.
    pub comment: ArcRwSignal<String>,
    /// The tags, sorted.
    pub tags: ArcRwSignal<Vec<String>>,
    /// The tag that is being typed: it is one of the tags as soon as the form is saved.
    pub new_tag: ArcRwSignal<String>,
    /// Why it was not saved.
    pub problem: ArcRwSignal<Option<Problem>>,
    /// What somebody else made of the secret in the meantime.
    pub theirs: ArcRwSignal<Option<Original>>,
    /// Whether somebody took the secret away in the meantime.
    pub gone: ArcRwSignal<bool>,
    /// Whether the answer to the last saving was lost: it may be saved.
    pub unsure: ArcRwSignal<bool>,
}

impl Draft {
    /// The empty form of a new secret.
    pub fn new(number: u64) -> Self {
        Self {
            number,
            is_new: true,
            original: ArcRwSignal::new(None),
            name: ArcRwSignal::new(String::new()),
            value: ArcRwSignal::new(String::new()),
            comment: ArcRwSignal::new(String::new()),
            tags: ArcRwSignal::new(Vec::new()),
            new_tag: ArcRwSignal::new(String::new()),
            problem: ArcRwSignal::new(None),
            theirs: ArcRwSignal::new(None),
            gone: ArcRwSignal::new(false),
            unsure: ArcRwSignal::new(false),
        }
    }

    /// A form that starts from a secret as it is.
    pub fn of(number: u64, original: Original) -> Self {
        let draft = Self {
            is_new: false,
            ..Self::new(number)
        };
        draft.fill(&original.content);
        draft.original.set(Some(original));
        draft
    }

    /// A form of a new secret with some text in it.
    pub fn with(number: u64, content: &Content) -> Self {
        let draft = Self::new(number);
        draft.fill(content);
        draft
    }

    /// The secret that it changes; none for a new one.
    pub fn secret(&self) -> Option<SecretId> {
        self.original
            .with(|original| original.as_ref().map(|original| original.id))
    }

    /// The version that it was opened from.
    pub fn version(&self) -> Option<i64> {
        self.original
            .with(|original| original.as_ref().map(|original| original.version))
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
        let tag = self.new_tag.with(|tag| !tag.trim().is_empty());
        tag || !matches!(self.change(), Ok(None))
    }

    /// Makes the tag that is being typed one of the tags, or says why it cannot be one.
    pub fn take_new_tag(&self) -> Result<(), String> {
        let typed = self.new_tag.get_untracked();
        if !typed.trim().is_empty() {
            let slug = TagSlug::from_str(&typed).map_err(|reason| reason.to_string())?;
            if self
                .tags
                .with_untracked(|tags| !tags.iter().any(|tag| tag == slug.as_str()))
            {
                self.switch_tag(slug.as_str());
            }
        }
        if !typed.is_empty() {
            self.new_tag.set(String::new());
        }
        Ok(())
    }

    /// Switches a tag on or off.
    pub fn switch_tag(&self, slug: &str) {
        self.tags.update(|tags| {
            if let Some(at) = tags.iter().position(|tag| tag == slug) {
                tags.remove(at);
            } else {
                tags.push(slug.to_owned());
                tags.sort();
            }
        });
    }

    /// What was sent is saved, as this version of this secret. When something else was typed since, the form goes on from
    /// what was saved.
    pub fn saved(&self, id: SecretId, version: i64, sent: Content) {
        self.original.set(Some(Original {
            id,
            version,
            content: sent,
        }));
        self.theirs.set(None);
        self.problem.set(None);
        self.gone.set(false);
        self.unsure.set(false);
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

    /// Somebody else changed the secret: says so, and keeps what was typed. When nothing was typed, the form simply shows
    /// what is there now; when they made the same of it, it is saved.
    pub fn met(&self, theirs: Original) {
        if untrack(|| self.version()) == Some(theirs.version) {
            return;
        }
        let typed = untrack(|| self.typed());
        let dirty = untrack(|| self.is_dirty());
        if theirs.content.is_stored_as(&typed) {
            return self.saved(theirs.id, theirs.version, typed);
        }
        self.theirs.set(Some(theirs));
        if !dirty {
            self.take_theirs();
        }
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
        let draft = Draft::of(1, original());
        draft.fill(&content("DB_URL", "mine"));
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

    #[test]
    fn the_same_change_by_somebody_else_is_saved() {
        let draft = Draft::of(1, original());
        draft.fill(&content("DB_URL", " new\n\n"));
        let theirs = |value: &str| Original {
            version: 4,
            content: content("DB_URL", value),
            ..original()
        };
        draft.met(theirs("new"));
        assert!(draft.theirs.get_untracked().is_some(), "a final newline counts");
        draft.met(theirs("new\n"));
        assert!(draft.theirs.get_untracked().is_none());
        assert!(!draft.is_dirty());
    }

    #[test]
    fn a_form_without_changes_shows_what_is_there_now() {
        let draft = Draft::of(1, original());
        let theirs = Original {
            version: 4,
            content: content("DB_URL", "theirs"),
            ..original()
        };
        draft.met(theirs);
        assert_eq!(draft.typed().value, SecretText::from("theirs"));
        assert!(draft.theirs.get_untracked().is_none());
        assert_eq!(draft.version(), Some(4));
    }

    #[test]
    fn what_is_typed_during_a_saving_stays() {
        let draft = Draft::new(1);
        draft.fill(&content("NEW", "first"));
        let sent = draft.typed();
        draft.value.set("second".to_owned());
        let id = SecretId::from_random([2; 16]);
        draft.saved(id, 1, sent);
        assert_eq!(draft.secret(), Some(id));
        assert!(
            matches!(draft.change(), Ok(Some(Change::Update { version: 1, name: None, value: Some(value), .. })) if value.is("second"))
        );
        draft.saved(id, 2, draft.typed());
        assert!(!draft.is_dirty());
    }

    #[test]
    fn a_typed_tag_counts_and_is_taken_when_saving() {
        let draft = Draft::of(1, original());
        assert!(!draft.is_dirty());
        draft.new_tag.set(" Data-Base ".to_owned());
        assert!(draft.is_dirty());
        assert_eq!(draft.take_new_tag(), Ok(()));
        assert_eq!(draft.typed().tags, ["data-base"]);
        draft.new_tag.set("data-base".to_owned());
        assert_eq!(draft.take_new_tag(), Ok(()));
        assert_eq!(draft.typed().tags, ["data-base"], "twice is once");
        draft.new_tag.set("no tag!".to_owned());
        assert!(draft.take_new_tag().is_err());
        assert_eq!(draft.new_tag.get_untracked(), "no tag!", "what was typed stays");
    }

    #[test]
    fn every_difference_is_told() {
        let mine = Content {
            tags: vec!["a".to_owned(), "b".to_owned()],
            comment: SecretText::from("words"),
            ..content("A", "x")
        };
        let names = |other: &Content| -> Vec<_> {
            mine.differences(other)
                .into_iter()
                .map(|(what, ..)| what)
                .collect()
        };
        assert_eq!(names(&mine), Vec::<&str>::new());
        assert_eq!(
            names(&Content {
                tags: Vec::new(),
                ..mine.clone()
            }),
            ["Tags"]
        );
        assert_eq!(names(&content("B", "y")), ["Name", "Value", "Comment", "Tags"]);
    }
}
