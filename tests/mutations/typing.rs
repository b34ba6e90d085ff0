//! Go source as it is typed: a package changed a little at a time, and analysed each time with what is still known of it.

use super::source::{analysed, same, seeds};
use crate::{each_seed, mutate};
use goleash::analyze::{Cache, Options};
use goleash::stage::{Stage, Watch, Watched};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Changes made to one package, one after the other.
const CHANGES: usize = 12;

/// A function that no search has any use for.
const PLAIN: &str = "
// plain adds up what the rows say.
func plain(rows []string, limit int) int {
	total := 0 // so far
	for at, row := range rows {
		if len(row) > limit {
			total += len(row) - at
		}
	}
	return total
}
";

/// Typed into it; some of it makes it matter, some of it is no Go.
const WORDS: [&str; 12] = [
    "x",
    " y",
    "z := total\n",
    "chan",
    "<-c",
    "go f()",
    "panic(at)",
    "fmt.Println(row)",
    "(",
    "/* {{ */",
    "\"",
    "other.run()",
];

/// Typed as lines of their own wherever a line ends, most often into a body that matters.
const LINES: [&str; 24] = [
    "go func() { <-make(chan int) }()\n",
    "typed := make(chan int)\n",
    "go func() { typed <- 1 }()\n",
    "go func() { defer close(typed)\n",
    "<-typed\n",
    "type local struct{ c chan int }\n",
    "l := local{c: make(chan int)}; l.c <- 1\n",
    "if err != nil {\nreturn\n}\n",
    "select {}\n",
    "defer typed.Stop()\n",
    "worker(typed)\n",
    "return\n",
    // These say something else about what variables hold, or only seem to.
    "other := typed\n",
    "if typed != nil {\n_ = len(typed)\n}\n",
    "func() { other <- 2 }()\n",
    "for !typed.done() {\n}\n",
    "l.c, err = typed, nil\n",
    "all = append(all, worker)\n",
    // These make a lock worth following, or end that.
    "var mu sync.Mutex\n",
    "mu.Lock()\n",
    "defer mu.Unlock()\n",
    "guard := &guarded{}; guard.mu.Lock()\n",
    // These come to no other skeleton.
    "if 3 > len(\"typed\") {\nprintln(3)\n}\n",
    "println(\"typed\")\n",
];

/// Typed between declarations, whole.
const WHOLE: [&str; 10] = [
    "func worker(ch chan int) {\n\tch <- 1\n}\n",
    "func worker(ch <-chan int) (n int) {\n\treturn <-ch\n}\n",
    "func typed() chan int {\n\tch := make(chan int)\n\tgo worker(ch)\n\treturn ch\n}\n",
    "func (l *local) Close() { close(l.c) }\n",
    "type local struct {\n\tc chan int\n\tn int\n}\n",
    "var typed = make(chan int)\n",
    "const room = 3\n",
    "func init() {\n\tgo func() { typed <- room }()\n}\n",
    "type guarded struct {\n\tmu sync.Mutex\n\tn int\n}\n",
    "func (g *guarded) add() {\n\tg.mu.Lock()\n\tg.n++\n\tg.mu.Unlock()\n}\n",
];

/// Typed between declarations; most of it is no Go yet.
const DECLARATIONS: [&str; 8] = [
    "func typed(n int) int {\n\tch := make(chan int)\n\tgo func() { ch <- n }()\n",
    "func typed(n in\n",
    "func typed(n int) {\n}\n",
    "func typed()\n",
    "import \"net/ht\n",
    "import \"net/http/httptest\"\n",
    "var text = `\n",
    "type row struct {\n\tch chan int\n",
];

