package nuclio_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	sdk "github.com/nuclio/nuclio-sdk-go"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/endpoint"
	_ "github.com/leat-ml/leat/endpoint/sqlite"
	"github.com/leat-ml/leat/host/nuclio"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// double answers twice the first input.
type double struct{}

func (double) Predict(_ context.Context, req *serve.Request) (any, error) {
	data, _, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	return []float64{2 * data[0]}, nil
}

// seen counts what the last step of a flow got.
type seen struct {
	mu     sync.Mutex
	bodies []string
}

func (s *seen) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	raw, _ := ev.Body.Raw()
	if string(raw) == `"bad"` {
		return serve.Pass, errors.New("it is bad")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(raw)+" "+ev.ID+" "+ev.Trigger.Kind)
	return serve.Pass, nil
}

func newHost(t *testing.T, spec string, s *seen) *nuclio.Host {
	t.Helper()
	set := catalog.Default.Clone()
	set.Add(v2.Class("Double", func() serve.Model { return double{} }))
	set.Add(catalog.Entry{Name: "Seen", New: func(catalog.Args) (serve.Step, error) { return s, nil }})
	h := &nuclio.Host{Options: leat.Options{Catalog: set, MLRun: true}, Spec: []byte(spec)}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

const router = `{"graph": {"kind": "router", "routes": {"m": {"class_name": "Double", "class_args": {"model_path": ""}}}}}`

type trigger struct{ kind, name string }

func (t trigger) GetClass() string { return "async" }
func (t trigger) GetKind() string  { return t.kind }
func (t trigger) GetName() string  { return t.name }

func TestHTTP(t *testing.T) {
	h := newHost(t, router, nil)
	for range 3 { // every worker calls it
		if err := h.InitContext(&sdk.Context{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		ev     *sdk.MemoryEvent
		status int
		body   string
	}{
		{"infer", &sdk.MemoryEvent{Path: "/v2/models/m/infer", Body: []byte(`{"inputs": [[21]]}`), ContentType: "application/json"}, 200, `"outputs":[42]`},
		{"id", &sdk.MemoryEvent{Path: "v2/models/m/infer", Body: []byte(`{"inputs": [[1]]}`), Headers: map[string]any{"mlrun-event-id": []byte("e7")}}, 200, `"id":"e7"`},
		{"list", &sdk.MemoryEvent{Path: "/v2/models/"}, 200, `{"models":["m"]}`},
		{"error", &sdk.MemoryEvent{Path: "/v2/models/x/infer", Body: []byte(`{}`)}, 400, "ValueError: model x doesnt exist"},
		{"path", &sdk.MemoryEvent{Path: "/%zz", Body: []byte(`{}`)}, 400, "the path is not that of a URL"},
	} {
		out, err := h.Handler(nil, tt.ev)
		r, ok := out.(sdk.Response)
		if err != nil || !ok || r.StatusCode != tt.status || !strings.Contains(string(r.Body), tt.body) {
			t.Errorf("%s: %d %s, %v", tt.name, r.StatusCode, r.Body, err)
		}
	}
}

func TestStream(t *testing.T) {
	s := &seen{}
	h := newHost(t, `{"graph": {"steps": {"a": {"class_name": "Seen"}, "b": {"class_name": "Seen", "after": ["a"]}}}}`, s)
	if err := h.InitContext(nil); err != nil {
		t.Fatal(err)
	}
	ev := &sdk.MemoryEvent{Path: "/topic", Body: []byte(`{"x": 1}`), ContentType: "application/json", Headers: map[string]any{"n": 5}}
	ev.SetTriggerInfoProvider(trigger{"kafka-cluster", "k"})
	ev.SetID("e1")
	if out, err := h.Handler(nil, ev); err != nil || out != nil {
		t.Fatal(out, err)
	}
	want := `{"x": 1} e1 kafka-cluster` // of both steps: it returns when nothing is left
	if len(s.bodies) != 2 || s.bodies[0] != want || s.bodies[1] != want {
		t.Errorf("%q", s.bodies)
	}
}

// TestStreamFailure wants an error of an event that failed, so that its offset
// is not committed.
func TestStreamFailure(t *testing.T) {
	h := newHost(t, `{"graph": {"steps": {"a": {"class_name": "Seen", "responder": true}}}}`, &seen{})
	if err := h.InitContext(nil); err != nil {
		t.Fatal(err)
	}
	ev := &sdk.MemoryEvent{Body: []byte(`"bad"`), ContentType: "application/json"}
	ev.SetTriggerInfoProvider(trigger{"kafka", "orders"})
	ev.SetID("e2")
	if _, err := h.Handler(nil, ev); err == nil || err.Error() != "event e2 of trigger orders: step a: it is bad" {
		t.Error(err)
	}
}

func TestInitContextFails(t *testing.T) {
	for name, tt := range map[string]struct{ spec, want string }{
		"nothing": {"", "there is no spec"},
		"wrong":   {`{"graph": {"kind": "rooter"}}`, "spec:1:20: illegal root step rooter"},
		"unknown": {`{"graph": {"kind": "router", "routes": {"m": {"class_name": "Dubble"}}}}`, `unknown class "Dubble" (did you mean Double?)`},
	} {
		h := newHost(t, tt.spec, nil)
		if err := h.InitContext(nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := h.Handler(nil, &sdk.MemoryEvent{}); err == nil {
			t.Errorf("%s: it handles events", name)
		}
	}
	t.Setenv("SERVING_SPEC_ENV", router)
	h := newHost(t, "", nil)
	if err := h.InitContext(nil); err != nil {
		t.Error(err)
	}
}

// TestRecords: a function's models have records in the database that its options
// name.
func TestRecords(t *testing.T) {
	address := "sqlite://" + filepath.Join(t.TempDir(), "x.db")
	h := newHost(t, strings.Replace(router, `{"graph"`, `{"function_uri": "p/f", "graph"`, 1), nil)
	h.Database = address
	if err := h.InitContext(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Handler(nil, &sdk.MemoryEvent{Path: "/v2/models/m/infer", Body: []byte(`{"inputs": [[21]]}`)}); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := endpoint.Open(t.Context(), address, endpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	uid, err := endpoint.UID("p/f", "m:latest")
	if err != nil {
		t.Fatal(err)
	}
	if e, err := s.Find(t.Context(), uid); err != nil || e.Status.RequestCount != 1 || e.Status.State == "" {
		t.Errorf("%+v, error %v", e.Status, err)
	}
}
