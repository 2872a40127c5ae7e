//! Which of several answers is the newest: they may come in another order than they were asked for.

/// Counts what could make an answer old.
#[derive(Debug, Clone, Copy, Default)]
pub struct Freshness {
    asked: u64,
    changed: u64,
}

/// A question under way.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    asked: u64,
    changed: u64,
}

/// What an answer is worth when it is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It counts.
    Newest,
    /// Somebody asked again since; that answer counts.
    AskedAgain,
    /// What was asked about has changed since: it has to be asked again.
    Changed,
}

impl Freshness {
    /// Begins to ask.
    pub fn ask(&mut self) -> Ticket {
        self.asked += 1;
        Ticket {
            asked: self.asked,
            changed: self.changed,
        }
    }

    /// What is asked about has changed: answers under way may not know it yet.
    pub fn change(&mut self) {
        self.changed += 1;
    }

    /// Looks at an answer.
    pub fn worth(self, ticket: Ticket) -> Worth {
        if ticket.asked != self.asked {
            Worth::AskedAgain
        } else if ticket.changed != self.changed {
            Worth::Changed
        } else {
            Worth::Newest
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_answer_counts() {
        let mut freshness = Freshness::default();
        let first = freshness.ask();
        assert_eq!(freshness.worth(first), Worth::Newest);
        let second = freshness.ask();
        assert_eq!(freshness.worth(first), Worth::AskedAgain);
        freshness.change();
        assert_eq!(freshness.worth(first), Worth::AskedAgain);
        assert_eq!(freshness.worth(second), Worth::Changed);
        let third = freshness.ask();
        assert_eq!(freshness.worth(third), Worth::Newest);
    }
}
