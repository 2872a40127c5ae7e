//! A key that several people hold: its identity split into cards, of which some number gives it back (Shamir's scheme).
//!
//! A card is one line, `strongroom-card-1…`, in the alphabet of age's own keys with a checksum, so that a card copied by
//! hand with an error is noticed. It holds: how many are needed, a number that all cards of one set share, and its share.

use bech32::{Bech32m, Hrp};
use blahaj::{Share, Sharks};
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::identity::{self, Identity};
use super::{Error, random};

const PREFIX: &str = "strongroom-card-";
/// One byte for how many are needed, four for the set.
const HEAD: usize = 5;

/// Splits an identity into `made` cards, any `needed` of which give it back.
pub fn split(identity: &Identity, needed: u8, made: u8) -> Result<Vec<SecretText>, Error> {
    if needed < 2 || made < needed {
        return Err(Error::Malformed(
            "two or more cards are needed, and no more than are made",
        ));
    }
    let secret = identity::to_bytes(identity)?;
    let set = random::bytes::<4>()?;
    let hrp = Hrp::parse(PREFIX).map_err(|_| Error::Malformed("the prefix of cards"))?;
    Sharks(needed)
        .dealer(secret.as_slice())
        .take(usize::from(made))
        .map(|share| {
            let share = Zeroizing::new(Vec::from(&share));
            let mut data = Zeroizing::new(Vec::with_capacity(HEAD + share.len()));
            data.push(needed);
            data.extend_from_slice(&set);
            data.extend_from_slice(&share);
            bech32::encode::<Bech32m>(hrp, &data)
                .map(SecretText::new)
                .map_err(|_| Error::Malformed("a card"))
        })
        .collect()
}

/// Whether a text looks like cards.
pub fn are_cards(text: &str) -> bool {
    lines(text).any(|line| line.to_ascii_lowercase().starts_with(PREFIX))
}

/// The identity of which these are cards, one to a line. The error says what is wrong and repeats none of them.
pub fn combine(text: &str) -> Result<Identity, String> {
    let mut set = None;
    let mut shares: Vec<Share> = Vec::new();
    let mut taken = Vec::new();
    for (number, line) in (1..).zip(lines(text)) {
        let wrong = |why: &str| format!("card {number} {why}");
        let (hrp, data) =
            bech32::decode(line).map_err(|_| wrong("is damaged: a character is missing or wrong"))?;
        let data = Zeroizing::new(data);
        if !hrp.as_str().eq_ignore_ascii_case(PREFIX) || data.len() <= HEAD + 1 {
            return Err(wrong("is not a card of Strongroom"));
        }
        let (head, share) = data.split_at(HEAD);
        if *set.get_or_insert_with(|| head.to_vec()) != head {
            return Err(wrong("belongs to another set than the first"));
        }
        // The first byte of a share is its number: the same card twice counts once.
        if taken.contains(&share[0]) {
            continue;
        }
        taken.push(share[0]);
        shares.push(Share::try_from(share).map_err(|_| wrong("is damaged"))?);
    }
    let needed = set.as_ref().map_or(2, |head| head[0]);
    if shares.len() < usize::from(needed) {
        return Err(format!(
            "{needed} different cards are needed; here are {}",
            shares.len()
        ));
    }
    let secret = Sharks(needed)
        .recover(&shares)
        .map(Zeroizing::new)
        .map_err(|_| "these cards do not fit together".to_owned())?;
    identity::from_bytes(&secret).map_err(|_| "these cards do not fit together".to_owned())
}

/// Lines that are neither empty nor comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(cards: &[&SecretText]) -> String {
        let lines: Vec<&str> = cards.iter().map(|card| card.expose()).collect();
        lines.join("\n")
    }

    #[test]
    fn any_three_of_five_cards_give_the_identity_back_and_two_do_not() {
        let kept = identity::generate();
        let cards = split(&kept, 3, 5).unwrap();
        let all: Vec<&SecretText> = cards.iter().collect();
        for [a, b, c] in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
            let text = joined(&[all[a], all[b], all[c]]);
            assert!(are_cards(&text));
            assert_eq!(
                identity::recipient(&combine(&text).unwrap()),
                identity::recipient(&kept)
            );
        }
        assert_eq!(
            combine(&joined(&all[..2])).map(drop).unwrap_err(),
            "3 different cards are needed; here are 2"
        );
        assert!(combine(&joined(&[all[0], all[1], all[0]])).is_err());
    }

    #[test]
    fn damaged_and_foreign_cards_are_named_and_not_repeated() {
        let (one, other) = (identity::generate(), identity::generate());
        let cards = split(&one, 2, 2).unwrap();
        let foreign = split(&other, 2, 2).unwrap();
        let mixed = joined(&[&cards[0], &foreign[1]]);
        assert!(
            combine(&mixed)
                .map(drop)
                .unwrap_err()
                .contains("card 2 belongs to another set")
        );
        let mut damaged = joined(&[&cards[0], &cards[1]]);
        damaged.replace_range(30..31, if &damaged[30..31] == "q" { "p" } else { "q" });
        let why = combine(&damaged).map(drop).unwrap_err();
        assert!(why.contains("card 1 is damaged") && !why.contains(&damaged[20..40]));
        assert!(split(&one, 1, 3).is_err() && split(&one, 4, 3).is_err());
    }
}
