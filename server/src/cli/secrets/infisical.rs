//! The tables that Infisical's own command line draws, for `--compat`.

use shared::wire::secrets::{Secret, SecretType};

/// Stands for what was asked for and is not there.
const MISSING: &str = "*not found*";

/// The table of `secrets` and `secrets get`; names without a secret are rows too.
pub fn secrets<'a>(rows: impl IntoIterator<Item = (&'a str, Option<&'a Secret>)>) -> String {
    let row = |(name, secret): (&str, Option<&Secret>)| match secret {
        None => [name.to_owned(), MISSING.to_owned(), MISSING.to_owned()],
        Some(secret) => {
            let kind = match secret.kind {
                SecretType::Shared => "shared",
                SecretType::Personal => "personal",
            };
            [
                name.to_owned(),
                secret.secret_value.expose().to_owned(),
                kind.to_owned(),
            ]
        }
    };
    let rows: Vec<[String; 3]> = rows.into_iter().map(row).collect();
    frame(["SECRET NAME", "SECRET VALUE", "SECRET TYPE"], &rows)
}

/// Three columns in a frame.
pub fn frame(header: [&str; 3], rows: &[[String; 3]]) -> String {
    let header = header.map(str::to_owned);
    let widths: [usize; 3] = std::array::from_fn(|column| {
        let cells = rows.iter().chain([&header]).map(|row| row[column].as_str());
        cells
            .flat_map(str::lines)
            .map(|line| line.chars().count())
            .max()
            .unwrap_or(0)
    });
    let rule = |left: &str, middle: &str, right: &str| {
        let parts = widths.map(|width| "─".repeat(width + 2));
        format!("{left}{}{right}\n", parts.join(middle))
    };
    let mut text = rule("┌", "┬", "┐");
    text.push_str(&lines(&header, widths));
    text.push_str(&rule("├", "┼", "┤"));
    for row in rows {
        text.push_str(&lines(row, widths));
    }
    text.push_str(&rule("└", "┴", "┘"));
    text
}

/// A row, which is as high as its highest cell.
fn lines(row: &[String; 3], widths: [usize; 3]) -> String {
    let height = row.iter().map(|cell| cell.lines().count()).max().unwrap_or(0);
    let mut text = String::new();
    for line in 0..height.max(1) {
        for (cell, width) in row.iter().zip(widths) {
            let shown = cell.lines().nth(line).unwrap_or_default();
            let gap = " ".repeat(width.saturating_sub(shown.chars().count()));
            text.extend(["│ ", shown, &gap, " "]);
        }
        text.push_str("│\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::fixture::secret;

    #[test]
    fn rows_in_a_frame() {
        let found = secret("A", "two\nlines");
        assert_eq!(
            secrets([("A", Some(&found)), ("B", None)]),
            "┌─────────────┬──────────────┬─────────────┐\n\
             │ SECRET NAME │ SECRET VALUE │ SECRET TYPE │\n\
             ├─────────────┼──────────────┼─────────────┤\n\
             │ A           │ two          │ shared      │\n\
             │             │ lines        │             │\n\
             │ B           │ *not found*  │ *not found* │\n\
             └─────────────┴──────────────┴─────────────┘\n"
        );
    }
}
