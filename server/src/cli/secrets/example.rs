//! `secrets generate-example-env`: which variables a program needs, without their values.

use std::collections::BTreeMap;

use shared::wire::secrets::Secret;

/// What a comment may hold to say what a value is like.
const DEFAULT: &str = "DEFAULT:";

/// A section for each tag, those without a tag last. Comments explain; `DEFAULT:` in one gives the value that goes into
/// the file.
pub fn example(secrets: &[Secret]) -> String {
    let mut sections: BTreeMap<(bool, &str), Vec<&Secret>> = BTreeMap::new();
    for secret in secrets {
        let tag = secret.tags.first().map(|tag| tag.slug.as_str());
        sections
            .entry((tag.is_none(), tag.unwrap_or_default()))
            .or_default()
            .push(secret);
    }
    let mut text = String::new();
    for ((_, tag), secrets) in sections {
        if !text.is_empty() {
            text.push('\n');
        }
        if !tag.is_empty() {
            text.extend(["# ", &tag.to_uppercase(), "\n"]);
        }
        for secret in secrets {
            let comment = secret.secret_comment.expose();
            let (comment, default) = match comment.split_once(DEFAULT) {
                Some((comment, default)) => (comment, default.trim()),
                None => (comment, ""),
            };
            for line in comment.lines().map(str::trim).filter(|line| !line.is_empty()) {
                text.extend(["# ", line, "\n"]);
            }
            // A default is one line of a comment: more of it would be other variables.
            let default = default.lines().next().unwrap_or_default();
            text.extend([secret.secret_key.as_str(), "=", default, "\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use shared::model::ids::TagId;
    use shared::wire::secrets::SecretTag;

    use super::*;
    use crate::cli::client::fixture::secret;

    #[test]
    fn names_and_comments_but_no_values() {
        let tagged = Secret {
            secret_comment: "Where it listens.\nDEFAULT: 8080\nEVIL=1".into(),
            tags: vec![SecretTag {
                id: TagId::from_random([1; 16]),
                slug: "web".to_owned(),
                name: "web".to_owned(),
                color: String::new(),
            }],
            ..secret("PORT", "canary")
        };
        let told = example(&[secret("A", "canary"), tagged]);
        assert_eq!(told, "# WEB\n# Where it listens.\nPORT=8080\n\nA=\n");
    }
}
