package server

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// TestExtensions asks what Triton's extensions ask of a server, one row a question.
// The rows go on from each other.
// TestStatisticsGrow has failures move nothing of what succeeded, and no time shrink.
func TestStatisticsGrow(t *testing.T) {
	url, _, stop, result := runs(t, RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet()}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	defer func() { stop(); <-result }()
	type duration struct{ Count, NS int64 }
	type statistics struct{ Success, Fail duration }
	read := func() statistics {
		t.Helper()
		var got struct {
			ModelStats []struct {
				InferenceStats statistics `json:"inference_stats"`
			} `json:"model_stats"`
		}
		status, text := fetch(t, "GET", url+"/v2/models/w/stats", "")
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 || len(got.ModelStats) != 1 {
			t.Fatalf("%d %s: %v", status, text, err)
		}
		return got.ModelStats[0].InferenceStats
	}
	var before statistics
	for i, body := range []string{`{"inputs":[[1]]}`, `{"inputs":[`, `{"inputs":[[1],[2]]}`, `{"inputs":5}`} {
		fetch(t, "POST", url+"/v2/models/w/infer", body)
		now, failed := read(), i%2 == 1
		moved, still := [2]duration{before.Success, now.Success}, [2]duration{before.Fail, now.Fail}
		if failed {
			moved, still = still, moved
		}
		if moved[1].Count != moved[0].Count+1 || moved[1].NS < moved[0].NS || still[0] != still[1] {
			t.Errorf("%s, failed %v: from %+v to %+v", body, failed, before, now)
		}
		before = now
	}
}

