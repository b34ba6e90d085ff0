//! The fast search against the reference, which explores every interleaving, and slices against whole systems: all must
//! find the same stuck operations, on every fixture and on random programs.
//!
//! `GOLEASH_RANDOM=N` asks for N random programs, `GOLEASH_SEED=S` for those from seed S on.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

#[path = "support/explore.rs"]
mod explore;
#[path = "support/random.rs"]
mod random;
mod support;

use explore::{Effort, System, explore};
use random::{Form, Limits, Program};

/// States the reference may visit for a root of a fixture.
const BUDGET: u32 = 60_000;
/// States the reference may visit for a random program.
const RANDOM_BUDGET: u32 = 3_000;
/// Random programs in the ordinary run.
const PROGRAMS: u64 = 400;
/// What is shown when there is more.
const SHOWN: usize = 6;

#[test]
fn fixtures() {
    let mut roots = 0;
    let mut skipped = Vec::new();
    let mut differences = Vec::new();
    let mut states = (0_u64, 0_u64);
    for package in support::packages() {
        let files: Vec<(&str, &str)> = package
            .files
            .iter()
            .map(|f| (f.path.as_str(), f.text.as_str()))
            .collect();
        let effort = Effort {
            budget: BUDGET,
            zero_counts: false,
            both: true,
        };
        let systems = explore(&files, effort);
        for lost in explore::lost_in_slices(&systems) {
            differences.push(format!("{}: {lost}", package.directory));
        }
        for system in systems {
            roots += 1;
            let name = format!("{}.{}", package.directory, system.root);
            if system.reference.gave_up {
                skipped.push(name);
                continue;
            }
            states.0 += u64::from(system.fast.states);
            states.1 += u64::from(system.reference.states);
            if let Some(difference) = system.difference() {
                differences.push(format!("{}: {difference}", package.directory));
            }
        }
    }
    println!(
        "{roots} roots, {} states, {} in the reference; {} skipped: {}",
        states.0,
        states.1,
        skipped.len(),
        skipped.join(", ")
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(skipped.len() * 10 <= roots, "too many roots are skipped");
}

const LIMITS: Limits = Limits {
    outside: true,
    spawns: 3,
    network: false,
};

fn systems(program: &Program, budget: u32) -> Vec<System> {
    let effort = Effort {
        budget,
        zero_counts: false,
        both: true,
    };
    explore(&[("p.go", &program.print(Form::Plain))], effort)
}

fn difference(program: &Program) -> Option<String> {
    wrong_with(&systems(program, RANDOM_BUDGET))
}

fn wrong_with(systems: &[System]) -> Option<String> {
    systems
        .iter()
        .find_map(System::difference)
        .or_else(|| explore::lost_in_slices(systems).pop())
}

#[test]
fn random_programs() {
    let number = |name: &str| std::env::var(name).ok().map(|n| n.parse().unwrap());
    let programs = number("GOLEASH_RANDOM").unwrap_or(PROGRAMS);
    let first: u64 = number("GOLEASH_SEED").unwrap_or(0);
    let (mut compared, mut skipped, mut stuck, mut silent) = (0, 0, 0, 0);
    let (mut fast, mut reference) = (0_u64, 0_u64);
    let mut failures = Vec::new();
    for seed in first..first + programs {
        let program = random::program(seed, LIMITS);
        let found = systems(&program, RANDOM_BUDGET);
        silent += usize::from(found.is_empty());
        for system in &found {
            if system.reference.gave_up {
                skipped += 1;
                continue;
            }
            compared += 1;
            stuck += usize::from(!system.reference.sites.is_empty());
            fast += u64::from(system.fast.states);
            reference += u64::from(system.reference.states);
        }
        if wrong_with(&found).is_some() {
            let small = program.clone().shrink(|p| difference(p).is_some());
            let why = difference(&small).unwrap_or_default();
            failures.push(format!("seed {seed}: {why}\n{}", small.print(Form::Plain)));
        }
    }
    println!(
        "{compared} systems compared, {stuck} of them with something stuck; {fast} states, {reference} in the \
         reference; {skipped} skipped, {silent} programs without a root"
    );
    let shown = &failures[..failures.len().min(SHOWN)];
    assert!(
        failures.is_empty(),
        "{} programs differ:\n{}",
        failures.len(),
        shown.join("\n")
    );
    assert!(skipped * 3 <= compared, "too many programs are skipped");
}

/// Programs that one of the searches once got wrong, each with the lines at which somebody does get stuck.
const DEFECTS: [(&str, &str, &[u32]); 8] = [
    (
        "a default may be taken although a partner is about to arrive",
        "package p
func root() {
	c := make(chan int)
	go func() {
		select {
		case c <- 0:
		default:
		}
	}()
	<-c
}
",
        &[10],
    ),
    (
        "a cancel is not independent of a select with default on the context",
        "package p
import \"context\"
func root() {
	a := make(chan int)
	cx, cancel := context.WithCancel(context.Background())
	go func() {
		cancel()
	}()
	select {
	case <-cx.Done():
		<-a
	default:
	}
}
",
        &[11],
    ),
    (
        "nor on a context derived from it",
        "package p
import \"context\"
func root() {
	a := make(chan int)
	parent, cancel := context.WithCancel(context.Background())
	cx, _ := context.WithCancel(parent)
	go func() {
		cancel()
	}()
	select {
	case <-cx.Done():
	default:
		<-a
	}
}
",
        &[13],
    ),
    (
        "nor of one that is still to come",
        "package p
import \"context\"
func root() {
	b := make(chan int, 1)
	cx, cancel := context.WithCancel(context.Background())
	go func() {
		b <- 0
		<-b
		select {
		case <-cx.Done():
		default:
			<-b
		}
	}()
	cancel()
}
",
        &[12],
    ),
    (
        "the end of a counted goroutine is not independent of who waits for it",
        "package p
import \"sync\"
import \"time\"
func root() {
	a := make(chan int)
	b := make(chan int)
	var wg sync.WaitGroup
	go func() {
		select {
		case <-time.After(time.Second):
		case <-b:
			select {}
		}
	}()
	wg.Go(func() {
		a <- 0
	})
	go func() {
		<-a
	}()
	wg.Wait()
	close(b)
}
",
        &[12],
    ),
    (
        "what is known of a package variable tells states apart",
        "package p
var debug bool
func root() {
	a := make(chan int)
	d := make(chan int)
	b := make(chan int, 3)
	if debug {
		b <- 1
	} else {
		b <- 2
	}
	<-b
	b <- 1
	if debug {
		<-a
	} else {
		<-d
	}
}
",
        &[15, 17],
    ),
    (
        "so does which literal a deferred call will run",
        "package p
func root(flag bool) {
	a := make(chan int)
	b := make(chan int, 1)
	go func() {
		<-a
	}()
	work(flag, a, b)
}
func work(flag bool, a, b chan int) {
	f := func() { a = nil }
	if flag {
		f = func() { close(a) }
	}
	defer f()
	b <- 1
}
",
        &[6],
    ),
    (
        "nobody is left when a panic ends the process",
        "package p
func root() {
	c := make(chan int)
	done := make(chan int, 1)
	go func() {
		c <- 0
	}()
	done <- 1
	panic(1)
}
",
        &[],
    ),
];

#[test]

fn defects() {
    let mut wrong = Vec::new();
    for (what, text, expected) in DEFECTS {
        let effort = Effort {
            budget: BUDGET,
            zero_counts: false,
            both: true,
        };
        let found = explore(&[("p.go", text)], effort);
        let lines =
            |pick: &dyn Fn(&System) -> &explore::Outcome| -> std::collections::BTreeSet<u32> {
                found
                    .iter()
                    .flat_map(|s| pick(s).sites.iter().map(|site| site.line))
                    .collect()
            };
        let fast = lines(&|s| &s.fast);
        let reference = lines(&|s| &s.reference);
        let expected = expected.iter().copied().collect();
        if fast != expected || reference != expected {
            wrong.push(format!(
                "{what}: {expected:?} get stuck; the fast search says {fast:?}, the reference {reference:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
