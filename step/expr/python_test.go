package expr

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/leat-ml/leat/oip"
)

// A comparison is an expression and the JSON of an event.
type comparison struct {
	Expr  string          `json:"expr"`
	Event json.RawMessage `json:"event"`
}

// An outcome is what Python, or we, make of it: the repr of a value or an
// exception.
type outcome struct {
	Value   *string `json:"value"`
	Class   string  `json:"class"`
	Text    string  `json:"text"`
	Syntax  string  `json:"syntax"`
	Version []int   `json:"version"`
}

// askPython evaluates all cases in one process. It skips the test where there
// is no Python.
func askPython(t *testing.T, cases []comparison) (outcomes []outcome, version []int) {
	t.Helper()
	python := "../../.venv/bin/python"
	if _, err := os.Stat(python); err != nil {
		if python, err = exec.LookPath("python3"); err != nil {
			t.Skip("there is no python3 to compare with")
		}
	}
	var in bytes.Buffer
	for _, c := range cases {
		if err := json.NewEncoder(&in).Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "-W", "ignore", "testdata/reference.py")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var o outcome
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, o)
	}
	if len(outcomes) != len(cases)+1 {
		t.Fatalf("%d answers to %d questions", len(outcomes)-1, len(cases))
	}
	return outcomes[:len(cases)], outcomes[len(cases)].Version
}

// ask is what we make of a case. The value is shown before it becomes that of a
// body, so that tuples are seen.
func ask(t *testing.T, c comparison) outcome {
	t.Helper()
	p, err := compile(c.Expr, "event")
	if err != nil {
		return outcome{Syntax: err.Error()}
	}
	event, err := oip.ParseValue(c.Event)
	if err != nil {
		t.Fatal(err)
	}
	r := run{ctx: context.Background()}
	r.few[0] = plain(event)
	p.slotsOf(&r)
	v, err := p.root.eval(&r)
	var text string
	if err == nil {
		text, err = r.repr(v)
	}
	if f := (*failure)(nil); errors.As(err, &f) {
		if f.pos < 0 {
			t.Errorf("%s: the failure has no place: %v", c.Expr, f)
		}
		return outcome{Class: f.class, Text: f.text}
	}
	return outcome{Value: &text}
}

// agree compares what the two say. Integers beyond 64 bits are where we stop,
// complex numbers and % on strings are refused; texts are those of Python 3.11, where they are not of our own wording.
func agree(t *testing.T, c comparison, ours, theirs outcome, version []int) {
	t.Helper()
	said := func(o outcome) string {
		if o.Value != nil {
			return *o.Value
		}
		return o.Class + ": " + o.Text + o.Syntax
	}
	beyond := ours.Class == "OverflowError" && strings.Contains(ours.Text, "64 bits") || ours.Class == "MemoryError"
	refused := strings.Contains(ours.Text, "complex number") || strings.Contains(ours.Text, "% does not format")
	if beyond || refused || theirs.Syntax != "" && ours.Syntax != "" {
		return
	}
	same := ours.Class == theirs.Class && (ours.Value == nil) == (theirs.Value == nil) && ours.Syntax == ""
	if same && ours.Value != nil {
		same = *ours.Value == *theirs.Value || strings.Contains(c.Expr, "**") && neighbours(*ours.Value, *theirs.Value)
	}
	if same && ours.Value == nil && version[0] == 3 && version[1] == 11 && !ownWords.MatchString(ours.Text) {
		same = ours.Text == theirs.Text
	}
	if !same {
		t.Errorf("%s of %s\n\tis      %s\n\tPython: %s", c.Expr, c.Event, said(ours), said(theirs))
	}
}

// neighbours says whether two floats have none between them: C's library rounds
// a few powers in a thousand the wrong way.
func neighbours(a, b string) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err == nil && err2 == nil && math.Nextafter(x, y) == y
}

func TestAgainstPython(t *testing.T) {
	var cases []comparison
	for _, x := range expressions {
		for _, e := range events {
			cases = append(cases, comparison{x, json.RawMessage(e)})
		}
	}
	theirs, version := askPython(t, cases)
	for i, c := range cases {
		agree(t, c, ask(t, c), theirs[i], version)
	}
	t.Logf("%d expressions of %d events", len(expressions), len(events))
}
