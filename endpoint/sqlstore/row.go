package sqlstore

import (
	"database/sql"
	"fmt"

	"github.com/leat-ml/leat/endpoint"
)

// A row is a record as it is stored, until the next one is read: its head, and what
// has come to the endpoint.
type row struct {
	head sql.RawBytes
	came endpoint.Came
}

// into is what a record is scanned into.
func (r *row) into() []any {
	c := &r.came
	return []any{&r.head, &c.First, &c.Last, &c.Requests, &c.Errors, &c.Rates.LatencyAvg1h, &c.Rates.PredictionsPerSecond}
}

func (r *row) endpoint(d *documents) (endpoint.Endpoint, error) {
	e, err := d.decode(r.head)
	if err != nil {
		return e, fmt.Errorf("read a record: %w", err)
	}
	st, c := &e.Status, &r.came
	st.FirstRequest, st.LastRequest = endpoint.FromMicros(c.First), endpoint.FromMicros(c.Last)
	st.RequestCount, st.ErrorCount, st.Metrics.Generic = c.Requests, c.Errors, c.Rates
	return e, nil
}
