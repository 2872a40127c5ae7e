//! What can be taken back: the saved changes of this visit, the last one first.

use shared::wire::changes::Change;

use crate::api::secrets::Place;

/// More steps than anybody walks back.
const MOST: usize = 50;

/// One saved change that can be taken back.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it happened.
    pub place: Place,
    /// What it was, such as `2 created`.
    pub what: String,
    /// The changes that take it back.
    pub changes: Vec<Change>,
    number: u64,
}

/// The steps.
#[derive(Debug, Clone, Default)]
pub struct UndoStack {
    steps: Vec<Step>,
    last: u64,
}

impl UndoStack {
    /// Remembers a step; the number finds it again.
    pub fn push(&mut self, place: Place, what: String, changes: Vec<Change>) -> u64 {
        self.last += 1;
        if self.steps.len() >= MOST {
            self.steps.remove(0);
        }
        self.steps.push(Step {
            place,
            what,
            changes,
            number: self.last,
        });
        self.last
    }

    /// Takes the last step out.
    pub fn pop(&mut self) -> Option<Step> {
        self.steps.pop()
    }

    /// Puts a step back that could not be taken now.
    pub fn put_back(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Takes one step out, wherever it stands: the message that offered it may be older than the last one.
    pub fn take(&mut self, number: u64) -> Option<Step> {
        let at = self.steps.iter().position(|step| step.number == number)?;
        Some(self.steps.remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(stack: &mut UndoStack) -> Vec<String> {
        std::iter::from_fn(|| stack.pop()).map(|step| step.what).collect()
    }

    #[test]
    fn the_last_step_comes_first_and_each_once() {
        let mut stack = UndoStack::default();
        assert!(stack.pop().is_none());
        let first = stack.push(Place::default(), "first".to_owned(), Vec::new());
        stack.push(Place::default(), "second".to_owned(), Vec::new());
        stack.push(Place::default(), "third".to_owned(), Vec::new());
        assert_eq!(stack.take(first).map(|step| step.what).as_deref(), Some("first"));
        assert!(stack.take(first).is_none(), "a step cannot be taken back twice");
        assert_eq!(whats(&mut stack), ["third", "second"]);
    }

    #[test]
    fn old_steps_are_forgotten() {
        let mut stack = UndoStack::default();
        for number in 0..MOST + 3 {
            stack.push(Place::default(), number.to_string(), Vec::new());
        }
        let whats = whats(&mut stack);
        assert_eq!(whats.len(), MOST);
        assert_eq!(whats.last().map(String::as_str), Some("3"));
    }
}
