//! Generated requests against a model: whatever happens in whatever order, the server holds exactly what a plain map
//! holds. A seeded sample; thousands of requests with `STRONGROOM_TEST_LONG`.

mod paths;
mod references;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::{Reply, World, delete, get, patch, post};

/// A small generator of our own: the same requests on every machine, from one number.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap();
        choices[index].clone()
    }
}

const NAMES: [&str; 8] = [
    "A",
    "B_2",
    "with space",
    "dotted.name",
    "col:on",
    "ключ",
    "$1",
    "x'; --",
];
const VALUES: [&str; 7] = [
    "",
    "plain",
    "line\nbreak",
    "\"quoted\" 'both' `ticks`",
    "${A}",
    "🔑 ümläut",
    "0",
];
const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// What the server should hold: value and version by environment and name.
type Model = BTreeMap<(String, String), (String, i64)>;

fn path_of(name: &str) -> String {
    let encoded: Vec<String> = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/api/v3/secrets/raw/{}", encoded.concat())
}

/// How often something is tried: this often, or with `STRONGROOM_TEST_LONG` twenty times as often.
fn times(short: u64) -> u64 {
    if std::env::var_os("STRONGROOM_TEST_LONG").is_some() {
        short * 20
    } else {
        short
    }
}

#[test]
fn the_server_holds_what_a_map_holds() {
    let world = World::new();
    let project = world.project("Generated");
    let token = world.admin.clone();
    let seed = 0x5eed_0000_2026_1122;
    let mut random = Seeded(seed);
    let mut model = Model::new();
    for step in 0..times(250) {
        let environment = random.of(&ENVIRONMENTS);
        let name = random.of(&NAMES);
        let value = random.of(&VALUES);
        let at = (environment.to_owned(), name.to_owned());
        let body = json!({ "workspaceId": project.id, "environment": environment, "secretValue": value });
        let context = format!("seed {seed:#x} step {step}: {name:?} in {environment}");
        match random.below(10) {
            0..=2 => {
                let reply = world.send(post(&path_of(name), &body).token(&token));
                let expected = if model.contains_key(&at) { 400 } else { 200 };
                assert_eq!(reply.status, expected, "{context}");
                model.entry(at).or_insert_with(|| (value.to_owned(), 1));
            }
            3..=5 => {
                let stale = random.below(4) == 0;
                let mut body = body;
                if stale {
                    body["expectedVersion"] = json!(999);
                }
                let reply = world.send(patch(&path_of(name), &body).token(&token));
                match model.get_mut(&at) {
                    None => assert_eq!(reply.status, 404, "{context}"),
                    Some(_) if stale => assert_eq!(reply.status, 409, "{context}"),
                    Some(held) => {
                        assert_eq!(reply.status, 200, "{context}");
                        *held = (value.to_owned(), held.1 + 1);
                    }
                }
            }
            6 => {
                let reply = world.send(delete(&path_of(name), &body).token(&token));
                let expected = if model.remove(&at).is_some() { 200 } else { 404 };
                assert_eq!(reply.status, expected, "{context}");
            }
            7 => rename(&world, &project.id, &token, &mut random, &mut model, &context),
            _ => {
                let query = format!("?workspaceId={}&environment={environment}", project.id);
                let reply = world.send(get(&format!("{}{query}", path_of(name))).token(&token));
                match model.get(&at) {
                    None => assert_eq!(reply.status, 404, "{context}"),
                    Some((value, version)) => {
                        assert_eq!(reply.json["secret"]["secretValue"], json!(value), "{context}");
                        assert_eq!(reply.json["secret"]["version"], json!(version), "{context}");
                    }
                }
            }
        }
    }
    for environment in ENVIRONMENTS {
        let query = format!("?projectId={}&environment={environment}", project.id);
        let reply =
            world.send(get(&format!("/api/v4/secrets{query}&expandSecretReferences=false")).token(&token));
        let expected: BTreeMap<String, String> = model
            .iter()
            .filter(|((held, _), _)| held == environment)
            .map(|((_, name), (value, _))| (name.clone(), value.clone()))
            .collect();
        assert_eq!(listed(&reply), expected, "seed {seed:#x}, {environment}");
    }
}

fn rename(world: &World, project: &str, token: &str, random: &mut Seeded, model: &mut Model, context: &str) {
    let (environment, old, new) = (random.of(&ENVIRONMENTS), random.of(&NAMES), random.of(&NAMES));
    let body = json!({ "workspaceId": project, "environment": environment, "newSecretName": new });
    let reply = world.send(patch(&path_of(old), &body).token(token));
    let (from, to) = (
        (environment.to_owned(), old.to_owned()),
        (environment.to_owned(), new.to_owned()),
    );
    match model.get(&from).cloned() {
        None => assert_eq!(reply.status, 404, "{context}"),
        Some(_) if from != to && model.contains_key(&to) => assert_eq!(reply.status, 400, "{context}"),
        Some((value, version)) => {
            assert_eq!(reply.status, 200, "{context}");
            model.remove(&from);
            model.insert(to, (value, version + 1));
        }
    }
}

fn listed(reply: &Reply) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reply.json["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| (text(&secret["secretKey"]), text(&secret["secretValue"])))
        .collect()
}
