//! The text of a file of accepted findings.
#![no_main]

#[path = "../../tests/support/promises.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| promises::baseline(text));
