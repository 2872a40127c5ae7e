use super::*;

#[test]
fn secret_names_are_free_text_without_control_characters() {
    for good in [
        "A",
        "DB_URL",
        "with space",
        "a:b",
        "a/b",
        "ключ",
        "-x",
        &"n".repeat(512),
    ] {
        assert_eq!(good.parse::<SecretName>().unwrap().as_str(), good);
    }
    for bad in ["", "   ", ".", "..", "a\0b", "a\nb", "\u{7f}x", &"n".repeat(513)] {
        assert!(bad.parse::<SecretName>().is_err(), "{bad:?}");
    }
    assert_eq!(" A ".parse::<SecretName>().unwrap().as_str(), "A");
}

#[test]
fn slugs() {
    for good in ["dev", "p", "dev_personal", "eu-west-1"] {
        assert!(good.parse::<EnvSlug>().is_ok(), "{good}");
    }
    for bad in ["", "Dev", "-dev", "dev-", "a b", "a/b", "..", &"d".repeat(65)] {
        assert!(bad.parse::<EnvSlug>().is_err(), "{bad}");
    }
    assert!("abcd".parse::<ProjectSlug>().is_err());
    assert!("abcde".parse::<ProjectSlug>().is_ok());
}

#[test]
fn slugified_names() {
    for (name, slug) in [
        ("Home Lab", "home-lab"),
        ("  A -- b!", "a-b"),
        ("Küche", "k-che"),
        ("Ω", ""),
    ] {
        assert_eq!(name.parse::<DisplayName>().unwrap().slugified(), slug);
    }
}

#[test]
fn descriptions_are_bounded_text() {
    for good in ["", "two\nlines", &"d".repeat(1_000)] {
        assert_eq!(good.parse::<Description>().unwrap().as_str(), good);
    }
    for bad in ["a\0b", "\u{1b}[2J", &"d".repeat(1_001)] {
        assert!(bad.parse::<Description>().is_err(), "{bad:?}");
    }
}

#[test]
fn emails() {
    for good in [
        "a@b.cd",
        "Kavi@Example.COM",
        "first.last+tag@sub.example.org",
        "ü@exämple.de",
    ] {
        assert_eq!(good.parse::<Email>().unwrap().as_str(), good.to_lowercase());
    }
    for bad in [
        "", "a", "@b.cd", "a@", "a@b", "a@b.c", "a@.cd", "a@b..cd", "a b@c.de", "a@b@c.de", "<a@b.cd>",
    ] {
        assert!(bad.parse::<Email>().is_err(), "{bad}");
    }
}

#[test]
fn tag_slugs_are_lower_cased_and_bounded() {
    assert_eq!(" Back-End ".parse::<TagSlug>().unwrap().as_str(), "back-end");
    assert!("t".repeat(32).parse::<TagSlug>().is_ok());
    for bad in ["", "-a", "a-", "a_b", "a b", "ä", &"t".repeat(33)] {
        assert!(bad.parse::<TagSlug>().is_err(), "{bad:?}");
    }
    assert_eq!("".parse::<TagColor>().unwrap().as_str(), "");
    for bad in ["a\0b", "\u{1b}[31m", &"c".repeat(33)] {
        assert!(bad.parse::<TagColor>().is_err(), "{bad:?}");
    }
}

#[test]
fn long_and_short_names_of_environments() {
    for (given, other) in [
        ("production", Some("prod")),
        ("prod", Some("production")),
        ("dev", Some("development")),
        ("stage", Some("staging")),
        ("Production", None),
        ("test", None),
        ("", None),
    ] {
        assert_eq!(environment_alias(given), other, "{given}");
    }
}

#[test]
fn folder_names() {
    for good in ["a", "A_b-9", &"n".repeat(255)] {
        assert_eq!(good.parse::<FolderName>().unwrap().as_str(), good);
    }
    assert_eq!(" a ".parse::<FolderName>().unwrap().as_str(), "a");
    for bad in [
        "",
        " ",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a b",
        "%2e",
        "ä",
        &"n".repeat(256),
    ] {
        assert!(bad.parse::<FolderName>().is_err(), "{bad:?}");
    }
}

#[test]
fn folder_paths_are_normalized() {
    for (given, shown) in [
        ("", "/"),
        ("/", "/"),
        ("///", "/"),
        ("app", "/app"),
        (" /a//b/ ", "/a/b"),
    ] {
        assert_eq!(given.parse::<FolderPath>().unwrap().to_string(), shown);
    }
}

/// Every text of up to `length` characters.
fn texts(alphabet: &[char], length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..length {
        last = last
            .iter()
            .flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}")))
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Not a sample but all of them: short texts have every way to combine what could matter.
#[test]
fn every_short_text_is_a_canonical_path_or_refused() {
    let (mut paths, mut refused) = (0, 0);
    for text in texts(&['/', '.', 'a', '-', ' ', '\\', '%', 'ä'], 5) {
        let fine = text
            .trim()
            .chars()
            .all(|c| c == '/' || c == '-' || c.is_ascii_alphanumeric());
        let Ok(path) = text.parse::<FolderPath>() else {
            assert!(!fine, "{text:?} was refused");
            refused += 1;
            continue;
        };
        assert!(fine, "{text:?} was accepted");
        paths += 1;
        let shown = path.to_string();
        assert_eq!(shown.parse::<FolderPath>().as_ref(), Ok(&path), "{text:?}");
        assert!(
            shown.starts_with('/') && !shown.contains("//"),
            "{text:?} is {shown}"
        );
        assert!(shown == "/" || !shown.ends_with('/'), "{text:?} is {shown}");
        assert!(
            path.segments()
                .iter()
                .all(|segment| segment != "." && segment != ".."),
            "{text:?} climbs"
        );
        let names: Vec<&str> = text.trim().split('/').filter(|name| !name.is_empty()).collect();
        assert_eq!(path.segments(), names, "{text:?}");
        for dressed in [
            format!("/{}", text.trim()),
            format!("{}/", text.trim()),
            format!(" {text} "),
        ] {
            assert_eq!(dressed.parse::<FolderPath>().as_ref(), Ok(&path), "{dressed:?}");
        }
    }
    assert!(paths > 500 && refused > 30_000, "{paths} {refused}");
}

#[test]
fn a_path_is_its_parent_and_its_name() {
    let names = texts(&['a', 'B', '-'], 2);
    for name in names.iter().filter(|name| !name.is_empty()) {
        let name: FolderName = name.parse().unwrap();
        for above in ["/", "/x", "/x/y"] {
            let above: FolderPath = above.parse().unwrap();
            let path = above.child(&name).unwrap();
            assert_eq!(path.parent(), above);
            assert_eq!(path.segments().last().map(String::as_str), Some(name.as_str()));
            assert_eq!(above.join(&FolderPath::root().child(&name).unwrap()), path);
            assert_eq!(path.to_string().parse::<FolderPath>(), Ok(path));
        }
    }
    assert_eq!(FolderPath::root().parent(), FolderPath::root());
    let deepest: FolderPath = "/d".repeat(32).parse().unwrap();
    assert!(deepest.child(&"x".parse().unwrap()).is_err());
}

#[test]
fn folder_paths_never_climb() {
    for bad in [
        "/..",
        "/a/../b",
        "/.",
        "/a\\b",
        "/a b",
        "/ä",
        "/%2e%2e",
        &"/a".repeat(33),
    ] {
        assert!(bad.parse::<FolderPath>().is_err(), "{bad}");
    }
}
