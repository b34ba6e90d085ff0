//! A comment in a file that leaks: whatever it says, the analysis ends and the comment is judged.
#![no_main]

#[path = "../../tests/support/promises.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut file = b"package p\n\nfunc f() {\n\tch := make(chan int)\n".to_vec();
    file.extend_from_slice(bytes);
    file.extend_from_slice(b"\n\tgo func() { ch <- 1 }()\n}\n");
    promises::findings(&[&file], &promises::loud());
});
