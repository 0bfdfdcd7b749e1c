package endpointtest

import (
	"database/sql"
	"encoding/json"
	"io/fs"
	"strings"
	"testing" //nolint:depguard // it is for tests

	"github.com/google/go-cmp/cmp" //nolint:depguard // it is for tests
	"github.com/pressly/goose/v3"

	"github.com/leat-ml/leat/endpoint"
)

// old is a record as the first version of the tables has it.
const old = `{"kind":"model-endpoint","metadata":{"project":"p","uid":"u1","labels":{"a":"größe }}"},"created":"2026-01-31T12:00:00Z"},` +
	`"spec":{"function_uri":"p/f","model":"m:1","feature_names":["x","y"],"active":true,"monitoring_mode":"enabled","model_name":"m","model_tag":"1","function_name":"f"},` +
	`"status":{"state":"READY","request_count":0,"error_count":0,"metrics":{"generic":{"latency_avg_1h":0,"predictions_per_second":0}},"endpoint_type":1,"feature_stats":{"x":{"count":3,"mean":0.1}}}}`

// Upgrade makes the tables as the first version had them, with a record, and opens
// them with this one: the record says what it said.
func Upgrade(t *testing.T, db *sql.DB, d goose.Dialect, migrations fs.FS, open func() (endpoint.Store, error)) {
	p, err := goose.NewProvider(d, db, migrations, goose.WithTableName("leat_endpoint_versions"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(old, "'", "''")
	if _, err := db.Exec(`INSERT INTO model_endpoints VALUES ('u1', 'p', 'm', '1', 'f', '', 1, 'enabled', 1769860800000000, '{}', '` + text + `', 0, 1769860800000000, 7, 2, 1.5, 0.25)`); err != nil {
		t.Fatal(err)
	}
	s := must(t, open)
	got := find(t, s, "u1")
	var want endpoint.Endpoint
	if err := json.Unmarshal([]byte(old), &want); err != nil {
		t.Fatal(err)
	}
	want.Status.LastRequest, want.Status.RequestCount, want.Status.ErrorCount = want.Metadata.Created, 7, 2
	want.Status.Metrics.Generic = endpoint.Rates{LatencyAvg1h: 1.5, PredictionsPerSecond: 0.25}
	asJSON := func(e endpoint.Endpoint) any {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return value(t, text)
	}
	if d := cmp.Diff(asJSON(want), asJSON(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	list, _, err := s.AppendList(t.Context(), endpoint.Query{}, nil)
	if err != nil || !json.Valid(list) || strings.Count(string(list), "request_count") != 1 {
		t.Errorf("error %v, list %s", err, list)
	}
}
