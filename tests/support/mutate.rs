//! Go source changed at random, statement by statement: mostly still Go, often with other control flow.
#![allow(dead_code, reason = "each test crate uses its own part")]

#[path = "dice.rs"]
mod dice;

pub use dice::Random;
use goleash::source::Span;
use goleash::syntax::parse_file;

/// Text that means something to the analysis, to be put where a statement is.
const PIECES: [&str; 22] = [
    "return",
    "break",
    "continue",
    "select {}",
    "close(ch)",
    "ch <- 1",
    "<-ch",
    "ch := make(chan int)",
    "ch = make(chan int, 1)",
    "var ch chan int",
    "wg.Wait()",
    "defer wg.Done()",
    "go func() { ch <- 1 }()",
    "for range ch {}",
    "for { ch <- 1 }",
    "select { case <-ch: default: }",
    "defer close(ch)",
    "panic(ch)",
    "goto L; L:",
    "ctx, cancel := context.WithCancel(ctx); _ = cancel; <-ctx.Done()",
    "//goleash:ignore early-return because",
    "if x { return }",
];

/// Bytes that open, close or break something.
const BYTES: &[u8] = b"{}()[]<-:=,;\"'`\\/*.\n\0\xff0x&|!";

/// The text after one random change; `others` are texts from which statements are borrowed.
pub fn mutated(text: &[u8], others: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let statements = statements(text);
    let pick = |random: &mut Random| random.of(&statements).copied();
    let changed = match random.below(12) {
        0 => pick(random).map(|at| replaced(text, at, b"")),
        1 => pick(random).map(|at| {
            let twice = [slice(text, at), b"\n", slice(text, at)].concat();
            replaced(text, at, &twice)
        }),
        2 => swapped(text, pick(random), pick(random)),
        3 => pick(random).map(|at| {
            let end = at.start + random.below((at.end - at.start).max(1) as usize) as u32;
            replaced(text, Span { start: end, ..at }, b"")
        }),
        4 => pick(random).map(|at| wrapped(text, at, b"go func() {\n", b"\n}()")),
        5 => pick(random).map(|at| wrapped(text, at, b"{\n", b"\n}")),
        6 => pick(random).map(|at| wrapped(text, at, b"for x := range y {\n", b"\n}")),
        7 => pick(random).map(|at| wrapped(text, at, b"if x {\n", b"\n}")),
        8 => {
            let piece = random.of(&PIECES).copied().unwrap_or_default();
            pick(random).map(|at| wrapped(text, at, format!("{piece}\n").as_bytes(), b""))
        }
        9 => random.of(others).and_then(|other| {
            let donor = self::statements(other);
            let given = *random.of(&donor)?;
            let at = pick(random)?;
            Some(replaced(text, at, slice(other, given)))
        }),
        10 => Some(noisy(text, random)),
        _ => Some(text[..random.below(text.len() + 1)].to_vec()),
    };
    changed.unwrap_or_else(|| noisy(text, random))
}

/// The spans of all statements.
fn statements(text: &[u8]) -> Vec<Span> {
    let size = text.len() as u32;
    let file = parse_file(text);
    let spans = file.stmt_spans.into_iter();
    spans.filter(|s| s.start < s.end && s.end <= size).collect()
}

fn slice(text: &[u8], at: Span) -> &[u8] {
    &text[at.start as usize..at.end as usize]
}

fn replaced(text: &[u8], at: Span, by: &[u8]) -> Vec<u8> {
    let (start, end) = (at.start as usize, at.end as usize);
    [&text[..start], by, &text[end..]].concat()
}

fn wrapped(text: &[u8], at: Span, before: &[u8], after: &[u8]) -> Vec<u8> {
    replaced(text, at, &[before, slice(text, at), after].concat())
}

fn swapped(text: &[u8], a: Option<Span>, b: Option<Span>) -> Option<Vec<u8>> {
    let (a, b) = (a?.min(b?), a?.max(b?));
    if a.end > b.start {
        return None;
    }
    let between = &text[a.end as usize..b.start as usize];
    let whole = Span {
        start: a.start,
        end: b.end,
    };
    let turned = [slice(text, b), between, slice(text, a)].concat();
    Some(replaced(text, whole, &turned))
}

/// One byte replaced, inserted or dropped.
fn noisy(text: &[u8], random: &mut Random) -> Vec<u8> {
    let at = random.below(text.len() + 1);
    let byte = *random.of(BYTES).unwrap_or(&0);
    let rest = &text[(at + 1).min(text.len())..];
    match random.below(3) {
        0 => [&text[..at], &[byte], rest].concat(),
        1 => [&text[..at], &[byte], &text[at..]].concat(),
        _ => [&text[..at], rest].concat(),
    }
}
