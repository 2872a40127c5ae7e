//! Which paths a Rust file names, with `use` groups taken apart and `self` and `super` resolved.

use super::source::{Source, is_word, line_at};

/// A path and the line that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Such as `crate::store::Tx`.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
}

impl Named {
    /// Whether the path is `prefix` or lies under it.
    pub fn is_under(&self, prefix: &str) -> bool {
        self.path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

/// Every path in the code of a file.
pub fn named(source: &Source) -> Vec<Named> {
    let module = module_of(&source.path);
    let code = &source.code;
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_word(code, at) {
        let end = word_end(code, start);
        let word = &code[start..end];
        if word == "use" && !continues_path(code, start) {
            let stop = code[end..].find(';').map_or(code.len(), |offset| end + offset);
            let mut leaves = Vec::new();
            use_tree(&code[end..stop], "", end, &mut leaves);
            for (path, position) in leaves {
                found.push(Named {
                    path: resolve(&path, &module),
                    line: line_at(code, position),
                });
            }
            at = stop;
            continue;
        }
        let stop = path_end(code, end);
        if stop > end && !continues_path(code, start) {
            let path: String = code[start..stop].chars().filter(|c| !c.is_whitespace()).collect();
            found.push(Named {
                path: resolve(&path, &module),
                line: line_at(code, start),
            });
        }
        at = stop;
    }
    found
}

/// `server/src/domain/secrets.rs` is `crate::domain::secrets`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
    let inside = inside.trim_end_matches(".rs");
    let mut module = vec!["crate".to_owned()];
    module.extend(
        inside
            .split('/')
            .filter(|part| !["mod", "lib", "main"].contains(part))
            .map(str::to_owned),
    );
    module
}

fn resolve(path: &str, module: &[String]) -> String {
    let mut place = module.to_vec();
    let mut relative = false;
    let mut rest = path.trim_start_matches("::");
    loop {
        let (first, after) = rest.split_once("::").unwrap_or((rest, ""));
        match first {
            "self" => {}
            "super" => {
                place.pop();
            }
            _ => break,
        }
        relative = true;
        rest = after;
    }
    if !relative {
        return rest.to_owned();
    }
    if !rest.is_empty() {
        place.push(rest.to_owned());
    }
    place.join("::")
}

/// Flattens `a::{b, c::{d, e as f}}`.
fn use_tree(tree: &str, prefix: &str, offset: usize, leaves: &mut Vec<(String, usize)>) {
    let (mut depth, mut start) = (0_usize, 0);
    for (at, byte) in tree.bytes().chain([b',']).enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                branch(&tree[start..at.min(tree.len())], prefix, offset + start, leaves);
                start = at + 1;
            }
            _ => {}
        }
    }
}

fn branch(branch: &str, prefix: &str, offset: usize, leaves: &mut Vec<(String, usize)>) {
    let join = |name: &str| {
        if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}::{name}")
        }
    };
    let position = offset + branch.len() - branch.trim_start().len();
    if let Some((head, inner)) = branch.split_once('{') {
        let head: String = head.chars().filter(|c| !c.is_whitespace()).collect();
        let head = head.trim_end_matches("::");
        let inner_offset = offset + branch.len() - inner.len();
        let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
        let prefix = if head.is_empty() {
            prefix.to_owned()
        } else {
            join(head)
        };
        use_tree(inner, &prefix, inner_offset, leaves);
        return;
    }
    let name = branch.split(" as ").next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    match name.as_str() {
        "" => {}
        "self" if !prefix.is_empty() => leaves.push((prefix.to_owned(), position)),
        name => leaves.push((join(name), position)),
    }
}

fn next_word(code: &str, from: usize) -> Option<usize> {
    let bytes = code.as_bytes();
    (from..bytes.len()).find(|at| is_word(bytes[*at]) && (*at == 0 || !is_word(bytes[*at - 1])))
}

fn word_end(code: &str, start: usize) -> usize {
    let bytes = code.as_bytes();
    (start..bytes.len())
        .find(|at| !is_word(bytes[*at]))
        .unwrap_or(bytes.len())
}

fn path_end(code: &str, mut end: usize) -> usize {
    while code[end..].starts_with("::") {
        let next = end + 2;
        let stop = word_end(code, next);
        if stop == next {
            break;
        }
        end = stop;
    }
    end
}

/// Whether the word at `start` is the rest of something: `.use` or `<T>::name`.
fn continues_path(code: &str, start: usize) -> bool {
    let before = code[..start].trim_end();
    before.ends_with(">::") || (before.ends_with('.') && !before.ends_with(".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, text: &str) -> Vec<String> {
        named(&Source::new(path, text))
            .into_iter()
            .map(|named| named.path)
            .collect()
    }

    #[test]
    fn groups_are_taken_apart() {
        assert_eq!(
            paths(
                "server/src/domain/x.rs",
                "use shared::{model::{ids, names::*}, wire as w};\npub use self::y;"
            ),
            [
                "shared::model::ids",
                "shared::model::names::*",
                "shared::wire",
                "crate::domain::x::y"
            ]
        );
        assert_eq!(
            paths(
                "server/src/domain/x.rs",
                "use axum::{self, Json};\nuse {a::b, c};"
            ),
            ["axum", "axum::Json", "a::b", "c"]
        );
    }

    #[test]
    fn super_is_resolved() {
        assert_eq!(
            paths(
                "server/src/domain/x.rs",
                "use super::super::http;\nfn f() { super::y::g() }"
            ),
            ["crate::http", "crate::domain::y::g"]
        );
        assert_eq!(
            paths("server/src/domain/mod.rs", "use super::http;"),
            ["crate::http"]
        );
    }

    #[test]
    fn paths_in_expressions_are_seen_with_their_line() {
        let found = named(&Source::new(
            "server/src/domain/x.rs",
            "fn f() {\n    ::axum::Json(1);\n}\n",
        ));
        assert_eq!(
            found,
            [Named {
                path: "axum::Json".to_owned(),
                line: 2
            }]
        );
        assert!(paths("server/src/a.rs", "let x = http.get(); <T>::rusqlite::x; a . b").is_empty());
    }

    #[test]
    fn under_means_whole_names() {
        let named = Named {
            path: "crate::store_backup::x".to_owned(),
            line: 1,
        };
        assert!(!named.is_under("crate::store"));
        assert!(
            Named {
                path: "crate::store".to_owned(),
                line: 1
            }
            .is_under("crate::store")
        );
    }
}
