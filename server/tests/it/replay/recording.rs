//! The recorded exchanges, and the placeholders that stand in them for what differs from run to run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::app::{Call, Reply};

const EXCHANGES: &str = include_str!("../data/infisical-exchanges.json");

/// What earlier exchanges have captured, by name.
pub type Captured = BTreeMap<String, String>;

/// One request and the answer of the server that was recorded.
pub struct Exchange(Value);

/// All of them, in the order in which they are played.
pub fn exchanges() -> Vec<Exchange> {
    let mut file: Value = serde_json::from_str(EXCHANGES).unwrap();
    let Value::Array(exchanges) = file["exchanges"].take() else {
        panic!("the recording holds no list of exchanges");
    };
    assert_eq!(file["count"], exchanges.len(), "the recording is cut short");
    exchanges.into_iter().map(Exchange).collect()
}

impl Exchange {
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    /// `group/id`, the method and the path: where a mismatch is.
    pub fn name(&self) -> String {
        let [group, method, path] =
            ["/group", "/request/method", "/request/path"].map(|pointer| self.text(pointer));
        format!("{group}/{} {method} {path}", self.id())
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap()
    }

    pub fn is_read_with_a_credential(&self) -> bool {
        self.text("/request/method") == "GET" && self.0["request"]["headers"]["authorization"].is_string()
    }

    pub fn status(&self) -> u16 {
        u16::try_from(self.0["response"]["status"].as_u64().unwrap()).unwrap()
    }

    pub fn body(&self) -> &Value {
        &self.0["response"]["body"]
    }

    pub fn headers(&self) -> &Value {
        &self.0["response"]["headers"]
    }

    /// A defect of the recorded server.
    pub fn is_quirk(&self) -> bool {
        self.0["quirk"].is_string()
    }

    /// The recorded server answered differently each time.
    pub fn is_unstable(&self) -> bool {
        self.0["unstable"].as_bool() == Some(true)
    }

    /// The request can only be made by a browser that computes a proof of the password.
    pub fn needs_srp(&self) -> bool {
        self.0["needsSrp"].as_bool() == Some(true)
    }

    /// How long something takes to expire before the request is sent, in whole seconds.
    pub fn delay(&self) -> i64 {
        let millis = self.0["delayBeforeMs"].as_i64().unwrap_or_default();
        millis.div_euclid(1000) + i64::from(millis.rem_euclid(1000) > 0)
    }

    /// The request, with what earlier exchanges captured in its placeholders.
    pub fn call(&self, captured: &Captured) -> Result<Call, String> {
        let mut path = filled(self.text("/request/path"), captured)?;
        if let Some(query) = self.0["request"]["query"].as_object() {
            for (index, (name, value)) in query.iter().enumerate() {
                let value = filled(value.as_str().unwrap(), captured)?;
                let sign = if index == 0 { '?' } else { '&' };
                write!(path, "{sign}{name}={}", escaped(&value)).unwrap();
            }
        }
        let mut call = Call::new(self.text("/request/method"), &path);
        let body = match (&self.0["request"]["body"], &self.0["request"]["rawBody"]) {
            (Value::Null, Value::Null) => None,
            (Value::Null, Value::String(raw)) => Some(raw.clone()),
            (body, _) => Some(all_filled(body, captured)?.to_string()),
        };
        if let Some(body) = body {
            call = call.raw("application/json", &body);
        }
        for (name, value) in self.0["request"]["headers"].as_object().unwrap() {
            call = call.header(name, &filled(value.as_str().unwrap(), captured)?);
        }
        Ok(call)
    }

    /// The names that later exchanges use, with where they are in the answer.
    pub fn captures(&self) -> Vec<(&str, &str)> {
        let Some(captures) = self.0["captures"].as_object() else {
            return Vec::new();
        };
        captures
            .iter()
            .map(|(name, capture)| (name.as_str(), capture["from"].as_str().unwrap()))
            .collect()
    }
}

/// What a capture takes from an answer: a place in the body, or `cookie:jid`.
pub fn taken(reply: &Reply, from: &str) -> Option<String> {
    match from.split_once(':') {
        Some(("cookie", "jid")) => reply.headers.contains_key("set-cookie").then(|| reply.refresh()),
        Some(("header", name)) => Some(reply.headers.get(name)?.to_str().unwrap().to_owned()),
        _ => reply.json.pointer(from)?.as_str().map(str::to_owned),
    }
}

fn escaped(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// A text cut into what stands there and placeholders, without their brackets.
pub enum Piece<'a> {
    Literal(&'a str),
    Placeholder(&'a str),
}

const KINDS: [&str; 15] = [
    "uuid",
    "jwt",
    "hex64",
    "slug",
    "service-token",
    "etag",
    "share-id",
    "iso-date",
    "base64",
    "string",
    "int",
    "site-url",
    "fill",
    "srp-",
    "absent",
];

/// The kind of a placeholder and the name of the captured value, if it has one.
pub fn kind_and_name(placeholder: &str) -> (&str, Option<&str>) {
    match placeholder.split_once(':') {
        Some((kind, name)) => (kind, Some(name)),
        None => (placeholder, None),
    }
}

pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, inside, after)) = next_placeholder(rest) {
        if !before.is_empty() {
            pieces.push(Piece::Literal(before));
        }
        pieces.push(Piece::Placeholder(inside));
        rest = after;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    pieces
}

fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('<').find_map(|(start, _)| {
        let (inside, after) = text[start + 1..].split_once('>')?;
        let (kind, _) = kind_and_name(inside);
        let known = KINDS.contains(&kind) || kind.starts_with("srp-");
        known.then_some((&text[..start], inside, after))
    })
}

/// A text of a request with its placeholders filled.
pub fn filled(text: &str, captured: &Captured) -> Result<String, String> {
    let mut whole = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Literal(literal) => whole.push_str(literal),
            Piece::Placeholder(inside) => whole.push_str(&filling(inside, captured)?),
        }
    }
    Ok(whole)
}

fn filling(placeholder: &str, captured: &Captured) -> Result<String, String> {
    match kind_and_name(placeholder) {
        ("fill", Some(what)) => {
            let (letter, times) = what.split_once(':').unwrap();
            Ok(letter.repeat(times.parse().unwrap()))
        }
        (_, Some(name)) => captured
            .get(name)
            .cloned()
            .ok_or_else(|| format!("{name} was never captured")),
        // Values of the right look that nobody issued.
        ("hex64", None) => Ok("ab".repeat(32)),
        ("jwt", None) => {
            let (signed, _) = captured["identityToken"].rsplit_once('.').unwrap();
            Ok(format!("{signed}.{}", "A".repeat(43)))
        }
        ("service-token", None) => Ok(format!(
            "st.00000000-0000-0000-0000-000000000001.{}",
            "ab".repeat(16)
        )),
        ("iso-date", None) => Ok("2099-01-01T00:00:00.000Z".to_owned()),
        (kind, None) => Ok(kind.to_owned()),
    }
}

fn all_filled(value: &Value, captured: &Captured) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(filled(text, captured)?),
        Value::Array(items) => items
            .iter()
            .map(|item| all_filled(item, captured))
            .collect::<Result<_, _>>()?,
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| Ok((name.clone(), all_filled(field, captured)?)))
            .collect::<Result<_, String>>()?,
        other => other.clone(),
    })
}
