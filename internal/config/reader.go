package config

import (
	"fmt"
	"slices"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
)

// maxProblems is how many problems of one file are told.
const maxProblems = 1000

// A reader collects the problems of one file.
type reader struct {
	lookup   func(name string) (value string, ok bool) // of the environment; nil for none
	file     string
	mlrun    bool
	problems []graph.Problem
}

func (r *reader) problem(pos document.Pos, format string, args ...any) {
	r.add(pos, false, format, args...)
}

func (r *reader) warn(pos document.Pos, format string, args ...any) {
	r.add(pos, true, format, args...)
}

// complain is a warning in MLRun's contract and a problem in the default one.
func (r *reader) complain(pos document.Pos, format string, args ...any) {
	r.add(pos, r.mlrun, format, args...)
}

func (r *reader) add(pos document.Pos, warning bool, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	r.problems = append(r.problems, graph.Problem{File: r.file, Pos: graph.Pos(pos), Msg: msg, Warning: warning})
}

// sorted are the problems by place, no more than maxProblems.
func (r *reader) sorted() []graph.Problem {
	slices.SortStableFunc(r.problems, func(a, b graph.Problem) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Col - b.Pos.Col
	})
	if more := len(r.problems) - maxProblems; more > 0 {
		last := graph.Problem{File: r.file, Msg: fmt.Sprintf("and %d problems more", more)}
		return append(r.problems[:maxProblems:maxProblems], last)
	}
	return r.problems
}

// parse reads a document of at most limit bytes; it returns nil when there is
// nothing to look at.
func (r *reader) parse(data []byte, limit int, o Options) *document.Node {
	if len(data) > limit {
		r.problem(document.Pos{}, "%v", tooLarge(limit))
		return nil
	}
	n, problems := document.Parse(r.file, data, document.Options{Lookup: o.Lookup, Loose: o.MLRun})
	for _, p := range problems {
		r.problem(p.Pos, "%s", p.Msg)
	}
	return n
}

// keys are the keys that a mapping may have and what reads each.
type keys map[string]func(f *document.Field)

// mapping reads a mapping key by key. what names it in a message.
func (r *reader) mapping(n *document.Node, what string, known keys) {
	if n.Kind != document.Map {
		r.problem(n.Pos, "%s must be a mapping, found %s", what, n.Describe())
		return
	}
	for i := range n.Fields {
		f := &n.Fields[i]
		if read := known[f.Key]; read != nil {
			read(f)
			continue
		}
		names := make([]string, 0, len(known))
		for name := range known {
			names = append(names, name)
		}
		r.complain(f.Pos, "unknown key %q%s", f.Key, didYouMean(f.Key, names))
	}
}

// didYouMean is the hint for a word that is none of names; "" where none is near.
func didYouMean(word string, names []string) string {
	near := catalog.Nearest(word, names)
	if len(near) == 0 {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", near[0])
}
