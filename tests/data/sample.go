// Package sample holds a bit of everything.
package sample

import (
	"context"
	. "fmt"
	_ "net/http/pprof"
	tm "time"
)

const (
	a, b = iota, 1 << iota
	c, d
)

type pool[T any] struct {
	*tm.Timer
	work chan T `json:"work"`
	done <-chan struct{}
}

type source interface {
	context.Context
	Next(n int) (v int, err error)
	~int | ~string
}

func (p *pool[T]) Map[U any](f func(T) U, more ...T) (out []U) {
	for v := range p.work {
		select {
		case <-p.done:
			return nil
		case p.work <- v:
			out = append(out, f(v))
		default:
		}
	}
	return
}

func run(ctx context.Context, n int) error {
	errs := make(chan error, n)
	limit := new(n * 2)
loop:
	for i := 0; i < *limit; i++ {
		go func(i int) { errs <- work[int](ctx, i) }(i)
		switch x := any(i).(type) {
		case int, string:
			continue loop
		default:
			_ = x
		}
	}
	if err, ok := <-errs; !ok && err != nil {
		return err
	} else if n > 3 {
		defer Println(map[string][]int{"a": {1, 2}, "b": nil}, 'x', 0x1p-2, 3i)
	}
	s := []byte("x\n")[0:1:2]
	s[0] &^= 1
	var f = (func())(nil)
	goto loop
}
