//! Who may name whom.

use super::Finding;
use super::paths;
use super::source::Source;

/// A layer and what it must not name.
struct Layer {
    /// The files of the layer.
    folder: &'static str,
    /// Files below the folder that belong to another layer.
    except: &'static [&'static str],
    /// Paths that it must not name, nor anything under them.
    forbidden: &'static [&'static str],
    /// What it may name under a forbidden path.
    allowed: &'static [&'static str],
    /// Said with each finding.
    why: &'static str,
}

const LAYERS: &[Layer] = &[
    Layer {
        folder: "server/src/domain",
        except: &[],
        forbidden: &[
            "axum",
            "http",
            "hyper",
            "tower",
            "reqwest",
            "rusqlite",
            "postgres",
            "tokio",
            "serde_json::Value",
            "serde_json::json",
            "shared::import",
            "shared::wire",
            "crate::http",
            "crate::cli",
            "crate::app",
            "crate::jobs",
            "crate::store::sqlite",
            "crate::store::postgres",
        ],
        allowed: &[],
        why: "domain decides: it knows neither HTTP nor a database nor the shapes that travel",
    },
    Layer {
        folder: "server/src/store",
        except: &[],
        forbidden: &[
            "axum",
            "http",
            "hyper",
            "reqwest",
            "age",
            "shared::import",
            "shared::wire",
            "crate::crypto",
            "crate::domain",
            "crate::http",
            "crate::cli",
            "crate::app",
            "crate::jobs",
        ],
        allowed: &[],
        why: "store remembers: it moves sealed bytes and knows no rules",
    },
    Layer {
        folder: "server/src/crypto",
        except: &[],
        forbidden: &["crate", "shared"],
        allowed: &["crate::crypto", "shared::model"],
        why: "crypto names nothing of ours but shared::model",
    },
    Layer {
        folder: "server/src/config",
        except: &[],
        forbidden: &[
            "axum",
            "rusqlite",
            "postgres",
            "crate::app",
            "crate::cli",
            "crate::domain",
            "crate::http",
            "crate::store",
        ],
        allowed: &[],
        why: "config is known before anything is opened",
    },
    Layer {
        folder: "server/src/http",
        except: &[],
        forbidden: &["rusqlite", "postgres", "shared::import", "crate::cli"],
        allowed: &[],
        why: "http translates: it knows no database driver and no terminal",
    },
    Layer {
        folder: "server/src/jobs",
        except: &[],
        forbidden: &[
            "axum",
            "rusqlite",
            "postgres",
            "shared::import",
            "shared::wire",
            "crate::http",
            "crate::cli",
        ],
        allowed: &[],
        why: "jobs call the domain and nothing above it",
    },
    Layer {
        folder: "server/src/cli",
        except: &["server/src/cli/operator"],
        forbidden: &[
            "axum",
            "rusqlite",
            "postgres",
            "crate::app",
            "crate::domain",
            "crate::store",
            "crate::crypto",
            "crate::http",
        ],
        allowed: &[],
        why: "a client command knows the server by its API alone; only cli/operator works on a store",
    },
    Layer {
        folder: "shared/src/model",
        except: &[],
        forbidden: &["crate::wire", "crate::import"],
        allowed: &[],
        why: "model is the floor under wire and import",
    },
    Layer {
        folder: "shared/src/wire",
        except: &[],
        forbidden: &["crate::import"],
        allowed: &[],
        why: "wire is what travels; files are read beside it",
    },
    Layer {
        folder: "shared/src/import",
        except: &[],
        forbidden: &["crate::wire"],
        allowed: &[],
        why: "import reads text and knows no shape that travels",
    },
];