#[test]
fn what_is_told_again_is_what_is_found_anew() {
    let seeds = seeds();
    let (recalled, all) = (AtomicU32::new(0), AtomicU32::new(0));
    each_seed(60, |random| {
        let searches = Arc::new(Searches::default());
        let kept = Options {
            cache: Some(Arc::new(Cache::default())),
            watched: Watched::by(searches.clone()),
            ..Options::default()
        };
        let mut files = seeds[random.below(seeds.len())].clone();
        for file in &mut files {
            file.extend_from_slice(PLAIN.as_bytes());
        }
        let mut states = vec![files];
        for _ in 0..CHANGES {
            let mut files = random
                .of(&states[states.len().saturating_sub(3)..])
                .cloned();
            let files = files.get_or_insert_default();
            let at = random.below(files.len());
            files[at] = typed(&files[at], random);
            let fresh = Options {
                cache: Some(Arc::new(Cache::default())),
                ..Options::default()
            };
            let before = searches.0.load(Ordering::Relaxed);
            let again = analysed(files, &kept);
            let searched = searches.0.load(Ordering::Relaxed) > before;
            recalled.fetch_add(u32::from(!searched), Ordering::Relaxed);
            all.fetch_add(1, Ordering::Relaxed);
            same(&analysed(files, &fresh), &again);
            let without = analysed(files, &Options::default());
            assert_eq!(without.findings, again.findings);
            states.push(files.clone());
        }
    });
    // Otherwise everything was found anew.
    let (recalled, all) = (recalled.into_inner(), all.into_inner());
    assert!(recalled * 3 > all, "{recalled} of {all}");
}

/// The bodies that matter change here, and the declarations that they speak of: what is kept of the others has to be what
/// an analysis without any past makes of them.
#[test]
fn what_is_kept_of_a_package_makes_no_difference() {
    let seeds = seeds();
    each_seed(60, |random| {
        let kept = Options {
            cache: Some(Arc::new(Cache::default())),
            ..Options::default()
        };
        let mut files = seeds[random.below(seeds.len())].clone();
        let before = files.clone();
        for change in 0..CHANGES {
            let at = random.below(files.len());
            files[at] = match random.below(8) {
                // What was typed is taken back.
                0 => before[at].clone(),
                1 => typed(&files[at], random),
                _ => typed_in_code(&files[at], random),
            };
            let again = analysed(&files, &kept);
            let fresh = Options {
                cache: (change % 2 == 0).then(|| Arc::new(Cache::default())),
                ..Options::default()
            };
            let fresh = analysed(&files, &fresh);
            assert_eq!(fresh.findings, again.findings);
            if change % 2 == 0 {
                same(&fresh, &again);
            }
        }
    });
}

/// A body that says the same may mean something else: the type that is declared in front of it is another one.
#[test]
fn a_type_in_a_function_that_is_another_one_is_noticed() {
    let state = |direction: &str| {
        let text = format!(
            "package p\n\nimport \"fmt\"\n\nfunc f(on bool) {{\n\ttype local struct{{ c {direction} int }}\n\tch := make(chan int)\n\
             \tl := local{{c: ch}}\n\tgo func() {{ ch <- 1 }}()\n\tif on {{\n\t\treturn\n\t}}\n\tfmt.Println(hand(l.c))\n}}\n\n\
             func hand(c any) any {{\n\treturn c\n}}\n"
        );
        vec![text.into_bytes()]
    };
    let kept = Options {
        cache: Some(Arc::new(Cache::default())),
        ..Options::default()
    };
    for direction in ["<-chan", "chan<-", "  chan", "<-chan"] {
        let files = state(direction);
        let fresh = Options {
            cache: Some(Arc::new(Cache::default())),
            ..Options::default()
        };
        same(&analysed(&files, &fresh), &analysed(&files, &kept));
    }
}

