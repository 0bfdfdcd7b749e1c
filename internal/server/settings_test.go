package server

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/internal/logs"
	"github.com/leat-ml/leat/internal/tracing"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// TestSettings reads and changes settings over HTTP, one row a question. The rows go
// on from each other.
func TestSettings(t *testing.T) {
	var out syncBuffer
	log := logs.New(&out, logs.Options{Level: slog.LevelWarn})
	url, _, stop, result := runs(t, RunConfig{
		Config: Config{Models: oneModel(t), Catalog: oneSet(), Logs: log, Logger: log.Logger()}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	defer func() { stop(); <-result }()
	const (
		logging = "/v2/logging"
		traces  = "/v2/trace/setting"
		ofModel = "/v2/models/w/trace/setting"
		first   = `{"log_file":"","log_info":false,"log_warning":true,"log_error":true,"log_verbose_level":0,"log_format":"default"}`
		off     = `{"trace_file":"","trace_level":["OFF"],"trace_rate":"1","trace_count":"-1","log_frequency":"0"}`
	)
	for _, tt := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"GET", logging, "", 200, first},
		{"POST", logging, "", 200, first},
		{"POST", logging, `{"log_verbose_level":2,"log_info":true}`, 200, `{"log_file":"","log_info":true,"log_warning":true,"log_error":true,"log_verbose_level":2,"log_format":"default"}`},
		{"POST", logging, `{"log_format":"ISO8601"}`, 200, `"log_verbose_level":2,"log_format":"ISO8601"`},
		{"POST", logging, `{"log_info":false,"log_file":"x"}`, 400, "log_file cannot be changed"},
		{"POST", logging, `{"log_warnings":false}`, 400, `there is no setting`},
		{"POST", logging, `{"log_verbose_level":-1}`, 400, "log_verbose_level"},
		{"POST", logging, `[]`, 400, "not a JSON object"},
		{"GET", logging, "", 200, `"log_info":true`},
		{"PUT", logging, "{}", 405, "POST"},
		{"GET", traces, "", 200, off},
		{"GET", ofModel, "", 200, off},
		{"POST", traces, `{"trace_rate":"7","trace_count":5}`, 200, `"trace_rate":"7","trace_count":"5"`},
		{"POST", ofModel, `{"trace_rate":"2"}`, 200, `"trace_rate":"2","trace_count":"5"`},
		{"GET", traces, "", 200, `"trace_rate":"7"`},
		{"POST", ofModel, `{"trace_rate":null,"trace_level":["OFF"]}`, 200, `"trace_level":["OFF"],"trace_rate":"7"`},
		{"POST", traces, `{"trace_rate":null,"trace_count":[]}`, 200, off},
		{"POST", traces, `{"trace_level":["TIMESTAMPS"]}`, 501, "--traces"},
		{"POST", traces, `{"trace_level":["TENSORS"]}`, 501, "not put into traces"},
		{"POST", traces, `{"trace_file":"/tmp/x"}`, 400, "trace_file cannot be changed"},
		{"POST", traces, `{"trace_rate":1.5}`, 400, "trace_rate is neither"},
		{"POST", traces, `{"trace_level":[1]}`, 400, "trace_level"},
		{"POST", traces, `{"rate":"1"}`, 400, "there is no setting"},
		{"GET", "/v2/models/nobody/trace/setting", "", 404, "nobody"},
		{"GET", "/v2/models/w/versions/1/trace/setting", "", 404, "nothing at"},
		{"DELETE", ofModel, "", 405, "POST"},
	} {
		status, text := fetch(t, tt.method, url+tt.path, tt.body)
		if status != tt.status || !strings.Contains(text, tt.has) {
			t.Errorf("%s %s %s: %d %s, want %d with %s", tt.method, tt.path, tt.body, status, text, tt.status, tt.has)
		}
	}
	fetch(t, "POST", url+"/v2/repository/models/w/load", "")
	if !strings.Contains(out.String(), "model loaded") {
		t.Errorf("log_info has no effect:\n%s", out.String())
	}
}

