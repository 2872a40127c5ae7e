use std::collections::HashMap;

use super::*;

/// Values by environment, path and name; those in `secret` are not for the caller.
#[derive(Default)]
struct Values {
    values: HashMap<(String, String, String), Rc<SecretText>>,
    looked_up: usize,
}

impl Lookup for Values {
    fn look_up(&mut self, address: &Address) -> Result<Found, Error> {
        self.looked_up += 1;
        if address.environment == "secret" {
            return Ok(Found::Denied);
        }
        let key = (
            address.environment.clone(),
            address.path.to_string(),
            address.name.clone(),
        );
        Ok(self
            .values
            .get(&key)
            .map_or(Found::Missing, |value| Found::Value(Rc::clone(value))))
    }
}

/// `environment/path KEY` to value.
fn values(rows: &[(&str, &str, &str, &str)]) -> Values {
    let mut values = Values::default();
    for (environment, path, name, value) in rows {
        values.values.insert(
            ((*environment).to_owned(), (*path).to_owned(), (*name).to_owned()),
            Rc::new(SecretText::from(*value)),
        );
    }
    values
}

fn here() -> Address {
    Address {
        environment: "dev".into(),
        path: FolderPath::root(),
        name: "HERE".into(),
    }
}

fn try_expand(values: &mut Values, value: &str) -> Result<String, Error> {
    let expanded = Expansion::new(values).expand(SecretText::from(value), &here(), false)?;
    Ok(expanded.expose().to_owned())
}

fn expand(values: &mut Values, value: &str) -> String {
    try_expand(values, value).unwrap()
}

#[test]
fn what_is_no_reference_stays() {
    let mut values = values(&[("dev", "/", "X", "value"), ("dev", "/", "", "empty")]);
    for text in [
        "",
        "plain",
        "$X",
        "$ {X}",
        "${",
        "${}",
        "${  }",
        "${X",
        "X}",
        "${X ${",
        "${X Y}",
        "${X:-fallback}",
        "${X\n}",
        "${ключ}",
        "${X/Y}",
        "${NOPE}",
        "a${NOPE}b",
        "${dev.NOPE}",
        "${nope.X}",
        "${dev.no.folder.X}",
        "${.X}",
        "${X.}",
        "${dev..X}",
        "${@other.dev.X}",
        "${@X}",
        "${dev.a@b.X}",
        "}{$}{",
        "{{X}}",
    ] {
        assert_eq!(expand(&mut values, text), text);
    }
}

#[test]
fn references_are_replaced() {
    let mut values = values(&[
        ("dev", "/", "X", "value"),
        ("dev", "/", "EMPTY", ""),
        ("dev", "/", "DOLLARS", "$1 $& \\1 $$"),
        ("prod", "/", "X", "prod value"),
        ("prod", "/a/b", "X", "deep ${Y} ${X}"),
        ("prod", "/a/b", "Y", "beside"),
        ("dev", "/", "ONE", "1>${TWO}"),
        ("dev", "/", "TWO", "2>${THREE}"),
        ("dev", "/", "THREE", "3>plain"),
    ]);
    for (text, expanded) in [
        ("${X}", "value"),
        ("${  X }", "value"),
        ("a${X}b${X}c", "avaluebvaluec"),
        ("${EMPTY}", ""),
        ("$${X}", "$value"),
        ("$$${X}}", "$$value}"),
        ("${DOLLARS}", "$1 $& \\1 $$"),
        ("${prod.X}", "prod value"),
        ("${dev.X}", "value"),
        ("${ONE}", "1>2>3>plain"),
        // In the folder that was referred to, where it leads back to itself once.
        ("${prod.a.b.X}", "deep beside ${X}"),
        // What encloses it is plain text.
        ("${A B ${X}}", "${A B value}"),
        ("${X:-${X}}", "${X:-value}"),
        ("${X ${X}", "${X value"),
        ("${NOPE ${X} ", "${NOPE value "),
        ("{\"a\": \"${X}\"}", "{\"a\": \"value\"}"),
        ("ü${X}ü", "üvalueü"),
    ] {
        assert_eq!(expand(&mut values, text), expanded, "{text}");
    }
}

