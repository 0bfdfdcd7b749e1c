package inferencegraph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/step/remote"
)

const (
	recorded   = "testdata/answers.json"
	routerPort = 18098 // of the router that scripts/kserve.sh builds
	throws     = 80    // how often a splitter is asked
)

// TestInferenceGraphs wants of every spec what KServe's router answers. Those
// answers are in testdata; with LEAT_KSERVE_ROUTER, the path of the router, it is
// asked itself, and with LEAT_KSERVE_RECORD its answers are kept.
func TestInferenceGraphs(t *testing.T) {
	s := newServices(t)
	want := map[string][]answer{}
	router := os.Getenv("LEAT_KSERVE_ROUTER")
	if router == "" {
		read(t, recorded, &want)
	}
	for _, graph := range []string{"sequence", "switch", "ensemble", "splitter"} {
		t.Run(graph, func(t *testing.T) {
			if router != "" {
				ask := startRouter(t, router, graph, s.url)
				for key, got := range answers(t, s, graph, ask) {
					want[key] = got
				}
			}
			got := answers(t, s, graph, serve(t, graph, s.url))
			compare(t, graph, want, got)
		})
	}
	if os.Getenv("LEAT_KSERVE_RECORD") != "" && !t.Failed() {
		write(t, recorded, want)
	}
	if router != "" {
		t.Logf("KServe's router: %d cases, %d of them listed as answered differently", len(questions), listed())
	}
}

// listed are so many questions that leat answers in another way than KServe's router.
func listed() int {
	n := 0
	for _, q := range questions {
		if q.differs != nil {
			n++
		}
	}
	return n
}

// compare holds leat's answers against KServe's, or against those that differ.
func compare(t *testing.T, graph string, want, got map[string][]answer) {
	t.Helper()
	for _, q := range questions {
		if q.graph != graph {
			continue
		}
		key := graph + ": " + q.name
		if len(want[key]) == 0 {
			t.Errorf("%s: KServe's answer is not recorded: make verify-kserve RECORD=1", key)
			continue
		}
		diff := cmp.Diff(want[key], got[key])
		if q.differs == nil {
			if diff != "" {
				t.Errorf("%s: KServe's answers (-) and leat's (+):\n%s", key, diff)
			}
			continue
		}
		if diff == "" {
			t.Errorf("%s: the answers do not differ any more: %s", key, q.why)
		}
		if q.differs.Body == nil { // any text
			got[key][0].Body = nil
		}
		if d := cmp.Diff([]answer{*q.differs}, got[key]); d != "" {
			t.Errorf("%s: %s", key, d)
		}
	}
}

// answers asks all questions to a graph: once, or a splitter so often that it
// goes all ways; then they are the different answers.
func answers(t *testing.T, s *services, graph string, ask func(body string) answer) map[string][]answer {
	t.Helper()
	all := map[string][]answer{}
	for _, q := range questions {
		if q.graph != graph {
			continue
		}
		s.tell(q.says)
		times := 1
		if graph == "splitter" {
			times = throws
		}
		seen := map[string]answer{}
		for range times {
			a := ask(q.body)
			seen[fmt.Sprint(a)] = a
		}
		var list []answer
		for _, key := range sortedKeys(seen) {
			list = append(list, seen[key])
		}
		all[graph+": "+q.name] = list
	}
	return all
}

func sortedKeys(m map[string]answer) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// serve serves a spec by leat.
func serve(t *testing.T, graph, url string) func(string) answer {
	t.Helper()
	t.Setenv("SERVICES", url)
	spec, err := leat.ReadSpec(graph + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	set := catalog.Default.Clone()
	expr.Register(set)
	step.Register(set)
	remote.Register(set)
	srv, err := leat.New(spec, &leat.Options{Catalog: set, Timeout: 5 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv.Handler())
	t.Cleanup(func() {
		web.Close()
		if err := srv.Close(t.Context()); err != nil && !errors.Is(err, t.Context().Err()) {
			t.Error(err)
		}
	})
	return asker(t, web.URL, url)
}

// asker posts bodies to a server, which may tell the address of the services.
func asker(t *testing.T, url, services string) func(string) answer {
	return func(body string) answer {
		t.Helper()
		resp, err := http.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte(services), []byte("${SERVICES}"))
		a := answer{Status: resp.StatusCode}
		if err := json.Unmarshal(text, &a.Body); err != nil {
			t.Fatalf("%d %s: %v", resp.StatusCode, text, err)
		}
		if got := resp.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%d %s: of type %q", resp.StatusCode, text, got)
		}
		return a
	}
}

// startRouter starts KServe's router with a graph.
func startRouter(t *testing.T, path, graph, url string) func(string) answer {
	t.Helper()
	text, err := os.ReadFile(graph + ".json")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--graph-json", strings.ReplaceAll(string(text), "${SERVICES}", url))
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // asked to end, it would wait for half a minute
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	at := fmt.Sprintf("http://127.0.0.1:%d", routerPort)
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(at + "/readyz")
		if err == nil {
			resp.Body.Close()
			return asker(t, at, url)
		}
		if time.Now().After(end) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			t.Fatalf("the router does not answer: %v: %s", err, &log)
		}
	}
}

func read(t *testing.T, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, v any) {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}
