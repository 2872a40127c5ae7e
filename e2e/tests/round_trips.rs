//! Values through each format into the program that reads it. The values are random; a failure names the seed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use e2e::clients::{folder, node_modules, python};
use e2e::desk::Desk;
use e2e::program::Run;
use e2e::shell::environment;

type Values = BTreeMap<String, String>;

/// Parts that some writer or reader of some format gets wrong.
const PARTS: [&str; 36] = [
    "{a,b}",
    "[a-z]{2,5}",
    "a",
    "Z9",
    " ",
    "  ",
    "'",
    "\"",
    "`",
    "$",
    "${HOME}",
    "$(id)",
    "\\",
    "\\n",
    "\\\\",
    "\n",
    "\n\n",
    "\t",
    "#",
    " # ",
    "=",
    ": ",
    "- ",
    "!",
    "&",
    "%",
    "*",
    "é",
    "ключ",
    "🔑",
    ",",
    ";",
    "|",
    "~",
    "{\"a\": [1]}",
    "<b>",
];

/// A repeatable stream of numbers (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap_or(1)).unwrap_or_default()
    }
}

/// The seed: new ones come from `STRONGROOM_TEST_SEED`.
fn seed() -> u64 {
    std::env::var("STRONGROOM_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_251_127)
}

/// Values that the server keeps as they are: it drops white space at both ends.
fn values() -> Values {
    let mut numbers = Numbers(seed());
    let mut values = Values::new();
    for index in 0..60 {
        let parts = numbers.below(9);
        let text: String = (0..parts).map(|_| PARTS[numbers.below(PARTS.len())]).collect();
        values.insert(format!("R{index:02}"), text.trim().to_owned());
    }
    for (index, part) in PARTS.iter().enumerate() {
        values.insert(format!("S{index:02}"), format!("x{part}y"));
    }
    values.insert(
        "LONG".to_owned(),
        format!("{}'{}", "a ".repeat(16_000), "\\b".repeat(16_000)),
    );
    values.insert("EMPTY".to_owned(), String::new());
    values
}

struct Exports {
    desk: Desk,
    values: Values,
}

impl Exports {
    /// A server that keeps the values.
    fn new(values: Values) -> Result<Self> {
        let desk = Desk::new()?;
        let file = desk.file("values.json", &serde_json::to_string(&values)?)?;
        desk.data(&["secrets", "set", "--file", &file])?;
        Ok(Self { desk, values })
    }

    /// The path of a file in a format.
    fn file(&self, format: &str) -> Result<String> {
        self.desk
            .data(&["export", "--format", format, "--output-file", format])?;
        Ok(self.desk.home.join(format).display().to_string())
    }

    fn expect(&self, reader: &str, mut read: Values) -> Result<()> {
        read.retain(|name, _| self.values.contains_key(name));
        for (name, value) in &self.values {
            ensure!(
                read.get(name) == Some(value),
                "{reader}, seed {}: {name} is {value:?} and was read as {:?}",
                seed(),
                read.get(name)
            );
        }
        Ok(())
    }

    fn shell(&self, shell: &str, script: &str, file: &str) -> Result<()> {
        let read = Run::of(Path::new(shell), &self.desk.home)
            .args(["-c", script, "sh", file])
            .finish()?;
        self.expect(
            &format!("{shell} -c {script}"),
            environment(read.ok()?.as_bytes())?,
        )
    }

    fn python(&self, reader: &str, file: &str) -> Result<()> {
        let interpreter = python(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        let read = Run::of(&interpreter, &self.desk.home)
            .args([
                folder().join("readers.py").display().to_string().as_str(),
                reader,
                file,
            ])
            .finish()?;
        self.expect(
            reader,
            serde_json::from_str(&read.ok()?).context("no map of texts")?,
        )
    }
}

#[test]
fn every_value_survives_shells_and_data_formats() -> Result<()> {
    let exports = Exports::new(values())?;
    for shell in ["/bin/sh", "/bin/bash"] {
        exports.shell(shell, "set -a; . \"$1\"; exec env -0", &exports.file("dotenv")?)?;
        exports.shell(shell, ". \"$1\"; exec env -0", &exports.file("dotenv-export")?)?;
        exports.shell(
            shell,
            "eval \"$(cat \"$1\")\"; exec env -0",
            &exports.file("dotenv-eval")?,
        )?;
        exports.shell(shell, "set -a; . \"$1\"; exec env -0", &exports.file("systemd")?)?;
    }
    for format in ["yaml", "k8s-secret", "toml", "csv"] {
        exports.python(format, &exports.file(format)?)?;
    }
    let systemd = std::fs::read_to_string(exports.file("systemd")?)?;
    exports.expect("systemd", systemd_environment(&systemd)?)
}

#[test]
fn docker_reads_lines_and_refuses_the_rest_by_name() -> Result<()> {
    let (lines, others): (Values, Values) =
        values().into_iter().partition(|(_, value)| !value.contains('\n'));
    let exports = Exports::new(lines)?;
    exports.python("docker", &exports.file("docker")?)?;
    for (name, value) in others.iter().take(5) {
        let file = exports.desk.file("value", value)?;
        exports
            .desk
            .data(&["secrets", "set", &format!("{name}=@{file}")])?;
        let told = exports
            .desk
            .run(&["export", "--format", "docker", "--projectId", "home-lab"])?
            .finish()?
            .refused(1)?;
        assert!(told.contains(&format!("The value of {name} cannot")), "{told}");
        assert!(told.contains("--format compose"), "{told}");
        exports.desk.data(&["secrets", "delete", name])?;
    }
    Ok(())
}

/// Libraries that know fewer escapes than a shell: `docs/COMMAND-LINE.md` says which values they read.
#[test]
fn dotenv_libraries_read_what_needs_no_escape() -> Result<()> {
    let mut simple = values();
    simple.retain(|_, value| {
        let escapes = value.contains(['"', '\\', '$', '`']);
        !(value.contains(['\'', '\\']) && escapes)
    });
    assert!(simple.len() > 40, "{}", simple.len());
    let mut exports = Exports::new(simple)?;
    let file = exports.file("dotenv")?;
    exports.python("python-dotenv", &file)?;
    let compose = exports.file("compose")?;
    exports.python("python-dotenv", &compose)?;
    let modules = node_modules()?;
    let read = Run::of(Path::new("node"), &exports.desk.home)
        .args([folder().join("reader.mjs").display().to_string().as_str(), &file])
        .env("NODE_MODULES", modules.as_os_str())
        .finish()?;
    exports.expect("dotenv of Node.js", serde_json::from_str(&read.ok()?)?)?;

    // Python's Compose replaces `${NAME}` between quotes of either kind, and nothing keeps it from that.
    exports.values.retain(|_, value| !value.contains("${"));
    assert!(exports.values.len() > 30, "{}", exports.values.len());
    let services = "version: '3'\nservices:\n  reader:\n    image: none\n    env_file: [compose]\n";
    exports.desk.file("docker-compose.yml", services)?;
    let config = Run::of(Path::new("docker-compose"), &exports.desk.home)
        .args(["config"])
        .finish()?;
    exports.python("compose-config", &exports.desk.file("config", &config.ok()?)?)
}

/// What systemd makes of an `EnvironmentFile`, as its manual and its parser have it: quotes are dropped, a backslash in
/// double quotes is one only before `"`, `\`, `` ` `` and `$`.
fn systemd_environment(text: &str) -> Result<Values> {
    let mut values = Values::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').context("no assignment")?;
        let mut value = String::new();
        let end = if let Some(quoted) = after.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            loop {
                let (at, c) = chars.next().context("an open quote")?;
                match c {
                    '"' => break after.len() - quoted.len() + at + 1,
                    '\\' => {
                        let (_, next) = chars.next().context("an open escape")?;
                        if !"\"\\`$".contains(next) {
                            value.push('\\');
                        }
                        value.push(next);
                    }
                    c => value.push(c),
                }
            }
        } else {
            let end = after.find('\n').unwrap_or(after.len());
            value.push_str(&after[..end]);
            end
        };
        values.insert(name.to_owned(), value);
        rest = after[end..].strip_prefix('\n').context("text after a value")?;
    }
    Ok(values)
}

#[test]
fn rules_of_systemd() -> Result<()> {
    for (line, value) in [
        ("A=plain\n", "plain"),
        ("A=\"two words\"\n", "two words"),
        ("A=\"a\\\"b\\\\c\\$d\\`e\"\n", "a\"b\\c$d`e"),
        ("A=\"\\n\"\n", "\\n"),
        ("A=\"two\nlines\"\n", "two\nlines"),
        ("A=\n", ""),
    ] {
        assert_eq!(systemd_environment(line)?["A"], value, "{line}");
    }
    Ok(())
}
