//! Every form of Go syntax as the text dump shows it.
#![allow(clippy::unwrap_used)]

use goleash::source::Span;
use goleash::syntax::{ast, dump, parse_file};
use std::fmt::Write;

fn text(source: &str) -> String {
    dump(&parse_file(source.as_bytes()))
}

/// Dumps `body` as the body of a function, without the lines around it.
fn body(body: &str) -> String {
    let all = text(&format!("package p\nfunc f() {{\n{body}\n}}\n"));
    let inner: Vec<_> = all
        .lines()
        .skip(2)
        .map(|l| l.strip_prefix("  ").unwrap_or(l))
        .collect();
    inner.join("\n")
}

fn check(cases: &[(&str, &str)], dumped: impl Fn(&str) -> String) {
    let mut wrong = String::new();
    for (source, expected) in cases {
        let got = dumped(source);
        if got.trim_end() != *expected {
            let got = got.trim_end();
            writeln!(wrong, "--- {source}\n{got}\n--- expected\n{expected}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn declarations() {
    check(
        &[
            ("package p", r"package p"),
            (
                "import (\n\"a/b\"\nm `x`\n. \"y\"\n_ \"z\"\n)",
                r"package p
import - a/b
import m x
import . y
import _ z",
            ),
            (
                "func f()",
                r"package p
func f () () -",
            ),
            (
                "func f(a, b int, c ...string) (x, y error) {}",
                r"package p
func f (a int, b int, c ...string) (x error, y error)",
            ),
            (
                "func f(int, ...T) error {}",
                r"package p
func f (- int, - ...T) (- error)",
            ),
            (
                "func (p *T[K]) M() {}\nfunc (T) N() {}",
                r"package p
func (p (star (index T K))) M () ()
func (- T) N () ()",
            ),
            (
                "func F[K comparable, A, B ~int | string](k K) {}",
                r"package p
func F[K A B] (k K) ()",
            ),
            (
                "func (t T) M[K any, V interface{ m(a, b int) }](k K) V { return new(k) }",
                r"package p
func (t T) M[K V] (k K) (- V)
  return (call new k)",
            ),
            (
                "var a, b = 1, 2\nvar c int\nvar (\nd T = x\n)",
                r"package p
var a b : - = 1 2
var c : int =
var d : T = x",
            ),
            (
                "const (\na, b T = iota, 'x'\nc, d\n_, _\ne = 1\nf\n)\nconst g = 2",
                r"package p
const a b : T = iota 'x' @0
const c d : T = iota 'x' @1
const _ _ : T = iota 'x' @2
const e : - = 1 @3
const f : - = 1 @4
const g : - = 2 @0",
            ),
            (
                "type A int\ntype B = A\ntype (\nC[K any, V int] map[K]V\nD[T any] = []T\n)",
                r"package p
type A int
alias B A
type C[K V] (map K V)
alias D[T] (sliceof T)",
            ),
            (
                "type S struct {\na, b int `tag`\nT\n*p.U\nG[int]\n*q.H[K, V]\n_ int\n}",
                r"package p
type S (struct a:int b:int *T:T *U:(star (. p U)) *G:(index G int) *H:(star (index (. q H) K V)) _:int)",
            ),
            (
                "type I interface {\nm(a int) (b error)\nn()\np.J\n~int | string\nG[T]\n}",
                r"package p
type I (interface m(a int) (b error) n() () (. p J) (| int string) (index G T))",
            ),
            (
                "x := 1\nfunc f() {}",
                r"package p
func f () ()
unreadable 10..16",
            ),
        ],
        |s| {
            text(&if s.starts_with("package") {
                s.to_owned()
            } else {
                format!("package p\n{s}\n")
            })
        },
    );
}

#[test]
fn statements() {
    check(
        &[
            (";", r"empty"),
            (
                "x()\n<-c\nc <- <-d",
                r"expr (call x)
expr (<- c)
send c (<- d)",
            ),
            (
                "i++\ni--",
                r"inc i
dec i",
            ),
            (
                "a, b := 1, 2\na, b = b, a\na += 1\na &^= 1\na <<= 1",
                r"assign a b := 1 2
assign a b = b a
assign a += 1
assign a &^= 1
assign a <<= 1",
            ),
            (
                "go f(x)\ndefer func() { x() }()",
                r"go (call f x)
defer (call (func () ()
  expr (call x)
))",
            ),
            (
                "return\nreturn 1, x",
                r"return
return 1 x",
            ),
            (
                "L: for { break L; continue L; break; continue; goto L }\nM:",
                r"label L
  for -
    do
      break L
      continue L
      break -
      continue -
      goto L
label M
  empty",
            ),
            (
                "{ x() }",
                r"block
  expr (call x)",
            ),
            (
                "if x { a() }\nif y := f(); y { a() } else if z { b() } else { c() }",
                r"if x
  do
    expr (call a)
if y
  init
    assign y := (call f)
  do
    expr (call a)
  else
    if z
      do
        expr (call b)
      else
        block
          expr (call c)",
            ),
            (
                "switch { case x: fallthrough; default: }\nswitch a := f(); a { case 1, 2: b(); c() }",
                r"switch -
  case x
    fallthrough
  default
switch a
  init
    assign a := (call f)
  case 1 2
    expr (call b)
    expr (call c)",
            ),
            (
                "switch x.(type) {}\nswitch y := 1; x := f().(type) { case nil, *T, chan int: a(); default: b() }",
                r"typeswitch - x
typeswitch x (call f)
  init
    assign y := 1
  case nil (star T) (chan int)
    expr (call a)
  default
    expr (call b)",
            ),
            (
                "select {}\nselect { case <-a: x(); case v, ok := <-b: case v = <-b: case c <- 1: default: y() }",
                r"select
select
  case
    on
      expr (<- a)
    expr (call x)
  case
    on
      assign v ok := (<- b)
  case
    on
      assign v = (<- b)
  case
    on
      send c 1
  default
    expr (call y)",
            ),
            (
                "for {}\nfor x {}\nfor i := 0; i < n; i++ {}\nfor ; ; {}",
                r"for -
  do
for x
  do
for (< i n)
  init
    assign i := 0
  post
    inc i
  do
for -
  do",
            ),
            (
                "for range c {}\nfor range 10 {}\nfor i := range n {}\nfor k, v = range m { x() }\nfor a[0] = range f() {}",
                r"range - - = c
  do
range - - = 10
  do
range i - := n
  do
range k v = m
  do
    expr (call x)
range (index a 0) - = (call f)
  do",
            ),
            (
                "var x, y int = 1, 2\nconst c = iota\ntype T struct{}",
                r"decl
  var x y : int = 1 2
decl
  const c : - = iota @0
decl
  type T (struct)",
            ),
            (
                "// only\n/* comments */ x( /* here */ a, // and here\n)",
                r"expr (call x a)",
            ),
            (
                "if x { y( }",
                r"if x
  do
    expr y
    bad
unreadable 29..30",
            ),
        ],
        body,
    );
}

#[test]
fn expressions() {
    check(
        &[
            (
                "x(nil, true, false, iota, 1, 2.5, 3i, 'r', \"s\", `raw`)",
                r#"expr (call x nil true false iota 1 2.5 3i 'r' "s" `raw`)"#,
            ),
            (
                "_ = func(a int) (b error) { go x(); return nil }",
                r"assign _ = (func (a int) (b error)
  go (call x)
  return nil
)",
            ),
            (
                "_ = []T{{1}, {a: 2}, &T{b: {}}, 3: {4}}",
                r"assign _ = (lit (sliceof T) (lit - 1) (lit - a:2) (& (lit T b:(lit -))) 3:(lit - 4))",
            ),
            (
                "_ = map[string][]int{\"a\": {1}, f(): nil}",
                r#"assign _ = (lit (map string (sliceof int)) "a":(lit - 1) (call f):nil)"#,
            ),
            (
                "_ = [...]p.T{}\n_ = [2]int{1}\n_ = G[int]{}\n_ = struct{ a int }{1}",
                r"assign _ = (lit (array - (. p T)))
assign _ = (lit (array 2 int) 1)
assign _ = (lit (index G int))
assign _ = (lit (struct a:int) 1)",
            ),
            ("a.b.c(p.T{})", r"expr (call (. (. a b) c) (lit (. p T)))"),
            (
                "a[0] = m[i][j]\nf[int](x)\nf[int, p.T](x)\n_ = g[int]\n_ = g[[]int, string]",
                r"assign (index a 0) = (index (index m i) j)
expr (call (index f int) x)
expr (call (index f int (. p T)) x)
assign _ = (index g int)
assign _ = (index g (sliceof int) string)",
            ),
            (
                "_ = s[:]\n_ = s[1:]\n_ = s[:2]\n_ = s[1:2:3]",
                r"assign _ = (slice s - - -)
assign _ = (slice s 1 - -)
assign _ = (slice s - 2 -)
assign _ = (slice s 1 2 3)",
            ),
            (
                "_ = x.(T)\n_ = x.(*p.T)",
                r"assign _ = (assert x T)
assign _ = (assert x (star (. p T)))",
            ),
            (
                "f(a, b...)\nf(a,\n)",
                r"expr (call f a b...)
expr (call f a)",
            ),
            (
                "_ = *p\n*p = 1\n_ = &x\n_ = !a\n_ = -a\n_ = +a\n_ = ^a\n_ = <-c",
                r"assign _ = (star p)
assign (star p) = 1
assign _ = (& x)
assign _ = (! a)
assign _ = (- a)
assign _ = (+ a)
assign _ = (^ a)
assign _ = (<- c)",
            ),
            (
                "_ = a + b*c - d/e%f\n_ = a && b || c == d\n_ = a << 1 &^ 2 | 3 ^ 4 & 5\n_ = a < b != (c >= d)",
                r"assign _ = (- (+ a (* b c)) (% (/ d e) f))
assign _ = (|| (&& a b) (== c d))
assign _ = (^ (| (&^ (<< a 1) 2) 3) (& 4 5))
assign _ = (!= (< a b) (>= c d))",
            ),
            (
                "_ = make(chan int, 3)\n_ = make([]T, n)\n_ = new(T)\n_ = new(c.x)\n_ = new([]int)",
                r"assign _ = (call make (chan int) 3)
assign _ = (call make (sliceof T) n)
assign _ = (call new T)
assign _ = (call new (. c x))
assign _ = (call new (sliceof int))",
            ),
            (
                "_ = new(1 + 2)\n_ = new(f(x))\n_ = new([]int{1})\n_ = new(struct{ a int })",
                r"assign _ = (call new (+ 1 2))
assign _ = (call new (call f x))
assign _ = (call new (lit (sliceof int) 1))
assign _ = (call new (struct a:int))",
            ),
            (
                "_ = (<-chan int)(c)\n_ = []byte(\"s\")\n_ = (*T)(p)\n_ = (func())(f)\n_ = interface{}(x)\n_ = chan int(c)",
                r#"assign _ = (call (<-chan int) c)
assign _ = (call (sliceof byte) "s")
assign _ = (call (star T) p)
assign _ = (call (functype () ()) f)
assign _ = (call (interface) x)
assign _ = (call (chan int) c)"#,
            ),
            (
                "var a chan<- int\nvar b <-chan int\nvar c chan (<-chan int)\nvar d chan<- chan int\nvar g chan <-chan <-chan int\nvar h <-chan chan<- int\nvar e [n]func(int) error",
                r"decl
  var a : (chan<- int) =
decl
  var b : (<-chan int) =
decl
  var c : (chan (<-chan int)) =
decl
  var d : (chan<- (chan int)) =
decl
  var g : (chan<- (chan<- (chan int))) =
decl
  var h : (<-chan (chan<- int)) =
decl
  var e : (array n (functype (- int) (- error))) =",
            ),
            (
                "_ = ((a))\n((f))((x))",
                r"assign _ = a
expr (call f x)",
            ),
        ],
        body,
    );
}

#[test]
fn an_error_costs_its_statement_only() {
    let source = "package p\nfunc f() {\n\ta()\n\tx := := 1\n\tfor {\n\t\tb()\n\t\ty = 1 2\n\t\tc()\n\t}\n\tgo d()\n}\nfunc g() { h() }\n";
    let file = parse_file(source.as_bytes());
    assert!(!file.unreadable.is_empty());
    assert!(file.unreadable.is_sorted());
    let dumped = dump(&file);
    for kept in [
        "  expr (call a)",
        "    expr (call b)",
        "    expr (call c)",
        "  go (call d)",
        "func g",
    ] {
        assert!(dumped.contains(kept), "{kept} in\n{dumped}");
    }
    assert_eq!(dumped.matches("bad\n").count(), 2, "{dumped}");
}

#[test]
fn a_broken_head_costs_its_function_only() {
    let dumped = text("package p\nfunc f(a, ) ) { x() }\nfunc g() { h() }\n");
    assert!(!dumped.contains("func f"), "{dumped}");
    assert!(dumped.contains("func g"), "{dumped}");
    assert!(dumped.contains("unreadable"), "{dumped}");
}

#[test]
fn spans_are_those_of_the_source() {
    let source = "package p\nfunc f() {\n\tfor k := range m {}\n\tselect {\n\tcase c <- a.b:\n\t\tx()\n\t}\n\t_ = new(1)\n}\n";
    let file = parse_file(source.as_bytes());
    let at = |span: Span| &source[span.start as usize..span.end as usize];
    let mut seen = Vec::new();
    for (stmt, span) in file.stmts.iter().zip(&file.stmt_spans) {
        match stmt {
            ast::Stmt::Range { .. } | ast::Stmt::Send(..) | ast::Stmt::Assign(..) => {
                seen.push(at(*span));
            }
            ast::Stmt::Select(clauses) => {
                seen.push(&at(*span)[..8]);
                seen.push(at(clauses[0].span));
            }
            _ => {}
        }
    }
    assert_eq!(
        seen,
        [
            "for k := range m {}",
            "c <- a.b",
            "select {",
            "case c <- a.b:\n\t\tx()",
            "_ = new(1)"
        ]
    );
    for (expr, span) in file.exprs.iter().zip(&file.expr_spans) {
        match expr {
            ast::Expr::Selector(_, name, field) => {
                assert_eq!((at(*span), at(*field), name.as_str()), ("a.b", "b", "b"));
            }
            ast::Expr::Call(callee, ..) if at(*span).starts_with("new") => {
                assert!(matches!(file.expr(*callee), ast::Expr::Ident(n) if n == "new"));
            }
            _ => {}
        }
    }
}

#[test]
fn children_come_before_parents() {
    let file = parse_file(include_bytes!("data/sample.go"));
    for (i, expr) in file.exprs.iter().enumerate() {
        if let ast::Expr::Binary(_, a, b) | ast::Expr::MapType(a, b) = expr {
            assert!((a.0.max(b.0) as usize) < i);
        }
        if let ast::Expr::Call(f, arguments, _) = expr {
            assert!(arguments.iter().chain([f]).all(|a| (a.0 as usize) < i));
        }
    }
}