#[test]
fn a_name_may_hold_references() {
    let mut values = values(&[
        ("dev", "/", "REGION", "eu"),
        ("dev", "/", "FOLDER", "a.${REGION}"),
        ("dev", "/", "SPACED", " REGION "),
        ("dev", "/", "BAD", "no name"),
        ("dev", "/", "LOOP", "${LOOP}"),
        ("prod", "/a/eu", "KEY", "found"),
        ("prod", "/eu", "KEY", "other"),
    ]);
    for (text, expanded) in [
        ("${prod.a.${REGION}.KEY}", "found"),
        ("${prod.${FOLDER}.KEY}", "found"),
        ("${ prod.${ REGION }.KEY }", "other"),
        ("${${SPACED}}", "eu"),
        // As it is written when it leads nowhere.
        ("${${REGION}}", "${${REGION}}"),
        ("${prod.${NOPE}.KEY}", "${prod.${NOPE}.KEY}"),
        ("${prod.${BAD}.KEY}", "${prod.${BAD}.KEY}"),
        ("${${LOOP}}", "${${LOOP}}"),
    ] {
        assert_eq!(expand(&mut values, text), expanded, "{text}");
    }
}

#[test]
fn names_nest_ten_deep() {
    let mut values = values(&[("dev", "/", "X", "X")]);
    let nested = |depth: usize| format!("{}X{}", "${".repeat(depth), "}".repeat(depth));
    assert_eq!(expand(&mut values, &nested(10)), "X");
    assert_eq!(expand(&mut values, &nested(11)), "${X}");
    assert_eq!(
        expand(&mut values, &nested(300_000)).len(),
        nested(300_000 - 10).len()
    );
}

#[test]
fn circles_end() {
    let mut values = values(&[
        ("dev", "/", "SELF", "s${SELF}"),
        ("dev", "/", "PING", "1${PONG}"),
        ("dev", "/", "PONG", "2${PING}"),
        ("dev", "/", "ABSOLUTE", "a${dev.ABSOLUTE}"),
    ]);
    assert_eq!(expand(&mut values, "${SELF}"), "s${SELF}");
    assert_eq!(expand(&mut values, "${PING}"), "12${PING}");
    assert_eq!(expand(&mut values, "${ABSOLUTE}"), "a${dev.ABSOLUTE}");
}

#[test]
fn a_chain_has_ten_links() {
    let mut values = Values::default();
    for number in 1..=20 {
        values.values.insert(
            ("dev".into(), "/".into(), format!("L{number}")),
            Rc::new(SecretText::new(format!("{number} ${{L{}}}", number + 1))),
        );
    }
    assert_eq!(expand(&mut values, "${L1}"), "1 2 3 4 5 6 7 8 9 10 ${L11}");
}

#[test]
fn what_the_caller_may_not_read_is_refused() {
    let mut values = values(&[("dev", "/", "A", "${secret.folder.B}")]);
    for text in ["${A}", "x${secret.folder.B}"] {
        let Err(Error::ReferenceDenied { message, .. }) = try_expand(&mut values, text) else {
            panic!("{text} was expanded")
        };
        assert!(
            message.contains("'B' in environment 'secret' at path '/folder'"),
            "{message}"
        );
        assert!(
            message.contains(if text == "${A}" { "'A'" } else { "'HERE'" }),
            "{message}"
        );
    }
}

#[test]
fn a_refusal_shows_no_value_that_a_name_is_made_of() {
    let mut values = values(&[("dev", "/", "A", "CANARY"), ("dev", "/", "B", "secret.CANARY")]);
    for text in ["${secret.${A}}", "${${B}}", "${secret.x${A}.y}"] {
        let Err(Error::ReferenceDenied { message, .. }) = try_expand(&mut values, text) else {
            panic!("{text} was expanded")
        };
        assert!(!message.contains("CANARY"), "{message}");
        assert!(message.contains("'HERE'") && message.contains(text), "{message}");
    }
}

/// Values that refer to the next one `fan` times, ten deep.
fn bomb(fan: usize, end: &str) -> Values {
    let mut values = Values::default();
    for number in 0..10 {
        let value = if number == 9 {
            end.to_owned()
        } else {
            format!("${{B{}}}", number + 1).repeat(fan)
        };
        values.values.insert(
            ("dev".into(), "/".into(), format!("B{number}")),
            Rc::new(SecretText::new(value)),
        );
    }
    values
}

#[test]
fn bombs_are_refused() {
    for (fan, end) in [(10, ""), (10, "ha"), (2, &"x".repeat(100_000)), (5_000, "")] {
        for text in ["${B0}", "a${${B0}}"] {
            let mut values = bomb(fan, end);
            let Err(Error::BadRequest(message)) = try_expand(&mut values, text) else {
                panic!("{fan} times {} bytes were expanded", end.len())
            };
            assert!(message.contains("'HERE'"), "{message}");
            assert!(message.len() < 300);
            assert!(values.looked_up <= MOST_STEPS);
        }
    }
}

