package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/leat-ml/leat/endpoint"
)

// recordText adds what has come to an endpoint. An older time does not replace a
// newer one, nor the other way round for the first.
const recordText = `UPDATE model_endpoints SET
	first_request = CASE WHEN CAST(? AS BIGINT) > 0 AND (first_request = 0 OR first_request > ?) THEN ? ELSE first_request END,
	last_request = CASE WHEN last_request < ? THEN ? ELSE last_request END,
	requests = requests + ?, errors = errors + ?, latency_avg = ?, per_second = ? WHERE uid = ?`

// paneText adds to a pane of an endpoint that is there.
const paneText = `INSERT INTO model_endpoint_panes (uid, at, requests, errors, latency)
	SELECT uid, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT) FROM model_endpoints WHERE uid = ?
	ON CONFLICT (uid, at) DO UPDATE SET requests = model_endpoint_panes.requests + excluded.requests,
	errors = model_endpoint_panes.errors + excluded.errors, latency = model_endpoint_panes.latency + excluded.latency`

// Record implements [endpoint.Store].
func (s *Store) Record(ctx context.Context, all []endpoint.Traffic) error {
	if len(all) == 0 {
		return nil
	}
	// Servers that write the same records do so in one order, and never wait for
	// each other in a circle.
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b endpoint.Traffic) int { return cmp.Compare(a.UID, b.UID) })
	err := s.Within(ctx, "", func(tx *sql.Tx) error {
		st, err := tx.PrepareContext(ctx, s.Bind(recordText))
		if err != nil {
			return err
		}
		defer st.Close()
		for i := range all {
			t := &all[i]
			first, last := endpoint.Micros(t.First), endpoint.Micros(t.Last)
			if _, err := st.ExecContext(ctx, first, first, first, last, last, t.Requests, t.Errors, t.Rates.LatencyAvg1h, t.Rates.PredictionsPerSecond, t.UID); err != nil {
				return err
			}
		}
		return s.recordPanes(ctx, tx, all)
	})
	return s.failed("record requests", err)
}

func (s *Store) recordPanes(ctx context.Context, tx *sql.Tx, all []endpoint.Traffic) error {
	st, err := tx.PrepareContext(ctx, s.Bind(paneText))
	if err != nil {
		return err
	}
	defer st.Close()
	for _, t := range all {
		for _, p := range t.Panes {
			if _, err := st.ExecContext(ctx, endpoint.Micros(p.At), p.Requests, p.Errors, int64(p.Latency), t.UID); err != nil {
				return err
			}
			if !p.At.Equal(p.At.Truncate(time.Hour)) {
				continue
			}
			// The first pane of an hour is when there is room made for more.
			old := endpoint.Micros(p.At.Add(-endpoint.PanesKept))
			if _, err := tx.ExecContext(ctx, s.Bind("DELETE FROM model_endpoint_panes WHERE uid = ? AND at < ?"), t.UID, old); err != nil {
				return err
			}
		}
	}
	return nil
}

// Panes implements [endpoint.Store].
func (s *Store) Panes(ctx context.Context, uid string, from, to time.Time) ([]endpoint.Pane, error) {
	err := endpoint.CheckUID(uid)
	if err != nil {
		return nil, err
	}
	var all []endpoint.Pane
	if err = s.There(); err == nil {
		all, err = s.panes(ctx, uid, from, to)
	}
	return all, s.failed("read what has come to an endpoint", err)
}

func (s *Store) panes(ctx context.Context, uid string, from, to time.Time) ([]endpoint.Pane, error) {
	const text = "SELECT at, requests, errors, latency FROM model_endpoint_panes WHERE uid = ? AND at BETWEEN ? AND ? ORDER BY at"
	rows, err := s.Read.QueryContext(ctx, s.Bind(text), uid, endpoint.Micros(from), endpoint.Micros(to))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []endpoint.Pane
	for rows.Next() {
		var p endpoint.Pane
		var at, latency int64
		if err := rows.Scan(&at, &p.Requests, &p.Errors, &latency); err != nil {
			return nil, err
		}
		p.At, p.Latency = endpoint.FromMicros(at), time.Duration(latency)
		all = append(all, p)
	}
	return all, rows.Err()
}
