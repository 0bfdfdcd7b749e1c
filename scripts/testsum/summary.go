package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// An event is what go test -json writes on each line: cmd/test2json's
// TestEvent and cmd/go's BuildEvent in one.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// A test is a test, subtest, example or fuzz target that has begun.
type test struct {
	output strings.Builder
	leaf   bool // has no subtests
	done   bool
	failed bool // it, or a subtest of it
}

// A summary counts results and prints what is worth reading. Only leaves
// count: a test with subtests is counted through them. It is for one
// goroutine.
type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	tests                   map[string]map[string]*test // by package and name
	orders                  map[string]string           // by package: the line that repeats its order of tests
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, tests: map[string]map[string]*test{}, orders: map[string]string{}}
}

// readAll takes every line of in. A line that is no event is printed as it is.
func (s *summary) readAll(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			s.line(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) line(line []byte) {
	var ev event
	if json.Unmarshal(line, &ev) != nil || ev.Action == "" {
		fmt.Fprintf(s.out, "%s", line)
		return
	}
	switch {
	case ev.Test != "":
		s.testEvent(ev)
	case ev.Action == "output", ev.Action == "build-output":
		s.packageOutput(ev)
	case ev.Action == "fail":
		s.packageFailed(ev.Package)
		delete(s.tests, ev.Package)
	case ev.Action == "pass", ev.Action == "skip":
		delete(s.tests, ev.Package)
	}
}

// packageOutput leaves out what go test prints beside "ok", and keeps the order
// of the tests for when one of them fails.
func (s *summary) packageOutput(ev event) {
	switch {
	case ev.Output == "PASS\n":
	case strings.HasPrefix(ev.Output, "-test.shuffle "):
		s.orders[ev.Package] = ev.Output
	default:
		fmt.Fprint(s.out, ev.Output)
	}
}

func (s *summary) testEvent(ev event) {
	t := s.test(ev.Package, ev.Test)
	switch ev.Action {
	case "output":
		t.output.WriteString(ev.Output)
	case "pass":
		t.done = true
		if t.leaf {
			s.passed++
		}
		t.output.Reset()
	case "skip":
		t.done = true
		if t.leaf {
			s.skipped++
		}
		s.show(t)
	case "fail":
		s.testFailed(ev.Package, ev.Test)
	}
}

// testFailed counts a test, unless a subtest of it is to blame and has been
// counted.
func (s *summary) testFailed(pkg, name string) {
	t := s.test(pkg, name)
	if !t.failed {
		s.failed++
	}
	t.done = true
	for ; name != ""; name = parent(name) {
		s.test(pkg, name).failed = true
	}
	s.show(t)
}

// packageFailed counts the tests that never ended, or the package itself when
// none of its tests is to blame: it did not build, or broke outside a test.
func (s *summary) packageFailed(pkg string) {
	tests, blamed := s.tests[pkg], false
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		if t := tests[name]; t.leaf && !t.done {
			s.testFailed(pkg, name)
		}
		blamed = blamed || tests[name].failed
	}
	if !blamed {
		s.failed++
	}
	fmt.Fprint(s.out, s.orders[pkg])
}

// test returns the test of that name, which begins with its first event.
func (s *summary) test(pkg, name string) *test {
	tests := s.tests[pkg]
	if tests == nil {
		tests = map[string]*test{}
		s.tests[pkg] = tests
	}
	t := tests[name]
	if t == nil {
		t = &test{leaf: true}
		tests[name] = t
		if above := parent(name); above != "" {
			s.test(pkg, above).leaf = false
		}
	}
	return t
}

// parent returns the name of the test that a subtest belongs to, or nothing.
func parent(name string) string {
	return name[:max(strings.LastIndexByte(name, '/'), 0)]
}

// show prints what the test wrote, less the lines that say that it ran.
func (s *summary) show(t *test) {
	for line := range strings.Lines(t.output.String()) {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(s.out, line)
		}
	}
}

// close prints the count and returns the exit code.
func (s *summary) close() int {
	if s.passed+s.failed+s.skipped == 0 {
		fmt.Fprintln(s.out, "no test ran")
		return 1
	}
	fmt.Fprintf(s.out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	if s.failed > 0 {
		return 1
	}
	return 0
}
