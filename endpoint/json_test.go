package endpoint_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/endpoint/endpointtest"
)

// TestJSON: a record that nobody has filled in has every key of MLRun's, and is
// read again as it was.
func TestJSON(t *testing.T) {
	for name, e := range map[string]endpoint.Endpoint{"new": fresh(t), "full": endpointtest.Sample(t, "p/f", "m:1")} {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var parts map[string]map[string]any
		trimmed := strings.Replace(string(text), `"kind":"model-endpoint",`, "", 1)
		if err := json.Unmarshal([]byte(trimmed), &parts); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		for part, keys := range map[string]string{
			"metadata": "project uid labels",
			"spec":     "function_uri model model_class model_uri feature_names label_names stream_path algorithm monitor_configuration active monitoring_mode",
			"status": "feature_stats current_stats first_request last_request error_count drift_status drift_measures metrics features children " +
				"children_uids endpoint_type monitoring_feature_set_uri state",
		} {
			for _, key := range strings.Fields(keys) {
				if _, ok := parts[part][key]; !ok {
					t.Errorf("%s: %s has no %s", name, part, key)
				}
			}
		}
		head, err := e.Head()
		if err != nil {
			t.Fatal(err)
		}
		got, err := endpoint.ParseHead(head)
		came := &got.Status
		came.FirstRequest, came.LastRequest, came.RequestCount, came.ErrorCount, came.Metrics = e.Status.FirstRequest, e.Status.LastRequest, e.Status.RequestCount, e.Status.ErrorCount, e.Status.Metrics
		if d := cmp.Diff(e, got); d != "" || err != nil {
			t.Errorf("%s: error %v, (-want +got):\n%s", name, err, d)
		}
	}
}

func fresh(t *testing.T) endpoint.Endpoint {
	e, err := endpoint.New("p/f", "m")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestTail: every field of what has come is in the text, as it is.
func TestTail(t *testing.T) {
	e := fresh(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	e.Status = endpoint.Status{
		EndpointType: endpoint.Node, FirstRequest: at, LastRequest: at.Add(time.Hour), RequestCount: 1 << 40, ErrorCount: 3,
		Metrics: endpoint.Metrics{
			Generic:  endpoint.Rates{LatencyAvg1h: 1.5e-7, PredictionsPerSecond: 1e21},
			RealTime: map[string][]endpoint.Point{"x": {{At: at, Value: 2}}},
		},
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var got endpoint.Endpoint
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"FirstRequest", "LastRequest", "RequestCount", "ErrorCount", "Metrics"} {
		want, have := reflect.ValueOf(e.Status).FieldByName(field).Interface(), reflect.ValueOf(got.Status).FieldByName(field).Interface()
		if d := cmp.Diff(want, have); d != "" {
			t.Errorf("%s (-want +got):\n%s", field, d)
		}
	}
	if !strings.Contains(string(text), `"real_time":{"x":[["2026-01-02T03:04:05.000006Z",2]]}`) {
		t.Errorf("%s", text)
	}
}
