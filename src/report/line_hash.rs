//! The line hashes GitHub's code scanning uses to follow an alert through edits (`primaryLocationLineHash`).
//!
//! GitHub's upload action computes them itself and warns when a file says otherwise; uploads by other ways rely on the
//! file. So the value must be theirs to the bit: a polynomial of 64 bits over the 100 UTF-16 units that follow the start
//! of a line, blanks left out, and how often the value has come up in the file.

use std::collections::HashMap;

const MULTIPLIER: u64 = 37;
const WINDOW: usize = 100;
/// Stands for the end of the file; after it the window is filled up with zeros.
const END_OF_FILE: u16 = 65535;
const NEWLINE: u16 = b'\n' as u16;

/// The hash of every line, the first at index 0. The line after a final newline counts.
pub(super) fn of_lines(bytes: &[u8]) -> Vec<String> {
    let units = normalised(&String::from_utf8_lossy(bytes));
    let ends = units.iter().enumerate().filter(|(_, u)| **u == NEWLINE);
    let starts = std::iter::once(0).chain(ends.map(|(i, _)| i + 1));
    let mut seen: HashMap<u64, u32> = HashMap::new();
    starts
        .map(|start| {
            let hash = window_hash(&units[start..]);
            let count = seen.entry(hash).or_default();
            *count += 1;
            format!("{hash:x}:{count}")
        })
        .collect()
}

/// Without spaces and tabs, every line end one line feed, the end marked.
fn normalised(text: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len() + 1);
    let mut after_return = false;
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b' ' | b'\t') => {}
            Ok(b'\n') if after_return => {}
            Ok(b'\r') => units.push(NEWLINE),
            _ => units.push(unit),
        }
        after_return = unit == u16::from(b'\r');
    }
    units.push(END_OF_FILE);
    units
}

fn window_hash(units: &[u16]) -> u64 {
    let padded = units.iter().copied().chain(std::iter::repeat(0));
    padded.take(WINDOW).fold(0u64, |hash, unit| {
        hash.wrapping_mul(MULTIPLIER).wrapping_add(u64::from(unit))
    })
}

#[cfg(test)]
mod tests {
    use super::of_lines;

    /// The values come from a separate program that keeps a rolling window as GitHub's does.
    #[test]
    fn values_of_small_files() {
        assert_eq!(of_lines(b""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(of_lines(b"a"), ["53b5d4aabe50d64:1"]);
        assert_eq!(
            of_lines(b"\n"),
            ["3c5bef55b72b93c9:1", "c129715d7a2bc9a3:1"]
        );
        assert_eq!(
            of_lines(b"a\n\ta\n a\r\nb"),
            [
                "e94812835b0c4da6:1",
                "7ad2589d521a3317:1",
                "c74339777b6a2c60:1",
                "8ee5a81e681643c1:1"
            ]
        );
        assert_eq!(
            of_lines("\r\n\r\nx = \"😀ß\"\n".as_bytes()),
            [
                "84c046a8dd7f798e:1",
                "37aa1062044bff1c:1",
                "137438249fdb4ca2:1",
                "c129715d7a2bc9a3:1"
            ]
        );
    }

    #[test]
    fn equal_windows_are_numbered() {
        let hashes = of_lines(format!("package p\n\n{}x\n", "ch <- v\n".repeat(40)).as_bytes());
        assert_eq!(hashes.len(), 44);
        assert_eq!(hashes[0], "e1b2f00c14882354:1");
        assert_eq!(hashes[2], "fc54fc76c9081278:1");
        assert_eq!(hashes[19], "fc54fc76c9081278:18");
        assert_eq!(hashes[28], "2cafbfcb2789a75d:1");
        assert_eq!(hashes[42], "828973aa50c68d6d:1");
    }
}
