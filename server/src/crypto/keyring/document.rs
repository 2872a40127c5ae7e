//! The keyring as a file.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::model::ids::InstanceId;

use super::{Slot, SlotSummary, Summary};
use crate::crypto::{Error, aead};

/// The format that is written. The first one, which is still read, knew kits and the server's own identity only.
pub(super) const FORMAT: u32 = 2;

/// The file. The checksum tells damage from a wrong key, so that a damaged file gives way to the previous generation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) format: u32,
    pub(super) instance: InstanceId,
    pub(super) generation: u64,
    pub(super) slots: Vec<Slot>,
    pub(super) sealed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checksum: Option<String>,
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        const UNREADABLE: Error = Error::Malformed("the keyring file is incomplete or damaged");
        let Format { format } = serde_json::from_str(text).map_err(|_| UNREADABLE)?;
        if format > FORMAT {
            return Err(Error::NewerFormat);
        }
        let mut document: Self = serde_json::from_str(text).map_err(|_| UNREADABLE)?;
        let checksum = document.checksum.take().ok_or(UNREADABLE)?;
        if !(1..=FORMAT).contains(&format) || checksum != document.checksum()? {
            return Err(UNREADABLE);
        }
        Ok(document)
    }

    /// Of everything but the checksum itself.
    pub(super) fn checksum(&self) -> Result<String, Error> {
        let body = serde_json::to_vec(self).map_err(|_| Error::Malformed("keyring"))?;
        Ok(HEXLOWER.encode(&Sha256::digest(body)))
    }

    pub(super) fn summary(self) -> Summary {
        Summary {
            instance: self.instance,
            generation: self.generation,
            slots: self.slots.into_iter().map(SlotSummary::from).collect(),
        }
    }
}

/// Binds the sealed keys to the instance, the generation and what the slots say about themselves.
pub(super) fn associated_data(format: u32, instance: InstanceId, generation: u64, slots: &[Slot]) -> Vec<u8> {
    let slots: Vec<Vec<u8>> = slots.iter().map(Slot::associated_data).collect();
    let (instance, generation, format) = (
        instance.to_string(),
        generation.to_be_bytes(),
        format.to_be_bytes(),
    );
    let mut parts: Vec<&[u8]> = vec![b"keyring", &format, instance.as_bytes(), &generation];
    parts.extend(slots.iter().map(Vec::as_slice));
    aead::associated_data(&parts)
}
