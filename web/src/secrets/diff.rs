//! What differs between two values, line by line.

/// One line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// In both.
    Same(String),
    /// Only in the older one.
    Gone(String),
    /// Only in the newer one.
    New(String),
}

/// Beyond this many pairs of lines nobody waits for an exact answer.
const MOST_PAIRS: usize = 1_000_000;

/// Compares two texts.
pub fn lines(older: &str, newer: &str) -> Vec<Line> {
    let a: Vec<&str> = older.lines().collect();
    let b: Vec<&str> = newer.lines().collect();
    let begin = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a_rest, b_rest) = (&a[begin..], &b[begin..]);
    let end = a_rest
        .iter()
        .rev()
        .zip(b_rest.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let (a_mid, a_end) = a_rest.split_at(a_rest.len() - end);
    let b_mid = &b_rest[..b_rest.len() - end];
    let same =
        |lines: &[&str]| -> Vec<Line> { lines.iter().map(|line| Line::Same((*line).to_owned())).collect() };
    let mut compared = same(&a[..begin]);
    compared.extend(middle(a_mid, b_mid));
    compared.extend(same(a_end));
    compared
}

/// The part between the lines that both begin and end with: by the longest common subsequence.
fn middle(a: &[&str], b: &[&str]) -> Vec<Line> {
    let gone = |line: &str| Line::Gone(line.to_owned());
    let new = |line: &str| Line::New(line.to_owned());
    if a.len().saturating_mul(b.len()) > MOST_PAIRS {
        return a
            .iter()
            .map(|x| gone(x))
            .chain(b.iter().map(|y| new(y)))
            .collect();
    }
    let width = b.len() + 1;
    let mut longest = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut compared = Vec::new();
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            compared.push(Line::Same(a[i].to_owned()));
            i += 1;
            j += 1;
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            compared.push(gone(a[i]));
            i += 1;
        } else {
            compared.push(new(b[j]));
            j += 1;
        }
    }
    compared.extend(a[i..].iter().map(|x| gone(x)));
    compared.extend(b[j..].iter().map(|y| new(y)));
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(older: &str, newer: &str) -> String {
        lines(older, newer)
            .into_iter()
            .map(|line| match line {
                Line::Same(text) => format!(" {text}"),
                Line::Gone(text) => format!("-{text}"),
                Line::New(text) => format!("+{text}"),
            })
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn lines_that_came_and_went() {
        assert_eq!(told("", ""), "");
        assert_eq!(told("a", "a"), " a");
        assert_eq!(told("a", "b"), "-a|+b");
        assert_eq!(told("a\nb\nc", "a\nc"), " a|-b| c");
        assert_eq!(told("a\nc", "a\nb\nc"), " a|+b| c");
        assert_eq!(told("x\na\ny\nb", "a\nz\nb"), "-x| a|-y|+z| b");
        assert_eq!(told("a\na", "a"), " a|-a");
    }

    #[test]
    fn huge_texts_are_told_roughly() {
        let many = |letter: &str| {
            (0..2_000)
                .map(|n| format!("{letter}{n}"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let (older, newer) = (many("a"), many("b"));
        assert_eq!(lines(&older, &newer).len(), 4_000);
    }
}
