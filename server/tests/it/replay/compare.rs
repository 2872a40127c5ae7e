//! How an answer of ours is held against a recorded one: everything recorded must be there, with its type and value.

use serde_json::Value;

use super::recording::{Captured, Piece, filled, kind_and_name, pieces};

/// In an expected body: this field must not be there.
const ABSENT: &str = "<absent>";

/// Arrays whose order means something; all others are compared as sets.
const ORDERED: [&str; 3] = ["imports", "secretImports", "environments"];

/// Every difference, each with its place.
pub fn differences(want: &Value, have: &Value, captured: &Captured) -> Vec<String> {
    let mut found = Vec::new();
    compare(want, have, "", captured, &mut found);
    found
}

fn compare(want: &Value, have: &Value, at: &str, captured: &Captured, found: &mut Vec<String>) {
    match (want, have) {
        (Value::Object(wanted), Value::Object(fields)) => {
            for (name, value) in wanted {
                let at = format!("{at}/{name}");
                match (value, fields.get(name)) {
                    (Value::String(text), None) if text == ABSENT => {}
                    (Value::String(text), Some(value)) if text == ABSENT => {
                        found.push(format!("{at}: should not be there, is {}", short(value)));
                    }
                    (_, None) => found.push(format!("{at}: missing, should be {}", short(value))),
                    (_, Some(field)) => compare(value, field, &at, captured, found),
                }
            }
        }
        (Value::Array(wanted), Value::Array(items)) => {
            let ordered = ORDERED.iter().any(|name| at.ends_with(&format!("/{name}")));
            if ordered {
                for (index, (want, have)) in wanted.iter().zip(items).enumerate() {
                    compare(want, have, &format!("{at}/{index}"), captured, found);
                }
                if wanted.len() != items.len() {
                    found.push(format!("{at}: {} instead of {}", items.len(), wanted.len()));
                }
            } else {
                as_sets(wanted, items, at, captured, found);
            }
        }
        (Value::String(want), have) => {
            let fits = match have {
                Value::String(have) => fits(have, &pieces(want), captured),
                Value::Number(number) => want == "<int>" && number.is_i64(),
                _ => false,
            };
            if !fits {
                found.push(format!(
                    "{at}: {} should be {}",
                    short(have),
                    meaning(want, captured)
                ));
            }
        }
        (want, have) if want == have => {}
        (want, have) => found.push(format!("{at}: {} should be {}", short(have), short(want))),
    }
}

/// Pairs each wanted item with the item most like it, and tells what then differs.
fn as_sets(wanted: &[Value], items: &[Value], at: &str, captured: &Captured, found: &mut Vec<String>) {
    let mut left: Vec<&Value> = items.iter().collect();
    for want in wanted {
        let name = filled(&label(want), captured).unwrap_or_default();
        let at = format!("{at}[{name}]");
        let likest = left
            .iter()
            .enumerate()
            .map(|(index, have)| {
                let mut found = Vec::new();
                compare(want, have, &at, captured, &mut found);
                ((label(have) != name, found.len()), index, found)
            })
            .min_by_key(|(unlike, _, _)| *unlike);
        match likest {
            Some(((unlike, count), index, differences)) if !unlike || count == 0 => {
                left.remove(index);
                found.extend(differences);
            }
            _ => found.push(format!("{at}: missing")),
        }
    }
    for extra in left {
        found.push(format!("{at}[{}]: should not be there", label(extra)));
    }
}

