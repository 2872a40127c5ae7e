//! Changes on their way to the server, and back again.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::changes::{Change, ChangesResponse, Op, RefusedKind};

use super::draft::{Content, Draft};
use super::entry::Entry;
use super::undo::Step;
use super::{Secrets, Sheet};
use crate::api::changes::{Refusal, make};
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
    if draft.secret.is_some() {
        Op::Update
    } else {
        Op::Create
    }
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
        let mut changes = Vec::new();
        let mut stopped = None;
        for draft in &drafts {
            match untrack(|| draft.change()) {
                Ok(Some(change)) => {
                    writing.push((draft.clone(), untrack(|| draft.typed())));
                    changes.push(change);
                }
                Ok(None) => {}
                Err(why) => {
                    stopped.get_or_insert(draft.number);
                    draft.problem.set(Some(Problem::local(
                        format!("{} was not saved", untrack(|| draft.title())),
                        why,
                        "Change the name and save again.",
                    )));
                }
            }
        }
        if stopped.is_some() {
            self.wants_focus.set(stopped);
            return;
        }
        if changes.is_empty() {
            return self.discard_everything();
        }
        self.saving.set(true);
        spawn_local(async move {
            let answer = make(self.session, &place, changes).await;
            if self.saving.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(done) => {
                    let numbers: Vec<u64> = drafts.iter().map(|draft| draft.number).collect();
                    self.unsaved.close(&numbers);
                    self.learn_saved(&place, &writing, &done);
                    self.tell_done(place, &done);
                    focus_next("add-secret");
                }
                Err(refusal) => self.tell_refused(&place, &writing, &refusal).await,
            }
        });
    }

    fn learn_saved(self, place: &Place, writing: &[(Draft, Content)], done: &ChangesResponse) {
        if !self.is_at(place) {
            return;
        }
        let learned: Vec<Entry> = writing
            .iter()
            .zip(&done.applied)
            .map(|((_, content), applied)| {
                Entry::new(
                    applied.id,
                    applied.name.clone(),
                    content.comment.clone(),
                    content.tags.clone(),
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
            entries.extend(learned.into_iter().map(std::sync::Arc::new));
        });
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

    /// Says what is wrong, beside each form that it concerns.
    async fn tell_refused(self, place: &Place, writing: &[(Draft, Content)], refusal: &Refusal) {
        let problem = Problem::new("Nothing was saved", &refusal.error);
        let mut met = Vec::new();
        let mut told = 0;
        for refused in &refusal.refused {
            let Some((draft, _)) = writing.get(refused.index) else {
                continue;
            };
            told += 1;
            match refused.kind {
                RefusedKind::Stale => met.push(draft),
                RefusedKind::Missing | RefusedKind::Taken | RefusedKind::Denied | RefusedKind::Invalid => {
                    draft.problem.set(Some(Problem::local(
                        format!("{} was not saved", refused.name),
                        refused.reason.clone(),
                        match refused.kind {
                            RefusedKind::Taken => "Choose another name, or edit the secret that has it.",
                            RefusedKind::Missing => "Copy what you typed if you still need it, then cancel.",
                            _ => "Change what you entered and save again.",
                        },
                    )));
                }
            }
        }
        let problem = if told == 0 {
            problem
        } else {
            problem.with_next("Nothing is lost: decide where a form is marked, then save again.")
        };
        self.problem.set(Some(problem));
        if self.is_at(place) {
            self.refresh().await;
            for draft in met {
                self.meet(draft).await;
            }
        }
    }

    /// Makes changes that come from no form, then loads the list again. The answer says how it went.
    pub async fn commit(self, place: Place, changes: Vec<Change>) -> Result<ChangesResponse, Refusal> {
        let done = make(self.session, &place, changes).await?;
        if self.is_at(&place) {
            for applied in &done.applied {
                self.revealed.mask(applied.id);
            }
            self.refresh().await;
        }
        self.tell_done(place, &done);
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
        self.saving.set(true);
        spawn_local(async move {
            let answer = self.commit(place, vec![change]).await;
            if self.saving.try_set(false).is_some() {
                return;
            }
            self.sheet.set(Sheet::Nothing);
            match answer {
                Ok(_) => {
                    if let Some(draft) = self.unsaved.of(id) {
                        self.unsaved.close(&[draft.number]);
                    }
                    focus_next("add-secret");
                }
                Err(refusal) => {
                    let problem = Problem::new(format!("{name} was not deleted"), &refusal.error);
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
        match self.unsaved.undo().try_update_value(super::undo::UndoStack::pop) {
            Some(Some(step)) => self.take_back(step),
            _ => self.announcements.say("There is nothing to undo"),
        }
    }

    fn take_back(self, step: Step) {
        // The message that offers it outlives the page; without the page there is nothing to mark as busy.
        let _ = self.saving.try_set(true);
        spawn_local(async move {
            let answer = make(self.session, &step.place, step.changes.clone()).await;
            let _ = self.saving.try_set(false);
            match answer {
                Ok(_) => {
                    let _ = self.problem.try_set(None);
                    self.announcements
                        .say(format!("Undone in {}: {}", step.place.title(), step.what));
                    self.unsaved.touch();
                }
                Err(refusal) => {
                    let problem = Problem::new(format!("Not undone: {}", step.what), &refusal.error)
                        .with_next("Open the versions of the secret to set it back by hand.");
                    if let Some(Some(problem)) = self.problem.try_set(Some(problem)) {
                        self.announcements
                            .say(format!("{}. {}", problem.what, problem.why));
                    }
                }
            }
        });
    }
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
}
