//! Whether a binary is static, read from its ELF program headers: nothing but the file is asked, so the answer does not
//! depend on tools that a build machine may lack.

use anyhow::{Context as _, Result, bail};

const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;

/// Fails unless the binary needs neither a loader nor a shared library.
pub fn require_static(file: &[u8]) -> Result<()> {
    if file.get(..6) != Some(&[0x7f, b'E', b'L', b'F', 2, 1]) {
        bail!("not a 64-bit little-endian ELF file");
    }
    let (table, size, count) = (long(file, 0x20)?, short(file, 0x36)?, short(file, 0x38)?);
    for index in 0..u64::from(count) {
        let header = table + index * u64::from(size);
        match word(file, header)? {
            PT_INTERP => bail!("it asks for a program loader (PT_INTERP)"),
            PT_DYNAMIC => refuse_needed(file, long(file, header + 8)?, long(file, header + 32)?)?,
            _ => {}
        }
    }
    Ok(())
}

/// A static binary that can be placed anywhere has a dynamic section too, but nothing is needed in it.
fn refuse_needed(file: &[u8], start: u64, length: u64) -> Result<()> {
    for entry in (start..start + length).step_by(16) {
        if long(file, entry)? == DT_NEEDED {
            bail!("it needs a shared library (DT_NEEDED)");
        }
    }
    Ok(())
}

fn bytes<const N: usize>(file: &[u8], at: u64) -> Result<[u8; N]> {
    let found = usize::try_from(at)
        .ok()
        .and_then(|at| file.get(at..at.checked_add(N)?));
    found
        .and_then(|bytes| bytes.try_into().ok())
        .context("the ELF file ends too early")
}

fn short(file: &[u8], at: u64) -> Result<u16> {
    Ok(u16::from_le_bytes(bytes(file, at)?))
}

fn word(file: &[u8], at: u64) -> Result<u32> {
    Ok(u32::from_le_bytes(bytes(file, at)?))
}

fn long(file: &[u8], at: u64) -> Result<u64> {
    Ok(u64::from_le_bytes(bytes(file, at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one program header of a kind, and a dynamic section with one tag.
    fn elf(kind: u32, tag: u64) -> Vec<u8> {
        let mut file = vec![0_u8; 64 + 56 + 32];
        file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        file[0x20] = 64;
        file[0x36] = 56;
        file[0x38] = 1;
        file[64..68].copy_from_slice(&kind.to_le_bytes());
        file[72] = 120;
        file[96] = 32;
        file[120..128].copy_from_slice(&tag.to_le_bytes());
        file
    }

    #[test]
    fn what_needs_a_loader_or_a_library_is_not_static() {
        assert!(
            require_static(&elf(PT_INTERP, 0))
                .unwrap_err()
                .to_string()
                .contains("PT_INTERP")
        );
        assert!(
            require_static(&elf(PT_DYNAMIC, DT_NEEDED))
                .unwrap_err()
                .to_string()
                .contains("DT_NEEDED")
        );
        assert!(require_static(&elf(PT_DYNAMIC, 5)).is_ok());
        assert!(require_static(&elf(1, 0)).is_ok());
    }

    #[test]
    fn other_and_broken_files_are_refused() {
        assert!(require_static(b"#!/bin/sh\n").is_err());
        assert!(require_static(&[]).is_err());
        assert!(require_static(&elf(PT_DYNAMIC, 5)[..130]).is_err());
        let ourselves = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(
            require_static(&ourselves).is_err(),
            "a test binary is linked dynamically"
        );
    }
}
