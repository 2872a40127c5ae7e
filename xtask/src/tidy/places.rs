//! Things that have one place: statuses, HTTP clients, the clock, SQL.

use super::Finding;
use super::source::{Source, line_at};

const REFUSALS: &[&str] = &[
    "BAD_REQUEST",
    "UNAUTHORIZED",
    "PAYMENT_REQUIRED",
    "FORBIDDEN",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "NOT_ACCEPTABLE",
    "PROXY_AUTHENTICATION_REQUIRED",
    "REQUEST_TIMEOUT",
    "CONFLICT",
    "GONE",
    "LENGTH_REQUIRED",
    "PRECONDITION_FAILED",
    "PAYLOAD_TOO_LARGE",
    "URI_TOO_LONG",
    "UNSUPPORTED_MEDIA_TYPE",
    "RANGE_NOT_SATISFIABLE",
    "EXPECTATION_FAILED",
    "IM_A_TEAPOT",
    "MISDIRECTED_REQUEST",
    "UNPROCESSABLE_ENTITY",
    "LOCKED",
    "FAILED_DEPENDENCY",
    "TOO_EARLY",
    "UPGRADE_REQUIRED",
    "PRECONDITION_REQUIRED",
    "TOO_MANY_REQUESTS",
    "REQUEST_HEADER_FIELDS_TOO_LARGE",
    "UNAVAILABLE_FOR_LEGAL_REASONS",
    "INTERNAL_SERVER_ERROR",
    "NOT_IMPLEMENTED",
    "BAD_GATEWAY",
    "SERVICE_UNAVAILABLE",
    "GATEWAY_TIMEOUT",
    "HTTP_VERSION_NOT_SUPPORTED",
    "VARIANT_ALSO_NEGOTIATES",
    "INSUFFICIENT_STORAGE",
    "LOOP_DETECTED",
    "NOT_EXTENDED",
    "NETWORK_AUTHENTICATION_REQUIRED",
];

/// All rules of this file.
pub fn check(source: &Source) -> Vec<Finding> {
    if source.is_test {
        return Vec::new();
    }
    let mut findings = statuses(source);
    findings.extend(clients(source));
    findings.extend(clocks(source));
    findings.extend(sql(source));
    findings
}