func TestExtensions(t *testing.T) {
	url, _, stop, result := runs(t, RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet()}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	defer func() { stop(); <-result }()
	const (
		inference = `{"inputs":[[1],[2],[3]]}`
		index     = "/v2/repository/index"
		load      = "/v2/repository/models/w/load"
	)
	ready := `[{"name":"w","version":"1","state":"READY","reason":""}]`
	for _, tt := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"POST", index, "", 200, ready},
		{"POST", index, "{}", 200, ready},
		{"POST", index, `{"ready":true}`, 200, ready},
		{"POST", index, `{"ready":1}`, 400, "ready is neither"},
		{"POST", index, `[]`, 400, "not a JSON object"},
		{"POST", index, `{`, 400, "read the body"},
		{"GET", index, "", 405, "POST"},
		{"POST", "/v2/repository/models/w/unload", "", 200, `{"name":"w","unload":true}`},
		{"POST", index, "{}", 200, `"state":"UNAVAILABLE","reason":"unloaded"`},
		{"POST", index, `{"ready":true}`, 200, "[]"},
		{"POST", "/v2/models/w/infer", inference, 503, "not ready"},
		{"GET", "/v2/models/w/ready", "", 408, "unloaded"},
		{"POST", load, `{"parameters":{}}`, 200, `{"name":"w","load":true}`},
		{"POST", load, `{}`, 200, `"load":true`}, // in the place of what serves
		{"POST", "/v2/models/w/infer", inference, 200, `"outputs"`},
		{"POST", load, `{"parameters":{"file:1/model.one":"QQ=="}}`, 400, "needs the parameter config"},
		{"POST", load, `{"parameters":{"config":"{\"max_batch_size\":"}}`, 400, "failed to load model w: parameter config is no model configuration"},
		{"POST", load, `{"parameters":{"config":{}}}`, 400, "is not a string"},
		{"POST", load, `{"parameters":{"config":"{}","file:1/model.one":"%"}}`, 400, "is not base64"},
		{"POST", load, `{"parameters":{"config":"{}","file:../../x":"QQ=="}}`, 400, "is no number of a version"},
		{"POST", load, `{"parameters":{"config":"{}","file:1/../../x":"QQ=="}}`, 400, "is not the name of a file"},
		{"POST", load, `{"parameters":{"config":"{}","file:1/` + strings.Repeat("a", 256) + `":"QQ=="}}`, 400, "at most 255 bytes"},
		{"GET", "/v2/models/w/versions/1/ready", "", 200, "ready"},
		{"POST", load, `{"parameters":{"config":"{}","file:5/model.one":"T05F"}}`, 200, `"load":true`},
		{"GET", "/v2/models/w/versions/5/ready", "", 200, "ready"},
		{"POST", load, `{}`, 200, `"load":true`},
		{"GET", "/v2/models/w/versions/5/ready", "", 404, "w:5"},
		{"POST", "/v2/models/w/infer", inference, 200, `"outputs"`},
		{"POST", load, `{"parameters":[]}`, 400, "parameters is not an object"},
		{"POST", "/v2/repository/models/nobody/load", "", 404, "failed to load model nobody: there is no model nobody"},
		{"POST", "/v2/repository/models/nobody/unload", "", 404, "there is no model nobody"},
		{"POST", "/v2/repository/models/..%2Fm/load", "", 400, "not the name of a model"},
		{"POST", "/v2/repository/models/%20/load", "", 400, "not the name of a model"},
		{"POST", "/v2/repository/models/a%2Fb/unload", "", 400, "not the name of a model"},
		{"POST", "/v2/repository/models/a%0Ab/unload", "", 400, "not the name of a model"},
		{"POST", "/v2/repository/models/" + strings.Repeat("a", 256) + "/load", "", 404, "there is no model"},
		{"POST", "/v2/repository/other/index", "", 501, `there is one repository`},
		{"POST", "/v2/repository/nothing", "", 404, "there is nothing at"},
		{"POST", "/v2/models/w/infer", `{"inputs":[`, 400, "error"},
		{"GET", "/v2/models/w/stats", "", 200, `"inference_count":3,"execution_count":1,"inference_stats":{"success":{"count":1,`},
		{"GET", "/v2/models/w/stats", "", 200, `"fail":{"count":1,`},
		{"GET", "/v2/models/w/versions/1/stats", "", 200, `"batch_stats":[{"batch_size":3,"compute_input":{"count":1,"ns":0},"compute_infer":{"count":1,`},
		{"GET", "/v2/models/stats", "", 200, `{"model_stats":[{"name":"w","version":"1","last_inference":1`},
		{"GET", "/v2/models/w/versions/2/stats", "", 404, "w:2"},
		{"GET", "/v2/models/nobody/stats", "", 404, "nobody"},
		{"GET", "/v2/models/w/x/stats", "", 404, "nothing at"},
		{"POST", "/v2/models/w/stats", "", 405, "GET"},
		{"GET", "/v2/models/w/config", "", 200, `{"name":"w","platform":"`},
		{"GET", "/v2/models/nobody/config", "", 404, "nobody"},
		{"POST", "/v2/models/w/config", "{}", 405, "illegal model operation config, method=POST"},
		{"GET", "/v2/systemsharedmemory/status", "", 501, "shared memory"},
		{"POST", "/v2/cudasharedmemory/region/r/register", "{}", 501, "shared memory"},
		{"GET", "/v2/systemsharedmemories", "", 404, "nothing at"},
	} {
		status, text := fetch(t, tt.method, url+tt.path, tt.body)
		if status != tt.status || !strings.Contains(text, tt.has) {
			t.Errorf("%s %s %s: %d %s, want %d with %s", tt.method, tt.path, tt.body, status, text, tt.status, tt.has)
		}
	}
}

// TestChangeFromElsewhere refuses to load and unload models for who is not on this
// machine, and for web pages.
func TestChangeFromElsewhere(t *testing.T) {
	core := started(t, Config{Models: oneModel(t), Catalog: oneSet()})
	for _, tt := range []struct {
		name, origin string
		at           net.Addr
		code         serve.Code
	}{
		{"no port", "", nil, serve.Forbidden},
		{"loopback", "", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, serve.OK},
		{"a page", "http://localhost:8080", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, serve.Forbidden},
		{"everywhere", "", &net.TCPAddr{IP: net.IPv4zero}, serve.Forbidden},
	} {
		core.ServedAt(tt.at)
		ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/repository/models/w/load"}, nil)
		ev.Header = serve.Header{}
		if tt.origin != "" {
			ev.Header["Origin"] = []string{tt.origin}
		}
		_, err := core.Serve(t.Context(), ev)
		if got := serve.CodeOf(err); err == nil && tt.code != serve.OK || err != nil && got != tt.code {
			t.Errorf("%s: %v, want code %d", tt.name, err, tt.code)
		}
	}
}