// TestSettingsElsewhere lets nobody change settings who may not load models, and
// has servers within programs without them.
func TestSettingsElsewhere(t *testing.T) {
	log := logs.New(&syncBuffer{}, logs.Options{})
	core := started(t, Config{Models: oneModel(t), Catalog: oneSet(), Logs: log, Traced: tracing.NewSettings(false)})
	core.ServedAt(&net.TCPAddr{IP: net.IPv4zero})
	for _, path := range []string{"/v2/logging", "/v2/trace/setting", "/v2/models/w/trace/setting"} {
		for method, want := range map[string]serve.Code{"GET": serve.OK, "POST": serve.Forbidden} {
			_, _, err := ask(t, core, method, path, "")
			if err == nil && want != serve.OK || err != nil && serve.CodeOf(err) != want {
				t.Errorf("%s %s: %v", method, path, err)
			}
		}
	}
	far := rpcSettings{core, false}
	if _, err := far.Logs(map[string]any{"log_info": true}); err == nil {
		t.Error("logs are set by other machines")
	}
	if _, err := far.Traces("", map[string][]string{"trace_rate": {"1"}}); err == nil {
		t.Error("traces are set by other machines")
	}
	without := started(t, Config{Models: oneModel(t), Catalog: oneSet()})
	for _, path := range []string{"/v2/logging", "/v2/trace/setting"} {
		if _, _, err := ask(t, without, "GET", path, ""); serve.CodeOf(err) != serve.NotOffered {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestSettingsRPC does so over gRPC, and counts the spans that come of it, over
// both.
func TestSettingsRPC(t *testing.T) {
	tt := newTracingTest(t)
	log := logs.New(&syncBuffer{}, logs.Options{})
	c := RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet(), Logs: log}, Traces: &tracing.Config{Endpoint: tt.url}}
	client, _, stop, result := runsRPC(t, c)
	tt.stops = append(tt.stops, func() { stop(); <-result })
	ctx := patiently(t)
	logging, err := client.LogSettings(ctx, &pb.LogSettingsRequest{Settings: map[string]*pb.LogSettingsRequest_SettingValue{
		"log_verbose_level": {ParameterChoice: &pb.LogSettingsRequest_SettingValue_Uint32Param{Uint32Param: 3}},
		"log_info":          {ParameterChoice: &pb.LogSettingsRequest_SettingValue_BoolParam{BoolParam: false}},
	}})
	if err != nil || logging.GetSettings()["log_verbose_level"].GetUint32Param() != 3 || logging.GetSettings()["log_info"].GetBoolParam() ||
		logging.GetSettings()["log_format"].GetStringParam() != "default" || len(logging.GetSettings()) != 6 {
		t.Errorf("%v, %v", logging, err)
	}
	for _, bad := range []*pb.LogSettingsRequest_SettingValue{nil, {}, {ParameterChoice: &pb.LogSettingsRequest_SettingValue_StringParam{StringParam: "x"}}} {
		_, err = client.LogSettings(ctx, &pb.LogSettingsRequest{Settings: map[string]*pb.LogSettingsRequest_SettingValue{"log_file": bad}})
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("log_file: %v", err)
		}
	}
	set := func(model, key string, values ...string) {
		t.Helper()
		resp, err := client.TraceSetting(ctx, &pb.TraceSettingRequest{ModelName: model, Settings: map[string]*pb.TraceSettingRequest_SettingValue{key: {Value: values}}})
		if err != nil || len(values) > 0 && !cmp.Equal(values, resp.GetSettings()[key].GetValue()) {
			t.Fatalf("%s %s: %v, %v", key, values, resp, err)
		}
	}
	infer := func(n int) {
		t.Helper()
		for range n {
			if _, err := client.ModelInfer(ctx, ones("w")); err != nil {
				t.Fatal(err)
			}
		}
	}
	set("w", "trace_rate", "4")
	infer(12) // 3
	set("w", "trace_rate")
	set("", "trace_count", "2")
	infer(5) // 2
	set("w", "trace_level", "OFF")
	set("w", "trace_count", "9")
	infer(5)
	for model, want := range map[string]codes.Code{"nobody": codes.NotFound, "w": codes.InvalidArgument} {
		_, err = client.TraceSetting(ctx, &pb.TraceSettingRequest{ModelName: model, Settings: map[string]*pb.TraceSettingRequest_SettingValue{"rate": {}}})
		if status.Code(err) != want {
			t.Errorf("%s: %v", model, err)
		}
	}
	calls := map[string]int{}
	for _, s := range tt.spans() {
		calls[s.Name]++
	}
	if calls["inference.GRPCInferenceService/ModelInfer"] != 5 || calls["w"] > 5 {
		t.Errorf("spans %v, want 5 of inferences", calls)
	}
}

// TestTraceSettingHTTP has callers' traces followed whatever the rate is, and none
// when traces are off.
func TestTraceSettingHTTP(t *testing.T) {
	tt := newTracingTest(t)
	url, _, stop, result := runs(t, RunConfig{
		Config: Config{Models: oneModel(t), Catalog: oneSet()}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0", Traces: &tracing.Config{Endpoint: tt.url}})
	tt.stops = append(tt.stops, func() { stop(); <-result })
	infer := func(from string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v2/models/%77/infer", strings.NewReader(`{"inputs":[[1]]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Traceparent", from)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		_ = resp.Body.Close()
	}
	const caller = "00-" + callersTrace + "-" + callersSpan + "-01"
	for _, step := range []struct{ body, from string }{
		{`{"trace_rate":"0"}`, ""}, {`{}`, caller}, {`{"trace_level":["OFF"]}`, caller}, {`{"trace_level":null,"trace_rate":null}`, ""},
	} {
		if status, text := fetch(t, "POST", url+"/v2/models/w/trace/setting", step.body); status != 200 {
			t.Fatal(text)
		}
		infer(step.from)
	}
	var from []bool
	for _, s := range tt.spans() {
		if s.Name == "POST /v2/models/{model}/infer" {
			from = append(from, s.Trace == callersTrace)
		}
	}
	if d := cmp.Diff([]bool{true, false}, from); d != "" {
		t.Errorf("inferences that were followed, by whether a caller has begun it (-want +got):\n%s", d)
	}
}
