package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"sort"
	"strings"
)

// field moves each channel that the function makes into a field of a struct of its own: `ch := make(chan T)` becomes
// `chZq := &chHolderZq{ch: make(chan T)}`, and `ch` becomes `chZq.ch`.
func (s *source) field(line int) {
	f := s.function(line)
	if f.Type.TypeParams != nil || receiverHasParameters(f) {
		fail("the function is generic")
	}
	made := s.madeChannels(f)
	skip, taken := s.fixed(f)
	var edits []edit
	var holders []string
	for _, name := range sorted(made) {
		if taken[name] || declarations(f, name) != 1 {
			continue
		}
		m := made[name]
		holder := name + "Holder" + suffix
		edits = append(edits,
			edit{s.offset(m.Lhs[0].Pos()), s.offset(m.Lhs[0].End()), name + suffix},
			edit{s.offset(m.Rhs[0].Pos()), s.offset(m.Rhs[0].Pos()), "&" + holder + "{" + name + ": "},
			edit{s.offset(m.Rhs[0].End()), s.offset(m.Rhs[0].End()), "}"})
		holders = append(holders, fmt.Sprintf("\ntype %s struct{ %s %s }\n", holder, name, s.slice(m.Rhs[0].(*ast.CallExpr).Args[0])))
		ast.Inspect(f, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if ok && id.Name == name && !skip[id] && id != m.Lhs[0] {
				edits = append(edits, edit{s.offset(id.Pos()), s.offset(id.End()), name + suffix + "." + name})
			}
			return true
		})
	}
	if len(holders) == 0 {
		fail("no channel that can be moved")
	}
	localTypesIn(f)
	end := len(s.text)
	edits = append(edits, edit{end, end, strings.Join(holders, "")})
	report(os.Args[2], line)
	os.Stdout.Write(apply(s.text, edits))
}

// madeChannels lists what stands as `name := make(chan …)` in the function.
func (s *source) madeChannels(f *ast.FuncDecl) map[string]*ast.AssignStmt {
	made := map[string]*ast.AssignStmt{}
	ast.Inspect(f, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || a.Tok != token.DEFINE || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
			return true
		}
		call, ok := a.Rhs[0].(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		_, channel := call.Args[0].(*ast.ChanType)
		function, plain := call.Fun.(*ast.Ident)
		if name, ok := a.Lhs[0].(*ast.Ident); ok && plain && function.Name == "make" && channel {
			made[name.Name] = a
		}
		return true
	})
	return made
}

// declarations counts how often a function declares a name, parameters and literals included.
func declarations(f *ast.FuncDecl, name string) int {
	count := 0
	is := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && id.Name == name {
			count++
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, l := range n.Lhs {
					is(l)
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				is(n.Key)
				is(n.Value)
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				is(id)
			}
		case *ast.Field:
			for _, id := range n.Names {
				is(id)
			}
		}
		return true
	})
	return count
}

// localTypesIn declines a function that declares types: a channel of such a type cannot be named outside.
func localTypesIn(f *ast.FuncDecl) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if _, ok := n.(*ast.TypeSpec); ok {
			fail("the function declares types")
		}
		return true
	})
}

func receiverHasParameters(f *ast.FuncDecl) bool {
	generic := false
	if f.Recv != nil {
		ast.Inspect(f.Recv, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.IndexExpr, *ast.IndexListExpr:
				generic = true
			}
			return true
		})
	}
	return generic
}

func sorted(made map[string]*ast.AssignStmt) []string {
	var names []string
	for name := range made {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// wrap puts the body of the function into a block.
func (s *source) wrap(line int) {
	f := s.function(line)
	open, close := s.offset(f.Body.Lbrace)+1, s.offset(f.Body.Rbrace)
	report(os.Args[2], line)
	os.Stdout.Write(apply(s.text, []edit{{open, open, " {"}, {close, close, "}; "}}))
}

// pad puts code that has nothing to do with the function above and below it.
func (s *source) pad(line int) {
	const above = `// A comment between two others.

func padding%[1]s(n int) (out chan int) {
	out = make(chan int, 1)
	out <- n // leaves it to the caller
	return out
}

type padded%[1]s struct{ ch, done chan int }

func (p *padded%[1]s) close() { close(p.done) }

`
	const below = `

func more%[1]s(xs []int) int {
	/* nothing
	   to see */
	sum := 0
	for _, x := range xs {
		sum += x
	}
	return sum
}
`
	f := s.function(line)
	start, end := s.offset(f.Pos()), len(s.text)
	if f.Doc != nil {
		start = s.offset(f.Doc.Pos())
	}
	before, after := fmt.Sprintf(above, suffix), fmt.Sprintf(below, suffix)
	report(os.Args[2], line+strings.Count(before, "\n"))
	os.Stdout.Write(apply(s.text, []edit{{start, start, before}, {end, end, after}}))
}
