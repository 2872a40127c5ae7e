use super::*;

/// Name, value, comment, line.
type Seen<'a> = (&'a str, &'a str, &'a str, usize);

/// Entries, and the lines of problems.
fn seen(parsed: &Parsed) -> (Vec<Seen<'_>>, Vec<usize>) {
    let entries = parsed
        .entries
        .iter()
        .map(|entry| {
            let comment = entry.comment.as_ref().map_or("", SecretText::expose);
            (entry.name.as_str(), entry.value.expose(), comment, entry.line)
        })
        .collect();
    (
        entries,
        parsed.problems.iter().map(|problem| problem.line).collect(),
    )
}

fn read(format: Format, text: &str) -> Parsed {
    parse(text, Some(format))
}

#[track_caller]
fn check(format: Format, text: &str, entries: &[Seen], problems: &[usize]) {
    let parsed = read(format, text);
    assert_eq!(
        seen(&parsed),
        (entries.to_vec(), problems.to_vec()),
        "{text:?}: {:?}",
        parsed.problems
    );
}

/// Text and the value that A has then, or none where A is refused. What each reader makes of it stands behind it, where
/// they differ: p is python-dotenv 1.2, n is dotenv 18 of Node, r is dotenvy 0.15, d is `docker run --env-file`.
const DOTENV: [(&str, Option<&str>); 58] = [
    ("A=b", Some("b")),
    ("A = b", Some("b")), // d refuses the name
    ("  A=b  ", Some("b")),
    ("export A=b", Some("b")), // d refuses the name
    ("export\tA=b", Some("b")),
    ("export=1\nA=b", Some("b")),
    ("A=", Some("")),
    ("A= ", Some("")), // r refuses it
    ("A=''", Some("")),
    ("A=\"\"", Some("")),
    ("A: b", Some("b")),    // n alone
    ("A:", Some("")),       // nobody; as Compose and YAML have it
    ("A:b", None),          // everybody
    ("A", None),            // p has a name without a value, d looks into its environment
    ("A=b c", Some("b c")), // r refuses it
    ("A=b # c", Some("b")), // d keeps all
    ("A=b#c", Some("b#c")), // n: b
    ("A=#c", Some("#c")),   // n, r: empty
    ("A= #c", Some("")),
    ("A='b # c' # d", Some("b # c")),
    ("A=\"b\"#c", Some("b")), // r: b#c
    ("A='b'", Some("b")),     // d keeps the quotes, here and below
    ("A=\"b\"", Some("b")),
    ("A=`b`", Some("b")), // p, r keep the quotes
    ("A=`b", Some("`b")),
    ("A=it's", Some("it's")), // r refuses it
    ("A='b", None),           // n: 'b
    ("A=\"b", None),          // n: "b
    (r#"A="b\nc""#, Some("b\nc")),
    (r"A='b\nc'", Some(r"b\nc")),
    (r"A=b\nc", Some(r"b\nc")),      // r: a newline
    (r#"A="b\tc""#, Some("b\tc")),   // n keeps it, r refuses it
    (r#"A="b\"c""#, Some("b\"c")),   // n keeps the backslash
    (r"A='b\'c'", Some("b'c")),      // n keeps the backslash, r refuses it
    (r"A='C:\'", Some(r"C:\")),      // n alone
    (r#"A="C:\\x""#, Some(r"C:\x")), // n keeps both
    (r"A='C:\\x'", Some(r"C:\\x")),  // p: one backslash
    (r"A=C:\x", Some(r"C:\x")),      // r refuses it
    (r#"A="\$x""#, Some("$x")),      // p, n keep the backslash
    (r#"A="\q""#, Some(r"\q")),      // r refuses it
    ("A=$X", Some("$X")),            // p, r take X from the environment, here and below
    ("A=${X}", Some("${X}")),
    ("A=\"${X}\"", Some("${X}")),
    ("A='${X}'", Some("${X}")),
    ("A=\"b\nc\"", Some("b\nc")),
    ("A='b\nc'", Some("b\nc")),
    ("A=`b\nc`", Some("b\nc")),     // n alone
    ("A=\"b\r\nc\"", Some("b\nc")), // p, r keep the carriage return
    ("A='b'c", None),               // n: 'b'c, r: bc
    ("A=\"{\"a\":1}\"", None),      // n: {"a":1}, r: {a:1}
    (r"A='it'\''s'", None),         // n: it'\''s, r: it's
    ("A B=c", None),
    ("'A'=b", Some("b")), // p alone
    ("\u{feff}A=b", Some("b")),
    ("A=b=c", Some("b=c")),
    ("A==", Some("=")),
    ("A=ü", Some("ü")),
    (r"A=b\", Some(r"b\")), // r refuses it
];

#[test]
fn dotenv_reads_what_the_others_read() {
    for (text, wanted) in DOTENV {
        let parsed = read(Format::Dotenv, text);
        let value = parsed
            .entries
            .iter()
            .find(|entry| entry.name.as_str() == "A")
            .map(|entry| entry.value.expose());
        assert_eq!(value, wanted, "{text:?}: {:?}", parsed.problems);
        assert_eq!(parsed.problems.len(), usize::from(wanted.is_none()), "{text:?}");
    }
}

#[test]
fn dotenv_tells_the_line_of_everything() {
    let text = "# one\n\nA=1\nexport B='2\n2' # both\r\nnothing\n=x\nC: 3\nexport C\nexport D\n";
    check(
        Format::Dotenv,
        text,
        &[("A", "1", "", 3), ("B", "2\n2", "both", 4), ("C", "3", "", 8)],
        &[6, 7, 10],
    );
}

#[test]
fn of_a_name_that_stands_twice_the_last_counts() {
    let parsed = read(Format::Dotenv, "A=1\nB=2\nA=3\nA=4\n");
    assert_eq!(
        seen(&parsed),
        (vec![("B", "2", "", 2), ("A", "4", "", 4)], vec![1, 3])
    );
    assert_eq!(parsed.problems[0].what, "A stands on line 1 and again on line 3");
    for (format, text) in [
        (Format::Json, "{\"A\": 1,\n\"A\": 2}"),
        (Format::Yaml, "A: 1\nA: 2\n"),
    ] {
        check(format, text, &[("A", "2", "", 2)], &[1]);
    }
    check(Format::Csv, "key,value\nA,1\nA,2\n", &[("A", "2", "", 3)], &[2]);
}

#[test]
fn a_quote_that_is_not_closed_loses_no_more_than_its_value() {
    // The end of the key could be taken for an assignment, and is none.
    let key = "K=\"-----BEGIN\nMIGH\nabcd==\n-----END\nEMPTY_FOLLOWS=x\nB=2\n";
    check(
        Format::Dotenv,
        key,
        &[("EMPTY_FOLLOWS", "x", "", 5), ("B", "2", "", 6)],
        &[1],
    );
    assert!(
        read(Format::Dotenv, key).problems[0]
            .why
            .ends_with("Lines 1 to 4 were left out.")
    );
    check(
        Format::Dotenv,
        "A=\"1\nB=\"2\"\nC=3",
        &[("B", "2", "", 2), ("C", "3", "", 3)],
        &[1],
    );
    let last = read(Format::Dotenv, "A='1\nzzz\n");
    assert!(
        last.problems[0].why.ends_with("Lines 1 to 2 were left out."),
        "{last:?}"
    );
    let alone = read(Format::Dotenv, "A='1");
    assert!(!alone.problems[0].why.contains("left out"), "{alone:?}");
}

#[test]
fn a_real_file_is_read_whole() {
    let parsed = parse(include_str!("fixtures/omakase.env"), None);
    assert_eq!(parsed.format, Format::Dotenv);
    assert_eq!(parsed.problems, []);
    let value = |name: &str| {
        let entry = parsed
            .entries
            .iter()
            .find(|entry| entry.name.as_str() == name)
            .unwrap();
        (
            entry.value.expose(),
            entry.comment.as_ref().map(SecretText::expose),
        )
    };
    assert_eq!(value("TZ"), ("Europe/Rome", Some("Your timezone")));
    assert_eq!(value("POSTGRES_PASSWORD").0, "kX9$mQ2#vL7&pR4!wZ");
    assert_eq!(
        value("TRAEFIK_API_PASSWORD").0,
        "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"
    );
    assert_eq!(value("SMTP_FROM_NAME").0, "Omakase – Küche");
    assert_eq!(value("EMPTY_VALUE").0, "");
    assert_eq!(value("JSON_BLOB").0, "{\"a\": 1, \"b\": [\"x\", \"y\"]}");
    assert_eq!(value("TLS_KEY").0.lines().count(), 4);
    assert_eq!(parsed.entries.len(), 26);
}

#[test]
fn json_is_an_object_of_scalars() {
    let text = "{\n\"A\": \"b\\n\\u00fc\",\n\"B\": 1.0,\n\"C\": true,\n\"D\": null,\n\"E\": {\"x\": 1},\n\"F\": [1],\n\"\": 1,\n\"G\": \"\\ud800\",\n\"H\": 12345678901234567890123}";
    check(
        Format::Json,
        text,
        &[
            ("A", "b\nü", "", 2),
            ("B", "1.0", "", 3),
            ("C", "true", "", 4),
            ("H", "12345678901234567890123", "", 10),
        ],
        &[5, 6, 7, 8, 9],
    );
}

#[test]
fn json_is_a_list_of_objects() {
    let text = r#"[
{"key": "A", "workspace": "w", "value": "1", "type": "shared", "_id": "x", "secretPath": "/", "tags": [], "comment": "why", "skipMultilineEncoding": false},
{"secretKey": "B", "secretValue": "2", "secretComment": ""},
{"key": "P", "value": "3", "type": "personal"},
{"key": "C"},
{"value": "x"},
{"key": 1.5, "value": "x"},
"text", 4,
[]]"#;
    check(
        Format::Json,
        text,
        &[("A", "1", "why", 2), ("B", "2", "", 3), ("1.5", "x", "", 7)],
        &[4, 5, 6, 8, 8, 9],
    );
}

#[test]
fn broken_json_imports_nothing_and_tells_where() {
    for (text, line) in [
        ("{\"A\": 1,\n\"B\" 2}", 2),
        ("{\"A\": 1", 1),
        ("{\"A\": 1}\nx", 2),
        ("[{\"key\": \"A\", \"value\": \"1\"},\n", 2),
        ("\"text\"", 1),
        ("", 1),
        ("12", 1),
        ("null", 1),
    ] {
        let parsed = read(Format::Json, text);
        assert_eq!(parsed.entries, [], "{text:?}");
        assert_eq!(parsed.problems.len(), 1, "{text:?}: {:?}", parsed.problems);
        assert_eq!(parsed.problems[0].line, line, "{text:?}: {:?}", parsed.problems);
    }
}

#[test]
fn yaml_is_a_map_or_a_list_of_maps() {
    let map = "---\n# all\nA: b # not imported\nB: 'it''s'\nC: \"x\\ny\"\nD:\nE: yes\nF: 1.0\nG: |\n  one\n  two\nH: ${X}\nI: !!str 12\nJ: &anchor x\n";
    check(
        Format::Yaml,
        map,
        &[
            ("A", "b", "", 3),
            ("B", "it's", "", 4),
            ("C", "x\ny", "", 5),
            ("D", "", "", 6),
            ("E", "yes", "", 7),
            ("F", "1.0", "", 8),
            ("G", "one\ntwo\n", "", 9),
            ("H", "${X}", "", 12),
            ("I", "12", "", 13),
            ("J", "x", "", 14),
        ],
        &[],
    );
    let list =
        "- key: A\n  value: 1\n  comment: why\n- {secretKey: B, secretValue: 2}\n- C\n- key: D\n- [E]\n";
    check(
        Format::Yaml,
        list,
        &[("A", "1", "why", 1), ("B", "2", "", 4)],
        &[5, 6, 7],
    );
    let wrong = "A: null\nB: ~\nC: {x: 1}\nD: [1]\nE: &e 1\nF: *e\n<<: *nowhere\n? [x]\n: 1\nG: !ref x\nH: 1\n---\nI: 2\n";
    check(
        Format::Yaml,
        wrong,
        &[("E", "1", "", 5), ("H", "1", "", 11)],
        &[1, 2, 3, 4, 6, 7, 8, 10, 12],
    );
}

#[test]
fn broken_yaml_imports_nothing_and_tells_where() {
    for (text, line) in [
        ("A: 1\nB: \"x\n", 3),
        ("A: 1\n  B: 2\n", 2),
        ("A: [1\n", 1),
        ("just text\n", 1),
        ("A: 1\n\tB: 2\n", 1),
    ] {
        let parsed = read(Format::Yaml, text);
        assert_eq!(parsed.entries, [], "{text:?}");
        assert_eq!(parsed.problems.len(), 1, "{text:?}: {:?}", parsed.problems);
        assert_eq!(parsed.problems[0].line, line, "{text:?}: {:?}", parsed.problems);
    }
    assert_eq!(read(Format::Yaml, "# nothing\n").problems, []);
}

#[test]
fn an_alias_is_never_a_copy() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, of) in ('b'..='z').zip('a'..) {
        let aliases = vec![format!("*{of}"); 9].join(",");
        bomb = format!("{bomb}{name}: &{name} [{aliases}]\n");
    }
    let parsed = read(Format::Yaml, &bomb);
    assert_eq!(parsed.entries, []);
    assert_eq!(parsed.problems.len(), 26);
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let deep = format!("A: {}{}", open.repeat(20_000), close.repeat(20_000));
        assert_eq!(read(Format::Yaml, &deep).entries, []);
        assert_eq!(read(Format::Json, &deep.replacen("A:", "{\"A\":", 1)).entries, []);
    }
}

#[test]
fn csv_has_a_header() {
    let text =
        "key,value,comment\r\nA,1,why\r\n\r\nB,\"2,\"\"x\"\"\nnext\",\r\nC,3\r\nD,4,5,6\r\nE\r\n,7,\r\n";
    check(
        Format::Csv,
        text,
        &[
            ("A", "1", "why", 2),
            ("B", "2,\"x\"\nnext", "", 4),
            ("C", "3", "", 6),
        ],
        &[7, 8, 9],
    );
    check(
        Format::Csv,
        "\n\"Comment\";\"Value\";\"Key\"\nx;1;A\n",
        &[("A", "1", "x", 3)],
        &[],
    );
    for (text, line) in [
        ("A,1\nB,2\n", 1),
        ("", 1),
        ("key\nA\n", 1),
        ("key,value\nA,1\nB,\"2\nC,3\n", 3),
    ] {
        let parsed = read(Format::Csv, text);
        assert_eq!(parsed.entries, [], "{text:?}");
        assert_eq!(parsed.problems.len(), 1, "{text:?}");
        assert_eq!(parsed.problems[0].line, line, "{text:?}");
    }
}

#[test]
fn formats_are_told_apart() {
    for (text, format) in [
        ("", Format::Dotenv),
        ("A=1", Format::Dotenv),
        ("A", Format::Dotenv),
        ("# A: b\nexport A=1\nB: 2\n", Format::Dotenv),
        ("A: 1\nB=2\n", Format::Dotenv),
        ("A=\"x\ny: z\"\n", Format::Dotenv),
        ("URL=http://x\n", Format::Dotenv),
        (" {\"A\": 1}", Format::Json),
        ("\u{feff}[]", Format::Json),
        ("---\nA: 1\n", Format::Yaml),
        ("A: x=1\nB: |\n  C=1\n", Format::Yaml),
        ("- key: A\n  value: 1\n", Format::Yaml),
        ("key,value\nA,1\n", Format::Csv),
        ("\"Key\";\"Value\"\n", Format::Csv),
    ] {
        assert_eq!(parse(text, None).format, format, "{text:?}");
    }
    for (name, format) in [
        ("a/.env", Some(Format::Dotenv)),
        (".env.local", Some(Format::Dotenv)),
        ("prod.env", Some(Format::Dotenv)),
        ("x.JSON", Some(Format::Json)),
        ("C:\\x.yml", Some(Format::Yaml)),
        ("x.yaml", Some(Format::Yaml)),
        ("x.csv", Some(Format::Csv)),
        ("x.txt", None),
        ("folder.json/x", None),
    ] {
        assert_eq!(Format::of_file_name(name), format, "{name}");
    }
}

#[test]
fn limits_are_kept_and_nothing_is_imported_in_part() {
    let alone = |parsed: &Parsed| {
        assert_eq!(parsed.entries, []);
        assert_eq!(parsed.problems.len(), 1, "{:?}", parsed.problems.first());
        parsed.problems[0].line
    };
    let line = "A=1\n";
    let long = line.repeat(LONGEST_TEXT / line.len());
    assert_eq!(read(Format::Dotenv, &long).problems.len(), MOST_PROBLEMS);
    assert_eq!(alone(&parse(&(long + "\n"), None)), 1);
    let many: Vec<String> = (0..MOST_ENTRIES).map(|number| format!("A{number}=1\n")).collect();
    let many = many.concat();
    assert_eq!(read(Format::Dotenv, &many).entries.len(), MOST_ENTRIES);
    assert_eq!(alone(&read(Format::Dotenv, &(many + "B=1\n"))), MOST_ENTRIES + 1);
    let wrong = read(Format::Dotenv, &"x\n".repeat(MOST_PROBLEMS * 2));
    assert_eq!((wrong.entries.len(), wrong.problems.len()), (0, MOST_PROBLEMS));
    let name = "A".repeat(513);
    check(
        Format::Dotenv,
        &format!("{name}=1\nB=2\n"),
        &[("B", "2", "", 2)],
        &[1],
    );
}

#[test]
fn bytes_must_be_utf_8() {
    assert_eq!(parse_bytes("A=ü".as_bytes(), None).entries.len(), 1);
    for (bytes, line, why) in [
        (&b"A=1\nB=\xff"[..], 2, "does not have"),
        (&b"\xff\xfeA\0=\x001\0"[..], 1, "UTF-16"),
    ] {
        let parsed = parse_bytes(bytes, None);
        assert_eq!((parsed.entries.len(), parsed.problems[0].line), (0, line));
        assert!(parsed.problems[0].why.contains(why));
    }
}

#[test]
fn what_export_writes_is_read_back() {
    // The two forms of quoting that `strongroom export` has; its own tests compare what it writes with these.
    for (line, value) in [
        ("A='it costs $5 \"or\" `so`\n#2'", "it costs $5 \"or\" `so`\n#2"),
        ("A=\"it's \\\\ \\\" \\$X \\`so\\`\"", "it's \\ \" $X `so`"),
    ] {
        check(Format::Dotenv, line, &[("A", value, "", 1)], &[]);
    }
}

#[test]
fn a_line_of_quotes_is_read_in_one_go() {
    // Looking at the rest of the line for each of them would take minutes.
    let quotes = "\\'".repeat((LONGEST_TEXT - 10) / 2);
    for end in ["'", "' # b", " ", "'\nB='x'"] {
        let parsed = read(Format::Dotenv, &format!("A='{quotes}{end}"));
        assert!(!parsed.entries.is_empty() || !parsed.problems.is_empty());
    }
    check(
        Format::Dotenv,
        "A='it\\'s\\'x\n\\' \\'\\'x'\nB='C:\\' # b\nC='\\'",
        &[
            ("A", "it's'x\n' ''x", "", 1),
            ("B", "C:\\", "b", 3),
            ("C", "\\", "", 4),
        ],
        &[],
    );
}
