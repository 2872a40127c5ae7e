//! Random folders that import each other and values that refer to each other, against what the rules say in a few
//! lines: a folder's own secrets win, then its last import, and in it the imported folder before what that imports.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Seeded, times};
use crate::app::{Project, World, delete, get, patch, post};

/// Environment and path.
type Place = (&'static str, &'static str);

const PLACES: [Place; 8] = [
    ("dev", "/"),
    ("dev", "/a"),
    ("dev", "/a/b"),
    ("dev", "/c"),
    ("prod", "/"),
    ("prod", "/a"),
    ("prod", "/a/b"),
    ("prod", "/c"),
];
/// A value refers to names further on in this list only, so that no chain of references ends in itself.
const NAMES: [&str; 6] = ["ALPHA", "BRAVO", "CHARLIE", "DELTA", "ECHO", "FOXTROT"];

/// A piece of a value.
#[derive(Clone, Debug)]
enum Piece {
    Text(&'static str),
    /// A name in the same folder.
    Near(&'static str),
    /// A name in a folder.
    Far(Place, &'static str),
    /// Nothing that exists.
    Lost(&'static str),
}

impl Piece {
    fn written(&self) -> String {
        match self {
            Self::Text(text) | Self::Lost(text) => (*text).to_owned(),
            Self::Near(name) => format!("${{{name}}}"),
            Self::Far((environment, path), name) => {
                format!(
                    "${{{environment}{}.{name}}}",
                    path.trim_end_matches('/').replace('/', ".")
                )
            }
        }
    }
}

fn written(value: &[Piece]) -> String {
    value.iter().map(Piece::written).collect()
}

#[derive(Default)]
struct Model {
    secrets: BTreeMap<(Place, &'static str), Vec<Piece>>,
    /// Sources with the ids of the imports, lowest position first.
    imports: BTreeMap<Place, Vec<(Place, String)>>,
}

impl Model {
    /// What a value stands for in the folder that holds it.
    fn expanded(&self, value: &[Piece], place: Place) -> String {
        let found = |piece: &Piece, place: Place, name: &'static str| match self.secrets.get(&(place, name)) {
            Some(value) => self.expanded(value, place),
            None => piece.written(),
        };
        value
            .iter()
            .map(|piece| match piece {
                Piece::Text(_) | Piece::Lost(_) => piece.written(),
                Piece::Near(name) => found(piece, place, name),
                Piece::Far(place, name) => found(piece, *place, name),
            })
            .collect()
    }

    fn sources(&self, place: Place) -> Vec<Place> {
        let imports = self.imports.get(&place).map(Vec::as_slice).unwrap_or_default();
        imports.iter().map(|(source, _)| *source).collect()
    }

    /// The folders behind one import, in the order in which they count.
    fn behind(&self, source: Place, seen: &mut Vec<Place>) -> Vec<Place> {
        let mut folders = vec![source];
        for next in self.sources(source).into_iter().rev() {
            if !seen.contains(&next) {
                seen.push(next);
                folders.extend(self.behind(next, seen));
            }
        }
        folders
    }

    /// Every folder whose secrets a folder shows, the strongest first.
    fn order(&self, place: Place) -> Vec<Place> {
        let direct = self.sources(place);
        let mut order = vec![place];
        for source in direct.iter().rev() {
            // What is imported directly is not repeated inside another import.
            let mut seen = direct.clone();
            seen.push(place);
            order.extend(self.behind(*source, &mut seen));
        }
        order
    }

    /// What somebody who uses the folder gets.
    fn merged(&self, place: Place) -> BTreeMap<&'static str, String> {
        let mut merged = BTreeMap::new();
        for folder in self.order(place) {
            for ((at, name), value) in &self.secrets {
                if *at == folder {
                    merged
                        .entry(*name)
                        .or_insert_with(|| self.expanded(value, folder));
                }
            }
        }
        merged
    }

    fn leads_to(&self, from: Place, to: Place, seen: &mut Vec<Place>) -> bool {
        from == to
            || self.sources(from).into_iter().any(|next| {
                let new = !seen.contains(&next);
                seen.push(next);
                new && self.leads_to(next, to, seen)
            })
    }
}

struct Session<'a> {
    world: &'a World,
    project: Project,
    random: &'a mut Seeded,
    model: Model,
}

impl Session<'_> {
    fn body(&self, (environment, path): Place, fields: &[(&str, Value)]) -> Value {
        let mut body = json!({
            "workspaceId": self.project.id, "environment": environment, "secretPath": path, "path": path,
        });
        for (name, value) in fields {
            body[*name] = value.clone();
        }
        body
    }

    fn value(&mut self, name: &str) -> Vec<Piece> {
        let further = NAMES.iter().position(|known| *known == name).unwrap() + 1;
        let later = &NAMES[further..];
        let count = self.random.below(4);
        (0..count)
            .map(|_| match self.random.below(6) {
                0 | 1 if !later.is_empty() => Piece::Near(self.random.of(later)),
                2 | 3 if !later.is_empty() => Piece::Far(self.random.of(&PLACES), self.random.of(later)),
                4 => Piece::Lost(self.random.of(&[
                    "${NOWHERE}",
                    "${dev.no.such.ALPHA}",
                    "${nowhere.ALPHA}",
                    "${A B}",
                    "$${}",
                ])),
                _ => Piece::Text(self.random.of(&["x", "-", "$1", "}", "two words", "é"])),
            })
            .collect()
    }

    fn put(&mut self) {
        let (place, name) = (self.random.of(&PLACES), self.random.of(&NAMES));
        let value = self.value(name);
        // White space at the ends is cut off, and no piece has any.
        let body = self.body(place, &[("secretValue", json!(written(&value)))]);
        let path = format!("/api/v3/secrets/raw/{name}");
        let call = if self.model.secrets.contains_key(&(place, name)) {
            patch(&path, &body)
        } else {
            post(&path, &body)
        };
        self.world.send(call.token(&self.world.admin)).expect(200);
        self.model.secrets.insert((place, name), value);
    }

    fn remove(&mut self) {
        let held: Vec<(Place, &str)> = self.model.secrets.keys().copied().collect();
        let (place, name) = self.random.of(&held);
        let call = delete(&format!("/api/v3/secrets/raw/{name}"), &self.body(place, &[]));
        self.world.send(call.token(&self.world.admin)).expect(200);
        self.model.secrets.remove(&(place, name));
    }

    fn import(&mut self) {
        let (into, from) = (self.random.of(&PLACES), self.random.of(&PLACES));
        let source = json!({ "environment": from.0, "path": from.1 });
        let body = self.body(into, &[("import", source)]);
        let reply = self
            .world
            .send(post("/api/v1/secret-imports", &body).token(&self.world.admin));
        if reply.status == 200 {
            let id = reply.at("/secretImport/id");
            self.model.imports.entry(into).or_default().push((from, id));
        } else {
            // Itself, twice the same, or a circle.
            let circle = self.model.leads_to(from, into, &mut Vec::new());
            let twice = self.model.sources(into).contains(&from);
            assert!(
                (400..500).contains(&reply.status) && (circle || twice),
                "{into:?} may import {from:?}: {}",
                reply.text
            );
        }
    }

    fn reorder(&mut self) {
        let into = self.random.of(&PLACES);
        let Some(imports) = self
            .model
            .imports
            .get_mut(&into)
            .filter(|imports| !imports.is_empty())
        else {
            return;
        };
        let count = imports.len() as u64;
        let from = usize::try_from(self.random.below(count)).unwrap();
        let to = usize::try_from(self.random.below(count)).unwrap();
        let moved = imports.remove(from);
        let path = format!("/api/v1/secret-imports/{}", moved.1);
        imports.insert(to, moved);
        let body = self.body(into, &[("import", json!({ "position": to + 1 }))]);
        self.world
            .send(patch(&path, &body).token(&self.world.admin))
            .expect(200);
    }

    fn check(&mut self, context: &str) {
        for place in PLACES {
            let expected = self.model.merged(place);
            let at = format!(
                "environment={}&secretPath={}",
                place.0,
                place.1.replace('/', "%2F")
            );
            let query = format!("?projectId={}&{at}", self.project.id);
            let list = format!("/api/v4/secrets{query}&includeImports=true&expandSecretReferences=true");
            let reply = self.world.send(get(&list).token(&self.world.admin)).expect(200);
            let listed = merged(&reply.json);
            let expected_texts: BTreeMap<String, String> = expected
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            assert_eq!(listed, expected_texts, "{context}: list of {place:?}");
            let name = self.random.of(&NAMES);
            let one =
                format!("/api/v4/secrets/{name}{query}&includeImports=true&expandSecretReferences=true");
            let reply = self.world.send(get(&one).token(&self.world.admin));
            match expected.get(name) {
                Some(value) => assert_eq!(
                    reply.expect(200).at("/secret/secretValue"),
                    *value,
                    "{context}: {name} in {place:?}"
                ),
                None => assert_eq!(reply.status, 404, "{context}: {name} in {place:?}"),
            }
            // As it is stored.
            let plain = format!("/api/v3/secrets/raw/{name}?workspaceId={}&{at}", self.project.id);
            let reply = self.world.send(get(&plain).token(&self.world.admin));
            match self.model.secrets.get(&(place, name)) {
                Some(value) => assert_eq!(reply.expect(200).at("/secret/secretValue"), written(value)),
                None => assert_eq!(reply.status, 404, "{context}: {name} itself in {place:?}"),
            }
        }
    }
}

/// What a client makes of a list: own secrets, then the imports from the last to the first.
fn merged(list: &Value) -> BTreeMap<String, String> {
    let mut merged = BTreeMap::new();
    let blocks = list["imports"].as_array().unwrap().iter().rev();
    for block in std::iter::once(list).chain(blocks) {
        for secret in block["secrets"].as_array().unwrap() {
            let text = |field: &str| secret[field].as_str().unwrap().to_owned();
            merged
                .entry(text("secretKey"))
                .or_insert_with(|| text("secretValue"));
        }
    }
    merged
}

#[test]
fn imports_and_references_give_what_the_rules_say() {
    let world = World::new();
    for case in 0..times(10) {
        let seed = 0x5eed_0000_2026_1122 + case;
        let mut random = Seeded(seed);
        let project = world.project(&format!("References {case}"));
        for environment in ["dev", "prod"] {
            for (path, name) in [("/", "a"), ("/a", "b"), ("/", "c")] {
                let body = json!({
                    "workspaceId": project.id, "environment": environment, "path": path, "name": name,
                });
                let call = post("/api/v1/folders", &body).token(&world.admin);
                world.send(call).expect(200);
            }
        }
        let mut session = Session {
            world: &world,
            project,
            random: &mut random,
            model: Model::default(),
        };
        for _ in 0..24 {
            session.put();
        }
        for _ in 0..9 {
            session.import();
        }
        session.check(&format!("seed {seed:#x}"));
        for _ in 0..3 {
            session.put();
            session.reorder();
        }
        session.remove();
        session.check(&format!("seed {seed:#x}, changed"));
    }
}
