//! Streams encrypted with age, for backups: constant memory, and the stock `age` tool opens them.

use std::io::{Read, Write};

use age::stream::{StreamReader, StreamWriter};
use age::x25519::{Identity, Recipient};
use age::{DecryptError, EncryptError};

use super::Error;

/// Encrypts what is written to all these recipients (`age1…`), any one of which can open it. **Call
/// [`StreamWriter::finish`]** at the end: without it the stream counts as truncated and does not open.
pub fn encrypt_to<W: Write>(recipients: &[String], writer: W) -> Result<StreamWriter<W>, Error> {
    let recipients = recipients
        .iter()
        .map(|text| text.trim().parse())
        .collect::<Result<Vec<Recipient>, _>>()
        .map_err(|_| Error::InvalidRecipient)?;
    let encryptor = age::Encryptor::with_recipients(
        recipients
            .iter()
            .map(|recipient| recipient as &dyn age::Recipient),
    )
    .map_err(|error| match error {
        EncryptError::Io(error) => Error::Io(error),
        EncryptError::MissingRecipients => Error::Malformed("nothing can be encrypted to nobody"),
        _ => Error::InvalidRecipient,
    })?;
    Ok(encryptor.wrap_output(writer)?)
}

/// Decrypts a stream that was encrypted to one of these identities. Each piece is authenticated before it is handed
/// out, but only the end of the stream proves that it is complete: a truncated one ends with an error, so nothing may
/// be believed final before that.
pub fn decrypt_with<R: Read>(identities: &[Identity], reader: R) -> Result<StreamReader<R>, Error> {
    let refused = |error| match error {
        DecryptError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::Malformed("the file ends within its age header")
        }
        DecryptError::Io(error) => Error::Io(error),
        DecryptError::NoMatchingKeys => Error::NoIdentityOpens,
        DecryptError::InvalidHeader => Error::Malformed("not a file encrypted with age"),
        DecryptError::UnknownFormat => Error::NewerFormat,
        _ => Error::WrongKey,
    };
    age::Decryptor::new(reader)
        .map_err(refused)?
        .decrypt(identities.iter().map(|identity| identity as &dyn age::Identity))
        .map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::identity::{generate, recipient};
    use crate::crypto::seeded::Seeded;

    fn encrypted(recipients: &[String], content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = encrypt_to(recipients, &mut bytes).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn decrypted(identity: &Identity, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        decrypt_with(std::slice::from_ref(identity), bytes)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn nobody_and_nonsense_are_no_recipients() {
        assert!(matches!(encrypt_to(&[], Vec::new()), Err(Error::Malformed(_))));
        let good = recipient(&generate());
        for bad in ["", "age1", "ssh-ed25519 AAAA"] {
            assert!(matches!(
                encrypt_to(&[good.clone(), bad.to_owned()], Vec::new()),
                Err(Error::InvalidRecipient)
            ));
        }
    }

    #[test]
    fn a_stranger_does_not_open_it() {
        let bytes = encrypted(&[recipient(&generate())], b"backup");
        assert!(matches!(
            decrypted(&generate(), &bytes),
            Err(Error::NoIdentityOpens)
        ));
        assert!(matches!(
            decrypt_with(&[], bytes.as_slice()),
            Err(Error::NoIdentityOpens)
        ));
    }

    #[test]
    fn every_recipient_opens_it_whatever_its_length() {
        let (one, two) = (generate(), generate());
        let mut seeded = Seeded(8);
        for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
            let content = seeded.bytes(length);
            let bytes = encrypted(&[recipient(&one), recipient(&two)], &content);
            assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
            assert_eq!(decrypted(&one, &bytes).unwrap(), content);
            assert_eq!(decrypted(&two, &bytes).unwrap(), content);
        }
    }

    #[test]
    fn truncated_or_changed_streams_end_with_an_error() {
        let identity = generate();
        let mut seeded = Seeded(9);
        let content = seeded.bytes(140_000);
        let bytes = encrypted(&[recipient(&identity)], &content);
        for _ in 0..60 {
            let length = seeded.below(bytes.len());
            assert!(decrypted(&identity, &bytes[..length]).is_err(), "cut at {length}");
            let mut changed = bytes.clone();
            changed[length] ^= 1 << seeded.below(8);
            assert!(decrypted(&identity, &changed).is_err(), "changed at {length}");
        }
        // At the border between two pieces the cut file looks whole to a careless reader.
        let end_of_second_piece = bytes.len() - (140_000 - 2 * 65_536) - 16;
        assert!(decrypted(&identity, &bytes[..end_of_second_piece]).is_err());
    }

    #[test]
    fn an_unfinished_stream_does_not_open() {
        let identity = generate();
        let mut bytes = Vec::new();
        let mut writer = encrypt_to(&[recipient(&identity)], &mut bytes).unwrap();
        writer.write_all(b"backup").unwrap();
        writer.flush().unwrap();
        drop(writer);
        assert!(decrypted(&identity, &bytes).is_err());
    }

    #[test]
    fn other_files_are_named_as_such() {
        let identity = generate();
        for bytes in [
            &b""[..],
            b"PK\x03\x04",
            b"{}",
            b"age-encryption.org/v1\n",
            &[0; 100],
        ] {
            assert!(matches!(
                decrypted(&identity, bytes),
                Err(Error::Malformed(_) | Error::NewerFormat)
            ));
        }
    }
}
