//! Scenarios as rows: what is asked, what must come back, what must not, and what must be on record.

use crate::app::{CANARY, Call, TestApp};

/// One row.
pub struct Scenario<'a> {
    name: &'a str,
    call: Call,
    status: u16,
    contains: Vec<&'a str>,
    excludes: Vec<&'a str>,
    events: Vec<&'a str>,
}

/// A request that must be refused, with Infisical's word for it, and must leave no trace.
pub fn refused<'a>(name: &'a str, call: Call, status: u16, error: &'a str) -> Scenario<'a> {
    Scenario {
        name,
        call,
        status,
        contains: vec![error],
        excludes: Vec::new(),
        events: Vec::new(),
    }
}

/// A request that must be answered, and what it must leave on record.
pub fn accepted<'a>(name: &'a str, call: Call, events: &[&'a str]) -> Scenario<'a> {
    Scenario {
        name,
        call,
        status: 200,
        contains: Vec::new(),
        excludes: Vec::new(),
        events: events.to_vec(),
    }
}

impl<'a> Scenario<'a> {
    /// The answer must also contain these.
    pub fn saying(mut self, texts: &[&'a str]) -> Self {
        self.contains.extend(texts);
        self
    }

    /// The answer must not contain these.
    pub fn hiding(mut self, texts: &[&'a str]) -> Self {
        self.excludes.extend(texts);
        self
    }

    /// The refusal is on record.
    pub fn recorded(mut self, events: &[&'a str]) -> Self {
        self.events.extend(events);
        self
    }
}

/// Plays the rows in order. The canary may occur only in an answer that must contain it.
#[track_caller]
pub fn play(app: &TestApp, scenarios: Vec<Scenario>) {
    let mut before = app.events();
    for scenario in scenarios {
        // Past the seconds in which identical reads are counted together, so that each is on record by itself.
        app.app.clock.advance_seconds(11);
        let reply = app.send(scenario.call);
        let name = scenario.name;
        assert_eq!(reply.status, scenario.status, "{name}: {}", reply.text);
        for text in &scenario.contains {
            assert!(reply.text.contains(text), "{name} lacks {text}: {}", reply.text);
        }
        for text in &scenario.excludes {
            assert!(!reply.text.contains(text), "{name} shows {text}: {}", reply.text);
        }
        let expects_canary = scenario.contains.iter().any(|text| text.contains(CANARY));
        assert!(
            expects_canary || !reply.text.contains(CANARY),
            "{name}: {}",
            reply.text
        );
        if reply.status >= 400 {
            assert_eq!(reply.json["statusCode"], reply.status, "{name}: {}", reply.text);
            assert!(reply.at("/reqId").starts_with("req-"), "{name}: {}", reply.text);
        }
        let after = app.events();
        assert_eq!(after[before.len()..], scenario.events, "{name}");
        before = after;
    }
}
