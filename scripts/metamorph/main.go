// Command metamorph rewrites one Go file without changing what it means.
//
//	metamorph rename  <file> <line>             local names of the function around the line get a suffix
//	metamorph extract <file> <line> <name>      the `go func…` literal around (or next before) the line becomes a function
//	metamorph split   <file> <second file>      every other top-level function moves to a second file
//	metamorph field   <file> <line>             channels made in the function around the line live in fields
//	metamorph wrap    <file> <line>             the body of the function stands in a block of its own
//	metamorph pad     <file> <line>             unrelated functions, types and comments stand around the function
//
// The new text goes to standard output (split: also to the second file). Standard error says where lines are now:
// `file line` for the one that was asked for; split: `file old new` for each that moved, the others stay.
// What cannot be rewritten safely gives exit code 3 and a reason.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"sort"
	"strconv"
	"strings"
)

const suffix = "Zq"

type source struct {
	fset *token.FileSet
	file *ast.File
	text []byte
}

func main() {
	if len(os.Args) < 4 {
		fail("usage: metamorph rename|extract|split|field|wrap|pad <file> …")
	}
	text, err := os.ReadFile(os.Args[2])
	check(err)
	src := &source{fset: token.NewFileSet(), text: text}
	src.file, err = parser.ParseFile(src.fset, os.Args[2], text, parser.ParseComments)
	check(err)
	switch os.Args[1] {
	case "rename":
		src.rename(line())
	case "extract":
		src.extract(line(), os.Args[4])
	case "split":
		src.split(os.Args[3])
	case "field":
		src.field(line())
	case "wrap":
		src.wrap(line())
	case "pad":
		src.pad(line())
	}
}

func line() int {
	n, err := strconv.Atoi(os.Args[3])
	check(err)
	return n
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(3)
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func (s *source) offset(p token.Pos) int { return s.fset.Position(p).Offset }

func (s *source) lineOf(p token.Pos) int { return s.fset.Position(p).Line }

func (s *source) slice(n ast.Node) string { return string(s.text[s.offset(n.Pos()):s.offset(n.End())]) }

func (s *source) covers(n ast.Node, line int) bool {
	return s.lineOf(n.Pos()) <= line && line <= s.lineOf(n.End())
}

func (s *source) function(line int) *ast.FuncDecl {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && s.covers(f, line) {
			return f
		}
	}
	fail("no function around the line")
	return nil
}

// An edit replaces the bytes from start to end.
type edit struct {
	start, end int
	text       string
}

func apply(text []byte, edits []edit) []byte {
	sort.Slice(edits, func(i, j int) bool { return edits[i].start < edits[j].start })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(text[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(text[at:])
	return out.Bytes()
}

// declared collects the names that a node declares, those of nested literals included.
func declared(n ast.Node) map[string]bool {
	names := map[string]bool{}
	add := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && id.Name != "_" {
			names[id.Name] = true
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, l := range n.Lhs {
					add(l)
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				add(n.Key)
				add(n.Value)
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				add(id)
			}
		case *ast.FuncType:
			for _, list := range []*ast.FieldList{n.Params, n.Results} {
				if list == nil {
					continue
				}
				for _, field := range list.List {
					for _, id := range field.Names {
						add(id)
					}
				}
			}
		case *ast.StructType, *ast.InterfaceType:
			return false
		}
		return true
	})
	return names
}

// fixed collects the names that must not be touched: selected, field keys, labels, and whatever the file has at its top.
func (s *source) fixed(f *ast.FuncDecl) (skip map[*ast.Ident]bool, taken map[string]bool) {
	skip, taken = map[*ast.Ident]bool{}, map[string]bool{}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				taken[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					taken[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						taken[id.Name] = true
					}
				}
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			skip[n.Sel] = true
		case *ast.KeyValueExpr:
			// The key of a struct literal or of a map: only the type could tell, so the name stays as it is everywhere.
			if id, ok := n.Key.(*ast.Ident); ok {
				taken[id.Name] = true
			}
		case *ast.LabeledStmt:
			skip[n.Label] = true
		case *ast.BranchStmt:
			if n.Label != nil {
				skip[n.Label] = true
			}
		case *ast.StructType:
			for _, field := range n.Fields.List {
				for _, id := range field.Names {
					skip[id] = true
				}
			}
		case *ast.TypeSpec:
			taken[n.Name.Name] = true
		}
		return true
	})
	return skip, taken
}

