use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::cli::client::fixture::secret;
use crate::cli::printer::captured;

/// Values that some writer or reader of some format gets wrong.
const NASTY: [&str; 24] = [
    "",
    "plain",
    " leading and trailing ",
    "it's",
    "say \"hi\"",
    "both ' and \"",
    "$HOME ${HOME} $(id) $$",
    "back\\slash \\n \\",
    "`id`",
    "it's `id` \\`id\\`",
    "two\nlines",
    "-----BEGIN KEY-----\nabc=\n-----END KEY-----\n",
    "\n\nnewlines\n\n",
    "tab\there",
    "carriage\r\nreturn",
    "# not a comment",
    "a # b",
    "ключ – Küche 🔑",
    "'quoted'",
    "{\"a\": 1, \"b\": [\"x\", \"y\"]}",
    "kX9$mQ2#vL7&pR4!wZ",
    "no; && || > < | * ? [x] ~ (y)",
    "yes",
    "~",
];

fn secrets(values: &[&str]) -> Vec<Secret> {
    let numbered = values.iter().enumerate();
    numbered
        .map(|(index, value)| secret(&format!("K{index:02}"), value))
        .collect()
}

fn written(format: Format, secrets: &[Secret]) -> String {
    let (printer, _, _) = captured::printer();
    write(format, secrets, &printer).unwrap().to_string()
}

fn line(value: &str) -> String {
    written(Format::Dotenv, &[secret("K", value)])
}

#[test]
fn names_that_shells_do_not_know_are_refused_by_name() {
    for name in ["", "1A", "-A", ".A", "A B", "A=B", "A/B", "A$B", "Ä", "A\nB"] {
        let (printer, _, _) = captured::printer();
        let failure = write(
            Format::Dotenv,
            &[secret("GOOD", "v"), secret(name, "canary")],
            &printer,
        )
        .unwrap_err();
        let lines = failure.lines().unwrap();
        assert!(
            lines.contains(&format!("'{name}'")) && lines.contains("--format json"),
            "{lines}"
        );
        assert!(!lines.contains("canary"), "{lines}");
    }
    for name in ["A", "_", "a_b1", "A.B", "A-B"] {
        assert_eq!(
            written(Format::Dotenv, &[secret(name, "v")]),
            format!("{name}=v\n")
        );
    }
}

#[test]
fn a_nul_has_no_place_in_dotenv() {
    let (printer, _, _) = captured::printer();
    assert!(write(Format::Dotenv, &[secret("A", "a\0b")], &printer).is_err());
}

#[test]
fn dotenv_quotes_only_where_needed() {
    for (value, expected) in [
        ("", "K="),
        ("AZaz09_./:@%+,=-", "K=AZaz09_./:@%+,=-"),
        ("a b", "K='a b'"),
        ("$x `y` \"z\"", "K='$x `y` \"z\"'"),
        ("a\nb", "K='a\nb'"),
        ("it's", "K=\"it's\""),
        ("a\\b", "K=\"a\\\\b\""),
        ("'$x' \"y\"", "K=\"'\\$x' \\\"y\\\"\""),
        ("'\n'", "K=\"'\n'\""),
        ("Küche", "K=Küche"),
        ("kX9*mQ2!v[7]^{p}?", "K=kX9*mQ2!v[7]^{p}?"),
        ("a;b", "K='a;b'"),
        ("a&b", "K='a&b'"),
        ("<a>", "K='<a>'"),
        ("(a)", "K='(a)'"),
        ("a\u{a0}b", "K='a\u{a0}b'"),
        ("~", "K='~'"),
    ] {
        assert_eq!(line(value), format!("{expected}\n"), "{value:?}");
    }
}

