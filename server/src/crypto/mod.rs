//! Keys and ciphertext. Names nothing of ours but `shared::model`, reads no clock and no configuration.
//!
//! From the outside in:
//!
//! ```text
//! age identity (identity) ── opens ──► a slot of the keyring (keyring, stored by keyfile) ── gives ──► unlock key
//! unlock key ── AEAD ──► root keys, database key, signing keys, token key
//! root key ── sealed::seal_key ──► data key of a project ── sealed::seal ──► values
//! ```
//!
//! | question | file |
//! | --- | --- |
//! | how is a value encrypted, and what is it bound to? | [`sealed`], on [`aead`] |
//! | which keys exist, who can unlock them? | [`keyring`], [`identity`] |
//! | how do they survive a crash? | [`keyfile`], [`private_file`] |
//! | how is a backup encrypted? | [`envelope`] |
//! | how are passwords judged and kept? | [`policy`], [`password`] |
//! | what do machines and browsers present? | [`token`], [`jwt`] |

pub mod aead;
pub mod brought;
pub mod cards;
pub mod digest;
pub mod encryption_key;
pub mod envelope;
mod error;
pub mod escrow;
pub mod identity;
pub mod jwt;
mod key;
pub mod keyfile;
pub mod keyring;
mod mac;
pub mod password;
pub mod policy;
pub mod private_file;
pub mod random;
pub mod sealed;
pub mod token;

#[cfg(test)]
mod seeded;

pub use error::Error;
pub use key::Key;
