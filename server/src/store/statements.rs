//! Every SQL text of the store is prepared on a freshly migrated database: that replaces checking at compile time.
//!
//! Statements are found as string literals that begin with a verb. A literal for one database only begins with the
//! comment `/* sqlite */` or `/* postgres */`; the drivers' own files count as such. In a `format!`, `{for_update}`
//! stands for the dialect's fragment. Anything else in braces cannot be checked and is refused outside `copy.rs`,
//! which makes its texts from the catalogue.

use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::migrate::migrate;
use super::{Dialect, Error, Sql};
use crate::database::TestDatabase;

/// Files whose statements are made of names from the catalogue; `copy.rs` has tests that run them.
const TEMPLATES: &[&str] = &["copy.rs"];
const VERBS: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];

/// The statements of a source text, without those of its tests.
fn statements(source: &str) -> Vec<String> {
    let tokens: TokenStream = source.parse().expect("the source is Rust");
    let mut found = Vec::new();
    collect(tokens, &mut found);
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            // Attributes, which documentation is as well.
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                tokens.next_if(|next| matches!(next, TokenTree::Punct(punct) if punct.as_char() == '!'));
                let attribute = tokens.next_if(
                    |next| matches!(next, TokenTree::Group(g) if g.delimiter() == Delimiter::Bracket),
                );
                if attribute.is_some_and(|attribute| attribute.to_string().replace(' ', "") == "[cfg(test)]")
                {
                    for skipped in tokens.by_ref() {
                        match skipped {
                            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
                            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                            _ => {}
                        }
                    }
                }
            }
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Literal(literal) => {
                if let syn::Lit::Str(text) = syn::Lit::new(literal)
                    && let (_, statement) = without_marker(&text.value())
                    && VERBS.contains(&statement.split(char::is_whitespace).next().unwrap_or_default())
                    && statement.contains(char::is_whitespace)
                {
                    found.push(text.value());
                }
            }
            _ => {}
        }
    }
}

/// The one database the text is for, if it says so, and the text without that.
fn without_marker(text: &str) -> (Option<Dialect>, &str) {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("/* sqlite */") {
        (Some(Dialect::Sqlite), rest.trim_start())
    } else if let Some(rest) = text.strip_prefix("/* postgres */") {
        (Some(Dialect::Postgres), rest.trim_start())
    } else {
        (None, text)
    }
}

/// The text that this database would run: `Ok(None)` if it is for the other one.
fn runnable(file: &str, text: &str, dialect: Dialect) -> Result<Option<String>, Error> {
    let only = match file {
        "sqlite.rs" => Some(Dialect::Sqlite),
        "postgres.rs" => Some(Dialect::Postgres),
        _ => without_marker(text).0,
    };
    if only.is_some_and(|only| only != dialect) {
        return Ok(None);
    }
    let text = text.replace("{for_update}", dialect.for_update());
    match (text.contains('{'), TEMPLATES.contains(&file)) {
        (false, _) => Ok(Some(text)),
        (true, true) => Ok(None),
        (true, false) => Err(Error::Sql(
            "has a part in braces that cannot be checked".to_owned(),
        )),
    }
}

/// Prepares everything, each statement in a transaction of its own; answers with how many there were and what failed.
fn check(database: &TestDatabase, file: &str, source: &str) -> (usize, Vec<String>) {
    let mut checked = 0;
    let mut failures = Vec::new();
    for text in statements(source) {
        let result = runnable(file, &text, database.db.dialect()).and_then(|runnable| {
            let Some(text) = runnable else { return Ok(()) };
            checked += 1;
            database.db.read_blocking(move |tx| tx.prepare(&text).map(drop))
        });
        if let Err(error) = result {
            failures.push(format!("{file}: {error}\n    {text}"));
        }
    }
    (checked, failures)
}

fn migrated() -> TestDatabase {
    let database = TestDatabase::open();
    database
        .db
        .write_blocking(|tx| migrate(tx, 1))
        .expect("migrations apply");
    database
}

#[test]
fn every_statement_prepares_on_this_database() {
    let database = migrated();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut total = 0;
    let mut failures = Vec::new();
    for entry in folder.read_dir().expect("the store's sources") {
        let path = entry.expect("a file").path();
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a UTF-8 name")
            .to_owned();
        if path.extension().is_none_or(|extension| extension != "rs")
            || ["tests.rs", "statements.rs"].contains(&file.as_str())
        {
            continue;
        }
        let (checked, failed) = check(
            &database,
            &file,
            &std::fs::read_to_string(&path).expect("a source"),
        );
        total += checked;
        failures.extend(failed);
    }
    assert!(
        failures.is_empty(),
        "statements that do not prepare:\n{}",
        failures.join("\n")
    );
    assert!(
        total >= 5,
        "only {total} statements found: the collector misses them"
    );
    println!("{total} statements prepare on {:?}", database.db.dialect());
}

#[test]
fn a_broken_statement_is_reported() {
    let database = migrated();
    let source = r##"
        //! SELECT documentation, not a statement
        /// UPDATE nor this
        fn broken(tx: Tx) {
            tx.query("SELECT nothing FROM settings", &[])?;
            tx.execute(r#"UPDATE settings SET value = $1 WHERE"#, &[])?;
            tx.execute(&format!("DELETE FROM {table}"), &[])?;
        }
        #[cfg(test)]
        mod tests { fn f() { tx.query("SELECT inside_tests", &[]); } }
    "##;
    let (checked, failures) = check(&database, "settings.rs", source);
    assert_eq!(checked, 2);
    assert_eq!(failures.len(), 3, "{failures:?}");
    assert!(failures[0].contains("SELECT nothing"), "{}", failures[0]);
    assert!(failures[1].contains("UPDATE settings"), "{}", failures[1]);
    assert!(failures[2].contains("braces"), "{}", failures[2]);
}

#[test]
fn statements_are_found_wherever_they_stand() {
    let source = r#"
        const LIST: &str = "SELECT name FROM settings
            WHERE name > $1";
        fn good(tx: Tx) {
            let lock = tx.dialect().for_update();
            tx.query(&format!("SELECT value FROM settings WHERE name = $1{for_update}"), &[])?;
            tx.query(match tx.dialect() {
                Dialect::Sqlite => "/* sqlite */ SELECT rowid FROM settings",
                Dialect::Postgres => "/* postgres */ SELECT xmin FROM settings",
            }, &[]);
            let not_sql = ["SELECTED", "UPDATE", "with care"];
        }
    "#;
    assert_eq!(statements(source).len(), 4);
    let (checked, failures) = check(&migrated(), "settings.rs", source);
    assert_eq!((checked, failures), (3, vec![]));
}

#[test]
fn parameters_are_counted() {
    let count = |sql: &'static str| migrated().db.read_blocking(move |tx| tx.prepare(sql));
    assert_eq!(count("UPDATE settings SET value = $2 WHERE name = $1"), Ok(2));
    assert!(matches!(count("SELECT FROM WHERE"), Err(Error::Sql(_))));
}

/// Keeps the trait usable behind a reference, as every repository function takes it.
#[test]
fn a_transaction_is_an_object() {
    fn name(tx: &mut dyn Sql) -> Dialect {
        tx.dialect()
    }
    let database = TestDatabase::open();
    let dialect = database.db.read_blocking(|tx| Ok::<_, Error>(name(tx)));
    assert_eq!(dialect, Ok(database.db.dialect()));
}
