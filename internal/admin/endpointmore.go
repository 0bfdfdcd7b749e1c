package admin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/leat-ml/leat/endpoint"
)

// A more is what a request wants beside records: what their features are like, and
// series of what has come.
type more struct {
	analysis   bool
	metrics    []string
	start, end time.Time
}

// lastHour is how far series go back where nobody says so.
const lastHour = time.Hour

// more reads what both generations have: metric may be repeated, and start and end
// are then of its series.
func (p *params) more() *more {
	m := &more{analysis: p.yes("feature-analysis", "feature_analysis"), metrics: p.all("metric")}
	m.start, m.end = p.time("start"), p.time("end")
	if m.end.IsZero() {
		m.end = time.Now()
	}
	if p.one("start") == "" {
		m.start = m.end.Add(-lastHour)
	}
	return m
}

func (m *more) none() bool { return !m.analysis && len(m.metrics) == 0 }

// add puts it into a record.
func (m *more) add(ctx context.Context, s endpoint.Store, e *endpoint.Endpoint) error {
	if m.analysis {
		e.Analyze()
	}
	if len(m.metrics) == 0 {
		return nil
	}
	panes, err := s.Panes(ctx, e.Metadata.UID, m.start.Add(-time.Hour), m.end)
	if err != nil {
		return err
	}
	e.Status.Metrics.RealTime = map[string][]endpoint.Point{}
	for _, name := range m.metrics {
		if points := endpoint.Series(name, panes, m.start); points != nil {
			e.Status.Metrics.RealTime[name] = points
		}
	}
	return nil
}

// appendList appends a list of records with it.
func (m *more) appendList(ctx context.Context, s endpoint.Store, q endpoint.Query, dst []byte) ([]byte, string, error) {
	page, err := s.List(ctx, q)
	if err != nil {
		return nil, "", err
	}
	for i := range page.Endpoints {
		if err := m.add(ctx, s, &page.Endpoints[i]); err != nil {
			return nil, "", err
		}
	}
	text, err := json.Marshal(append([]endpoint.Endpoint{}, page.Endpoints...))
	return append(dst, text...), page.Next, err
}