#[test]
fn many_values_together_are_bounded_too() {
    let mut values = values(&[("dev", "/", "LONG", &"x".repeat(1_000_000))]);
    let mut expansion = Expansion::new(&mut values);
    let mut expand = || expansion.expand(SecretText::from("${LONG}"), &here(), false);
    for _ in 0..67 {
        assert!(expand().is_ok());
    }
    assert!(matches!(expand(), Err(Error::BadRequest(_))));
}

#[test]
fn look_ups_are_bounded_for_many_values_together() {
    let mut values = values(&[]);
    let text = "${NOPE}".repeat(MOST_STEPS);
    let mut expansion = Expansion::new(&mut values);
    let mut done = 0;
    let refusal = loop {
        match expansion.expand(SecretText::from(text.as_str()), &here(), false) {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(done * MOST_STEPS, 50_000);
    assert!(matches!(refusal, Error::BadRequest(_)));
    assert_eq!(values.looked_up, MOST_STEPS_TOGETHER);
}

#[test]
fn several_lines_are_quoted_only_where_there_was_a_reference() {
    let mut values = values(&[("dev", "/", "PEM", "a\nb"), ("dev", "/", "ONE", "line")]);
    for (text, expanded) in [
        ("${PEM}\n", "\"a\\nb\\n\""),
        ("${ONE}\n", "\"line\\n\""),
        ("${NOPE}\n", "\"${NOPE}\\n\""),
        ("${ONE}", "line"),
        ("a\nb", "a\nb"),
        ("${a b}\n", "${a b}\n"),
    ] {
        let done = Expansion::new(&mut values).expand(SecretText::from(text), &here(), true);
        assert_eq!(done.unwrap().expose(), expanded, "{text}");
    }
}

#[test]
fn the_places_a_value_names() {
    let named = |text: &str| -> Vec<String> {
        places_named(&SecretText::from(text))
            .into_iter()
            .map(|(environment, path)| format!("{environment} {path}"))
            .collect()
    };
    assert!(named("plain ${KEY} ${@other.dev.KEY} ${a b.c} ${dev..KEY}").is_empty());
    assert_eq!(
        named("${prod.KEY}${dev.a.b.KEY}${dev.a.b.OTHER}${x.${y.z.KEY}.KEY}"),
        ["dev /a/b", "prod /", "y /z"]
    );
}

/// The same texts on every machine, from one number.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit as u64)).unwrap()
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 16] = [
            "${",
            "}",
            "A",
            "B",
            "C",
            ".",
            "dev",
            " ",
            "$",
            "{",
            "\n",
            "ü",
            "@",
            "${A}",
            "${ dev.B }",
            "x",
        ];
        let length = self.below(12);
        (0..length).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

/// The parts put together again.
fn written(value: &str, parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(range) => &value[range.clone()],
            Part::Reference(reference) => &value[reference.written.clone()],
        })
        .collect()
}

#[test]
fn any_text_can_be_expanded() {
    let mut random = Seeded(0x5eed_0004_2026_1122);
    let rounds = if std::env::var_os("STRONGROOM_TEST_LONG").is_some() {
        500_000
    } else {
        20_000
    };
    for _ in 0..rounds {
        let rows: Vec<String> = (0..3).map(|_| random.text()).collect();
        let mut values = values(&[
            ("dev", "/", "A", &rows[0]),
            ("dev", "/", "B", &rows[1]),
            ("dev", "/", "C", &rows[2]),
        ]);
        let text = random.text();
        let parts = parse(&text);
        assert_eq!(written(&text, &parts), text, "{text:?} loses something");
        let expanded = match try_expand(&mut values, &text) {
            Ok(expanded) => expanded,
            Err(Error::BadRequest(_)) => continue,
            Err(other) => panic!("{text:?}: {other}"),
        };
        assert!(expanded.len() <= MOST_BYTES);
        if !has_references(&SecretText::from(text.as_str())) {
            assert_eq!(expanded, text);
            assert_eq!(values.looked_up, 0, "{text:?}");
        }
        // With nothing there, everything stays as it is written.
        assert_eq!(expand(&mut Values::default(), &text), text);
    }
}

#[test]
fn long_values_take_time_by_their_length_alone() {
    let mut values = Values::default();
    for piece in ["${", "${ ", "}", "${}", "${X ", "${X}", "$", "${${", "${X}}", " "] {
        let text = piece.repeat(1_000_000 / piece.len());
        let parts = parse(&text);
        assert_eq!(written(&text, &parts), text);
        // Too many references are refused, anything else stays.
        match try_expand(&mut values, &text) {
            Ok(expanded) => assert_eq!(expanded, text),
            Err(error) => assert!(matches!(error, Error::BadRequest(_)), "{error}"),
        }
    }
}
