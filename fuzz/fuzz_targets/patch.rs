//! A patch, and after a NUL byte the file it is taken back from.
#![no_main]

#[path = "../../tests/support/promises.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == 0);
    let (patch, now) = bytes.split_at(at.unwrap_or(bytes.len()));
    promises::patch(patch, now.strip_prefix(b"\0").unwrap_or(now));
});
