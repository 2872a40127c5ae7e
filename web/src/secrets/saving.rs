//! Changes on their way to the server, and back again.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::changes::{Change, ChangesResponse, Op, Refused, RefusedKind};

use super::draft::{Content, Draft};
use super::entry::Entry;
use super::listing::neighbour;
use super::reading::row_id;
use super::undo::{Step, UndoStack};
use super::{Secrets, Sheet};
use crate::api::changes::{Refusal, make};
use crate::api::error::{Error, Kind};
use crate::api::secrets::Place;
use crate::components::focus::focus_next;
use crate::problem::Problem;

/// How many changes of which kind, in words: `3 created, 1 updated`.
pub fn summary(ops: impl Iterator<Item = Op>) -> String {
    let words = |op: Op| match op {
        Op::Create => "created",
        Op::Update => "updated",
        Op::Delete => "deleted",
        Op::Restore => "restored",
        Op::Revert => "set back",
    };
    let mut counts = std::collections::BTreeMap::new();
    for op in ops {
        *counts.entry(op).or_insert(0usize) += 1;
    }
    counts
        .into_iter()
        .map(|(op, count)| format!("{count} {}", words(op)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a form's change does.
fn op_of(draft: &Draft) -> Op {
    if draft.secret().is_some() {
        Op::Update
    } else {
        Op::Create
    }
}

/// Why changes were not made. Without an answer nobody knows whether they were: `unsure` says so.
pub fn not_made(what: impl Into<String>, unsure: impl Into<String>, error: &Error) -> Problem {
    match error.kind {
        Kind::Unreachable => Problem::new(unsure, error),
        _ => Problem::new(what, error),
    }
}

/// A form on its way.
struct Writing {
    draft: Draft,
    sent: Content,
    change: Change,
}

impl Secrets {
    /// What would be saved, in words; none when that is nothing.
    pub fn pending(self) -> Option<String> {
        let dirty: Vec<Draft> = self.drafts().into_iter().filter(Draft::is_dirty).collect();
        (!dirty.is_empty()).then(|| summary(dirty.iter().map(op_of)))
    }

    /// Saves all forms of this place, together or not at all.
    pub fn save(self) {
        if self.saving.get_untracked() {
            return;
        }
        self.problem.set(None);
        let place = self.place.get_untracked();
        let drafts = untrack(|| self.drafts());
        let mut writing = Vec::new();
        let mut stopped = None;
        for draft in &drafts {
            draft.problem.set(None);
            match untrack(|| writing_of(draft)) {
                Ok(found) => writing.extend(found),
                Err(problem) => {
                    stopped.get_or_insert(draft.number);
                    draft.problem.set(Some(problem));
                }
            }
        }
        if stopped.is_some() {
            self.wants_focus.set(stopped);
            return;
        }
        if writing.is_empty() {
            return self.discard_everything();
        }
        self.saving.set(true);
        let visit = self.unsaved.visit();
        let tags = writing.iter().flat_map(new_tags).collect();
        let changes = writing.iter().map(|form| form.change.clone()).collect();
        spawn_local(async move {
            if let Err(error) = self.make_tags(&place.project, tags).await {
                let _ = self.saving.try_set(false);
                return self.report(&place, Problem::new("Nothing was saved", &error), &error);
            }
            let answer = make(self.session, &place, changes).await;
            match answer {
                // Whoever saved is not here any more.
                _ if self.unsaved.visit() != visit => {}
                Ok(done) => {
                    // What does not need the page comes first: it may be gone by now.
                    self.close_saved(&drafts, &writing, &done);
                    self.learn_saved(&place, &writing, &done);
                    self.focus_saved(&place, &done);
                    self.tell_done(place, &done);
                }
                Err(refusal) => self.tell_refused(&place, &writing, &refusal).await,
            }
            let _ = self.saving.try_set(false);
        });
    }

    /// Closes the forms that say nothing else than what is saved now.
    fn close_saved(self, drafts: &[Draft], writing: &[Writing], done: &ChangesResponse) {
        for (form, applied) in writing.iter().zip(&done.applied) {
            form.draft.saved(applied.id, applied.version, form.sent.clone());
        }
        let closed: Vec<u64> = drafts
            .iter()
            .filter(|draft| untrack(|| !draft.is_dirty()))
            .map(|draft| draft.number)
            .collect();
        self.unsaved.close(&closed);
    }

    fn learn_saved(self, place: &Place, writing: &[Writing], done: &ChangesResponse) {
        if !self.is_at(place) {
            return;
        }
        let learned: Vec<Entry> = writing
            .iter()
            .zip(&done.applied)
            .map(|(form, applied)| {
                Entry::new(
                    applied.id,
                    applied.name.clone(),
                    form.sent.comment.clone(),
                    form.sent.tags.clone(),
                    applied.version,
                )
            })
            .collect();
        let ids: Vec<_> = learned.iter().map(|entry| entry.id).collect();
        for id in &ids {
            self.revealed.mask(*id);
        }
        self.update(|entries| {
            entries.retain(|entry| !ids.contains(&entry.id));
            entries.extend(learned.into_iter().map(Arc::new));
        });
        self.has_changed();
    }

    /// The focus goes to the row of what was saved: of several, to the one that was worked on. New secrets were typed above
    /// the list, where the next one may follow.
    fn focus_saved(self, place: &Place, done: &ChangesResponse) {
        if !self.is_at(place) {
            return;
        }
        let updated = || done.applied.iter().filter(|applied| applied.op == Op::Update);
        let active = self.active.get_untracked();
        let row = updated()
            .find(|applied| Some(applied.id) == active)
            .or_else(|| updated().next())
            .and_then(|applied| self.entry(applied.id));
        focus_next(row.map_or_else(|| "add-secret".to_owned(), |entry| row_id(&entry)));
    }

    /// Says what was done, and offers to take it back.
    fn tell_done(self, place: Place, done: &ChangesResponse) {
        let what = match done.applied.as_slice() {
            [one] => format!(
                "{} {}",
                match one.op {
                    Op::Create | Op::Update => "Saved",
                    Op::Delete => "Deleted",
                    Op::Restore => "Restored",
                    Op::Revert => "Set back",
                },
                one.name
            ),
            many => format!("Saved: {}", summary(many.iter().map(|applied| applied.op))),
        };
        let undo = self.unsaved.undo();
        let Some(number) = undo.try_update_value(|stack| stack.push(place, what.clone(), done.undo.clone()))
        else {
            return;
        };
        self.announcements.say_with_undo(what, move |()| {
            if let Some(Some(step)) = undo.try_update_value(|stack| stack.take(number)) {
                self.take_back(step);
            }
        });
    }

    /// Says why changes were not made: in the bar, or as a message when the page shows another place by now.
    fn report(self, place: &Place, problem: Problem, error: &Error) {
        if self.is_at(place) {
            let _ = self.problem.try_set(Some(problem));
        } else if error.kind != Kind::SignedOut {
            self.announcements
                .say(format!("{}: {}. {}", place.title(), problem.what, problem.why));
        }
    }

    /// Says what is wrong, beside each form that it concerns.
    async fn tell_refused(self, place: &Place, writing: &[Writing], refusal: &Refusal) {
        let mut problem = not_made(
            "Nothing was saved",
            "It is not known whether this was saved",
            &refusal.error,
        );
        if refusal.error.kind == Kind::Unreachable {
            for form in writing {
                form.draft.unsure.set(true);
            }
            problem = problem.with_next(
                "What you typed is still here. Check that the server runs and that this device reaches it, then save \
                 again: what was saved already is noticed.",
            );
        }
        let told: Vec<(&Draft, &Refused)> = refusal
            .refused
            .iter()
            .filter_map(|refused| Some((&writing.get(refused.index)?.draft, refused)))
            .collect();
        for (draft, refused) in &told {
            // What is stale is told with what it is now, which has to be read first.
            if refused.kind != RefusedKind::Stale {
                draft.problem.set(Some(problem_of(refused)));
            }
        }
        if !told.is_empty() {
            problem = problem.with_next("Nothing is lost: decide where a form is marked, then save again.");
        }
        self.report(place, problem, &refusal.error);
        if !self.is_at(place) {
            return;
        }
        self.load_tags();
        self.refresh().await;
        for Writing { draft, .. } in writing {
            let refused = told.iter().find(|(other, _)| other.number == draft.number);
            self.find_out(place, draft, refused.map(|(_, refused)| refused.kind))
                .await;
        }
        let saved: Vec<u64> = writing
            .iter()
            .filter(|form| untrack(|| !form.draft.is_dirty()))
            .map(|form| form.draft.number)
            .collect();
        self.unsaved.close(&saved);
        if saved.len() == writing.len() {
            let _ = self.problem.try_set(None);
            self.announcements.say("What you typed was saved already");
        }
    }

    /// Looks what became of the secret of a form that was not saved, or perhaps was.
    async fn find_out(self, place: &Place, draft: &Draft, refused: Option<RefusedKind>) {
        let unsure = draft.unsure.get_untracked();
        let stale = matches!(refused, Some(RefusedKind::Stale | RefusedKind::Missing));
        match untrack(|| draft.secret()) {
            Some(id) if stale || unsure => {
                self.meet(place, draft, id).await;
            }
            None if unsure => self.meet_namesake(place, draft).await,
            _ => {}
        }
        if draft.gone.get_untracked() {
            // The form says so itself.
            draft.problem.set(None);
        }
    }

    /// Makes changes that come from no form, then loads the list again. The answer says how it went.
    pub async fn commit(self, place: Place, changes: Vec<Change>) -> Result<ChangesResponse, Refusal> {
        let visit = self.unsaved.visit();
        let done = make(self.session, &place, changes).await?;
        if self.is_at(&place) {
            for applied in &done.applied {
                self.revealed.mask(applied.id);
            }
        }
        if self.unsaved.visit() == visit {
            self.tell_done(place, &done);
        }
        // Even of another place: it may have come to be as a folder of this one.
        self.has_changed();
        self.refresh().await;
        Ok(done)
    }

    /// Deletes a secret; the message offers to take it back.
    pub fn delete(self, entry: &Entry) {
        let change = Change::Delete {
            id: entry.id,
            version: None,
        };
        let (id, name) = (entry.id, entry.name.clone());
        let place = self.place.get_untracked();
        let next = untrack(|| {
            let search = self.search.get();
            self.with_entries(|entries| neighbour(entries, &search, id))
        });
        self.saving.set(true);
        spawn_local(async move {
            let answer = self.commit(place.clone(), vec![change]).await;
            if let (Ok(_), Some(draft)) = (&answer, self.unsaved.of(id)) {
                self.unsaved.close(&[draft.number]);
            }
            if self.saving.try_set(false).is_some() || !self.is_at(&place) {
                return;
            }
            self.sheet.set(Sheet::Nothing);
            match answer {
                Ok(_) => {
                    self.active.set(next.as_ref().map(|entry| entry.id));
                    focus_next(next.map_or_else(|| "add-secret".to_owned(), |entry| row_id(&entry)));
                }
                Err(refusal) => {
                    let problem = not_made(
                        format!("{name} was not deleted"),
                        format!("It is not known whether {name} was deleted"),
                        &refusal.error,
                    );
                    self.set_trouble(id, Some(problem));
                }
            }
        });
    }

    /// Takes the last saved change back.
    pub fn undo(self) {
        if self.saving.get_untracked() {
            return;
        }
        match self.unsaved.undo().try_update_value(UndoStack::pop) {
            Some(Some(step)) => self.take_back(step),
            _ => self.announcements.say("There is nothing to undo"),
        }
    }

    fn take_back(self, step: Step) {
        // The message that offers it outlives the page; without the page there is nothing to mark as busy.
        let _ = self.saving.try_set(true);
        let visit = self.unsaved.visit();
        spawn_local(async move {
            let answer = make(self.session, &step.place, step.changes.clone()).await;
            let _ = self.saving.try_set(false);
            if self.unsaved.visit() != visit {
                return;
            }
            match answer {
                Ok(_) => {
                    let _ = self.problem.try_set(None);
                    self.announcements
                        .say(format!("Undone in {}: {}", step.place.title(), step.what));
                    self.unsaved.touch();
                }
                Err(refusal) => {
                    let mut problem = not_made(
                        format!("Not undone: {}", step.what),
                        format!("It is not known whether this was undone: {}", step.what),
                        &refusal.error,
                    );
                    if can_be_tried_again(refusal.error.kind) {
                        let _ = self.unsaved.undo().try_update_value(|stack| stack.put_back(step));
                    } else {
                        problem =
                            problem.with_next("Open the versions of the secret to set it back by hand.");
                    }
                    if let Some(Some(problem)) = self.problem.try_set(Some(problem)) {
                        self.announcements
                            .say(format!("{}. {}", problem.what, problem.why));
                    }
                }
            }
        });
    }
}

/// What a form would send; none when nothing differs, or why it cannot be sent. The tag that is being typed counts.
fn writing_of(draft: &Draft) -> Result<Option<Writing>, Problem> {
    let refused =
        |why: String, next: &str| Problem::local(format!("{} was not saved", draft.title()), why, next);
    draft
        .take_new_tag()
        .map_err(|why| refused(why, "Change the new tag and save again."))?;
    let change = draft
        .change()
        .map_err(|why| refused(why, "Change the name and save again."))?;
    Ok(change.map(|change| Writing {
        draft: draft.clone(),
        sent: draft.typed(),
        change,
    }))
}

/// Tags that the secret did not have before.
fn new_tags(form: &Writing) -> Vec<String> {
    let mut tags = form.sent.tags.clone();
    form.draft.original.with_untracked(|original| {
        if let Some(original) = original {
            tags.retain(|tag| !original.content.tags.contains(tag));
        }
    });
    tags
}

fn problem_of(refused: &Refused) -> Problem {
    Problem::local(
        format!("{} was not saved", refused.name),
        refused.reason.clone(),
        match refused.kind {
            RefusedKind::Taken => "Choose another name, or edit the secret that has it.",
            _ => "Change what you entered and save again.",
        },
    )
}

/// Whether the same request may well succeed later.
fn can_be_tried_again(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Unreachable | Kind::Unavailable | Kind::TooMany | Kind::SignedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_by_kind() {
        assert_eq!(
            summary([Op::Update, Op::Create, Op::Create, Op::Create].into_iter()),
            "3 created, 1 updated"
        );
        assert_eq!(summary([Op::Delete].into_iter()), "1 deleted");
        assert_eq!(summary([].into_iter()), "");
    }

    #[test]
    fn without_an_answer_nobody_knows() {
        let problem = |error: &Error| not_made("Nothing was saved", "It is not known", error).what;
        assert_eq!(problem(&Error::unreachable()), "It is not known");
        assert_eq!(problem(&Error::not_understood()), "Nothing was saved");
    }

    #[test]
    fn a_form_is_sent_with_the_tag_that_is_being_typed() {
        let draft = Draft::new(1);
        assert!(matches!(writing_of(&draft), Ok(None)));
        draft.name.set("A".to_owned());
        draft.new_tag.set("db".to_owned());
        let form = writing_of(&draft).ok().flatten();
        let form = form.expect("something was typed");
        assert!(
            matches!(&form.change, Change::Create { tag_slugs: Some(tags), .. } if *tags == ["db"]),
            "{:?}",
            form.change
        );
        assert_eq!(new_tags(&form), ["db"]);
        draft.new_tag.set("no tag".to_owned());
        assert!(writing_of(&draft).is_err());
    }
}
