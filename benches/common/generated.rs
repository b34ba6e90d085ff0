//! A Go package of 50 files and 20,000 lines, the same every time: what a file of a service looks like, most of it plain
//! code, some of it goroutines that end.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Files of the package.
pub(crate) const FILES: usize = 50;
/// Lines of each.
const LINES: usize = 400;

/// Writes the package to `folder`, with a `go.mod`.
pub(crate) fn write(folder: &Path) {
    fs::write(
        folder.join("go.mod"),
        "module example.com/service\n\ngo 1.24\n",
    )
    .expect("written");
    for index in 0..FILES {
        fs::write(folder.join(name(index)), file(index)).expect("written");
    }
}

/// The name of a file.
pub(crate) fn name(index: usize) -> String {
    format!("part{index:02}.go")
}

/// The text of a file.
pub(crate) fn file(index: usize) -> String {
    let mut text = String::from(HEAD);
    text.push_str(&CONCURRENT.replace("§", &index.to_string()));
    let mut number = 0;
    while text.lines().count() + PLAIN.lines().count() <= LINES {
        let next = (number + 1) % 10;
        text.push_str(
            &PLAIN
                .replace("§", &format!("{index}x{number}"))
                .replace("¤", &format!("{index}x{next}")),
        );
        number += 1;
    }
    while text.lines().count() < LINES {
        let _ = writeln!(text, "// The end of part {index}.");
    }
    text
}

const HEAD: &str = "\
package service

import (
	\"context\"
	\"errors\"
	\"fmt\"
	\"strings\"
	\"sync\"
	\"time\"
)
";

const CONCURRENT: &str = "
// Store§ keeps items and serves them to readers.
type Store§ struct {
	mu    sync.Mutex
	items map[string]Item§
	jobs  chan Item§
	stop  chan struct{}
	done  sync.WaitGroup
}

// Item§ is what a Store§ keeps.
type Item§ struct {
	Name  string
	Size  int
	Parts []string
}

var errGone§ = errors.New(\"gone\")

// New§ starts the workers.
func New§(workers int) *Store§ {
	s := &Store§{
		items: map[string]Item§{},
		jobs:  make(chan Item§, workers),
		stop:  make(chan struct{}),
	}
	s.done.Add(1)
	go s.loop()
	return s
}

func (s *Store§) loop() {
	defer s.done.Done()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case item := <-s.jobs:
			s.put(item)
		case <-ticker.C:
			s.expire()
		case <-s.stop:
			return
		}
	}
}

// Close stops the workers and waits for them.
func (s *Store§) Close() {
	close(s.stop)
	s.done.Wait()
}

func (s *Store§) put(item Item§) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[item.Name] = item
}

func (s *Store§) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, item := range s.items {
		if item.Size == 0 {
			delete(s.items, name)
		}
	}
}

// Fetch§ asks for one item and waits for it or for the context.
func Fetch§(ctx context.Context, s *Store§, name string) (Item§, error) {
	type answer struct {
		item Item§
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		item, ok := s.items[name]
		if !ok {
			answers <- answer{err: errGone§}
			return
		}
		answers <- answer{item: item}
	}()
	select {
	case a := <-answers:
		return a.item, a.err
	case <-ctx.Done():
		return Item§{}, ctx.Err()
	}
}

// All§ asks for several items at once.
func All§(ctx context.Context, s *Store§, names []string) ([]Item§, error) {
	var wg sync.WaitGroup
	found := make(chan Item§, len(names))
	for _, name := range names {
		wg.Add(1)
		go func() {
			defer wg.Done()
			item, err := Fetch§(ctx, s, name)
			if err == nil {
				found <- item
			}
		}()
	}
	wg.Wait()
	close(found)
	var items []Item§
	for item := range found {
		items = append(items, item)
	}
	if len(items) == 0 {
		return nil, fmt.Errorf(\"none of %d: %w\", len(names), errGone§)
	}
	return items, nil
}
";

const PLAIN: &str = "
// Total§ adds up what the rows say.
func Total§(rows []string, limit int) (int, error) {
	total := 0
	for at, row := range rows {
		fields := strings.Fields(row)
		if len(fields) < 2 {
			return 0, fmt.Errorf(\"row %d: %d fields\", at, len(fields))
		}
		switch fields[0] {
		case \"add\":
			total += len(fields[1])
		case \"sub\":
			total -= len(fields[1])
		default:
			rest, err := Total¤(rows[at+1:], limit-1)
			if err != nil {
				return 0, err
			}
			total += rest
		}
		if total > limit {
			return limit, nil
		}
	}
	return total, nil
}
";
