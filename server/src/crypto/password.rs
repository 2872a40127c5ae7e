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
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn small(slots: usize, waiting: usize, patience: Duration) -> PasswordHasher {
        PasswordHasher::with_limits(64, 1, NonZeroUsize::new(slots).unwrap(), waiting, patience).unwrap()
    }

    fn text(text: &str) -> SecretText {
        SecretText::from(text)
    }

    #[test]
    fn the_real_parameters() {
        let hasher = PasswordHasher::new().unwrap();
        assert_eq!(
            hasher.lock().free.len(),
            0,
            "nothing is allocated before the first password"
        );
        let phc = hasher.hash(&text("correct horse")).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(!hasher.verify(&text("correct horsf"), Some(&phc)).unwrap());
        assert!(hasher.verify(&text("correct horse"), Some(&phc)).unwrap());
        assert!(!hasher.needs_rehash(&phc));
        // One after the other they share one memory, whatever the number of cores.
        let slots = hasher.lock();
        assert_eq!(slots.free.len(), 1);
        assert_eq!(slots.free[0].len(), 19_456);
    }

    #[test]
    fn known_answer_of_the_reference_implementation() {
        // echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1 -l 32, from the test vectors of phc-winner-argon2.
        let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let hasher = small(1, 0, PATIENCE);
        assert!(hasher.verify(&text("password"), Some(phc)).unwrap());
        assert!(!hasher.verify(&text("Password"), Some(phc)).unwrap());
        assert!(hasher.needs_rehash(phc));
    }

    #[test]
    fn salts_differ() {
        let hasher = small(1, 0, PATIENCE);
        assert_ne!(hasher.hash(&text("x")).unwrap(), hasher.hash(&text("x")).unwrap());
    }

    #[test]
    fn unknown_users_get_no() {
        let hasher = small(1, 0, PATIENCE);
        for password in ["", "x", "correct horse"] {
            assert!(!hasher.verify(&text(password), None).unwrap());
        }
        // The work was done: the memory is there.
        assert_eq!(hasher.lock().free[0].len(), hasher.params.block_count());
    }

    #[test]
    fn unreadable_hashes_are_errors_not_a_no() {
        let hasher = small(1, 0, PATIENCE);
        for phc in [
            "",
            "x",
            "$argon2id$",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$2b$12$c29tZXNhbHQ",
        ] {
            assert!(
                matches!(
                    hasher.verify(&text("password"), Some(phc)),
                    Err(Error::Malformed(_))
                ),
                "{phc}"
            );
        }
    }

    #[test]
    fn a_full_queue_refuses_at_once_and_a_slow_one_after_a_while() {
        let hasher = small(1, 1, Duration::from_millis(50));
        let held = hasher.lease().unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| hasher.hash(&text("x")));
            while hasher.lock().queue.is_empty() {
                std::thread::yield_now();
            }
            assert!(matches!(hasher.hash(&text("x")), Err(Error::Busy)));
            assert!(matches!(waiter.join().unwrap(), Err(Error::Busy)));
        });
        drop(held);
        assert!(hasher.lock().queue.is_empty());
        assert!(hasher.hash(&text("x")).is_ok());
    }

    #[test]
    fn no_more_run_at_once_than_there_are_slots_and_all_are_served() {
        let hasher = Arc::new(small(3, 64, Duration::from_mins(1)));
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..24 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let lease = hasher.lease().unwrap();
                        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                        drop(lease);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 3);
        let slots = hasher.lock();
        assert_eq!(slots.free.len() + slots.unallocated, 3);
        assert!(slots.queue.is_empty());
    }

    #[test]
    fn those_who_wait_are_served_in_order() {
        let hasher = small(1, 8, Duration::from_mins(1));
        let order = Mutex::new(Vec::new());
        let held = hasher.lease().unwrap();
        std::thread::scope(|scope| {
            for number in 0..5 {
                let (hasher, order) = (&hasher, &order);
                scope.spawn(move || {
                    let lease = hasher.lease().unwrap();
                    order.lock().unwrap().push(number);
                    drop(lease);
                });
                while hasher.lock().queue.len() <= number {
                    std::thread::yield_now();
                }
            }
            drop(held);
        });
        assert_eq!(order.into_inner().unwrap(), [0, 1, 2, 3, 4]);
    }
}
