package conformance

import (
	"os"
	"strings"
	"testing"
)

// deviations is what docs/mlrun-compatibility.md lists: rows of tables such as
//
//	| `name 2` | MLRun's answer | ours |
//
// under a heading and the reason. Those under "Newer versions of MLRun" are
// where a newer MLRun differs from the pinned one, and stand in for others of
// the same place.
type deviations struct {
	rows  map[string]*row
	newer bool // the answers are those of a newer MLRun
}

type row struct {
	mlrun, got string
	later      bool // it is about newer versions of MLRun
	used       bool
}

const (
	listFile    = "../docs/mlrun-compatibility.md"
	listStart   = "## Differences"
	laterStart  = "## Newer versions of MLRun"
	pinnedMLRun = "1.7."
)

func readDeviations(t *testing.T, version string) *deviations {
	t.Helper()
	text, err := os.ReadFile(listFile)
	if err != nil {
		t.Fatal(err)
	}
	d := &deviations{rows: map[string]*row{}, newer: !strings.HasPrefix(version, pinnedMLRun)}
	var inList, later bool
	reason, heading := "", ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "## "):
			later = strings.HasPrefix(line, laterStart)
			inList = later || line == listStart
			heading, reason = line, ""
		case strings.HasPrefix(line, "### "):
			heading, reason = line, ""
		case inList && strings.HasPrefix(line, "| `"):
			cells := strings.Split(strings.Trim(line, "|"), " | ")
			if len(cells) != 3 || reason == "" {
				t.Fatalf("%s: %q under %q is not a row of three cells after a reason", listFile, line, heading)
			}
			d.add(t, strings.Trim(cells[0], " `"), &row{mlrun: strings.TrimSpace(cells[1]), got: strings.TrimSpace(cells[2]), later: later})
		case line != "" && !strings.HasPrefix(line, "|"):
			reason += line
		}
	}
	return d
}

func (d *deviations) add(t *testing.T, place string, r *row) {
	t.Helper()
	if r.later && !d.newer {
		return
	}
	if d.rows[place] != nil && !r.later {
		t.Fatalf("%s lists %q twice", listFile, place)
	}
	d.rows[place] = r
}

// judge fails the test where a difference is not listed, or what is listed is
// not one or another. It says whether both answer the same.
func (d *deviations) judge(t *testing.T, c comparison) (same bool) {
	t.Helper()
	r := d.rows[c.place]
	if r != nil {
		r.used = true
	}
	mlrun, got := cells(c.mlrun, c.got)
	switch {
	case c.same && r == nil:
	case c.same && d.newer && !r.later: // the newer MLRun does as we do
	case c.same:
		t.Errorf("%s does not differ any more, but is listed as a difference", c.place)
	case r == nil:
		t.Errorf("differs, and is not listed:\n| `%s` | %s | %s |", c.place, mlrun, got)
	case r.got != got, r.mlrun != mlrun:
		t.Errorf("differs otherwise than listed:\n| `%s` | %s | %s |", c.place, mlrun, got)
	}
	return c.same
}

// unused fails the test for rows about nothing that was asked. A newer MLRun may
// refuse what the pinned one runs.
func (d *deviations) unused(t *testing.T) {
	t.Helper()
	for place, r := range d.rows {
		if !r.used && (r.later || !d.newer) {
			t.Errorf("%s lists %q, which nothing asks", listFile, place)
		}
	}
}

// cells are two answers as cells of the table, in one line each. Long ones are
// cut to where they differ.
func cells(a, b string) (string, string) {
	x, y := line(a), line(b)
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	return around(x, same), around(y, same)
}

func line(text string) []rune {
	text = strings.NewReplacer("|", "¦", "`", "'").Replace(text)
	return []rune(strings.Join(strings.Fields(text), " "))
}

// around is the text near a place, and its beginning.
func around(text []rune, place int) string {
	const head, before, width = 30, 40, 140
	out := ""
	if len(text) > width && place > head+before {
		out, text = string(text[:head])+"…", text[min(place-before, len(text)):]
	}
	if len(text) > width {
		return out + string(text[:width]) + "…"
	}
	return out + string(text)
}
