//! Files to import: never a panic, never a value in a problem, and what was written is read.

use std::collections::BTreeSet;

use arbitrary::{Result, Unstructured};
use shared::import::preview::{Existing, Fate, Row, preview};
use shared::import::{Format, MOST_PROBLEMS, Parsed, parse, parse_bytes};
use shared::model::names::SecretName;

use crate::{CANARY, play};

const FORMATS: [Option<Format>; 5] = [
    None,
    Some(Format::Dotenv),
    Some(Format::Json),
    Some(Format::Yaml),
    Some(Format::Csv),
];

const PIECES: [&str; 46] = [
    "\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "  ",
    "\t",
    "A",
    "B=",
    "export ",
    "C: ",
    "=",
    ":",
    ": ",
    "'",
    "\"",
    "`",
    "\\",
    "\\\"",
    "\\'",
    "#",
    " # ",
    "$",
    "${X}",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    "null",
    "- ",
    "&a ",
    "*a",
    "!x ",
    "|\n",
    ">-\n",
    "---\n",
    "\u{feff}",
    "key,value\n",
    "\"key\":",
    "\"value\":",
    "key: K\n",
    "<<: ",
    "ü",
    "\u{202e}",
];

fn text(input: &mut Unstructured) -> Result<String> {
    let mut text = String::new();
    for _ in 0..input.int_in_range(0..=60)? {
        match input.int_in_range(0..=9)? {
            0 => text.push(input.arbitrary()?),
            1 => text.push_str(CANARY),
            _ => text.push_str(input.choose(&PIECES)?),
        }
    }
    Ok(text)
}

fn sound(text: &str, parsed: &Parsed) {
    let lines = text.len() + 1;
    let mut names = BTreeSet::new();
    for entry in &parsed.entries {
        assert!((1..=lines).contains(&entry.line), "{text:?}: line {}", entry.line);
        assert!(names.insert(&entry.name), "{text:?}: {} twice", entry.name);
    }
    assert!(parsed.entries.is_sorted_by_key(|entry| entry.line), "{text:?}");
    assert!(
        parsed.problems.is_sorted_by_key(|problem| problem.line),
        "{text:?}"
    );
    assert!(parsed.problems.len() <= MOST_PROBLEMS);
    for problem in &parsed.problems {
        assert!((1..=lines).contains(&problem.line), "{text:?}: {problem:?}");
        assert!(
            !problem.what.is_empty() && problem.why.ends_with('.'),
            "{problem:?}"
        );
        // The name of a double is told, whatever it is.
        let told = problem.is_replaced && problem.what.contains(CANARY);
        assert!(
            told || !format!("{} {}", problem.what, problem.why).contains(CANARY),
            "{text:?}: {problem:?}"
        );
    }
}

#[test]
fn any_text_is_read_without_a_panic_and_no_problem_repeats_a_value() {
    play(20_000, |input| {
        let text = text(input)?;
        let format = *input.choose(&FORMATS)?;
        let parsed = parse(&text, format);
        assert_eq!(format.unwrap_or(parsed.format), parsed.format);
        sound(&text, &parsed);
        assert_eq!(
            parse(&text, Some(parsed.format)),
            parsed,
            "{text:?}: reading again differs"
        );
        let existing = |entry: &shared::import::Entry| {
            let known = Existing {
                value: Some(entry.value.clone()),
                comment: entry.comment.clone().unwrap_or_default(),
            };
            (entry.name.to_string(), known)
        };
        let existing = parsed.entries.iter().map(existing).collect();
        let rows = preview(&parsed, &existing);
        assert_eq!(rows.len(), parsed.entries.len() + parsed.problems.len());
        let settled = |row: &Row| matches!(row, Row::Invalid(_) | Row::Secret(_, Fate::Same));
        assert!(
            rows.iter().all(settled),
            "{text:?}: imported twice, it would change something"
        );
        Ok(())
    });
}

#[test]
fn any_bytes_are_read_without_a_panic() {
    play(5_000, |input| {
        let format = *input.choose(&FORMATS)?;
        let bytes: Vec<u8> = input.arbitrary()?;
        let parsed = parse_bytes(&bytes, format);
        sound(&String::from_utf8_lossy(&bytes), &parsed);
        Ok(())
    });
}

#[test]
fn what_is_written_is_read() {
    play(20_000, |input| {
        let value = text(input)?;
        let comment = text(input)?;
        let quoted = |c: &str, text: &str| format!("{c}{}{c}", text.replace(c, &c.repeat(2)));
        let json =
            serde_json::to_string(&[serde_json::json!({"key": "A", "value": value, "comment": comment})]);
        let json = json.unwrap();
        let csv = format!(
            "comment,key,value\n{},A,{}\n",
            quoted("\"", &comment),
            quoted("\"", &value)
        );
        for (format, text) in [(Format::Json, json), (Format::Csv, csv)] {
            let parsed = parse(&text, Some(format));
            assert_eq!(parsed.problems, [], "{text:?}");
            let [entry] = &parsed.entries[..] else {
                panic!("{text:?}: {} entries", parsed.entries.len());
            };
            assert_eq!(entry.name, "A".parse::<SecretName>().unwrap());
            assert!(entry.value.is(&value), "{text:?}");
            assert_eq!(entry.comment.is_none(), comment.trim().is_empty(), "{text:?}");
            assert!(
                entry.comment.as_ref().is_none_or(|read| read.is(&comment)),
                "{text:?}"
            );
        }
        // Line ends of a .env file are those of Unix when it was read, wherever they stand.
        let unix = value.replace("\r\n", "\n").replace('\r', "\n");
        let mut escaped = String::new();
        for c in unix.chars() {
            if matches!(c, '\\' | '"' | '$' | '`') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        let mut texts = vec![format!("A=\"{escaped}\"\nB=1")];
        if !unix.contains(['\'', '\\']) {
            texts.push(format!("A='{unix}'\nB=1"));
        }
        for text in texts {
            let parsed = parse(&text, Some(Format::Dotenv));
            assert_eq!(parsed.problems, [], "{text:?}");
            assert!(parsed.entries[0].value.is(&unix), "{text:?}");
            assert_eq!(parsed.entries.len(), 2, "{text:?}");
        }
        Ok(())
    });
}