/// One file decides which meaning becomes which refusal. The command line and what is outside read the statuses of others,
/// and never send one.
fn statuses(source: &Source) -> Vec<Finding> {
    let readers = ["server/src/cli/", "server/src/outside/"];
    let excused = source.path == "server/src/http/error.rs"
        || readers.iter().any(|folder| source.path.starts_with(folder));
    if !source.path.starts_with("server/src/") || excused {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (line, code) in source.code_lines() {
        let constant = REFUSALS.iter().find(|name| {
            code.match_indices(&format!("StatusCode::{name}"))
                .any(|(at, found)| {
                    !code[at + found.len()..].starts_with(|c: char| c == '_' || c.is_alphanumeric())
                })
        });
        let number = code
            .split_once("from_u16(")
            .map(|(_, rest)| rest.split(')').next().unwrap_or_default());
        let number = number.filter(|number| {
            number.trim().parse::<u16>().is_ok_and(|n| n > 399) || number.trim().parse::<u16>().is_err()
        });
        if let Some(what) = constant.copied().or(number) {
            findings.push(Finding::new(
                &source.path,
                line,
                format!(
                    "names the status {what}: only http/error.rs turns a meaning into a status above 399"
                ),
            ));
        }
    }
    findings
}

/// Redirects, proxies, time limits and addresses that must not be reached are decided in one place.
fn clients(source: &Source) -> Vec<Finding> {
    let path = source.path.as_str();
    if path == "server/src/outside/fetch.rs"
        || !path.starts_with("server/src/")
        || !source.code.contains("reqwest")
    {
        return Vec::new();
    }
    flag(
        source,
        &[
            "Client::new(",
            "Client::builder(",
            "ClientBuilder",
            "Client::default(",
            "reqwest::get(",
        ],
        "builds an HTTP client: only outside/fetch.rs does, where its limits are set",
    )
}

/// A clock that tests can set.
fn clocks(source: &Source) -> Vec<Finding> {
    let path = source.path.as_str();
    if path == "server/src/clock.rs" || !(path.starts_with("server/src/") || path.starts_with("shared/src/"))
    {
        return Vec::new();
    }
    flag(
        source,
        &["SystemTime::now", "Instant::now", "UNIX_EPOCH.elapsed"],
        "reads the time: only clock.rs does, so that tests can set it",
    )
}

fn flag(source: &Source, words: &[&str], why: &str) -> Vec<Finding> {
    source
        .code_lines()
        .filter(|(_, code)| words.iter().any(|word| code.contains(word)))
        .map(|(line, _)| Finding::new(&source.path, line, why))
        .collect()
}

/// Statements live beside the rows that they move.
fn sql(source: &Source) -> Vec<Finding> {
    let path = source.path.as_str();
    let product = ["server/src/", "shared/src/", "web/src/"]
        .iter()
        .any(|folder| path.starts_with(folder));
    if !product || path.starts_with("server/src/store/") || path == "server/src/store.rs" {
        return Vec::new();
    }
    statements(&source.strings)
        .into_iter()
        .map(|(at, keyword)| {
            let message = format!("SQL ({keyword}) outside server/src/store");
            Finding::new(path, line_at(&source.strings, at), message)
        })
        .collect()
}

fn statements(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for keyword in ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE"] {
        for (at, _) in text.match_indices(keyword) {
            if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &text[at + keyword.len()..];
            if !rest.starts_with(char::is_whitespace) {
                continue;
            }
            let mut words = rest.split_whitespace();
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let statement = match keyword {
                "SELECT" => !first.is_empty(),
                "INSERT" => first == "INTO" || first == "OR",
                "UPDATE" => second == "SET",
                "DELETE" => first == "FROM",
                _ => ["TABLE", "INDEX", "UNIQUE", "SCHEMA", "DATABASE"].contains(&first),
            };
            if statement {
                found.push((at, keyword));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn a_thing_out_of_its_place_is_found() {
        for (path, bad) in [
            ("server/src/http/secrets.rs", "return StatusCode::NOT_FOUND;"),
            (
                "server/src/http/serve.rs",
                "axum::http::StatusCode::SERVICE_UNAVAILABLE",
            ),
            ("server/src/http/serve.rs", "StatusCode::from_u16(404)"),
            ("server/src/http/serve.rs", "StatusCode::from_u16(number)"),
            ("server/src/cli/client.rs", "let c = reqwest::Client::builder();"),
            (
                "server/src/jobs/hooks.rs",
                "use reqwest::Client;\nlet c = Client::new();",
            ),
            ("server/src/domain/secrets.rs", "let now = SystemTime::now();"),
            ("server/src/http/serve.rs", "tokio::time::Instant::now()"),
            (
                "server/src/domain/secrets.rs",
                "let s = \"SELECT id FROM secrets\";",
            ),
            (
                "server/src/domain/secrets.rs",
                "let s = \"UPDATE secrets\n SET x = 1\";",
            ),
            (
                "server/src/domain/secrets.rs",
                "let s = r#\"INSERT INTO a VALUES (1)\"#;",
            ),
            ("server/src/app.rs", "x(\"DELETE FROM a\")"),
            ("server/src/app.rs", "x(\"CREATE TABLE a (b)\")"),
        ] {
            assert_eq!(findings(path, bad), 1, "{path}: {bad}");
        }
    }

    #[test]
    fn a_thing_in_its_place_is_fine() {
        for (path, good) in [
            ("server/src/http/error.rs", "StatusCode::NOT_FOUND"),
            (
                "server/src/http/secrets.rs",
                "StatusCode::CREATED; StatusCode::from_u16(204)",
            ),
            (
                "server/src/cli/client.rs",
                "if status == StatusCode::UNAUTHORIZED {}",
            ),
            ("server/src/outside/fetch.rs", "reqwest::Client::builder()"),
            (
                "server/src/store/postgres.rs",
                "use postgres::Client; Client::new()",
            ),
            ("server/src/clock.rs", "SystemTime::now()"),
            ("server/src/store/secrets.rs", "\"SELECT 1\""),
            (
                "server/src/domain/secrets.rs",
                "// SELECT a FROM b\nlet s = \"UPDATE your password\"; let t = \"SELECTED x\";",
            ),
            (
                "server/src/domain/secrets.rs",
                "#[cfg(test)]\nmod tests { fn f() { SystemTime::now(); \"SELECT 1\"; } }",
            ),
            (
                "server/tests/it/main.rs",
                "Instant::now(); \"SELECT 1\"; StatusCode::NOT_FOUND",
            ),
        ] {
            assert_eq!(findings(path, good), 0, "{path}: {good}");
        }
    }
}