/// Names that a layer must not use, and `async` in the domain.
pub fn check(source: &Source) -> Vec<Finding> {
    if source.is_test {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for layer in LAYERS.iter().filter(|layer| layer.holds(&source.path)) {
        for named in paths::named(source) {
            let forbidden = layer.forbidden.iter().any(|path| named.is_under(path));
            let allowed = layer.allowed.iter().any(|path| named.is_under(path));
            if forbidden && !allowed {
                let message = format!("must not name {}: {}", named.path, layer.why);
                findings.push(Finding::new(&source.path, named.line, message));
            }
        }
    }
    if is_in(&source.path, "server/src/domain") {
        for (line, code) in source.code_lines() {
            if code
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == "async" || word == "await")
            {
                findings.push(Finding::new(
                    &source.path,
                    line,
                    "must not be async: domain is called inside a transaction, which the caller awaits",
                ));
            }
        }
    }
    findings
}

impl Layer {
    fn holds(&self, path: &str) -> bool {
        is_in(path, self.folder) && !self.except.iter().any(|other| is_in(path, other))
    }
}

/// Whether a file is `folder.rs` or lies in `folder`.
fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn each_layer_refuses_what_it_must_not_name() {
        for (path, bad) in [
            ("server/src/domain/secrets.rs", "use axum::Json;"),
            (
                "server/src/domain/secrets.rs",
                "use shared::{model::ids::SecretId, wire::secrets::Secret};",
            ),
            ("server/src/domain/secrets.rs", "fn f() -> http::StatusCode { x }"),
            ("server/src/domain/secrets.rs", "use rusqlite as database;"),
            ("server/src/domain/secrets.rs", "use postgres::Client;"),
            ("server/src/domain/secrets.rs", "use super::super::http::error;"),
            ("server/src/domain/secrets.rs", "fn f(v: &serde_json::Value) {}"),
            ("server/src/domain/secrets.rs", "pub async fn f() {}"),
            ("server/src/domain.rs", "use axum::Json;"),
            (
                "server/src/store/secrets.rs",
                "use crate::crypto::sealed::Sealed;",
            ),
            ("server/src/store/secrets.rs", "use crate::{domain, store};"),
            ("server/src/store/secrets.rs", "use shared::wire::auth::User;"),
            ("server/src/crypto/key.rs", "use crate::store::Tx;"),
            ("server/src/crypto/key.rs", "use shared::wire::auth::User;"),
            ("server/src/crypto/key.rs", "use super::super::clock;"),
            (
                "server/src/http/infisical/secrets.rs",
                "fn f() { rusqlite::Connection::open(p); }",
            ),
            ("server/src/cli/secrets.rs", "use crate::store::Db;"),
            ("shared/src/model/ids.rs", "use crate::wire::auth;"),
            ("shared/src/model/ids.rs", "use crate::import::Entry;"),
            ("shared/src/wire/auth.rs", "use crate::import::Entry;"),
            ("shared/src/import/json.rs", "use crate::wire::auth;"),
            ("server/src/domain/secrets.rs", "use shared::import;"),
            ("server/src/http/secrets.rs", "use shared::import::parse;"),
        ] {
            assert!(findings(path, bad) > 0, "{path}: {bad}");
        }
    }

    #[test]
    fn each_layer_may_name_what_it_needs() {
        for (path, good) in [
            (
                "server/src/domain/secrets.rs",
                "use crate::store::{Tx, secrets};\nuse shared::model::ids::SecretId;",
            ),
            (
                "server/src/domain/secrets.rs",
                "// axum::Json is for http\nfn f() { let s = \"axum::Json\"; }",
            ),
            (
                "server/src/domain/secrets.rs",
                "#[cfg(test)]\nmod tests { use serde_json::Value; async fn f() {} }",
            ),
            ("server/src/domain/tests.rs", "use axum::Json;"),
            (
                "server/src/store/sqlite.rs",
                "use rusqlite::Connection;\nuse super::value::Value;",
            ),
            (
                "server/src/crypto/key.rs",
                "use super::aead;\nuse shared::model::text::SecretText;\nuse crate::crypto::x;",
            ),
            (
                "server/src/http/secrets.rs",
                "use axum::Json;\nuse shared::wire::auth;\nuse crate::domain::secrets;",
            ),
            ("server/src/cli/operator/serve.rs", "use crate::app::App;"),
            ("server/src/domain_names.rs", "use axum::Json;"),
        ] {
            assert_eq!(findings(path, good), 0, "{path}: {good}");
        }
    }
}
