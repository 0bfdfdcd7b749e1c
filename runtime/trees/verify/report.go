package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A report collects the worst differences of groups of cases.
type report struct {
	lines    []line
	models   map[string]int
	failures []string
}

type line struct {
	group, output string
	rows          int
	worst         worst
}

func (r *report) model(group string) {
	if r.models == nil {
		r.models = map[string]int{}
	}
	r.models[group]++
}

// add takes the worst difference of one output of one model.
func (r *report) add(group, output string, w worst) error {
	at := slices.IndexFunc(r.lines, func(l line) bool { return l.group == group && l.output == output })
	if at < 0 {
		r.lines = append(r.lines, line{group: group, output: output, worst: w})
		at = len(r.lines) - 1
	}
	l := &r.lines[at]
	l.rows += w.rows
	if w.difference > l.worst.difference {
		l.worst = w
	}
	return w.err()
}

func (r *report) fail(name string, err error) {
	r.failures = append(r.failures, fmt.Sprintf("%s: %v", name, err))
}

func (r *report) print(to io.Writer) {
	slices.SortStableFunc(r.lines, func(a, b line) int {
		if a.group != b.group {
			if a.group < b.group {
				return -1
			}
			return 1
		}
		return 0
	})
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	write := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) }
	write("group\tmodels\toutput\trows\tworst\tlimit\n")
	models, rows := 0, 0
	for i, l := range r.lines {
		group, n := "", ""
		if i == 0 || r.lines[i-1].group != l.group {
			group, n = l.group, fmt.Sprint(r.models[l.group])
			models += r.models[l.group]
		}
		rows += l.rows
		write("%s\t%s\t%s\t%d\t%.2g %s\t%g\n", group, n, l.output, l.rows, l.worst.difference, l.worst.unit, l.worst.most)
	}
	write("all\t%d\t\t%d\t\t\n", models, rows)
	_ = t.Flush()
	for _, f := range r.failures {
		_, _ = fmt.Fprintln(to, "FAIL", f)
	}
}
