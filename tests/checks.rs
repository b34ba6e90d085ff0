//! What calls of libraries do, told by what is found around them: checks that end the test they fail in, groups and pools
//! that start goroutines.

mod support;

use goleash::analyze::Options;
use goleash::leak::Confidence;
use support::analysis::{analyze_with, locate};

/// The lines (of the one file) at which something is found by default.
fn lines(text: &str) -> Vec<u32> {
    lines_from(text, Options::default().min_confidence)
}

/// The same with all that is less sure: a test that waits itself is told only then.
fn all_lines(text: &str) -> Vec<u32> {
    lines_from(text, Confidence::Low)
}

fn lines_from(text: &str, min_confidence: Confidence) -> Vec<u32> {
    let options = Options {
        min_confidence,
        ..Options::default()
    };
    let report = analyze_with("p", &[("p/p_test.go", text)], &options);
    let found = report.findings.iter();
    found.map(|f| locate(&report, f.primary).1).collect()
}

#[test]
fn atomic_values_of_uber_are_those_of_the_standard_library() {
    let with = |package: &str, told: &str| {
        format!(
            r#"package p

import "{package}"

func ask(answer func() int) int {{
	var wanted atomic.Bool
	answers := make(chan int)
	wanted.Store({told})
	go func() {{ answers <- answer() }}()
	if wanted.Swap(false) {{
		return <-answers
	}}
	return 0
}}
"#
        )
    };
    for package in ["sync/atomic", "go.uber.org/atomic"] {
        assert!(all_lines(&with(package, "true")).is_empty(), "{package}");
        assert_eq!(all_lines(&with(package, "false")), [9], "{package}");
    }
}

#[test]
fn an_error_that_was_required_to_be_nil_is_nil() {
    let with = |check: &str| {
        format!(
            r#"package p

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/shoenig/test/must"
)

var errShut = errors.New("shut")

type pool struct{{ shut bool }}

func (p *pool) run(job func()) error {{
	if p.shut {{
		return errShut
	}}
	job()
	return nil
}}

func run(t *testing.T, p *pool) {{
	var wg sync.WaitGroup
	wg.Add(1)
	err := p.run(func() {{ wg.Done() }})
	{check}
	wg.Wait()
}}
"#
        )
    };
    assert_eq!(all_lines(&with("t.Log(err)")), [29]);
    assert!(all_lines(&with("require.NoError(t, err)")).is_empty());
    assert!(all_lines(&with("require.Nil(t, err)")).is_empty());
    assert!(all_lines(&with("must.NoError(t, err)")).is_empty());
    let object = "check := require.New(t)\n\tcheck.NoError(err)";
    assert!(all_lines(&with(object)).is_empty());
    // That there was an error is the very run that leaks.
    assert_eq!(all_lines(&with("require.Error(t, err)")), [29]);
}

