//! `export --template`: any text file, with values where it names them.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use shared::wire::secrets::Secret;
use zeroize::Zeroizing;

use crate::cli::failure::Failure;

#[derive(Serialize)]
struct Context<'a> {
    /// Values by name.
    secrets: BTreeMap<&'a str, &'a str>,
    /// The same as a list, with comments.
    all: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    key: &'a str,
    value: &'a str,
    comment: &'a str,
    path: &'a str,
}

/// The template with values in it. A name that is not there is an error: an empty place would be found out too late.
pub fn render(template: &str, secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(|error| wrong(&error))?);
    environment.add_filter("shell", |text: String| {
        format!("'{}'", text.replace('\'', "'\\''"))
    });
    environment.add_filter("json", |text: String| serde_json::json!(text).to_string());
    environment.add_filter("default", minijinja::filters::default);
    environment.add_filter("lower", minijinja::filters::lower);
    environment.add_filter("upper", minijinja::filters::upper);
    environment.add_filter("replace", minijinja::filters::replace);
    environment.add_filter("trim", minijinja::filters::trim);
    let context = Context {
        secrets: secrets
            .iter()
            .map(|secret| (secret.secret_key.as_str(), secret.secret_value.expose()))
            .collect(),
        all: secrets
            .iter()
            .map(|secret| Listed {
                key: &secret.secret_key,
                value: secret.secret_value.expose(),
                comment: secret.secret_comment.expose(),
                path: &secret.secret_path,
            })
            .collect(),
    };
    let rendered = environment
        .template_from_named_str("template", template)
        .and_then(|template| template.render(Serde(context)));
    rendered.map(Zeroizing::new).map_err(|error| wrong(&error))
}

fn wrong(error: &minijinja::Error) -> Failure {
    // The engine's own words can repeat what stood in the way.
    let line = error
        .line()
        .map_or(String::new(), |line| format!(" in line {line}"));
    Failure::new(format!("The template is wrong{line}"))
        .because(format!("{}.", error.kind()))
        .advise(
            "Write {{ secrets.NAME }} for a value; a name that is not there is refused, unless | default(\"\") follows",
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::fixture::secret;

    #[test]
    fn values_where_the_template_names_them() {
        let secrets = [secret("A", "it's"), secret("B", "<b>\n")];
        let rendered = render(
            "{% for s in all %}{{ s.key }}={{ s.value | shell }};{% endfor %}{{ secrets.B | json }} {{ secrets.C | default('none') }}\n",
            &secrets,
        )
        .unwrap();
        assert_eq!(*rendered, "A='it'\\''s';B='<b>\n';\"<b>\\n\" none\n");
    }

    #[test]
    fn what_is_wrong_is_told_without_values() {
        let secrets = [secret("A", "canary")];
        for template in [
            "\n{{ secrets.NOPE }}",
            "\n{{ secrets.A + 1 }}",
            "\n{% if %}",
            "\n{{ secrets.A | nope }}",
        ] {
            let lines = render(template, &secrets).unwrap_err().lines().unwrap();
            assert!(lines.contains("in line 2"), "{lines}");
            assert!(!lines.contains("canary"), "{lines}");
        }
    }
}
