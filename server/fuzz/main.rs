//! Fuzz targets: whatever reads the text of strangers never panics, loses nothing and quotes no secret.
//!
//! A target is a property of the input it takes from bytes, the way Rust's fuzzers hand it over; so a coverage-guided
//! fuzzer can drive it too. Here it gets the bytes of a small generator: the same on every machine, in every run, some
//! thousand cases in seconds; with `STRONGROOM_TEST_LONG` a hundred times as many. A failing case says its number, and
//! `STRONGROOM_FUZZ_CASE=<number>` plays that one alone. What was found becomes a test beside the code that was wrong.

#[cfg(test)]
mod import;
#[cfg(test)]
mod json;
#[cfg(test)]
mod names;
#[cfg(test)]
mod references;
#[cfg(test)]
mod wire;

#[cfg(test)]
use arbitrary::{Result, Unstructured};

/// Stands where a secret may stand, and must never be in a refusal.
#[cfg(test)]
const CANARY: &str = "canary-7Qx0vJr2";
/// The same as a number: a secret may be digits only.
#[cfg(test)]
const CANARY_NUMBER: i64 = 7_304_918_265;

/// Tells which case it was when a property does not hold.
#[cfg(test)]
struct Case(u64);

#[cfg(test)]
impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("play it again with STRONGROOM_FUZZ_CASE={}", self.0);
        }
    }
}

#[cfg(test)]
fn bytes_of(case: u64) -> Vec<u8> {
    // splitmix64: neighbouring numbers give unlike bytes.
    let mut state = case.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let words = 4 + next() % 60;
    (0..words).flat_map(|_| next().to_le_bytes()).collect()
}

/// Plays a target: so many cases, or those that were asked for.
#[cfg(test)]
fn play(cases: u64, property: impl Fn(&mut Unstructured) -> Result<()>) {
    let asked = std::env::var("STRONGROOM_FUZZ_CASE").ok();
    let range = match asked.and_then(|number| number.parse::<u64>().ok()) {
        Some(case) => case..case + 1,
        None if std::env::var_os("STRONGROOM_TEST_LONG").is_some() => 0..cases * 100,
        None => 0..cases,
    };
    let mut whole = 0_u64;
    let count = range.end - range.start;
    for number in range {
        let case = Case(number);
        let bytes = bytes_of(number);
        // Bytes that end too early are no case.
        whole += u64::from(property(&mut Unstructured::new(&bytes)).is_ok());
        drop(case);
    }
    assert!(
        whole > count / 2,
        "of {count} cases only {whole} had enough bytes"
    );
}
