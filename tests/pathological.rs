//! Packages no person wrote: the analysis ends, on a small stack, and says by name what it gave up.

use goleash::analyze::{Directory, GoVersion, InputFile, Options, Report, directory};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Threads of a run get 64 MiB; a thirty-second of that has to do.
const SMALL_STACK: usize = 2 << 20;

/// Far more than any of these takes, on a slow machine and without optimisation.
const HANG: Duration = Duration::from_secs(120);

/// Analyses the files of one package, by one thread with a small stack.
fn analysed(files: Vec<String>) -> Report {
    let start = Instant::now();
    let files = files
        .into_iter()
        .enumerate()
        .map(|(index, text)| InputFile {
            path: format!("file{index}.go").into(),
            bytes: text.into_bytes().into(),
            report: true,
            rules: None,
        });
    let dir = Directory {
        path: ".".to_owned(),
        import_path: ".".to_owned(),
        go: GoVersion {
            major: 1,
            minor: 24,
        },
        files: files.collect(),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .stack_size(SMALL_STACK)
        .build()
        .expect("a thread");
    let report = pool.install(|| directory(&dir, &Options::default()));
    assert!(start.elapsed() < HANG, "took {:?}", start.elapsed());
    report
}

fn one(text: String) -> Report {
    analysed(vec![text])
}

#[track_caller]
fn gave_up(report: &Report, reason: &str) {
    let reasons = &report.stats.abstentions;
    assert!(reasons.contains_key(reason), "no {reason} in {reasons:?}");
}

/// What stands beside the hostile code is still found.
const LEAK: &str = "
func leak(x bool) {
	ch := make(chan int)
	go func() { ch <- 1 }()
	if x {
		return
	}
	<-ch
}
";

#[track_caller]
fn finds_the_leak(report: &Report) {
    let rules: Vec<_> = report.findings.iter().map(|f| f.rule).collect();
    assert!(rules.contains(&"early-return"), "{rules:?}");
}

#[test]
fn ten_thousand_goroutines_started_in_one_function() {
    let mut text = format!("package p\n{LEAK}\nfunc f(x bool) {{\n\tch := make(chan int)\n");
    for number in 0..10_000 {
        let _ = writeln!(text, "\tgo func() {{ ch <- {number} }}()");
    }
    text.push_str("\tif x {\n\t\treturn\n\t}\n\t<-ch\n}\n");
    let report = one(text);
    gave_up(&report, "many-goroutines");
    finds_the_leak(&report);
}

#[test]
fn a_goroutine_that_starts_goroutines_without_end() {
    let text = format!(
        "package p\n{LEAK}
func f(ch chan int) {{
	for {{
		go f(ch)
		go func() {{ ch <- 1; f(ch) }}()
	}}
}}
func g(x bool) {{
	ch := make(chan int)
	go f(ch)
	if x {{
		return
	}}
	<-ch
}}
"
    );
    finds_the_leak(&one(text));
}

#[test]
fn calls_that_come_back_to_themselves() {
    let mut text = format!("package p\n{LEAK}");
    // A ring of functions, each of which calls three others, and hands its channel on.
    for number in 0..300 {
        let callee = |way: usize| (number * 7 + way * 31 + 1) % 300;
        let _ = writeln!(
            text,
            "func f{number}(ch chan int, x int) {{\n\tif x > 0 {{\n\t\tf{}(ch, x-1)\n\t\tf{}(ch, x-2)\n\t}}\n\tgo f{}(ch, x)\n\tch <- x\n}}",
            callee(1),
            callee(2),
            callee(3)
        );
    }
    text.push_str("func start(x bool) {\n\tch := make(chan int)\n\tgo f0(ch, 9)\n\tif x {\n\t\treturn\n\t}\n\t<-ch\n}\n");
    let report = one(text);
    gave_up(&report, "call-depth");
    finds_the_leak(&report);
}

#[test]
fn a_chain_of_calls_ten_thousand_deep() {
    let mut text = format!("package p\n{LEAK}");
    for number in 0..10_000 {
        let _ = writeln!(
            text,
            "func f{number}(ch chan int) {{ f{}(ch) }}",
            number + 1
        );
    }
    text.push_str("func f10000(ch chan int) { ch <- 1 }\nfunc start(x bool) {\n\tch := make(chan int)\n\tgo f0(ch)\n\tif x {\n\t\treturn\n\t}\n\t<-ch\n}\n");
    let report = one(text);
    gave_up(&report, "call-depth");
    finds_the_leak(&report);
}

#[test]
fn types_that_contain_themselves() {
    let text = format!(
        "package p\n{LEAK}
type A struct {{ B; ch chan int }}
type B struct {{ *C }}
type C struct {{ A; next *C }}
type D D
type E []E
type F func(F) F
type G map[string]G
type H chan H
type I interface {{ I; M() I }}
type J = K
type K = J
type L[T any] struct {{ L[L[T]]; t T }}
type M struct {{ M }}
func (a *A) loop() {{ for {{ a.ch <- 1; a.B.C.A.loop(); a.next.next.next.ch <- 1 }} }}
func NewA() *A {{ a := &A{{ch: make(chan int)}}; go a.loop(); return a }}
func (a *A) Close() {{ close(a.ch) }}
func (c *C) Close() {{ c.Close(); c.A.Close(); c.B.Close() }}
func h() {{ h := make(H); go func() {{ h <- h }}(); var j J; var m M; _, _ = j, m.M.M.M }}
func e(x E) {{ for _, y := range x {{ e(y); for _, z := range y {{ e(z[0][0][0]) }} }} }}
func l() {{ var x L[L[int]]; x.L.L.t = x.t }}
"
    );
    finds_the_leak(&one(text));
}

#[test]
fn types_and_embedding_a_thousand_deep() {
    let mut text = format!("package p\n{LEAK}");
    for number in 0..1_000 {
        let _ = writeln!(
            text,
            "type T{number} struct {{ *T{}; U{number} }}",
            number + 1
        );
        let _ = writeln!(
            text,
            "type U{number} struct {{ f{number} func(*T{number}) U{number} }}"
        );
    }
    text.push_str("type T1000 struct { ch chan int; *T0 }\n");
    text.push_str("func f() {\n\tt := &T0{}\n\tt.ch = make(chan int)\n\tgo t.run()\n\t<-t.ch\n}\n");
    text.push_str("func (t *T1000) run() { t.ch <- 1 }\n");
    finds_the_leak(&one(text));
}

#[test]
fn a_select_with_two_thousand_cases() {
    let mut text = format!(
        "package p\n{LEAK}\nfunc f(x bool) {{\n\tvar chs [2000]chan int\n\tch := make(chan int)\n\tgo func() {{ ch <- 1 }}()\n\tselect {{\n"
    );
    for number in 0..2_000 {
        let _ = writeln!(text, "\tcase v := <-chs[{number}]:\n\t\t_ = v");
    }
    text.push_str("\tcase <-ch:\n\t}\n}\n");
    finds_the_leak(&one(text));
}

#[test]
fn selects_and_loops_in_each_other() {
    let mut body = String::from("ch <- 1");
    for depth in 0..12 {
        body = format!(
            "for i{depth} := range n {{\nselect {{\ncase a <- i{depth}:\n{body}\ncase <-b:\nif x {{ continue }}\ndefault:\n}}\n}}"
        );
    }
    let text = format!(
        "package p\n{LEAK}\nfunc f(n int, x bool) {{\n\ta, b, ch := make(chan int), make(chan int), make(chan int)\n\tgo func() {{\n{body}\n}}()\n\tgo func() {{\n{body}\n}}()\n\tgo func() {{ for {{ <-a; b <- 1 }} }}()\n\t<-ch\n}}\n"
    );
    finds_the_leak(&one(text));
}

#[test]
fn branches_by_the_thousand() {
    let mut text = format!(
        "package p\n{LEAK}\nfunc f(xs []bool) {{\n\tch := make(chan int)\n\tgo func() {{ ch <- 1 }}()\n"
    );
    for number in 0..3_000 {
        let _ = writeln!(text, "\tif xs[{number}] {{\n\t\tch = make(chan int)\n\t}}");
    }
    text.push_str("\t<-ch\n}\n");
    let report = one(text);
    gave_up(&report, "state-budget");
    finds_the_leak(&report);
}

#[test]
fn a_leak_at_the_end_of_a_long_run_of_many_goroutines() {
    let mut text = String::from(
        "package p\nfunc f(ask func() bool) int {\n\tresult := make(chan int)\n\tgo func() { result <- 1 }()\n",
    );
    for number in 0..12 {
        let _ = writeln!(
            text,
            "\tquit{number} := make(chan int, 1)\n\tif ask() {{\n\t\tgo func() {{ quit{number} <- 1 }}()\n\t}} else {{\n\t\tgo func() {{ close(quit{number}) }}()\n\t}}"
        );
    }
    for number in 0..12 {
        let _ = writeln!(text, "\t<-quit{number}");
    }
    text.push_str("\tif ask() {\n\t\treturn 0\n\t}\n\treturn <-result\n}\n");
    let report = one(text);
    gave_up(&report, "state-budget");
    finds_the_leak(&report);
}

#[test]
fn what_a_function_makes_by_itself_beside_a_callee_that_is_too_much() {
    let mut text = String::from(
        "package p\nfunc many(xs []bool) chan int {\n\tch := make(chan int)\n\tgo func() { ch <- 1 }()\n",
    );
    for number in 0..3_000 {
        let _ = writeln!(text, "\tif xs[{number}] {{\n\t\tch = make(chan int)\n\t}}");
    }
    text.push_str("\treturn ch\n}\n");
    text.push_str(
        "func g(xs []bool, bad bool) int {\n\tother := many(xs)\n\town := make(chan int)\n\tgo func() { own <- 1 }()\n\tif bad {\n\t\treturn 0\n\t}\n\treturn <-own + <-other\n}\n",
    );
    let report = one(text);
    gave_up(&report, "state-budget");
    finds_the_leak(&report);
}

#[test]
fn goto_in_every_direction() {
    let mut text = format!(
        "package p\n{LEAK}\nfunc f(x int) {{\n\tch := make(chan int)\n\tgo func() {{ ch <- 1 }}()\n"
    );
    for number in 0..300 {
        let (a, b) = ((number * 7 + 3) % 300, (number * 11 + 5) % 300);
        let _ = writeln!(
            text,
            "L{number}:\n\tif x == {number} {{\n\t\tgoto L{a}\n\t}}\n\tselect {{\n\tcase ch <- x:\n\t\tgoto L{b}\n\tdefault:\n\t}}"
        );
    }
    text.push_str("}\n");
    finds_the_leak(&one(text));
}

#[test]
fn a_loop_that_never_comes_to_anything() {
    let text = format!(
        "package p\n{LEAK}\nfunc f() {{\n\tch := make(chan int)\n\tgo func() {{ for {{ x := 0; for x < 1<<60 {{ x++ }} }}; ch <- 1 }}()\n\tfor i := 0; i < 1<<62; i++ {{\n\t\tselect {{ case <-ch: default: }}\n\t}}\n\tvar s []int\n\tfor {{ s = append(s, 1); if len(s) > 1<<40 {{ break }}; ch <- len(s) }}\n}}\n"
    );
    finds_the_leak(&one(text));
}

#[test]
fn a_package_with_twenty_thousand_functions() {
    let files = (0..40).map(|file| {
        let mut text = String::from("package p\n");
        if file == 20 {
            text.push_str(LEAK);
        }
        for number in 0..500 {
            let next = (number + 1) % 500;
            let _ = writeln!(
                text,
                "func f{file}x{number}(n int) int {{\n\tif n > 0 {{\n\t\treturn f{file}x{next}(n - 1)\n\t}}\n\treturn n\n}}"
            );
        }
        text
    });
    finds_the_leak(&analysed(files.collect()));
}

/// A goroutine sends, and `serve` is handed what it sends to; `body` is what `serve` does.
fn handed_to(body: &str) -> Report {
    one(format!(
        "package p
type T struct{{ C chan int }}
func (t *T) Drain() {{ <-t.C }}
func f() {{
	t := &T{{C: make(chan int)}}
	go func() {{ t.C <- 1 }}()
	serve(t)
}}
func serve(t *T) {{
	x := 0
{body}}}
"
    ))
}

#[test]
fn a_function_that_is_too_long_to_be_read_for_its_callers_may_do_anything() {
    let leaks = |report: &Report| report.findings.iter().any(|f| f.rule == "unreceived-send");
    let long = "\tx++\n".repeat(400_000);
    assert!(leaks(&handed_to("\tx++\n")));
    assert!(!leaks(&handed_to("\tt.Drain()\n")));
    assert!(!leaks(&handed_to(&format!("{long}\tt.Drain()\n"))));
    // Nobody knows what stands in there.
    let unread = handed_to(&long);
    assert!(!leaks(&unread));
    gave_up(&unread, "escape-call");
}

#[test]
fn something_not_closed_before_very_many_functions() {
    let mut functions = String::new();
    for number in 0..40_000 {
        let _ = write!(
            functions,
            "\nfunc f{number}(n int) int {{\n\treturn n\n}}\n"
        );
    }
    // At the top, where the parser loses what follows, and in a body.
    for broken in ["var open = call({{{", "func open() {\n\tif x {{{\n}"] {
        let report = one(format!("package p\n\n{broken}\n{functions}{LEAK}"));
        finds_the_leak(&report);
        assert!(!report.problems.is_empty(), "{broken}");
    }
}

#[test]
fn very_many_functions_that_are_not_closed() {
    let mut text = format!("package p\n{LEAK}");
    for number in 0..10_000 {
        let _ = write!(text, "\nfunc f{number}() {{\n\tgo x(1\n}}\n");
    }
    finds_the_leak(&one(text));
}

#[test]
fn chains_of_calls_that_stand_in_either_order() {
    for down in [true, false] {
        let mut text = format!("package p\n{LEAK}\nfunc f0(ch chan int) {{ ch <- 1 }}\n");
        for number in 1..10_000 {
            let next = if down {
                number - 1
            } else {
                (number + 1) % 10_000
            };
            let _ = writeln!(text, "func f{number}(ch chan int) {{ f{next}(ch) }}");
        }
        let _ = writeln!(
            text,
            "func use() {{ ch := make(chan int); go f1(ch); <-ch }}"
        );
        finds_the_leak(&one(text));
    }
}

#[test]
fn a_line_of_twenty_megabytes_is_told_and_the_other_files_are_read() {
    let line = format!("package p\nvar s = \"{}\"\n", "x".repeat(20 << 20));
    let report = analysed(vec![line, format!("package p\n{LEAK}")]);
    finds_the_leak(&report);
    assert_eq!(report.problems.len(), 1);
    assert_eq!(report.problems[0].path, "file0.go");
}

#[test]
fn a_thousand_channels_in_one_function() {
    let mut text = format!("package p\n{LEAK}\nfunc f(x bool) {{\n");
    for number in 0..1_000 {
        let _ = writeln!(
            text,
            "\tch{number} := make(chan int, {number})\n\tgo func() {{ ch{number} <- 1 }}()"
        );
    }
    for number in 0..1_000 {
        let _ = writeln!(text, "\tif x {{\n\t\t<-ch{number}\n\t}}");
    }
    text.push_str("}\n");
    finds_the_leak(&one(text));
}

#[test]
fn literals_in_literals() {
    // As deep as syntax is read at all.
    let deep = 180;
    let text = format!(
        "package p\n{LEAK}\nfunc f() {{\n\tch := make(chan int)\n\t{}ch <- 1{}\n}}\n",
        "go func() { ".repeat(deep),
        " }()".repeat(deep)
    );
    finds_the_leak(&one(text));
}

#[test]
fn what_is_handed_to_others_at_the_end_of_a_long_chain_of_calls() {
    // A bound method leads to itself, by a field of its receiver.
    let mut text = format!(
        "package p\nimport \"example.com/tree\"\n{LEAK}\ntype worker struct {{\n\tch chan int\n\tnext func()\n}}\nfunc (w *worker) run() {{ w.ch <- 1 }}\n"
    );
    text.push_str("func start(t tree.Tree, x bool) {\n\tw := &worker{ch: make(chan int)}\n\tw.next = w.run\n\tf0(t, w)\n\tif x {\n\t\treturn\n\t}\n\t<-w.ch\n}\n");
    for number in 0..12 {
        let _ = writeln!(
            text,
            "func f{number}(t tree.Tree, w *worker) {{\n\tt.Walk(w.run)\n\tf{}(t, w)\n}}",
            number + 1
        );
    }
    text.push_str("func f12(t tree.Tree, w *worker) { t.Walk(w.run) }\n");
    finds_the_leak(&one(text));
}

#[test]
fn what_leads_to_itself() {
    // A variable that holds its own address, lists and maps in themselves, a ring of one, functions that capture themselves.
    let text = format!(
        "package p
import (\"context\"; \"sync\")
{LEAK}
type node struct {{
	next *node
	self any
	ch chan *node
	f func(*node)
	ctx context.Context
}}
func ring(x bool) {{
	n := &node{{ch: make(chan *node)}}
	n.next = n
	n.self = &n
	n.f = func(m *node) {{ m.f(m.next); n.f(n) }}
	n.ctx, _ = context.WithCancel(n.ctx)
	n.next.next.ctx, _ = context.WithCancel(n.next.ctx)
	go n.f(n)
	go func() {{ n.next.next.ch <- n }}()
	if x {{
		return
	}}
	for n != nil {{
		select {{
		case n = <-n.next.ch:
		case <-n.ctx.Done():
		}}
	}}
}}
func own() {{
	var p any = &p
	ch := make(chan any)
	go func() {{ p.ch <- 1; ch <- 1 }}()
	<-p.ch
	for range p.ch {{
	}}
	p.d.Wait()
	p.f = ch
	*p = ch
	s := []any{{nil}}
	s[0] = s
	m := map[any]any{{}}
	m[m] = s
	ch <- m[0]
	var f func()
	f = func() {{ go f(); ch <- f; f = func() {{ ch <- &f }} }}
	go f()
	var w sync.WaitGroup
	w = *(&w)
	w.Wait()
}}
type T struct{{ T *T }}
func (t *T) Done() <-chan struct{{}} {{ return t.T.Done() }}
func (t *T) run() {{
	t.T = t
	go t.run()
	<-t.Done()
	t.T.T.T.run()
}}
"
    );
    finds_the_leak(&one(text));
}