/// What tells an item from its neighbours.
fn label(item: &Value) -> String {
    let named = |name: &str| item.get(name).and_then(Value::as_str);
    match (named("secretKey"), named("type")) {
        (Some(key), Some(kind)) => return format!("{key} {kind}"),
        (Some(key), None) => return key.to_owned(),
        _ => {}
    }
    ["slug", "name", "description", "role", "ipAddress"]
        .into_iter()
        .find_map(named)
        .or_else(|| item.pointer("/identity/name").and_then(Value::as_str))
        .map_or_else(|| short(item), str::to_owned)
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn meaning(want: &str, captured: &Captured) -> String {
    match &pieces(want)[..] {
        [Piece::Placeholder(inside)] => {
            let known = kind_and_name(inside).1.and_then(|name| captured.get(name));
            known.map_or_else(
                || want.to_owned(),
                |value| short(&Value::from(format!("{want} {value}"))),
            )
        }
        _ => short(&Value::from(want)),
    }
}

/// Whether a text is what a pattern says.
pub fn fits(text: &str, pattern: &[Piece], captured: &Captured) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return text.is_empty();
    };
    let inside = match first {
        Piece::Literal(literal) => {
            return text
                .strip_prefix(literal)
                .is_some_and(|after| fits(after, rest, captured));
        }
        Piece::Placeholder(inside) => inside,
    };
    let (kind, name) = kind_and_name(inside);
    if let Some(known) = name.and_then(|name| captured.get(name)) {
        return text
            .strip_prefix(known.as_str())
            .is_some_and(|after| fits(after, rest, captured));
    }
    if let ("fill", Some((letter, times))) = (kind, name.and_then(|what| what.split_once(':'))) {
        return text == letter.repeat(times.parse().unwrap()) && rest.is_empty();
    }
    if rest.is_empty() {
        return looks_like(kind, text);
    }
    text.char_indices()
        .any(|(end, _)| looks_like(kind, &text[..end]) && fits(&text[end..], rest, captured))
}

fn looks_like(kind: &str, text: &str) -> bool {
    let shaped = |shape: &str| {
        text.len() == shape.len()
            && text.chars().zip(shape.chars()).all(|(have, want)| match want {
                'h' => have.is_ascii_digit() || ('a'..='f').contains(&have),
                'd' => have.is_ascii_digit(),
                other => have == other,
            })
    };
    let parts_of = |allowed: &str| {
        text.split('.')
            .filter(|part| !part.is_empty())
            .filter(|part| {
                part.chars()
                    .all(|c| c.is_ascii_alphanumeric() || allowed.contains(c))
            })
            .count()
    };
    match kind {
        "uuid" => shaped("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"),
        "iso-date" => shaped("dddd-dd-ddTdd:dd:dd.dddZ"),
        "jwt" => text.split('.').count() == 3 && parts_of("-_") == 3,
        "service-token" => text.starts_with("st.") && text.split('.').count() == 3,
        // A client secret is opaque to clients: no white space, and long enough not to be guessed.
        "hex64" => text.len() >= 40 && !text.contains(char::is_whitespace),
        "slug" => {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        }
        "int" => !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()),
        "etag" => text.trim_start_matches("W/").starts_with('"') && text.ends_with('"') && text.len() > 2,
        _ => true,
    }
}

#[test]
fn a_recorded_value_is_told_from_another() {
    use serde_json::json;
    let captured = Captured::from([("id".to_owned(), "00000000-0000-0000-0000-000000000007".to_owned())]);
    let want = json!({
        "id": "<uuid:id>", "at": "<iso-date>", "text": "x <uuid:id> y", "count": 1, "none": null,
        "secrets": [{"secretKey": "A", "v": 1}, {"secretKey": "B", "v": 2}],
        "imports": [{"n": 1}, {"n": 2}], "gone": ABSENT,
    });
    let have = json!({
        "id": "00000000-0000-0000-0000-000000000007", "at": "2026-01-01T00:00:00.000Z",
        "text": "x 00000000-0000-0000-0000-000000000007 y", "count": 1, "none": null, "more": true,
        "secrets": [{"secretKey": "B", "v": 2}, {"secretKey": "A", "v": 1}],
        "imports": [{"n": 1}, {"n": 2}],
    });
    assert_eq!(differences(&want, &have, &captured), Vec::<String>::new());
    for (pointer, wrong) in [
        ("/id", json!("00000000-0000-0000-0000-000000000008")),
        ("/at", json!("2026-01-01 00:00:00")),
        ("/text", json!("x y")),
        ("/count", json!("1")),
        ("/none", json!(0)),
        ("/secrets", json!([{"secretKey": "B", "v": 2}])),
        (
            "/secrets",
            json!([{"secretKey": "B", "v": 1}, {"secretKey": "A", "v": 2}]),
        ),
        ("/imports", json!([{"n": 2}, {"n": 1}])),
    ] {
        let mut changed = have.clone();
        *changed.pointer_mut(pointer).unwrap() = wrong;
        assert!(!differences(&want, &changed, &captured).is_empty(), "{pointer}");
    }
    let mut more = have.clone();
    more["gone"] = json!(1);
    assert_eq!(differences(&want, &more, &captured).len(), 1);
    more.as_object_mut().unwrap().remove("count");
    assert_eq!(differences(&want, &more, &captured).len(), 2);
}
