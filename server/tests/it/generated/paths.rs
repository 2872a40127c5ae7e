//! Random spellings of folders: each is the folder that its parts name, or is refused.

use super::{Seeded, times};
use crate::app::{World, get, post};
use serde_json::json;

const PIECES: [&str; 16] = [
    "/", "/", "/", "//", " ", "app", "app", "deep", "deep", "App", "no", ".", "..", "\\", "a b", "ü",
];

/// The parts of a path, or nothing if it is none.
fn parts(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = text.trim().split('/').filter(|part| !part.is_empty()).collect();
    let named = |part: &&str| {
        part.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    };
    parts.iter().all(named).then_some(parts)
}

#[test]
fn a_path_is_the_folder_that_its_parts_name() {
    let world = World::new();
    let project = world.project("Paths");
    for (path, name) in [("/", "app"), ("/app", "deep")] {
        let body = json!({ "workspaceId": project.id, "environment": "dev", "path": path, "name": name });
        world
            .send(post("/api/v1/folders", &body).token(&world.admin))
            .expect(200);
    }
    for path in ["/", "/app", "/app/deep"] {
        let body = json!({
            "workspaceId": project.id, "environment": "dev", "secretPath": path, "secretValue": path,
        });
        let call = post("/api/v3/secrets/raw/WHERE", &body).token(&world.admin);
        world.send(call).expect(200);
    }
    let mut random = Seeded(0x5eed_0000_2026_1123);
    let (mut found, mut refused) = (0, 0);
    for _ in 0..times(400) {
        let count = random.below(6);
        let text: String = (0..count).map(|_| random.of(&PIECES)).collect();
        let encoded: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = format!(
            "/api/v3/secrets/raw/WHERE?workspaceId={}&environment=dev&secretPath={}",
            project.id,
            encoded.concat()
        );
        let reply = world.send(get(&path).token(&world.admin));
        match parts(&text).map(|parts| format!("/{}", parts.join("/"))) {
            None => {
                refused += 1;
                assert_eq!(reply.status, 422, "{text:?}: {}", reply.text);
            }
            Some(path) if ["/", "/app", "/app/deep"].contains(&&*path) => {
                found += 1;
                let reply = reply.expect(200);
                assert_eq!(reply.at("/secret/secretValue"), path, "{text:?}");
                assert_eq!(reply.at("/secret/secretPath"), path, "{text:?}");
            }
            Some(path) => assert_eq!(reply.status, 404, "{text:?}, {path}: {}", reply.text),
        }
    }
    assert!(found > 20 && refused > 20, "{found} found, {refused} refused");
}
