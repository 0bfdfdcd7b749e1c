package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/leat-ml/leat/serve"
)

// fake is a server with three models, and its control.
type fake struct {
	ready  error
	err    error // of every change
	asked  []string
	models []ModelStatus
}

func newFake() *fake {
	return &fake{models: []ModelStatus{
		{Name: "churn", Version: "1", Runtime: "xgboost", State: "READY", Path: "repo/churn.ubj", LoadedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), LoadSeconds: 0.25, Default: true},
		{Name: "fraud", Version: "2", State: "FAILED", Reason: "no such file <x>"},
	}}
}

func (f *fake) Ready() error          { return f.ready }
func (f *fake) Models() []ModelStatus { return f.models }
func (f *fake) Status() ServerStatus {
	return ServerStatus{Version: "v1", StartedAt: time.Now().Add(-time.Hour), URLs: map[string]string{"http": "http://127.0.0.1:8080"}}
}

func (f *fake) did(what string) error {
	f.asked = append(f.asked, what)
	return f.err
}
func (f *fake) Load(_ context.Context, m string) error   { return f.did("load " + m) }
func (f *fake) Unload(_ context.Context, m string) error { return f.did("unload " + m) }
func (f *fake) Reload(context.Context) error             { return f.did("reload") }

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8082}

// ask sends a request to the address; header is name, value, name, value …
func ask(h http.Handler, to net.Addr, method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "http://127.0.0.1:8082"+path, nil)
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, to)))
	return w.Result()
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func TestPaths(t *testing.T) {
	const churn = `{"name":"churn","version":"1","default":true,"runtime":"xgboost","state":"READY","path":"repo/churn.ubj","loaded_at":"2026-01-02T03:04:05Z","load_seconds":0.25}`
	const fraud = `{"name":"fraud","version":"2","runtime":"","state":"FAILED","reason":"no such file <x>","path":""}`
	tests := []struct {
		method, path string
		server       fake
		status       int
		want, asked  string
	}{
		{"GET", "/healthz", fake{}, 200, `{"live":true}`, ""},
		{"GET", "/readyz", fake{}, 200, `{"ready":true}`, ""},
		{"GET", "/readyz", fake{ready: errors.New("model m: loading")}, 503, `{"ready":false,"error":"model m: loading"}`, ""},
		{"GET", "/api/v1/models", *newFake(), 200, `{"models":[` + churn + `,` + fraud + `]}`, ""},
		{"GET", "/api/v1/models", fake{}, 200, `{"models":[]}`, ""},
		{"POST", "/api/v1/models/churn/load", *newFake(), 200, `{"models":[` + churn + `]}`, "load churn"},
		{"POST", "/api/v1/models/a%2Fb%20c/load", *newFake(), 200, `{"models":[]}`, "load a/b c"},
		{"POST", "/api/v1/models/churn/unload", *newFake(), 200, `{"models":[` + churn + `]}`, "unload churn"},
		{"POST", "/api/v1/reload", *newFake(), 200, `{"models":[` + churn + `,` + fraud + `]}`, "reload"},
		{"POST", "/api/v1/models/x/load", fake{err: serve.Errorf(serve.NotFound, "", "no model x")}, 404, `{"error":"no model x"}`, "load x"},
		{"POST", "/api/v1/models/x/load", fake{err: errors.New("broken")}, 500, `{"error":"broken"}`, "load x"},
		{"POST", "/api/v1/reload", fake{err: context.DeadlineExceeded}, 504, `{"error":"context deadline exceeded"}`, "reload"},
		{"GET", "/", fake{}, 404, `{"error":"no such path: /"}`, ""},
		{"GET", "/api/v1/nothing", fake{}, 404, `{"error":"no such path: /api/v1/nothing"}`, ""},
		{"GET", "/metrics", fake{}, 404, `{"error":"no such path: /metrics"}`, ""},
		{"POST", "/api/v1/models/load", fake{}, 404, `{"error":"no such path: /api/v1/models/load"}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			s := tt.server
			resp := ask(New(&s, Options{Control: &s}), loopback, tt.method, tt.path)
			if got := body(t, resp); resp.StatusCode != tt.status || got != tt.want {
				t.Errorf("got %d %s", resp.StatusCode, got)
			}
			if ct := resp.Header.Get("Content-Type"); ct != "application/json" {
				t.Errorf("Content-Type %s", ct)
			}
			if got := strings.Join(s.asked, ","); got != tt.asked {
				t.Errorf("asked for %q", got)
			}
		})
	}
}

func TestServerStatus(t *testing.T) {
	var got ServerStatus
	resp := ask(New(newFake(), Options{}), loopback, "GET", "/api/v1/server")
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "v1" || got.Uptime < 3600 || got.URLs["http"] != "http://127.0.0.1:8080" {
		t.Errorf("got %+v", got)
	}
}

func TestMethods(t *testing.T) {
	h := New(newFake(), Options{Control: newFake(), Metrics: prometheus.NewRegistry()})
	for path, allow := range map[string]string{
		"/healthz": "GET", "/readyz": "GET", "/metrics": "GET", "/api/v1/server": "GET", "/api/v1/models": "GET",
		"/api/v1/models/m/load": "POST", "/api/v1/models/m/unload": "POST", "/api/v1/reload": "POST",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			resp := ask(h, loopback, method, path)
			if method == allow || method == "HEAD" && allow == "GET" {
				if resp.StatusCode != 200 {
					t.Errorf("%s %s: got %d", method, path, resp.StatusCode)
				}
				continue
			}
			var e struct{ Error string }
			if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || e.Error == "" || resp.StatusCode != 405 || resp.Header.Get("Allow") != allow {
				t.Errorf("%s %s: got %d, Allow %q, %v", method, path, resp.StatusCode, resp.Header.Get("Allow"), err)
			}
		}
	}
}

func TestWhoMayChangeThings(t *testing.T) {
	remote := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}
	six := &net.TCPAddr{IP: net.IPv6loopback}
	socket := &net.UnixAddr{Net: "unix", Name: "/run/leat"}
	cross := []string{"Sec-Fetch-Site", "cross-site"}
	tests := []struct {
		name      string
		to        net.Addr
		header    []string
		remote    bool
		get, post int
	}{
		{"loopback", loopback, nil, false, 200, 200},
		{"loopback, version 6", six, []string{"Host", "[::1]:8082"}, false, 200, 200},
		{"localhost", loopback, []string{"Host", "LocalHost:8082"}, false, 200, 200},
		{"without a port", loopback, []string{"Host", "127.0.0.1"}, false, 200, 200},
		{"socket", socket, []string{"Host", "localhost"}, false, 200, 200},
		{"rebound name", loopback, []string{"Host", "evil.example:8082", "Origin", "http://evil.example:8082", "Sec-Fetch-Site", "same-origin"}, false, 403, 403},
		{"no host", loopback, []string{"Host", ""}, false, 403, 403},
		{"page of another origin", loopback, cross, false, 200, 403},
		{"origin of another port", loopback, []string{"Origin", "http://127.0.0.1:9999"}, false, 200, 403},
		{"own page", loopback, []string{"Origin", "http://127.0.0.1:8082", "Sec-Fetch-Site", "same-origin"}, false, 200, 200},
		{"remote", remote, nil, false, 200, 403},
		{"remote by name", remote, []string{"Host", "leat.example"}, false, 200, 403},
		{"remote, allowed", remote, []string{"Host", "leat.example"}, true, 200, 200},
		{"remote, allowed, another origin", remote, cross, true, 200, 403},
		{"unknown", nil, nil, false, 200, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newFake()
			h := New(s, Options{Control: s, AllowRemote: tt.remote})
			if got := ask(h, tt.to, "GET", "/api/v1/models", tt.header...).StatusCode; got != tt.get {
				t.Errorf("GET: %d", got)
			}
			for _, path := range []string{"/api/v1/reload", "/api/v1/models/m/load", "/api/v1/models/m/unload"} {
				if got := ask(h, tt.to, "POST", path, tt.header...).StatusCode; got != tt.post {
					t.Errorf("POST %s: %d", path, got)
				}
			}
			if done := len(s.asked); done != 0 && tt.post != 200 {
				t.Errorf("%d changes were made", done)
			}
			if got := ask(h, tt.to, "GET", "/readyz", tt.header...).StatusCode; got != 200 {
				t.Errorf("readyz: %d", got) // is for everybody
			}
		})
	}
}

func TestOverSocket(t *testing.T) {
	s := newFake()
	srv := httptest.NewServer(New(s, Options{Control: s}))
	defer srv.Close()
	resp, err := http.Post(srv.URL+"/api/v1/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || len(s.asked) != 1 {
		t.Errorf("got %d, asked %q", resp.StatusCode, s.asked)
	}
}

func TestNoControl(t *testing.T) {
	resp := ask(New(newFake(), Options{}), loopback, "POST", "/api/v1/reload")
	if got := body(t, resp); resp.StatusCode != 501 || !strings.Contains(got, `"error"`) {
		t.Errorf("got %d %s", resp.StatusCode, got)
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	hist := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", Help: "h", NativeHistogramBucketFactor: 1.1, Buckets: []float64{1}})
	reg.MustRegister(hist)
	hist.Observe(0.5)
	h := New(newFake(), Options{Metrics: reg})
	if got := body(t, ask(h, loopback, "GET", "/metrics")); !strings.Contains(got, `h_bucket{le="1"} 1`) {
		t.Errorf("text: %s", got)
	}
	resp := ask(h, loopback, "GET", "/metrics", "Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	var family dto.MetricFamily
	if err := protodelim.UnmarshalFrom(bufio.NewReader(resp.Body), &family); err != nil {
		t.Fatal(err)
	}
	got := family.GetMetric()[0].GetHistogram()
	if d := cmp.Diff([]int64{1}, got.GetPositiveDelta()); d != "" || got.GetSchema() != 3 {
		t.Errorf("schema %d, buckets %s", got.GetSchema(), d)
	}
}
