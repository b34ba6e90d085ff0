//! Go source, of one file or of several with a form feed between them, to findings, formats and repairs.
#![no_main]

#[path = "../../tests/support/promises.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let files: Vec<&[u8]> = bytes.split(|byte| *byte == b'\x0c').collect();
    promises::findings(&files, &promises::loud());
});
