//! Password hashes: Argon2id behind a bounded queue.
//!
//! One hash takes 19 MiB and some 50 ms of a core. Unbounded, a hundred logins at once would take two gigabytes; here
//! as many run as there are cores, a few wait, and the rest is told to come back. The memory is allocated when the first
//! password arrives and then kept: given back, the allocator would hold on to it per thread and ask for more.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::{Error, random, token};

/// Memory of one hash in KiB, passes and lanes: the second choice of OWASP's cheat sheet, fit for small machines.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const OUTPUT: usize = 32;
/// A stored hash may ask for other parameters than today's, but not for more memory than this (in KiB).
const MAX_MEMORY_KIB: u32 = 256 * 1024;

const WAITING: usize = 32;
const PATIENCE: Duration = Duration::from_secs(5);

/// Hashes and checks passwords, a bounded number at a time. Share one for the whole process; calls block, so they
/// belong on a thread that may.
#[derive(Debug)]
pub struct PasswordHasher {
    params: Params,
    waiting: usize,
    patience: Duration,
    slots: Mutex<Slots>,
    changed: Condvar,
}

struct Slots {
    /// Memory that exists and is not in use. The one used last is used next, so that a quiet server needs only one.
    free: Vec<Vec<Block>>,
    unallocated: usize,
    /// Who waits, first come first served.
    queue: VecDeque<u64>,
    next_ticket: u64,
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slots")
            .field("free", &self.free.len())
            .field("unallocated", &self.unallocated)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

impl Slots {
    fn take(&mut self) -> Option<Vec<Block>> {
        self.free.pop().or_else(|| {
            self.unallocated = self.unallocated.checked_sub(1)?;
            Some(Vec::new())
        })
    }

    fn has_one_for(&self, ticket: u64) -> bool {
        self.queue.front() == Some(&ticket) && (!self.free.is_empty() || self.unallocated > 0)
    }
}

/// A slot in use; goes back on drop, also when hashing fails.
struct Lease<'h> {
    hasher: &'h PasswordHasher,
    memory: Vec<Block>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Not wiped: every block was overwritten in the last pass, so what is left is no shortcut around the passes.
        self.hasher.lock().free.push(std::mem::take(&mut self.memory));
        self.hasher.changed.notify_all();
    }
}

impl PasswordHasher {
    /// A hasher with as many slots as the machine has cores. Takes no memory yet.
    pub fn new() -> Result<Self, Error> {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self::with_limits(MEMORY_KIB, PASSES, cores, WAITING, PATIENCE)
    }

    fn with_limits(
        memory_kib: u32,
        passes: u32,
        slots: NonZeroUsize,
        waiting: usize,
        patience: Duration,
    ) -> Result<Self, Error> {
        Ok(Self {
            params: Params::new(memory_kib, passes, LANES, Some(OUTPUT))
                .map_err(|_| Error::Malformed("password hash parameters"))?,
            waiting,
            patience,
            slots: Mutex::new(Slots {
                free: Vec::new(),
                unallocated: slots.get(),
                queue: VecDeque::new(),
                next_ticket: 0,
            }),
            changed: Condvar::new(),
        })
    }

