//go:build cgo && linux

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A cell is what was measured for one match, kind of rows and batch.
type cell struct {
	batch   int
	missing bool
	names   []string // of the contenders, ours first
	goals   []float64
	times   [][]float64 // of each: CPU time of a call in microseconds, by round
}

// measure lets everyone predict w, in rounds of random order. Answers are
// compared before.
func (m *match) measure(c config, w *workload, batch int, missing bool) error {
	w.setBatch(batch)
	players := []rival{{name: "leat", contender: m.ours}}
	for _, r := range m.rivals {
		if r.rows.has(missing) && !c.alone {
			players = append(players, r)
		}
	}
	result := &cell{batch: batch, missing: missing, times: make([][]float64, len(players))}
	for _, p := range players {
		result.names, result.goals = append(result.names, p.name), append(result.goals, p.goal)
	}
	err := check(players, w)
	if err == nil {
		err = result.play(c, players, w)
	}
	if err != nil {
		return fmt.Errorf("%s, %d rows a call: %w", m.trainer, batch, err)
	}
	m.cells = append(m.cells, result)
	return nil
}

// checked is how many rows are compared.
const checked = 1024

// check prepares everyone and compares their margins with ours.
func check(players []rival, w *workload) error {
	var ours []float64
	for i, p := range players {
		if err := p.prepare(w); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		margins, err := p.margins(w, max(1, min(checked/w.batch, w.batches())))
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if i == 0 {
			ours = margins
		}
		if err := agree(ours, margins, p.tolerance); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (c *cell) play(by config, players []rival, w *workload) error {
	calls := make([]int, len(players))
	for i, p := range players {
		var err error
		if calls[i], err = calibrate(p, w, by.window); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for range by.rounds {
		for _, i := range rand.Perm(len(players)) {
			took, err := window(players[i], w, calls[i])
			if err != nil {
				return fmt.Errorf("%s: %w", players[i].name, err)
			}
			c.times[i] = append(c.times[i], took)
		}
	}
	return nil
}

// calibrate returns how many calls take the given time.
func calibrate(p contender, w *workload, length time.Duration) (int, error) {
	calls := max(1, min(64/w.batch, w.batches()))
	for {
		took, err := p.run(0, calls)
		if err != nil {
			return 0, err
		}
		if took >= length/4 {
			return max(1, int(float64(calls)*float64(length)/float64(took))), nil
		}
		calls *= 2
	}
}

// window is the CPU time of a call in microseconds, over that many calls. Some
// that are not timed come before: they bring what was evicted back into the
// caches.
func window(p contender, w *workload, calls int) (float64, error) {
	from := rand.IntN(w.batches())
	warm := max(1, calls/8)
	if _, err := p.run(from, warm); err != nil {
		return 0, err
	}
	took, err := p.run((from+warm)%w.batches(), calls)
	return float64(took) / float64(time.Microsecond) / float64(calls), err
}

// number of the contender of a name, or -1.
func (c *cell) number(name string) int { return slices.Index(c.names, name) }

// micros is the median over the rounds.
func (c *cell) micros(i int) float64 { return median(c.times[i]) }

// ratio is the median over the rounds of the time of contender i to ours.
func (c *cell) ratio(i int) float64 {
	ratios := make([]float64, len(c.times[0]))
	for r := range ratios {
		ratios[r] = c.times[i][r] / c.times[0][r]
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