func (s *source) rename(line int) {
	f := s.function(line)
	names := declared(f)
	if f.Recv != nil {
		for _, field := range f.Recv.List {
			for _, id := range field.Names {
				names[id.Name] = id.Name != "_"
			}
		}
	}
	skip, taken := s.fixed(f)
	skip[f.Name] = true
	var edits []edit
	ast.Inspect(f, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if ok && names[id.Name] && !skip[id] && !taken[id.Name] {
			edits = append(edits, edit{s.offset(id.Pos()), s.offset(id.End()), id.Name + suffix})
		}
		return true
	})
	if len(edits) == 0 {
		fail("no local names")
	}
	os.Stdout.Write(apply(s.text, edits))
	report(os.Args[2], line)
}

// extract turns `go func(params) { … }(args)` into `go name(args, captured…)`.
//
// What is captured is handed over as a parameter; that is the same only if nobody assigns to it after its declaration,
// and its type must be readable off its declaration. Everything else is declined.
func (s *source) extract(line int, name string) {
	f := s.function(line)
	spawn, literal := s.spawn(f, line)
	if literal.Type.Results != nil {
		fail("the literal has results")
	}
	types := s.types(f, spawn.Pos())
	localTypes(f, literal)
	inner := declared(literal)
	outer := declared(f)
	receiver(f, outer)
	captured := s.captured(literal, inner, outer, types)
	for _, c := range captured {
		if assigned(f, c) > 1 {
			fail("a captured variable is assigned to: " + c)
		}
		if types[c] == "" {
			fail("the type of a captured variable is not written: " + c)
		}
	}
	var params, args []string
	for _, field := range literal.Type.Params.List {
		params = append(params, s.slice(field))
	}
	for _, a := range spawn.Call.Args {
		args = append(args, s.slice(a))
	}
	for _, c := range captured {
		params = append(params, c+" "+types[c])
		args = append(args, c)
	}
	if f.Type.TypeParams != nil {
		fail("the function is generic")
	}
	start, end := s.offset(spawn.Pos()), s.offset(spawn.End())
	body := s.slice(literal.Body)
	call := fmt.Sprintf("go %s(%s)", name, strings.Join(args, ", "))
	head := fmt.Sprintf("\n\nfunc %s(%s) ", name, strings.Join(params, ", "))
	tail := s.offset(f.End())
	text := apply(s.text, []edit{{start, end, call}, {tail, tail, head + body}})
	// Lines: those of the literal's body move behind the function, those below the spawn move up.
	first, last := s.lineOf(literal.Body.Pos()), s.lineOf(spawn.End())
	removed := last - s.lineOf(spawn.Pos())
	switch {
	case line >= first && line <= s.lineOf(literal.Body.End()) && s.covers(spawn, line):
		report(os.Args[2], s.lineOf(f.End())-removed+2+line-first)
	case line > last:
		report(os.Args[2], line-removed)
	default:
		report(os.Args[2], line)
	}
	os.Stdout.Write(text)
}

// localTypes declines a literal in a function that declares types of its own and uses one of them there.
func localTypes(f *ast.FuncDecl, l *ast.FuncLit) {
	local := map[string]bool{}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if t, ok := n.(*ast.TypeSpec); ok {
			local[t.Name.Name] = true
		}
		return true
	})
	ast.Inspect(l, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && local[id.Name] {
			fail("a type of the function is used: " + id.Name)
		}
		return true
	})
}

func receiver(f *ast.FuncDecl, names map[string]bool) {
	if f.Recv == nil {
		return
	}
	for _, field := range f.Recv.List {
		for _, id := range field.Names {
			names[id.Name] = true
		}
	}
}

// spawn is the go statement with a literal around the line, or else the last one that starts before it, or the first.
func (s *source) spawn(f *ast.FuncDecl, line int) (*ast.GoStmt, *ast.FuncLit) {
	var best *ast.GoStmt
	ast.Inspect(f, func(n ast.Node) bool {
		g, ok := n.(*ast.GoStmt)
		if !ok {
			return true
		}
		if _, ok := g.Call.Fun.(*ast.FuncLit); ok {
			if best == nil || s.lineOf(g.Pos()) <= line {
				best = g
			}
		}
		return true
	})
	if best == nil {
		fail("no goroutine literal in the function")
	}
	return best, best.Call.Fun.(*ast.FuncLit)
}