    /// The PHC string to store for a password: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
    pub fn hash(&self, password: &SecretText) -> Result<String, Error> {
        let salt = random::bytes::<16>()?;
        let mut output = [0; OUTPUT];
        self.compute(&self.params, Version::V0x13, password, &salt, &mut output)?;
        let unusable = |_| Error::Malformed("password hash parameters");
        let phc = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: (&self.params)
                .try_into()
                .map_err(|_| Error::Malformed("password hash parameters"))?,
            salt: Some(Salt::new(&salt).map_err(unusable)?),
            hash: Some(Output::new(&output).map_err(unusable)?),
        };
        Ok(phc.to_string())
    }

    /// Whether the password is the one that was hashed. Without a hash, because nobody has that name, the same work is
    /// done and the answer is no.
    pub fn verify(&self, password: &SecretText, phc: Option<&str>) -> Result<bool, Error> {
        let Some(phc) = phc else {
            let mut output = Zeroizing::new([0; OUTPUT]);
            self.compute(&self.params, Version::V0x13, password, &[0; 16], &mut *output)?;
            return Ok(false);
        };
        let stored = Stored::parse(phc)?;
        let mut output = Zeroizing::new(vec![0; stored.output.len()]);
        self.compute(
            &stored.params,
            stored.version,
            password,
            &stored.salt,
            &mut output,
        )?;
        Ok(token::matches(&output, stored.output.as_bytes()))
    }

    /// Whether a stored hash was made with other parameters than today's, so that the next good login should store a
    /// new one.
    pub fn needs_rehash(&self, phc: &str) -> bool {
        Stored::parse(phc).map_or(true, |stored| {
            stored.version != Version::V0x13
                || stored.params.m_cost() != self.params.m_cost()
                || stored.params.t_cost() != self.params.t_cost()
                || stored.params.p_cost() != self.params.p_cost()
                || stored.output.len() != OUTPUT
        })
    }

    fn compute(
        &self,
        params: &Params,
        version: Version,
        password: &SecretText,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), Error> {
        let mut lease = self.lease()?;
        let needed = params.block_count();
        if lease.memory.len() < needed {
            // In one piece and exactly: growing step by step would need the double.
            lease.memory = Vec::new();
            lease.memory.reserve_exact(needed);
            lease.memory.resize(needed, Block::new());
        }
        Argon2::new(Algorithm::Argon2id, version, params.clone())
            .hash_password_into_with_memory(
                password.expose().as_bytes(),
                salt,
                output,
                lease.memory.as_mut_slice(),
            )
            .map_err(|_| Error::Malformed("a password, salt or hash of a length that Argon2 does not take"))
    }

    fn lease(&self) -> Result<Lease<'_>, Error> {
        let mut slots = self.lock();
        if slots.queue.is_empty()
            && let Some(memory) = slots.take()
        {
            return Ok(Lease { hasher: self, memory });
        }
        if slots.queue.len() >= self.waiting {
            return Err(Error::Busy);
        }
        let ticket = slots.next_ticket;
        slots.next_ticket += 1;
        slots.queue.push_back(ticket);
        let (mut slots, _) = self
            .changed
            .wait_timeout_while(slots, self.patience, |slots| !slots.has_one_for(ticket))
            .unwrap_or_else(PoisonError::into_inner);
        let memory = if slots.has_one_for(ticket) {
            slots.take()
        } else {
            None
        };
        slots.queue.retain(|waiting| *waiting != ticket);
        drop(slots);
        // The next in line may have a slot too, or has become the first by our leaving.
        self.changed.notify_all();
        let memory = memory.ok_or(Error::Busy)?;
        Ok(Lease { hasher: self, memory })
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        // A panic elsewhere cannot leave the lists half changed.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Stored {
    params: Params,
    version: Version,
    salt: Salt,
    output: Output,
}

impl Stored {
    fn parse(phc: &str) -> Result<Self, Error> {
        const UNREADABLE: Error = Error::Malformed("a stored password hash is not an Argon2id PHC string");
        let parsed = PasswordHash::new(phc).map_err(|_| UNREADABLE)?;
        let params = Params::try_from(&parsed).map_err(|_| UNREADABLE)?;
        let version = parsed.version.unwrap_or(Version::V0x10.into());
        if parsed.algorithm != Algorithm::Argon2id.ident() || params.m_cost() > MAX_MEMORY_KIB {
            return Err(UNREADABLE);
        }
        Ok(Self {
            params,
            version: Version::try_from(version).map_err(|_| UNREADABLE)?,
            salt: parsed.salt.ok_or(UNREADABLE)?,
            output: parsed.hash.ok_or(UNREADABLE)?,
        })
    }
}

#[cfg(test)]
mod tests;
