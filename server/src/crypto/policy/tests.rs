use super::*;
use crate::crypto::random;

fn judge(password: &str) -> Result<(), Weakness> {
    check(
        &SecretText::from(password),
        Some(&"Firstname.Lastname@example.com".parse().unwrap()),
    )
}

#[test]
fn characters_are_counted_not_bytes() {
    assert_eq!(judge("ключ-ключик"), Err(Weakness::TooShort));
    assert_eq!(judge("elevenchars"), Err(Weakness::TooShort));
    assert_eq!(judge(""), Err(Weakness::TooShort));
    assert_eq!(judge("ключ-от-дома"), Ok(()));
    assert_eq!(judge(&"långt lösen ".repeat(80)), Err(Weakness::TooLong));
}

#[test]
fn the_email_is_no_password() {
    for password in [
        "firstname.lastname@example.com",
        "FirstName.LastName",
        " firstname.lastname ",
    ] {
        assert_eq!(judge(password), Err(Weakness::SameAsEmail), "{password}");
    }
    assert_eq!(check(&SecretText::from("firstname.lastname"), None), Ok(()));
}

#[test]
fn repetition() {
    for password in [
        "aaaaaaaaaaaa",
        "AaAaAaAaAaAa",
        "abcabcabcabc",
        "xyzzyxyzzyxyzzy",
        "k9Q!k9Q!k9Q!",
        "k9Q!mzk9Q!mzk9",
        "111222333111",
        "            a",
    ] {
        assert_eq!(judge(password), Err(Weakness::Repetitive), "{password}");
    }
}

#[test]
fn walks_over_keyboard_and_alphabet() {
    for password in [
        "qwertyuiopas",
        "QWERTYUIOP[]asdf",
        "poiuytrewqlkjh",
        "zyxwvutsrqpo",
        "1234567890123",
        "890123456789",
        "98765432109876",
        "1qaz2wsx3edc",
        "1q2w3e4r5t6y",
        "abcdefgh-12345678",
        "asdfghjkl;'1234",
        "qazwsxedcrfv",
        "qweasdzxc1234",
        "azertyuiopqsd",
        "qwertzuiop1234",
    ] {
        assert_eq!(judge(password), Err(Weakness::Sequence), "{password}");
    }
}

#[test]
fn known_ones_and_their_disguises() {
    for password in [
        "password1234",
        "Password1234!",
        "P@ssw0rd1234",
        "passw0rd2024",
        "$ecret123456",
        "!!!welcome!!!",
        "Welcome-2025-",
        "2024changeme!",
        "password password",
        "Administrator",
        "test_test_1234",
        "correct horse battery staple",
        "CorrectHorseBatteryStaple",
        "May the force be with you",
        "i l o v e y o u 1 2 3 4",
        "Strongroom2025",
        "AdminPassword!",
        "pass-word-1234",
        "we1c0me-12345",
        "supercalifragilisticexpialidocious",
    ] {
        assert_eq!(judge(password), Err(Weakness::Common), "{password}");
    }
}

#[test]
fn good_ones_pass() {
    for password in [
        "tall green lamp ferry",
        "the password of my neighbour is longer",
        "hinter den sieben bergen",
        "k7#mPq2!vZx9",
        "plum radio 44 tent",
        "passwordless ferry lamp",
        "secretary of the interior lamp",
        "12 drummers drumming",
        "test 9317 2846 5021",
        "パスワードではありませんよね",
    ] {
        assert_eq!(judge(password), Ok(()), "{password}");
    }
    for _ in 0..2000 {
        let password = random::letters(16).unwrap();
        assert_eq!(judge(&password), Ok(()), "{password}");
    }
}

#[test]
fn the_list_is_in_the_form_it_is_compared_in() {
    assert!(COMMON.lines().count() > 500);
    for line in COMMON.lines() {
        assert!(line.len() >= MIN_CHARACTERS, "{line}");
        assert!(
            line.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
            "{line}"
        );
        assert!(judge(line).is_err(), "{line}");
    }
    let sorted: Vec<&str> = COMMON.lines().collect();
    assert!(sorted.is_sorted());
    for word in WORDS {
        assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
    }
}

#[test]
fn odd_input_is_judged_without_a_panic() {
    let mut seeded = crate::crypto::seeded::Seeded(6);
    for _ in 0..500 {
        let text = seeded.text(40);
        if text.chars().count() < MIN_CHARACTERS {
            assert_eq!(judge(&text), Err(Weakness::TooShort));
        } else {
            assert_eq!(judge(&text), Ok(()));
        }
    }
}