/// Whether a lock is followed in one file is decided in another, and so is what becomes of the bodies there.
#[test]
fn a_lock_that_is_kept_in_another_file_is_noticed() {
    let user = "package p\n\nimport \"sync\"\n\ntype store struct {\n\tmu sync.Mutex\n\tn  int\n}\n\n\
        func run(on bool) {\n\ts := &store{}\n\tgo s.add()\n\ts.keep(on)\n}\n\n\
        func (s *store) add() {\n\ts.mu.Lock()\n\ts.n++\n\ts.mu.Unlock()\n}\n";
    let state = |inside: &str| {
        let keeper = format!(
            "package p\n\nfunc (s *store) keep(on bool) {{\n\ts.mu.Lock()\n\tif on {{\n\t\t{inside}\n\t}}\n\ts.mu.Unlock()\n}}\n"
        );
        vec![user.as_bytes().to_vec(), keeper.into_bytes()]
    };
    let kept = Options {
        cache: Some(Arc::new(Cache::default())),
        ..Options::default()
    };
    let typed = [
        ("s.n++", 0),
        ("return", 1),
        ("s.n += 2", 0),
        ("s.n++\n\t\treturn", 1),
        ("", 0),
        ("return", 1),
    ];
    for (inside, leaks) in typed {
        let files = state(inside);
        let fresh = Options {
            cache: Some(Arc::new(Cache::default())),
            ..Options::default()
        };
        let again = analysed(&files, &kept);
        assert_eq!(again.findings.len(), leaks, "{inside}");
        same(&analysed(&files, &fresh), &again);
    }
}

/// Counts how often names are looked up, which every search begins with.
#[derive(Default)]
struct Searches(AtomicU32);

impl Watch for Searches {
    fn enter(&self, _: &str, stage: Stage) {
        self.0
            .fetch_add(u32::from(stage == Stage::Resolve), Ordering::Relaxed);
    }

    fn leave(&self) {}
}

/// The text after a change to what matters: a line, a declaration, or one gone.
fn typed_in_code(text: &[u8], random: &mut mutate::Random) -> Vec<u8> {
    let ends: Vec<usize> = memchr::memmem::find_iter(text, b"\n").collect();
    let gaps: Vec<usize> = memchr::memmem::find_iter(text, b"\n\n").collect();
    let line = random.of(&ends).map_or(0, |at| at + 1);
    let gap = random.of(&gaps).map_or(text.len(), |at| at + 2);
    let (start, end, new) = match random.below(6) {
        0..=3 => (line, line, random.of(&LINES).copied()),
        4 => (gap, gap, random.of(&WHOLE).copied()),
        _ => {
            let next = memchr::memmem::find(&text[gap..], b"\n\n");
            (gap, next.map_or(text.len(), |next| gap + next + 2), None)
        }
    };
    [
        &text[..start],
        new.unwrap_or_default().as_bytes(),
        &text[end..],
    ]
    .concat()
}

/// The text after one small change.
fn typed(text: &[u8], random: &mut mutate::Random) -> Vec<u8> {
    let place = |from: &[u8], random: &mut mutate::Random| {
        let all: Vec<usize> = memchr::memmem::find_iter(text, from).collect();
        random.of(&all).map(|at| at + from.len())
    };
    let line = |random: &mut mutate::Random| place(b"\n", random);
    let in_plain = |random: &mut mutate::Random| {
        let start = memchr::memmem::find(text, b"func plain(")?;
        let end = memchr::memmem::find(&text[start..], b"\n}\n")? + start;
        let blanks = (start + 43..end).filter(|at| text[*at].is_ascii_whitespace());
        random.of(&blanks.collect::<Vec<_>>()).copied()
    };
    let number = random.below(100);
    let between = |random: &mut mutate::Random| place(b"\n\n", random).or(Some(text.len()));
    let change = match random.below(11) {
        0..=2 => in_plain(random).map(|at| (at, at, random.of(&WORDS).copied().unwrap_or("x"))),
        3 => in_plain(random).map(|at| (at, (at + 4).min(text.len()), "")),
        4 => line(random).map(|at| (at - 1, at - 1, " // why")),
        5 => line(random).map(|at| (at, at, "// a remark\n")),
        6 => place(b"// ", random).map(|at| (at, at, "so ")),
        7 => line(random).map(|at| (at, at, "\n")),
        8 => line(random).map(|at| (at, at, "  ")),
        9 => between(random).map(|at| (at, at, random.of(&DECLARATIONS).copied().unwrap_or("x"))),
        _ if number < 50 => None,
        _ => line(random).map(|at| (at - 1, at, "")),
    };
    match change {
        Some((start, end, new)) => [&text[..start], new.as_bytes(), &text[end..]].concat(),
        None => mutate::mutated(text, &[], random),
    }
}
