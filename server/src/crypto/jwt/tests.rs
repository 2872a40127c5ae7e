use super::*;
use crate::crypto::seeded::Seeded;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
}

fn claims() -> Claims {
    Claims {
        sub: "somebody".into(),
        exp: 1_763_769_600,
    }
}

fn key() -> Key {
    Key::from_bytes(&[5; 32])
}

/// Verifies with a key that answers to kid 7 only.
fn check(token: &str) -> Result<Claims, Error> {
    let key = key();
    verify(token, |kid| (kid == 7).then_some(&key))
}

/// A token with a correct signature over whatever header and claims.
fn forge(header: &str, claims: &str) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = URL_SAFE_NO_PAD.encode(mac(&key(), &[signed.as_bytes()]));
    format!("{signed}.{signature}")
}

const CLAIMS: &str = r#"{"sub":"somebody","exp":1763769600}"#;

#[test]
fn headers_other_than_ours_are_refused_even_with_a_right_signature() {
    for header in [
        r#"{"alg":"none","typ":"JWT","kid":"7"}"#,
        r#"{"alg":"None","typ":"JWT","kid":"7"}"#,
        r#"{"alg":"HS512","typ":"JWT","kid":"7"}"#,
        r#"{"alg":"RS256","typ":"JWT","kid":"7"}"#,
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":7}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"07"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"+7"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"x"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","kid":"7"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"7","crit":["x"]}"#,
        r#"{"alg":"HS256","alg":"HS256","typ":"JWT","kid":"7"}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":"7"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"7"} "#,
        r#""HS256""#,
        "{}",
        "",
    ] {
        assert!(check(&forge(header, CLAIMS)).is_err(), "{header}");
    }
    // The forger of this test is right in all the rest.
    assert_eq!(
        check(&forge(r#"{"alg":"HS256","typ":"JWT","kid":"7"}"#, CLAIMS)).unwrap(),
        claims()
    );
}

#[test]
fn tampering_with_any_character_is_refused() {
    let token = sign(7, &key(), &claims()).unwrap();
    let token = token.expose();
    assert_eq!(check(token).unwrap(), claims());
    for place in 0..token.len() {
        for letter in "AQgwz09-_.=/+ é".chars() {
            let changed = format!("{}{letter}{}", &token[..place], &token[place + 1..]);
            if changed != token {
                assert!(check(&changed).is_err(), "{changed}");
            }
            let inserted = format!("{}{letter}{}", &token[..place], &token[place..]);
            assert!(check(&inserted).is_err(), "{inserted}");
        }
        assert!(check(&token[..place]).is_err());
        assert!(check(&token[place + 1..]).is_err());
    }
}

#[test]
fn parts_of_two_tokens_do_not_mix() {
    let one = sign(7, &key(), &claims()).unwrap();
    let two = sign(
        7,
        &key(),
        &Claims {
            sub: "admin".into(),
            exp: 0,
        },
    )
    .unwrap();
    let one: Vec<&str> = one.expose().split('.').collect();
    let two: Vec<&str> = two.expose().split('.').collect();
    for mixed in [
        format!("{}.{}.{}", one[0], two[1], one[2]),
        format!("{}.{}.{}", one[0], one[1], two[2]),
        format!("{}.{}.", one[0], one[1]),
        format!("{}.{}", one[0], one[1]),
        format!("{}..{}", one[0], one[2]),
        format!("{}.{}.{}.{}", one[0], one[1], one[2], one[2]),
        format!("{}.{}.{}=", one[0], one[1], one[2]),
    ] {
        assert!(check(&mixed).is_err(), "{mixed}");
    }
}

#[test]
fn another_key_or_an_unknown_kid_is_refused() {
    let token = sign(7, &Key::random().unwrap(), &claims()).unwrap();
    assert!(matches!(check(token.expose()), Err(Error::WrongKey)));
    let token = sign(8, &key(), &claims()).unwrap();
    assert!(matches!(check(token.expose()), Err(Error::UnknownKeyVersion(8))));
}

#[test]
fn claims_of_another_shape_are_refused() {
    let header = r#"{"alg":"HS256","typ":"JWT","kid":"7"}"#;
    for claims in ["", "{}", "[]", r#"{"sub":"a","exp":"b"}"#, "{\"sub\":"] {
        assert!(check(&forge(header, claims)).is_err(), "{claims}");
    }
}

#[test]
fn oversized_tokens_are_neither_made_nor_read() {
    let long = "x".repeat(MAX_LENGTH);
    assert!(
        sign(
            7,
            &key(),
            &Claims {
                sub: long.clone(),
                exp: 0
            }
        )
        .is_err()
    );
    let claims = format!(r#"{{"sub":"{long}","exp":0}}"#);
    assert!(check(&forge(r#"{"alg":"HS256","typ":"JWT","kid":"7"}"#, &claims)).is_err());
}

#[test]
fn garbage_is_refused_without_a_panic() {
    let mut seeded = Seeded(5);
    for text in ["", ".", "..", "...", "a.b.c", "eyJ.eyJ.x"] {
        assert!(check(text).is_err());
    }
    for _ in 0..2000 {
        assert!(check(&seeded.text(60)).is_err());
        let parts: Vec<String> = (0..3)
            .map(|_| {
                let count = seeded.below(40);
                URL_SAFE_NO_PAD.encode(seeded.bytes(count))
            })
            .collect();
        assert!(check(&parts.join(".")).is_err());
    }
}

#[test]
fn known_answer() {
    // Computed independently with `openssl dgst -sha256 -mac HMAC` over the first two segments.
    let token = sign(7, &key(), &claims()).unwrap();
    assert_eq!(token.expose(), KNOWN);
}

const KNOWN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjcifQ.eyJzdWIiOiJzb21lYm9keSIsImV4cCI6MTc2Mzc2OTYwMH0.WvDm1T40KkN_4-HZ4GEiZ61MJ8FVK0uQKY66E3ZJBnE";
