package endpoint

import (
	"encoding/json"
	"maps"
	"slices"
)

// A feature is what is known of one feature, beside what was expected of it:
// FeatureValues in mlrun/common/schemas/model_monitoring/model_endpoints.py.
type feature struct {
	Name     string    `json:"name"`
	Weight   float64   `json:"weight"`
	Expected *observed `json:"expected,omitempty"`
	Actual   *observed `json:"actual,omitempty"`
}

type observed struct {
	Min       float64   `json:"min"`
	Mean      float64   `json:"mean"`
	Max       float64   `json:"max"`
	Histogram histogram `json:"histogram"`
}

type histogram struct {
	Buckets []float64 `json:"buckets"`
	Counts  []float64 `json:"counts"`
}

// stats are those of one feature, as MLRun has them. Hist is counts, then edges.
type stats struct {
	Min, Mean, Max float64
	Hist           [][]float64
}

// Analyze puts the statistics of every feature into Status.Features. Documents that
// are none of statistics are left alone.
func (e *Endpoint) Analyze() {
	expected, actual := readStats(e.Status.FeatureStats), readStats(e.Status.CurrentStats)
	var all []feature
	for _, name := range slices.Sorted(maps.Keys(expected)) {
		f := feature{Name: name, Weight: -1, Expected: expected[name].observed()}
		if s, ok := actual[name]; ok {
			f.Actual = s.observed()
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return
	}
	if doc, err := json.Marshal(all); err == nil {
		e.Status.Features = doc
	}
}

func readStats(doc json.RawMessage) map[string]stats {
	var all map[string]stats
	if json.Unmarshal(doc, &all) != nil {
		return nil
	}
	return all
}

func (s stats) observed() *observed {
	o := &observed{Min: s.Min, Mean: s.Mean, Max: s.Max, Histogram: histogram{[]float64{}, []float64{}}}
	if len(s.Hist) == 2 {
		o.Histogram = histogram{Buckets: s.Hist[1], Counts: s.Hist[0]}
	}
	return o
}
