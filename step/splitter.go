package step

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// splitter sends each event to one of its followers, by lot: to each as often as
// its weight says.
type splitter struct {
	weights map[string]float64
	bounds  []float64 // follower i has the lots below bounds[i], of 0 to 1

	mu  sync.Mutex
	rng *rand.Rand // nil without a seed; not safe by itself
}

type splitterConfig struct {
	Weights map[string]float64 `arg:"weights,required"`
	Seed    *int64             `arg:"seed"`
}

func newSplitter(a catalog.Args) (serve.Step, error) {
	var c splitterConfig
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	if len(c.Weights) == 0 {
		return nil, configError("weights", "must name at least one follower")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Weights)) {
		if w := c.Weights[name]; !(w > 0) || math.IsInf(w, 0) {
			return nil, configError("weights."+name, "must be a number above 0, found %v", w)
		}
	}
	s := &splitter{weights: c.Weights}
	if c.Seed != nil {
		s.rng = rand.New(rand.NewPCG(uint64(*c.Seed), 0)) //nolint:gosec // lots are no secret
	}
	return s, nil
}

// Link implements [serve.Linker]: every follower needs a weight, and every weight
// a follower.
func (s *splitter) Link(l serve.Links) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.weights)) {
		if !slices.Contains(l.Out, name) {
			errs = append(errs, fmt.Errorf("weights: %q is not a step behind this one; there are: %s", name, strings.Join(l.Out, ", ")))
		}
	}
	total, most := 0.0, slices.Max(slices.Collect(maps.Values(s.weights)))
	s.bounds = make([]float64, len(l.Out))
	for i, name := range l.Out {
		w, ok := s.weights[name]
		if !ok {
			errs = append(errs, fmt.Errorf("weights: the step %s behind this one has none", name))
		}
		total += w / most // so that no sum overflows
		s.bounds[i] = total
	}
	for i := range s.bounds {
		s.bounds[i] /= total
	}
	return errors.Join(errs...)
}

func (s *splitter) Do(context.Context, *serve.Event) (serve.Fate, error) {
	lot := s.draw()
	for i, bound := range s.bounds {
		if lot < bound {
			return serve.To(i), nil
		}
	}
	return serve.To(len(s.bounds) - 1), nil
}

// draw is a number from 0 to below 1.
func (s *splitter) draw() float64 {
	if s.rng == nil {
		return rand.Float64() //nolint:gosec // lots are no secret
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.Float64()
}