/// A reader as strict as the format is meant: no variables, four escapes, nothing after the closing quote.
fn parse_dotenv(text: &str) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').unwrap();
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = match after.chars().next().unwrap() {
            '\'' => {
                let end = after[1..].find('\'').unwrap() + 1;
                value.push_str(&after[1..end]);
                end + 1
            }
            '"' => {
                chars.next();
                loop {
                    match chars.next().unwrap() {
                        (index, '"') => break index + 1,
                        (_, '\\') => match chars.next().unwrap().1 {
                            c @ ('\\' | '"' | '$' | '`') => value.push(c),
                            other => panic!("escaped {other}"),
                        },
                        (_, '$' | '`') => panic!("a shell would act on this"),
                        (_, c) => value.push(c),
                    }
                }
            }
            _ => {
                let end = after.find('\n').unwrap();
                value.push_str(&after[..end]);
                end
            }
        };
        map.insert(name.to_owned(), value);
        rest = after[end..].strip_prefix('\n').unwrap();
    }
    map
}

#[test]
fn dotenv_round_trips_strictly() {
    let read = parse_dotenv(&written(Format::Dotenv, &secrets(&NASTY)));
    assert_eq!(read.into_values().collect::<Vec<_>>(), NASTY);
}

#[test]
fn dotenv_round_trips_through_a_shell() {
    let mut script = written(Format::Dotenv, &secrets(&NASTY));
    for index in 0..NASTY.len() {
        writeln!(script, "printf '%s\\0' \"$K{index:02}\"").unwrap();
    }
    let started = Command::new("sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut shell = match started {
        Ok(shell) => shell,
        // A machine without a shell has nobody to misread the file; the strict reader above still judges it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => panic!("{error}"),
    };
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = shell.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap();
    let values: Vec<&str> = text.split_terminator('\0').collect();
    assert_eq!(values, NASTY);
}

#[test]
fn a_value_that_readers_disagree_on_is_reported() {
    for (value, warned) in [
        ("it's `id`", true),
        ("\\`", true),
        ("`id`", false),
        ("it's", false),
    ] {
        let (printer, _, err) = captured::printer();
        write(Format::Dotenv, &[secret("K", value)], &printer).unwrap();
        assert_eq!(err.text().contains("Docker Compose"), warned, "{value}");
        assert!(!err.text().contains("id"), "{}", err.text());
    }
}

#[test]
fn json_has_the_fields_that_scripts_read() {
    let text = written(Format::Json, &secrets(&NASTY));
    let read: Value = serde_json::from_str(&text).unwrap();
    let values: Vec<&str> = read
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["value"].as_str().unwrap())
        .collect();
    assert_eq!(values, NASTY);
    let one = written(Format::Json, &[secret("A", "v")]);
    let id = secret("A", "v").id;
    let workspace = secret("A", "v").workspace;
    assert_eq!(
        one,
        format!(
            "[{{\"key\":\"A\",\"workspace\":\"{workspace}\",\"value\":\"v\",\"type\":\"shared\",\"_id\":\"{id}\",\
             \"secretPath\":\"/\",\"tags\":[],\"comment\":\"\",\"skipMultilineEncoding\":false}}]\n"
        )
    );
    assert_eq!(written(Format::Json, &[]), "[]\n");
}

#[test]
fn yaml_round_trips() {
    let mut all = secrets(&NASTY);
    all.extend(
        ["yes", "1", "null", "a: b", "- x", "# y", "\u{85}\u{feff}", ""].map(|name| secret(name, name)),
    );
    let text = written(Format::Yaml, &all);
    let read: BTreeMap<String, String> = serde_saphyr::from_str(&text).unwrap();
    let meant: BTreeMap<String, String> = all
        .iter()
        .map(|secret| (secret.secret_key.clone(), secret.secret_value.expose().to_owned()))
        .collect();
    assert_eq!(read, meant);
    assert_eq!(written(Format::Yaml, &[]).trim_end(), "{}");
    assert_eq!(written(Format::Yaml, &[secret("A", "yes")]), "A: 'yes'\n");
}

#[test]
fn csv_round_trips() {
    let text = written(Format::Csv, &secrets(&NASTY));
    assert!(text.starts_with("Key,Value\nK00,\nK01,plain\n"), "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let values: Vec<String> = reader.records().map(|row| row.unwrap()[1].to_owned()).collect();
    assert_eq!(values, NASTY);
}
