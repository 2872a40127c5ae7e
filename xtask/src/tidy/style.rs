//! Names and attributes.

use super::Finding;
use super::source::{Source, is_word};

/// All rules of this file.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut findings = names(source);
    findings.extend(allowances(source));
    findings.extend(inline_styles(source));
    findings
}

/// Words that say nothing about what a thing is.
fn names(source: &Source) -> Vec<Finding> {
    const EMPTY: [&str; 8] = [
        "manager", "managers", "helper", "helpers", "dto", "dtos", "util", "utils",
    ];
    let why = |name: &str| {
        format!("`{name}` says nothing: name the thing it is (no Manager, Helper, utils, common, Dto)")
    };
    let mut findings = Vec::new();
    for part in source.path.trim_end_matches(".rs").split('/') {
        if EMPTY.contains(&part) || part == "common" {
            findings.push(Finding::new(&source.path, 1, why(part)));
        }
    }
    for (line, code) in source.code_lines() {
        let mut tokens = code
            .split(|c: char| !c.is_ascii() || !is_word(c as u8))
            .filter(|token| !token.is_empty());
        while let Some(keyword) = tokens.next() {
            if !["struct", "enum", "trait", "type", "mod", "fn", "const", "static"].contains(&keyword) {
                continue;
            }
            let Some(name) = tokens.next() else { break };
            let empty = words(name).iter().any(|word| EMPTY.contains(&word.as_str()));
            if empty || (keyword == "mod" && name == "common") {
                findings.push(Finding::new(&source.path, line, why(name)));
            }
        }
    }
    findings
}

/// `KeyManager` and `key_manager` are both `key`, `manager`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for character in name.chars() {
        let boundary = character == '_' || (character.is_uppercase() && before_lower);
        if boundary {
            words.push(String::new());
        }
        if character != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        before_lower = character.is_lowercase() || character.is_ascii_digit();
    }
    words
}

/// A lint is switched off for a reason, and the reason stands beside it.
fn allowances(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for attribute in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
        for (start, _) in source.code.match_indices(attribute) {
            let end = source.code[start..]
                .find(']')
                .map_or(source.code.len(), |offset| start + offset + 1);
            let reason = has_reason(&source.code[start..end]);
            let rest_of_line = source
                .text
                .get(end..)
                .and_then(|rest| rest.lines().next())
                .unwrap_or_default();
            if !reason && !rest_of_line.contains("//") {
                let line = super::source::line_at(&source.code, start);
                findings.push(Finding::new(
                    &source.path,
                    line,
                    "switches a lint off without a reason: add `reason = \"…\"`",
                ));
            }
        }
    }
    findings
}

fn has_reason(attribute: &str) -> bool {
    attribute.split_once("reason").is_some_and(|(before, after)| {
        before.ends_with([' ', ',', '\n']) && after.trim_start().starts_with('=')
    })
}

/// Leptos puts the static parts of a view into the page as HTML, where the content security policy refuses `style=`.
fn inline_styles(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with("web/src/") {
        return Vec::new();
    }
    source
        .code_lines()
        .filter(|(_, code)| {
            code.match_indices("style=").any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_-:".contains(c)))
        })
        .map(|(line, _)| {
            Finding::new(&source.path, line, "has a style attribute, which the content security policy refuses: use a class or `style:name=`")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn empty_names_are_found() {
        for (path, bad) in [
            ("server/src/app.rs", "pub struct KeyManager;"),
            ("server/src/app.rs", "fn parse_helper() {}"),
            ("server/src/app.rs", "mod utils;"),
            ("server/src/app.rs", "mod common { }"),
            ("server/src/app.rs", "enum UserDto {}"),
            ("server/src/utils.rs", ""),
            ("server/src/common/x.rs", ""),
        ] {
            assert_eq!(findings(path, bad), 1, "{path}: {bad}");
        }
    }

    #[test]
    fn honest_names_are_fine() {
        for good in [
            "fn common_passwords() {}",
            "struct Managed;",
            "// a KeyManager",
            "let x = \"struct Helper\";",
        ] {
            assert_eq!(findings("server/src/app.rs", good), 0, "{good}");
        }
    }

    #[test]
    fn a_lint_is_switched_off_with_a_reason() {
        for bad in [
            "#[allow(dead_code)]\nfn f() {}",
            "#![allow(clippy::x)]",
            "#[expect(dead_code)]",
            "#[allow(no_reason)]",
        ] {
            assert_eq!(findings("server/src/app.rs", bad), 1, "{bad}");
        }
        for good in [
            "#[allow(dead_code, reason = \"used on other systems\")]",
            "#[allow(\n    dead_code,\n    reason = \"x\"\n)]",
            "#[allow(dead_code)] // the wire names it",
        ] {
            assert_eq!(findings("server/src/app.rs", good), 0, "{good}");
        }
    }

    #[test]
    fn inline_styles_are_found_in_views() {
        assert_eq!(
            findings("web/src/app.rs", "view! { <p style=\"color:red\"/> }"),
            1
        );
        assert_eq!(
            findings("web/src/app.rs", "view! { <p style:width=w class=\"a\"/> }"),
            0
        );
        assert_eq!(findings("server/src/app.rs", "let style=1;"), 0);
    }
}