#[test]
fn a_check_that_fails_strands_nobody() {
    let with = |check: &str| {
        format!(
            r#"package p

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStop(t *testing.T) {{
	stopped := make(chan bool)
	go func() {{
		stop()
		stopped <- true
	}}()
	select {{
	case <-stopped:
	case <-time.After(time.Second):
		{check}
	}}
}}
"#
        )
    };
    assert_eq!(lines(&with(r#"t.Error("too slow")"#)), [14]);
    assert!(lines(&with(r#"t.Fatal("too slow")"#)).is_empty());
    assert!(lines(&with(r#"require.Fail(t, "too slow")"#)).is_empty());
    assert!(lines(&with(r#"require.FailNow(t, "too slow")"#)).is_empty());
}

#[test]
fn parallel_tests_run_beside_each_other() {
    let with = |parallel: &str| {
        format!(
            r#"package p

import "testing"

func TestTalk(t *testing.T) {{
	c := make(chan int)
	t.Run("send", func(t *testing.T) {{
		{parallel}
		c <- 1
	}})
	t.Run("receive", func(t *testing.T) {{
		{parallel}
		<-c
	}})
}}
"#
        )
    };
    assert_eq!(all_lines(&with("t.Log()")), [9]);
    assert!(all_lines(&with("t.Parallel()")).is_empty());
}

#[test]
fn groups_and_pools_start_what_they_are_handed() {
    let with = |declared: &str, start: &str, wait: &str| {
        all_lines(&format!(
            r#"package p

import (
	"errors"

	"github.com/gammazero/workerpool"
	"github.com/sourcegraph/conc"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
	"k8s.io/apimachinery/pkg/util/wait"
)

func first(bad bool, pool *workerpool.WorkerPool, flight *singleflight.Group) (int, error) {{
	{declared}
	answer := make(chan int)
	work := func() {{
		answer <- 1
	}}
	{start}
	if bad {{
		return 0, errors.New("bad")
	}}
	n := <-answer
	{wait}
	return n, nil
}}
"#
        ))
    };
    // One goroutine sends, and nobody is left to receive after the early return.
    for (declared, start, wait) in [
        ("", "go work()", ""),
        ("", "pool.Submit(work)", ""),
        ("var group conc.WaitGroup", "group.Go(work)", "group.Wait()"),
        ("var group wait.Group", "group.Start(work)", "group.Wait()"),
        (
            "var group errgroup.Group",
            "group.SetLimit(2)\n\tgroup.Go(func() error { work(); return nil })",
            "group.Wait()",
        ),
        (
            "",
            "flight.DoChan(\"key\", func() (any, error) { work(); return nil, nil })",
            "",
        ),
    ] {
        assert_eq!(with(declared, start, wait), [17], "{start}");
    }
    // Run in place, it sends before anybody can receive; not run, as somebody else is at it, it never sends.
    let flight = "flight.Do(\"key\", func() (any, error) { work(); return nil, nil })";
    assert_eq!(with("", flight, ""), [17, 23]);
}

#[test]
fn a_group_starts_no_more_than_it_may_run() {
    let with = |limit: &str, start: &str, room: &str| {
        all_lines(&format!(
            r#"package p

import "golang.org/x/sync/errgroup"

func lengths(items []string, workers int) []int {{
	var group errgroup.Group
	{limit}
	answers := make(chan int{room})
	for _, item := range items {{
		group.{start}(func() error {{
			answers <- len(item)
			return nil
		}})
	}}
	go func() {{
		group.Wait()
		close(answers)
	}}()
	var all []int
	for n := range answers {{
		all = append(all, n)
	}}
	return all
}}
"#
        ))
    };
    // Those that run wait for somebody who receives only once all are started.
    assert_eq!(with("group.SetLimit(2)", "Go", ""), [11]);
    // All are started, or as many as there is room for; how many nobody knows, or nobody counts to.
    assert!(with("", "Go", "").is_empty());
    assert!(with("group.SetLimit(-1)", "Go", "").is_empty());
    assert!(with("group.SetLimit(2)", "TryGo", "").is_empty());
    assert!(with("group.SetLimit(2)", "Go", ", len(items)").is_empty());
    assert!(with("group.SetLimit(workers)", "Go", "").is_empty());
    assert!(with("group.SetLimit(100)", "Go", "").is_empty());
    // A limit that is set behind the loop keeps nobody from starting.
    assert!(with("defer group.SetLimit(2)", "Go", "").is_empty());
}

#[test]
fn a_full_group_waits_for_itself_where_its_own_goroutines_start_more() {
    let with = |limit: u32, start: &str| {
        all_lines(&format!(
            r#"package p

import "golang.org/x/sync/errgroup"

func nested(work func() error) {{
	go func() {{
		var group errgroup.Group
		group.SetLimit({limit})
		group.Go(func() error {{
			group.{start}(work)
			return nil
		}})
		group.Wait()
	}}()
}}
"#
        ))
    };
    assert_eq!(with(1, "Go"), [10]);
    assert_eq!(with(0, "Go"), [9]);
    assert!(with(2, "Go").is_empty());
    assert!(with(1, "TryGo").is_empty());
}

#[test]
fn a_test_that_hangs_says_so_itself() {
    let with = |body: &str| {
        format!(
            r#"package p

import "testing"

func start(done chan<- bool, ok bool) {{
	if ok {{
		go func() {{
			done <- true
		}}()
	}}
}}

func TestStart(t *testing.T) {{
	done := make(chan bool)
	{body}
}}
"#
        )
    };
    // Whether it comes is what is tested.
    let waits = with("start(done, t.Failed())\n\t<-done");
    assert!(lines(&waits).is_empty());
    assert_eq!(all_lines(&waits), [16]);
    // So it is for whoever waits for the test alone.
    let behind = with(
        "asked := make(chan bool)\n\tgo func() {\n\t\tasked <- true\n\t}()\n\tstart(done, t.Failed())\n\t<-done\n\t<-asked",
    );
    assert!(lines(&behind).is_empty());
    assert_eq!(all_lines(&behind), [17, 20]);
    // Goroutines that a test leaves behind are told as ever.
    let left = with("start(done, true)\n\tif t.Failed() {\n\t\treturn\n\t}\n\t<-done");
    assert_eq!(lines(&left), [8]);
}
