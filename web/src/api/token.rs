//! What an access token says about its bearer. Nothing is checked here: the server does that with each request.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    user_id: String,
}

/// The id of the person that a token was made for.
pub fn user(token: &str) -> Option<String> {
    let claims = decoded(token.split('.').nth(1)?)?;
    serde_json::from_slice::<Claims>(&claims)
        .ok()
        .map(|claims| claims.user_id)
}

/// Base64 for addresses, without padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0u32, 0u32);
    for character in text.bytes() {
        let six = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        held = ((held << 6) | u32::from(six)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_found() {
        // {"authTokenType":"accessToken","userId":"7b1e","x":"ÿ?>"}
        let claims = "eyJhdXRoVG9rZW5UeXBlIjoiYWNjZXNzVG9rZW4iLCJ1c2VySWQiOiI3YjFlIiwieCI6IsO_Pz4ifQ";
        assert_eq!(user(&format!("head.{claims}.tail")).as_deref(), Some("7b1e"));
    }

    #[test]
    fn other_texts_name_nobody() {
        for token in [
            "",
            "a.b",
            "..",
            "a.!!.c",
            "a.e30.c",
            "a.eyJpZGVudGl0eUlkIjoiN2IxZSJ9.c",
        ] {
            assert_eq!(user(token), None, "{token}");
        }
    }
}
