package server

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/internal/servertest"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

func TestMain(m *testing.M) {
	lastSpans, databaseTime = patience, patience // on a busy machine either may take long
	leaktest.Main(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

// slowModel answers once it is let go, and notes whether its context ended.
type slowModel struct {
	begun, let chan struct{}
	loadErr    error
}

func (m *slowModel) Load(context.Context, *serve.ModelContext) error { return m.loadErr }

func (m *slowModel) Predict(ctx context.Context, _ *serve.Request) (any, error) {
	if m.begun != nil {
		m.begun <- struct{}{}
		select {
		case <-m.let:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return 1, nil
}

func routed(models map[string]serve.Model) *graph.Spec {
	spec := graph.NewRouter()
	for name, m := range models {
		spec.AddRoute(name, graph.StepSpec{New: func(a catalog.Args) (serve.Step, error) { return v2.FromArgs(a, m, "") }})
	}
	return spec
}

func started(t *testing.T, c Config) *Core {
	t.Helper()
	core, problems := New(c)
	if core == nil {
		t.Fatal(problems)
	}
	if err := core.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := core.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return core
}

func ask(t *testing.T, c *Core, method, path, accept string) (body string, ev *serve.Event, err error) {
	t.Helper()
	ev = serve.NewEvent(serve.Target{Method: method, Path: path}, nil)
	ev.Header = serve.Header{"Accept": {accept}}
	ev, err = c.Serve(t.Context(), ev)
	if err != nil {
		return "", nil, err
	}
	raw, err := oip.AppendBody(nil, ev.Body)
	return string(raw), ev, err
}

func TestFront(t *testing.T) {
	core := started(t, Config{Spec: routed(map[string]serve.Model{"m": &slowModel{}}), Name: "leat", Version: "1"})
	for _, tt := range []struct {
		method, path, want string
		code               serve.Code
	}{
		{"GET", "/v2/health/live", `{"live":true}`, serve.OK},
		{"GET", "/v2/health/ready", `{"ready":true}`, serve.OK},
		{"HEAD", "/v2/health/ready", `{"ready":true}`, serve.OK},
		{"GET", "/v2", `{"name":"leat","version":"1","extensions":["binary_tensor_data","classification","logging","model_configuration","model_repository","parameters","schedule_policy","sequence","statistics","trace"]}`, serve.OK},
		{"GET", "/v2/", `{"name":"leat","version":"1","extensions":["binary_tensor_data","classification","logging","model_configuration","model_repository","parameters","schedule_policy","sequence","statistics","trace"]}`, serve.OK},
		{"GET", "/", `{"name":"leat","version":"1","extensions":["binary_tensor_data","classification","logging","model_configuration","model_repository","parameters","schedule_policy","sequence","statistics","trace"],"status":"alive"}`, serve.OK},
		{"GET", "/v2/models", `{"models":["m"]}`, serve.OK},
		{"POST", "/v2/health/live", "", serve.WrongMethod},
		{"DELETE", "/v2", "", serve.WrongMethod},
		{"GET", "/elsewhere", "", serve.NotFound},
	} {
		got, _, err := ask(t, core, tt.method, tt.path, "*/*")
		if tt.code == serve.OK && (err != nil || got != tt.want) {
			t.Errorf("%s %s: %s (%v), want %s", tt.method, tt.path, got, err, tt.want)
		}
		if tt.code != serve.OK && serve.CodeOf(err) != tt.code {
			t.Errorf("%s %s: error %v, want code %v", tt.method, tt.path, err, tt.code)
		}
	}
	page, ev, err := ask(t, core, "GET", "/", "text/html,*/*")
	if err != nil || !strings.Contains(page, `href="/v2/models/m"`) || !strings.HasPrefix(ev.Reply.ContentType, "text/html") {
		t.Errorf("page %s (%v)", page, err)
	}
	core.Drain()
	if _, _, err := ask(t, core, "GET", "/v2/health/ready", ""); serve.CodeOf(err) != serve.Unavailable {
		t.Errorf("ready while draining: %v", err)
	}
	if _, _, err := ask(t, core, "GET", "/v2/health/live", ""); err != nil {
		t.Errorf("not live while draining: %v", err)
	}
}

// TestBesideAGraph: a flow beside a repository has all paths but those of the server,
// which a slash does not change.
func TestBesideAGraph(t *testing.T) {
	spec := routed(map[string]serve.Model{"inside": &slowModel{}})
	core := started(t, Config{Spec: spec, Models: oneModel(t), Catalog: oneSet(), Name: "leat"})
	for _, path := range []string{livePath, readyPath, "/v2", "/v2/models/stats", "/v2/models/w/stats", "/v2/logging", "/v2/trace/setting", "/v2/models/w"} {
		want, _, err := ask(t, core, "GET", path, "")
		got, _, slashed := ask(t, core, "GET", path+"/", "")
		if got != want || (err == nil) != (slashed == nil) {
			t.Errorf("%s: %s (%v), with a slash %s (%v)", path, want, err, got, slashed)
		}
	}
	if got, _, err := ask(t, core, "POST", "/v2/repository/index/", ""); err != nil || !strings.Contains(got, `"name":"w"`) {
		t.Errorf("index with a slash: %s (%v)", got, err)
	}
	page, _, err := ask(t, core, "GET", "/", "text/html")
	for _, has := range []string{`<a href="/v2/models/w/versions/1">w</a>`, "<td>inside, in step router of the graph</td>", `<link rel="icon"`} {
		if err != nil || !strings.Contains(page, has) {
			t.Errorf("page without %s: %s (%v)", has, page, err)
		}
	}
}

// TestMLRunRepository answers for a repository as MLRun's router does.
func TestMLRunRepository(t *testing.T) {
	core := started(t, Config{Models: oneModel(t), Catalog: oneSet(), MLRun: true})
	for path, want := range map[string]string{
		"/":               `{"name":"ModelRouter","version":"v2","extensions":[]}`,
		"/v2/health/live": `{"name":"ModelRouter","version":"v2","extensions":[]}`,
		"/v2/models/":     `{"models":["w"]}`,
		"/v2/models/w":    `{"name":"w","version":"1","inputs":[],"outputs":[]}`,
	} {
		if got, _, err := ask(t, core, "GET", path, ""); err != nil || got != want {
			t.Errorf("%s: %s (%v), want %s", path, got, err, want)
		}
	}
}

// TestPageEscapes wants what a model's author wrote to stay text.
func TestPageEscapes(t *testing.T) {
	spec := routed(map[string]serve.Model{"m": &slowModel{loadErr: errors.New("<script>alert(1)</script>")}})
	spec.LoadMode = "async"
	core := started(t, Config{Spec: spec, Name: "leat"})
	waitFor(t, "the model has failed", func() bool { return core.Models()[0].Phase == v2.Failed })
	page, _, err := ask(t, core, "GET", "/", "text/html")
	if err != nil || strings.Contains(page, "<script>") || !strings.Contains(page, "&lt;script&gt;") {
		t.Errorf("page %s (%v)", page, err)
	}
}

func TestReadiness(t *testing.T) {
	good, bad := &slowModel{}, &slowModel{loadErr: errors.New("no")}
	for _, tt := range []struct {
		models map[string]serve.Model
		any    bool
		ready  bool
	}{
		{map[string]serve.Model{"a": good}, false, true},
		{map[string]serve.Model{"a": good, "b": bad}, false, false},
		{map[string]serve.Model{"a": good, "b": bad}, true, true},
		{map[string]serve.Model{"b": bad}, true, false},
	} {
		spec := routed(tt.models)
		spec.LoadMode = "async"
		core := started(t, Config{Spec: spec, ReadyAny: tt.any})
		settled := func() bool {
			for _, m := range core.Models() {
				if m.Phase != v2.Ready && m.Phase != v2.Failed {
					return false
				}
			}
			return true
		}
		waitFor(t, "the models have settled", settled)
		if err := core.Ready(); (err == nil) != tt.ready {
			t.Errorf("%d models, any %v: %v", len(tt.models), tt.any, err)
		}
	}
}

func TestNothingToServe(t *testing.T) {
	if core, problems := New(Config{}); core != nil || len(problems) == 0 {
		t.Error("a server of nothing was made")
	}
}

// runs starts Run and returns the URLs, a way to stop it, and its result. It stops in
// its own time, unless the test says how long that may take.
func runs(t *testing.T, c RunConfig) (http, admin string, stop func(), result chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	type urls struct{ http, admin string }
	up := make(chan urls, 1)
	c.Drain = cmp.Or(c.Drain, patience)
	c.Started = func(_ *Core, at URLs) { up <- urls{at.HTTP, at.Admin} }
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	result = make(chan error, 1)
	go func() { result <- Run(ctx, c) }()
	select {
	case u := <-up:
		return u.http, u.admin, cancel, result
	case err := <-result:
		cancel()
		t.Fatal(err)
	}
	return "", "", cancel, result
}

func fetch(t *testing.T, method, url, body string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// TestShutdown lets a request in flight finish, while readiness is gone.
func TestShutdown(t *testing.T) {
	m := &slowModel{begun: make(chan struct{}), let: make(chan struct{})}
	var log syncBuffer
	port := fmt.Sprintf("127.0.0.1:%d", servertest.Port(t)) // that nobody else takes once it is closed
	httpURL, adminURL, stop, result := runs(t, RunConfig{
		Config: Config{Spec: routed(map[string]serve.Model{"m": m}), Logger: slog.New(slog.NewTextHandler(&log, nil))},
		HTTP:   port, Admin: "127.0.0.1:0", Drain: 10 * time.Minute, Grace: 100 * time.Millisecond,
	})
	if status, text := fetch(t, "GET", adminURL+"/metrics", ""); status != 200 || !strings.Contains(text, `leat_model_state{model="m",state="READY",version=""} 1`) {
		t.Errorf("metrics %d", status)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if status, text := fetch(t, "POST", httpURL+"/v2/models/m/infer", `{"inputs":[1]}`); status != 200 {
			t.Errorf("the request in flight got %d %s", status, text)
		}
	})
	<-m.begun
	stop()
	waitFor(t, "it is not ready any more", func() bool {
		status, _ := fetch(t, "GET", adminURL+"/readyz", "")
		return status == 503
	})
	waitFor(t, "the grace period is over", func() bool {
		conn, err := net.Dial("tcp", port)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	if status, text := fetch(t, "POST", httpURL+"/v2/models/m/infer", `{"inputs":[1]}`); status == 200 {
		t.Errorf("a request after the grace period got %d %s", status, text)
	}
	close(m.let)
	wg.Wait()
	if err := <-result; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "shut down") {
		t.Errorf("log %s", log.String())
	}
}

// TestDrainEnds does not wait longer than it may for a request that hangs.
func TestDrainEnds(t *testing.T) {
	m := &slowModel{begun: make(chan struct{}), let: make(chan struct{})}
	url, _, stop, result := runs(t, RunConfig{
		Config: Config{Spec: routed(map[string]serve.Model{"m": m})}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0", Drain: time.Second,
	})
	var wg sync.WaitGroup
	wg.Go(func() { fetch(t, "POST", url+"/v2/models/m/infer", `{"inputs":[1]}`) })
	<-m.begun
	stop()
	if err := <-result; err == nil {
		t.Error("nothing was said of the request that was cut off")
	}
	wg.Wait()
}

func TestPorts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	spec := routed(map[string]serve.Model{"m": &slowModel{}})
	for _, tt := range []struct{ http, admin, want string }{
		{taken.Addr().String(), "127.0.0.1:0", "data port: " + taken.Addr().String() + " is in use"},
		{"127.0.0.1:0", taken.Addr().String(), "admin port: " + taken.Addr().String() + " is in use"},
		{"127.0.0.1:0", "0.0.0.0:0", "can be reached from other machines"},
		{"127.0.0.1:0", ":8082", "can be reached from other machines"},
		{"127.0.0.1:0", "nonsense", "missing port"},
		{"nonsense", "127.0.0.1:0", "missing port"},
	} {
		err := Run(t.Context(), RunConfig{Config: Config{Spec: spec, Logger: slog.New(slog.DiscardHandler)}, HTTP: tt.http, Admin: tt.admin})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: error %v, want %q", tt.http, tt.admin, err, tt.want)
		}
	}
}

// A port that is taken is told of before models load, which may take minutes.
func TestPortsFirst(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, tt := range []struct{ http, grpc, want string }{
		{taken.Addr().String(), "", "data port: "},
		{"127.0.0.1:0", taken.Addr().String(), "gRPC port: "},
	} {
		spec := routed(map[string]serve.Model{"m": &slowModel{loadErr: errors.New("the weights are gone")}})
		err := Run(t.Context(), RunConfig{Config: Config{Spec: spec, Logger: slog.New(slog.DiscardHandler)}, HTTP: tt.http, GRPC: tt.grpc, Admin: "127.0.0.1:0"})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want+taken.Addr().String()+" is in use") {
			t.Errorf("%+v: error %v", tt, err)
		}
	}
}

// TestFailedStart ends with the model and the cause, and with the ports closed.
func TestFailedStart(t *testing.T) {
	spec := routed(map[string]serve.Model{"m": &slowModel{loadErr: errors.New("the weights are gone")}})
	err := Run(t.Context(), RunConfig{Config: Config{Spec: spec, Logger: slog.New(slog.DiscardHandler)}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	if err == nil || !strings.HasPrefix(err.Error(), "failed to load model m: the weights are gone") {
		t.Errorf("error %v", err)
	}
}

// TestControl loads and unloads over the admin port; models of a graph cannot
// be.
func TestControl(t *testing.T) {
	_, adminURL, stop, result := runs(t, RunConfig{
		Config: Config{Spec: routed(map[string]serve.Model{"m": &slowModel{}})}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0",
	})
	for _, path := range []string{"/api/v1/models/m/load", "/api/v1/models/m/unload", "/api/v1/reload"} {
		if status, text := fetch(t, "POST", adminURL+path, ""); status != 501 {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	stop()
	if err := <-result; err != nil {
		t.Error(err)
	}

	httpURL, adminURL, stop, result := runs(t, RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet()}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	for _, step := range []struct {
		url    string
		status int
	}{
		{adminURL + "/api/v1/models/w/unload", 200}, {httpURL + "/v2/models/w/infer", 503},
		{adminURL + "/api/v1/models/w/load", 200}, {httpURL + "/v2/models/w/infer", 200},
		{adminURL + "/api/v1/models/none/load", 404},
	} {
		if status, text := fetch(t, "POST", step.url, `{"inputs":[1]}`); status != step.status {
			t.Errorf("%s: %d %s, want %d", step.url, status, text, step.status)
		}
	}
	stop()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// oneModel is a repository with a model w of the runtime "one".
func oneModel(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "w.one"), []byte("ONE"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func oneSet() *catalog.Set {
	set := &catalog.Set{}
	set.AddRuntime(catalog.RuntimeEntry{
		Name: "one", Runtime: oneRuntime{}, Detect: func(_ string, head []byte) bool { return bytes.Equal(head, []byte("ONE")) },
	})
	return set
}

type oneRuntime struct{}

func (oneRuntime) Load(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error) {
	return &slowModel{}, nil
}

// A syncBuffer is a buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
