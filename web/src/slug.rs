//! The short name in addresses that goes with a name for people.

/// A slug for a name: small letters, digits and hyphens. Empty when the name has none of them.
pub fn slug_for(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars() {
        if slug.len() >= 64 {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use shared::model::names::EnvSlug;

    use super::*;

    #[test]
    fn a_slug_is_one_that_the_server_takes() {
        for (name, slug) in [
            ("Staging", "staging"),
            ("  QA / Europe (2) ", "qa-europe-2"),
            ("Vorschau für Käufer", "vorschau-f-r-k-ufer"),
            ("--x--", "x"),
            ("本番", ""),
        ] {
            assert_eq!(slug_for(name), slug);
            assert!(slug.is_empty() || slug.parse::<EnvSlug>().is_ok(), "{slug}");
        }
        let long = slug_for(&"Long name ".repeat(20));
        assert!(long.parse::<EnvSlug>().is_ok(), "{long}");
    }
}