// captured lists, in order, the names that the literal uses and the function around it declares.
func (s *source) captured(l *ast.FuncLit, inner, outer map[string]bool, types map[string]string) []string {
	seen := map[string]bool{}
	skip := map[*ast.Ident]bool{}
	ast.Inspect(l, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			skip[n.Sel] = true
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok {
				skip[id] = true
			}
		}
		if id, ok := n.(*ast.Ident); ok && !skip[id] && outer[id.Name] {
			if inner[id.Name] {
				if types[id.Name] != "" && !param(l, id.Name) {
					fail("a name is declared inside and outside: " + id.Name)
				}
			} else {
				seen[id.Name] = true
			}
		}
		if d, ok := n.(*ast.BranchStmt); ok && d.Label != nil {
			skip[d.Label] = true
		}
		return true
	})
	var names []string
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

func param(l *ast.FuncLit, name string) bool {
	for _, field := range l.Type.Params.List {
		for _, id := range field.Names {
			if id.Name == name {
				return true
			}
		}
	}
	return false
}

// types reads the types of the names in scope at a position off their declarations: parameters, var with a type,
// make of a channel, composite and basic literals, the counter of a loop.
func (s *source) types(f *ast.FuncDecl, at token.Pos) map[string]string {
	types := map[string]string{}
	fields := func(list *ast.FieldList) {
		if list == nil {
			return
		}
		for _, field := range list.List {
			t := s.slice(field.Type)
			if strings.HasPrefix(t, "...") {
				t = "[]" + t[3:]
			}
			for _, id := range field.Names {
				types[id.Name] = t
			}
		}
	}
	fields(f.Recv)
	fields(f.Type.Params)
	fields(f.Type.Results)
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if n == nil || n.Pos() >= at {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return n.End() > at
		case *ast.ValueSpec:
			for i, id := range n.Names {
				if n.Type != nil {
					types[id.Name] = value(s.slice(n.Type))
				} else if i < len(n.Values) {
					types[id.Name] = s.valueType(n.Values[i])
				}
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE && len(n.Lhs) == len(n.Rhs) {
				for i, l := range n.Lhs {
					if id, ok := l.(*ast.Ident); ok {
						types[id.Name] = s.valueType(n.Rhs[i])
					}
				}
			}
		case *ast.RangeStmt:
			s.rangeTypes(n, types)
		}
		return true
	})
	return types
}

// value drops types that must not be copied.
func value(t string) string {
	if strings.HasPrefix(t, "sync.") || strings.HasPrefix(t, "atomic.") {
		return ""
	}
	return t
}

func (s *source) rangeTypes(n *ast.RangeStmt, types map[string]string) {
	over, ok := n.X.(*ast.Ident)
	if !ok || n.Tok != token.DEFINE {
		return
	}
	t := types[over.Name]
	if t == "int" {
		set(types, n.Key, "int")
	}
	if element, ok := strings.CutPrefix(t, "[]"); ok {
		set(types, n.Key, "int")
		set(types, n.Value, element)
	}
}

func set(types map[string]string, e ast.Expr, t string) {
	if id, ok := e.(*ast.Ident); ok {
		types[id.Name] = t
	}
}

func (s *source) valueType(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.CallExpr:
		if id, ok := e.Fun.(*ast.Ident); ok && id.Name == "make" && len(e.Args) > 0 {
			return s.slice(e.Args[0])
		}
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && s.slice(sel) == "context.Background" {
			return "context.Context"
		}
	case *ast.CompositeLit:
		if e.Type != nil {
			return value(s.slice(e.Type))
		}
	case *ast.BasicLit:
		return map[token.Token]string{token.INT: "int", token.STRING: "string", token.FLOAT: "float64", token.CHAR: "rune"}[e.Kind]
	case *ast.UnaryExpr:
		if c, ok := e.X.(*ast.CompositeLit); ok && e.Op == token.AND && c.Type != nil {
			return "*" + s.slice(c.Type)
		}
	}
	return ""
}

