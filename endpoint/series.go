package endpoint

import (
	"encoding/json"
	"time"
)

// PaneTime is how long a [Pane] is: the window of MLRun's short rates.
const PaneTime = 5 * time.Minute

// PanesKept is how long stores keep panes, at least.
const PanesKept = 7 * 24 * time.Hour

// A Pane is what came to an endpoint in [PaneTime].
type Pane struct {
	At               time.Time // it begins, a multiple of PaneTime
	Requests, Errors int64
	Latency          time.Duration // of all requests together
}

// A Point is one of a series. In JSON it is [time, value].
type Point struct {
	At    time.Time
	Value float64
}

// MarshalJSON implements [json.Marshaler].
func (p Point) MarshalJSON() ([]byte, error) { return json.Marshal([2]any{p.At.UTC(), p.Value}) }

// UnmarshalJSON implements [json.Unmarshaler].
func (p *Point) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[2]any{&p.At, &p.Value})
}

// InvocationsTime is the window of [Invocations], which is MLRun's.
const InvocationsTime = 10 * time.Minute

// Invocations are the numbers of inferences in windows of ten minutes, those in
// which there were any.
func Invocations(panes []Pane) []Point {
	var all []Point
	for _, p := range panes {
		at := p.At.Truncate(InvocationsTime)
		if n := len(all); n > 0 && all[n-1].At.Equal(at) {
			all[n-1].Value += float64(p.Requests)
			continue
		}
		all = append(all, Point{at, float64(p.Requests)})
	}
	return all
}

// A measure makes a series of panes: one value of those of the last hour, of which
// the last is the newest.
type measure func(hour []Pane) (value float64, ok bool)

// measures are MLRun's names of what may be asked for beside a record.
var measures = map[string]measure{
	"predictions_count_5m":   func(h []Pane) (float64, bool) { return float64(h[len(h)-1].Requests), true },
	"predictions_count_1h":   func(h []Pane) (float64, bool) { return float64(sum(h).Requests), true },
	"predictions_per_second": func(h []Pane) (float64, bool) { return float64(h[len(h)-1].Requests) / PaneTime.Seconds(), true },
	"latency_avg_5m":         func(h []Pane) (float64, bool) { return latency(h[len(h)-1]) },
	"latency_avg_1h":         func(h []Pane) (float64, bool) { return latency(sum(h)) },
	"error_count":            func(h []Pane) (float64, bool) { return float64(h[len(h)-1].Errors), true },
}

func sum(panes []Pane) (all Pane) {
	for _, p := range panes {
		all.Requests += p.Requests
		all.Errors += p.Errors
		all.Latency += p.Latency
	}
	return all
}

// latency is in microseconds, as everywhere in a record.
func latency(p Pane) (float64, bool) {
	return float64(p.Latency) / 1e3 / float64(max(p.Requests, 1)), p.Requests > 0
}

// Series makes of panes, the oldest first, the series of a name that MLRun has for
// what comes to models, from a time on. There is none of any other name. Panes
// before that time, of an hour, are needed for those of an hour.
func Series(name string, panes []Pane, from time.Time) []Point {
	of, ok := measures[name]
	if !ok {
		return nil
	}
	var all []Point
	first := 0
	for i, p := range panes {
		for p.At.Sub(panes[first].At) >= time.Hour {
			first++
		}
		if p.At.Before(from) {
			continue
		}
		if v, ok := of(panes[first : i+1]); ok {
			all = append(all, Point{p.At, v})
		}
	}
	return all
}
