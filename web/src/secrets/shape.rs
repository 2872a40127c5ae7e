//! What a value of several lines is, in a few words.

/// A word or two above a value of several lines, such as `PEM · 28 lines`; none for a value of one line.
pub fn shape(value: &str) -> Option<String> {
    let count = value.lines().count();
    if count < 2 {
        return None;
    }
    let text = value.trim();
    let between = |first, last| text.starts_with(first) && text.ends_with(last);
    let kind = if text.starts_with("-----BEGIN ") {
        "PEM · "
    } else if between('{', '}') || between('[', ']') {
        "JSON · "
    } else {
        ""
    };
    Some(format!("{kind}{count} lines"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_are_told() {
        for (value, told) in [
            ("", None),
            ("one\n", None),
            ("{}", None),
            ("a\nb", Some("2 lines")),
            ("a\r\nb\r\nc\r\n", Some("3 lines")),
            (
                "-----BEGIN KEY-----\nabc\n-----END KEY-----\n",
                Some("PEM · 3 lines"),
            ),
            ("{\n  \"a\": 1\n}\n", Some("JSON · 3 lines")),
            ("[\n]", Some("JSON · 2 lines")),
            ("{\na", Some("2 lines")),
        ] {
            assert_eq!(shape(value).as_deref(), told, "{value:?}");
        }
    }
}
