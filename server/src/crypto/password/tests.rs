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
        "$argon2id$v=19$m=262145,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
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
fn a_full_queue_refuses_at_once() {
    let hasher = small(1, 1, Duration::from_mins(1));
    hasher.lock().queue.push_back(999);
    assert!(matches!(hasher.hash(&text("x")), Err(Error::Busy)));
    assert_eq!(hasher.lock().next_ticket, 0, "it did not even get in line");
}

#[test]
fn a_slow_queue_refuses_after_a_while() {
    let hasher = small(1, 1, Duration::from_millis(50));
    let held = hasher.lease().unwrap();
    assert!(matches!(hasher.hash(&text("x")), Err(Error::Busy)));
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
fn a_newcomer_does_not_push_in_front() {
    let hasher = small(1, 8, Duration::from_millis(10));
    // Somebody is in line already, and has not noticed yet that the slot is free.
    hasher.lock().queue.push_back(999);
    assert!(matches!(hasher.hash(&text("x")), Err(Error::Busy)));
    hasher.lock().queue.clear();
    assert!(hasher.hash(&text("x")).is_ok());
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