// assigned counts the places in the function that give the name a value or take its address.
func assigned(f *ast.FuncDecl, name string) (n int) {
	is := func(e ast.Expr) bool { id, ok := e.(*ast.Ident); return ok && id.Name == name }
	count := func(yes bool) {
		if yes {
			n++
		}
	}
	ast.Inspect(f, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.AssignStmt:
			for _, l := range x.Lhs {
				count(is(l))
			}
		case *ast.IncDecStmt:
			// The counter of a three-clause loop is a new variable in each round; it is fixed while the round lasts.
			count(is(x.X) && !inPost(f, x))
		case *ast.UnaryExpr:
			if x.Op == token.AND && is(x.X) {
				n += 2
			}
		case *ast.ValueSpec:
			for _, id := range x.Names {
				count(id.Name == name)
			}
		case *ast.RangeStmt:
			count(x.Key != nil && is(x.Key))
			count(x.Value != nil && is(x.Value))
		case *ast.Field:
			for _, id := range x.Names {
				count(id.Name == name)
			}
		}
		return true
	})
	return n
}

func inPost(f *ast.FuncDecl, s ast.Stmt) (post bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if loop, ok := n.(*ast.ForStmt); ok && loop.Post == s {
			if _, ok := loop.Init.(*ast.AssignStmt); ok {
				post = true
			}
		}
		return true
	})
	return post
}

// split keeps the even top-level functions and moves the odd ones; each file imports what it uses.
func (s *source) split(second string) {
	if bytes.Contains(s.text, []byte("import \"C\"")) {
		fail("cgo")
	}
	if bytes.Contains(s.text, []byte("//go:build")) || bytes.Contains(s.text, []byte("//go:embed")) || bytes.Contains(s.text, []byte("//go:linkname")) {
		fail("the file has directives")
	}
	var moved []*ast.FuncDecl
	functions := 0
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			if functions%2 == 1 {
				moved = append(moved, f)
			}
			functions++
		}
	}
	if len(moved) == 0 {
		fail("a single function")
	}
	var edits []edit
	var out bytes.Buffer
	fmt.Fprintf(&out, "package %s\n\n%s", s.file.Name.Name, s.imports(func(n ast.Node) bool { return isIn(n, moved) }))
	for _, f := range moved {
		start, end := s.offset(f.Pos()), s.offset(f.End())
		for l := s.lineOf(f.Pos()); l <= s.lineOf(f.End()); l++ {
			fmt.Fprintf(os.Stderr, "%s %d %d\n", second, l, bytes.Count(out.Bytes(), []byte("\n"))+1+l-s.lineOf(f.Pos()))
		}
		out.Write(s.text[start:end])
		out.WriteString("\n\n")
		// The lines stay, so that everything else keeps its place.
		edits = append(edits, edit{start, end, strings.Repeat("\n", s.lineOf(f.End())-s.lineOf(f.Pos()))})
	}
	for _, spec := range s.file.Imports {
		if !s.uses(spec, func(n ast.Node) bool { return !isIn(n, moved) }) {
			edits = append(edits, edit{s.offset(spec.Pos()), s.offset(spec.Path.End()), "_ " + spec.Path.Value})
		}
	}
	check(os.WriteFile(second, out.Bytes(), 0o644))
	os.Stdout.Write(apply(s.text, edits))
}

func isIn(n ast.Node, moved []*ast.FuncDecl) bool {
	for _, f := range moved {
		if f.Pos() <= n.Pos() && n.End() <= f.End() {
			return true
		}
	}
	return false
}

func (s *source) imports(in func(ast.Node) bool) string {
	var b strings.Builder
	for _, spec := range s.file.Imports {
		if s.uses(spec, in) {
			fmt.Fprintf(&b, "import %s\n", s.slice(spec))
		}
	}
	b.WriteString("\n")
	text, err := format.Source([]byte(b.String()))
	check(err)
	return string(text)
}

// uses tells whether the import is used where `in` holds. Blank and dot imports are used everywhere.
func (s *source) uses(spec *ast.ImportSpec, in func(ast.Node) bool) bool {
	path, _ := strconv.Unquote(spec.Path.Value)
	parts := strings.Split(path, "/")
	name := parts[len(parts)-1]
	if len(parts) > 1 && len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
		name = parts[len(parts)-2]
	}
	if spec.Name != nil {
		name = spec.Name.Name
	}
	if name == "_" || name == "." {
		return true
	}
	found := false
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == name && in(sel) {
				found = true
			}
		}
		return true
	})
	return found
}

func report(file string, line int) { fmt.Fprintf(os.Stderr, "%s %d\n", file, line) }
