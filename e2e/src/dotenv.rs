//! A strict reader of dotenv files: what people's files mean before anything of ours touched them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};

/// Names and values of a file. `$` stands for itself; single quotes keep everything; double quotes may span lines.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            rest = after;
            continue;
        }
        let entry = rest.trim_start();
        let entry = entry.strip_prefix("export ").unwrap_or(entry);
        let (name, value) = entry.split_once('=').context("a line without =")?;
        ensure!(
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
            "a strange name: {name:?}"
        );
        let quote = value.chars().next().filter(|first| matches!(first, '\'' | '"'));
        let (value, remaining) = if let Some(quote) = quote {
            let (inside, remaining) = value
                .get(1..)
                .and_then(|value| value.split_once(quote))
                .with_context(|| format!("{name}: no closing quote"))?;
            if quote == '"' && inside.contains('\\') {
                bail!("{name}: escapes are not understood");
            }
            let (comment, remaining) = remaining.split_once('\n').unwrap_or((remaining, ""));
            ensure!(comment.trim().is_empty(), "{name}: text after the quote");
            (inside, remaining)
        } else {
            let (line, remaining) = value.split_once('\n').unwrap_or((value, ""));
            (line.split(" #").next().unwrap_or_default().trim(), remaining)
        };
        let before = found.insert(name.to_owned(), value.to_owned());
        ensure!(before.is_none(), "{name} stands there twice");
        rest = remaining;
    }
    Ok(found)
}

/// The file of a real home server.
pub const OMAKASE: &str = include_str!("../data/omakase.env");

/// What it says: 26 keys, one value of several lines, quotes, `$` and letters beyond ASCII.
pub fn omakase() -> Result<BTreeMap<String, String>> {
    let found = parse(OMAKASE)?;
    ensure!(found.len() == 26, "{} keys", found.len());
    for (name, value) in [
        ("TZ", "Europe/Rome"),
        ("POSTGRES_PASSWORD", "kX9$mQ2#vL7&pR4!wZ"),
        ("TRAEFIK_API_PASSWORD", "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"),
        ("SMTP_FROM_NAME", "Omakase – Küche"),
        ("EMPTY_VALUE", ""),
        ("JSON_BLOB", r#"{"a": 1, "b": ["x", "y"]}"#),
    ] {
        ensure!(
            found.get(name).map(String::as_str) == Some(value),
            "{name} was misread"
        );
    }
    ensure!(
        found.get("TLS_KEY").is_some_and(|key| key.lines().count() == 4),
        "TLS_KEY was misread"
    );
    Ok(found)
}
