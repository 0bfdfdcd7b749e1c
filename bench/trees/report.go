//go:build cgo && linux

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// batchGoal is how much of our time everyone is to take at least in calls of
// many rows; missingGoal is how much more rows with missing values may take.
const (
	batchGoal   = 1
	missingGoal = 2
)

// columns of the table, after ours. The first is the library that trained the
// model.
var columns = []string{"its C library", onnxName, onnxName + " dynamic", compiledName}

// print writes the cells of the matches of one size as one table, and then the
// goals that were missed.
func printSize(out io.Writer, size string, matches []*match) error {
	fmt.Fprintf(out, "\n%s\n", size)
	for _, m := range matches {
		i := m.info
		fmt.Fprintf(out, "  %s: %d trees, %d nodes, depth %d, %d features, %d outputs; %.1f bytes a node\n",
			m.trainer, i.Trees, i.Nodes, i.Depth, i.Features, i.Groups, float64(i.Bytes)/float64(i.Nodes))
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "model of\trows a call\tmissing\tleat us\t%s\t\n", strings.Join(columns, "\t"))
	for _, m := range matches {
		for _, c := range m.cells {
			fmt.Fprintln(t, m.row(c))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, m := range matches {
		for _, c := range m.cells {
			for _, text := range m.missed(c) {
				fmt.Fprintln(out, "MISSED:", text)
			}
		}
	}
	return nil
}

// row is the line of a cell: times in microseconds a call, and how many times
// ours each is.
func (m *match) row(c *cell) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\t%d\t%s\t%.3g\t", m.trainer, c.batch, yes(c.missing), c.micros(0))
	for _, name := range columns {
		i := c.number(name)
		if i < 0 {
			b.WriteString("-\t")
			continue
		}
		fmt.Fprintf(&b, "%.3g (%.2fx)\t", c.micros(i), c.ratio(i))
	}
	return b.String()
}

// missed says which goals are.
func (m *match) missed(c *cell) []string {
	var texts []string
	for i := 1; i < len(c.names); i++ {
		goal := float64(batchGoal)
		if c.batch == 1 {
			goal = c.goals[i]
		}
		if c.ratio(i) < goal {
			texts = append(texts, fmt.Sprintf("%s, %d rows a call, missing %s: %s takes %.2f times our time, not %g",
				m.trainer, c.batch, yes(c.missing), c.names[i], c.ratio(i), goal))
		}
	}
	if full := m.full(c); full != nil && c.micros(0) > missingGoal*full.micros(0) {
		texts = append(texts, fmt.Sprintf("%s, %d rows a call: missing values make us take %.2f times the time",
			m.trainer, c.batch, c.micros(0)/full.micros(0)))
	}
	return texts
}

// full is the cell of the same batch without missing values, of one with them.
func (m *match) full(c *cell) *cell {
	for _, other := range m.cells {
		if c.missing && !other.missing && other.batch == c.batch {
			return other
		}
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
