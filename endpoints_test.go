package leat_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/endpoint"
	_ "github.com/leat-ml/leat/endpoint/sqlite"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// ones answers 1.
type ones struct{}

func (ones) Predict(context.Context, *serve.Request) (any, error) { return []int64{1}, nil }

// A heard recorder counts what a program hears beside the records.
type heard struct {
	mu      sync.Mutex
	records int
	begun   int
	phases  []v2.Phase
}

func (h *heard) Record(serve.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.records++
}

func (h *heard) Model(string, string) v2.Metrics { return h }

func (h *heard) Begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun++
}

func (*heard) End(string, serve.Code, time.Duration) {}

func (h *heard) ModelState(_, _ string, s v2.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phases = append(h.phases, s.Phase)
}

// TestDatabaseOfProgram: a program that names a database has records of its models in
// it, its own recorder hears what it heard before, and spans go to the collector.
func TestDatabaseOfProgram(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10") // milliseconds
	var spans sync.Map
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		spans.Store(r.URL.Path, string(text))
	}))
	defer collector.Close()
	set := catalog.Default.Clone()
	set.Add(v2.Class("Ones", func() serve.Model { return ones{} }))
	spec := graph.NewRouter().AddModel("m:v1", "Ones", "", nil)
	spec.FunctionURI, spec.TrackModels = "p/f", true
	address, own := "sqlite://"+filepath.Join(t.TempDir(), "x.db"), &heard{}
	srv, err := leat.New(spec, &leat.Options{Catalog: set, Database: address, Recorder: own, Traces: collector.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w := httptest.NewRecorder()
		srv.Handler().ServeHTTP(w, httptest.NewRequest("POST", "/v2/models/m/versions/v1/infer", strings.NewReader(`{"inputs": [1]}`)))
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	sent := func() bool {
		text, ok := spans.Load("/v1/traces")
		return ok && strings.Contains(text.(string), "/v2/models/")
	}
	for late := time.Now().Add(2 * time.Minute); !sent() && time.Now().Before(late); {
		time.Sleep(10 * time.Millisecond) // a server that is closed waits for collectors only so long
	}
	if err := srv.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := endpoint.Open(t.Context(), address, endpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	page, err := s.List(t.Context(), endpoint.Query{})
	if err != nil || len(page.Endpoints) != 1 || page.Endpoints[0].Status.RequestCount != 3 || page.Endpoints[0].Spec.Model != "m:v1" {
		t.Errorf("%+v, error %v", page.Endpoints, err)
	}
	if own.records != 3 || own.begun != 3 || len(own.phases) == 0 {
		t.Errorf("the program hears of %d records, %d inferences, %v", own.records, own.begun, own.phases)
	}
	if !sent() {
		t.Error("the collector got no spans of models")
	}
}

// TestDatabasesOfProgram: a database that the program cannot open is told of before
// anything is served.
func TestDatabasesOfProgram(t *testing.T) {
	spec := graph.NewRouter()
	for address, want := range map[string]string{"mysql://h/x": `not "mysql"`, "postgres://h/x": `not "postgres"`} {
		if _, err := leat.New(spec, &leat.Options{Database: address}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", address, err)
		}
	}
	spec.Database = "postgres://h/x"
	if _, err := leat.New(spec, nil); err == nil || !strings.Contains(err.Error(), `database: a database is at sqlite://`) {
		t.Errorf("of the spec: error %v", err)
	}
	if _, err := leat.New(graph.NewRouter(), &leat.Options{Traces: "collector"}); err == nil || !strings.Contains(err.Error(), "traces: ") {
		t.Errorf("traces: error %v", err)
	}
}
