//! `--why FILE:LINE`: what was decided about an operation, and on what ground.

mod binary;

use binary::{goleash, tree, write};
use tempfile::TempDir;

const PACKAGE: &[u8] = b"package p

func first(hurry bool) int {
	c := make(chan int)
	go func() { c <- 1 }()
	if hurry {
		return 0
	}
	return <-c
}

func both() int {
	c := make(chan int)
	go func() { c <- 1 }()
	return <-c
}

func hand(c chan<- int) {
	c <- 1
}

func pass(n int) int {
	return n + 1
}
";

fn folder() -> TempDir {
    let folder = tree(&[]);
    write(folder.path(), "p.go", PACKAGE);
    folder
}

fn why(line: u32) -> String {
    let run = goleash(&folder(), &format!("check --isolated --why p.go:{line}"));
    run.exits(0).stdout
}

#[test]
fn a_leak_names_the_rule_and_where_it_starts() {
    let text = why(5);
    assert!(text.contains("p.go:5: send: `c <- 1`"), "{text}");
    assert!(
        text.contains("from first (p.go:3): a goroutine gets stuck here: early-return"),
        "{text}"
    );
    assert!(text.contains("p.go:5: go statement"), "{text}");
}

#[test]
fn a_go_statement_says_where_its_goroutine_gets_stuck() {
    let folder = tree(&[]);
    let text = b"package p

func wait(c chan int) {
	<-c
}

func start(late bool) {
	c := make(chan int)
	go wait(c)
	if late {
		return
	}
	close(c)
}
";
    write(folder.path(), "p.go", text);
    let run = goleash(&folder, "check --isolated --why p.go:9");
    let said = run.exits(0).stdout;
    let expected = "a goroutine that is started here gets stuck at p.go:4: unsent-receive";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn what_was_refuted_says_so() {
    let text = why(14);
    assert!(
        text.contains("from both (p.go:12): nobody gets stuck here: all runs were followed"),
        "{text}"
    );
}

#[test]
fn what_nobody_in_view_decides_says_so() {
    let text = why(19);
    assert!(text.contains("p.go:19: send: `c <- 1`"), "{text}");
    assert!(text.contains("undecided"), "{text}");
}

#[test]
fn a_line_without_an_operation_is_told() {
    let run = goleash(&folder(), "check --isolated --why p.go:23");
    assert!(run.exits(3).stderr.contains("p.go:23 has no operation"));
    let run = goleash(&folder(), "check --isolated --why p.go:25");
    assert!(run.exits(3).stderr.contains("p.go ends with line 24"));
}

#[test]
fn a_case_asks_about_its_select() {
    let folder = tree(&[]);
    let text = b"package p

func either(stop chan bool) {
	c := make(chan int)
	go func() {
		select {
		case c <- 1:
			println()
		case <-make(chan int):
		}
	}()
}
";
    write(folder.path(), "p.go", text);
    for line in [6, 7, 9] {
        let asked = format!("check --isolated --why p.go:{line}");
        let said = goleash(&folder, &asked).exits(0).stdout;
        assert!(said.contains("p.go:6: select: `select {`\n"), "{said}");
        assert!(said.contains("a goroutine gets stuck here"), "{said}");
    }
    let run = goleash(&folder, "check --isolated --why p.go:8");
    assert!(run.exits(3).stderr.contains("has no operation"));
}

const LOCKS: &[u8] = b"package p

import \"sync\"

type shelf struct {
	sync.RWMutex
	side  sync.Mutex
	full  *sync.Cond
	group sync.WaitGroup
	books []string
}

func (s *shelf) put(book string) {
	s.Lock()
	s.side.Lock()
	defer s.Unlock()
	s.books = append(s.books, book)
	s.full.Signal()
}

func (s *shelf) take() string {
	s.RLock()
	for len(s.books) == 0 {
		s.full.Wait()
	}
	s.group.Wait()
	return s.books[0]
}

type door struct{ open bool }

func (d *door) Lock() { d.open = false }

func shut(d *door) {
	d.Lock()
}
";

#[test]
fn locks_and_conditions_are_told_of_whether_they_are_followed_or_not() {
    let folder = tree(&[]);
    write(folder.path(), "p.go", LOCKS);
    // Whoever reads waits with the lock; nobody waits with the one beside it.
    let expected = [
        (14, "lock: `s.Lock()`", true),
        (15, "lock: `s.side.Lock()`", false),
        (16, "unlock: `", true),
        (18, "signal: `s.full.Signal()`", true),
        (22, "lock: `s.RLock()`", true),
        (24, "wait for a condition: `s.full.Wait()`", true),
    ];
    for (line, operation, followed) in expected {
        let run = goleash(&folder, &format!("check --isolated --why p.go:{line}"));
        let said = run.exits(0).stdout;
        let named = format!("p.go:{line}: {operation}");
        assert!(said.contains(&named), "{said}");
        assert_eq!(!said.contains("not followed: a lock"), followed, "{said}");
        assert_eq!(said.lines().count(), 2, "{said}");
    }
}

#[test]
fn a_group_and_a_method_named_lock_are_no_locks() {
    let folder = tree(&[]);
    write(folder.path(), "p.go", LOCKS);
    let group = goleash(&folder, "check --isolated --why p.go:26");
    let said = group.exits(0).stdout;
    assert!(said.contains("p.go:26: wait: `s.group.Wait()`"), "{said}");
    assert!(!said.contains("not followed: a lock"), "{said}");
    let own = goleash(&folder, "check --isolated --why p.go:35");
    assert!(own.exits(3).stderr.contains("has no operation"));
}

#[test]
fn what_is_no_line_is_refused() {
    for asked in ["p.go", "p.go:0", "p.go:x", "p.txt:3"] {
        let run = goleash(&folder(), &format!("check --why {asked}"));
        assert!(
            run.exits(2).stderr.contains("give a file and a line"),
            "{asked}"
        );
    }
}
