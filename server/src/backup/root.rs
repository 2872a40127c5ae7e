//! One hash over everything that a backup holds, so that what was restored can be compared with what was stored.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// The Merkle root of rows in their order: a binary hash tree with SHA-256 as in RFC 6962, section 2.1. A leaf is the name
/// of the table, a zero byte and the row's line without its newline. Rows come table by table, each in the order of its
/// primary key, and a line has the columns in the order of their names: both databases give the same.
#[derive(Debug, Default)]
pub struct Root {
    /// Complete subtrees, the largest first: how often each was doubled, and its hash.
    subtrees: Vec<(u32, [u8; 32])>,
}

impl Root {
    /// Takes the next row.
    pub fn row(&mut self, table: &str, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let mut hash = hash(&[&[0], table.as_bytes(), &[0], line]);
        let mut height = 0;
        while let Some((last, left)) = self.subtrees.last()
            && *last == height
        {
            hash = node(left, &hash);
            height += 1;
            self.subtrees.pop();
        }
        self.subtrees.push((height, hash));
    }

    /// The root in hex.
    pub fn finish(self) -> String {
        let mut subtrees = self.subtrees.into_iter().rev().map(|(_, hash)| hash);
        let root = match subtrees.next() {
            Some(smallest) => subtrees.fold(smallest, |right, left| node(&left, &right)),
            None => hash(&[]),
        };
        HEXLOWER.encode(&root)
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    hash(&[&[1], left, right])
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 6962, as it stands there.
    fn recursive(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves.len() {
            0 => hash(&[]),
            1 => leaves[0],
            count => {
                let half = count.next_power_of_two() / 2;
                node(&recursive(&leaves[..half]), &recursive(&leaves[half..]))
            }
        }
    }

    #[test]
    fn equals_the_definition() {
        for count in 0..40_u8 {
            let mut root = Root::default();
            let mut leaves = Vec::new();
            for number in 0..count {
                root.row("table", &[number, b'\n']);
                leaves.push(hash(&[&[0], b"table", &[0], &[number]]));
            }
            assert_eq!(root.finish(), HEXLOWER.encode(&recursive(&leaves)), "{count}");
        }
    }

    #[test]
    fn table_order_and_content_count() {
        let of = |rows: &[(&str, &str)]| {
            let mut root = Root::default();
            for (table, line) in rows {
                root.row(table, line.as_bytes());
            }
            root.finish()
        };
        let one = of(&[("a", "1"), ("b", "2")]);
        assert_eq!(one, of(&[("a", "1\n"), ("b", "2\n")]));
        for other in [
            of(&[("b", "2"), ("a", "1")]),
            of(&[("a", "1"), ("a", "2")]),
            of(&[("a", "1")]),
            of(&[]),
        ] {
            assert_ne!(one, other);
        }
    }
}
