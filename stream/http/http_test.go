package http

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/drivertest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func openURL(t *testing.T, ps *Posts, rawURL string) driver.Stream {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	s, traits, err := ps.Open(context.Background(), driver.Source{URL: u})
	if err != nil {
		t.Fatal(err)
	}
	if traits.Local || !traits.Wraps {
		t.Errorf("traits %+v", traits)
	}
	return s
}

// A receiver answers requests as status says, and keeps what it was sent.
type receiver struct {
	*httptest.Server
	status func(body []byte) int

	mu     sync.Mutex
	bodies []string
	kinds  map[string]bool
}

func newReceiver(t *testing.T, status func(body []byte) int) *receiver {
	t.Helper()
	r := &receiver{status: status, kinds: map[string]bool{}}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	code := 200
	if r.status != nil {
		code = r.status(body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if code == 200 {
		r.bodies = append(r.bodies, string(body))
		r.kinds[req.Method+" "+req.Header.Get("Content-Type")] = true
	}
	w.WriteHeader(code)
	fmt.Fprintf(w, "answer %d", code)
}

func texts(key string, bodies ...string) (batch []*driver.Message) {
	for _, b := range bodies {
		batch = append(batch, &driver.Message{Key: key, Body: []byte(b)})
	}
	return batch
}

func TestBodies(t *testing.T) {
	batch := append(texts("", `{"a":`+"\n"+`1}`, `2`), &driver.Message{Key: "k", Body: []byte("text")})
	wrapped := `{"full_event_wrapper":true,"body":"text","encoding":"text","key":"k"}`
	for options, want := range map[string][]string{
		"":             {`{"a": 1}`, `2`, wrapped},
		"#batch=none":  {`{"a": 1}`, `2`, wrapped},
		"#batch=lines": {`{"a": 1}` + "\n2\n" + wrapped + "\n"},
		"#batch=array": {`[{"a": 1},2,` + wrapped + `]`},
	} {
		r := newReceiver(t, nil)
		s := openURL(t, &Posts{}, r.URL+"/x?of=receiver"+options)
		if err := s.Publish(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, r.bodies); diff != "" {
			t.Errorf("%s (-want +got):\n%s", options, diff)
		}
		kind := "POST application/json"
		if strings.Contains(options, "lines") {
			kind = "POST application/x-ndjson"
		}
		if !r.kinds[kind] || len(r.kinds) != 1 {
			t.Errorf("%s: requests were %v", options, r.kinds)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestStatuses wants what may help to be tried again, and what may not to be given
// up.
func TestStatuses(t *testing.T) {
	for status, permanent := range map[int]bool{
		302: true, 400: true, 401: true, 404: true, 413: true, 422: true,
		408: false, 425: false, 429: false, 500: false, 502: false, 503: false, 504: false,
	} {
		r := newReceiver(t, func([]byte) int { return status })
		s := openURL(t, &Posts{}, r.URL)
		err := s.Publish(t.Context(), texts("", "1"))
		if err == nil || driver.IsPermanent(err) != permanent || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("status %d: error %v, permanent %t", status, err, driver.IsPermanent(err))
		}
		s.Close(t.Context())
	}
}

// TestPart wants the other records of a batch to be posted, and none of a key
// before one that failed.
func TestPart(t *testing.T) {
	r := newReceiver(t, func(body []byte) int {
		switch {
		case bytes.Contains(body, []byte(`"bad"`)):
			return 400
		case bytes.Contains(body, []byte(`"busy"`)):
			return 503
		}
		return 200
	})
	s := openURL(t, &Posts{}, r.URL+"#requests=8")
	defer s.Close(context.Background())
	batch := slices.Concat(texts("a", `1`, `"bad"`, `2`), texts("b", `"busy"`, `3`), texts("", `4`))
	err := s.Publish(t.Context(), batch)
	var partly *driver.BatchError
	if !errors.As(err, &partly) {
		t.Fatalf("error %v", err)
	}
	var got []string
	for i, err := range partly.Errs {
		switch {
		case err == nil:
			got = append(got, "published")
		case driver.IsPermanent(err):
			got = append(got, "refused")
		default:
			got = append(got, "again")
		}
		_ = i
	}
	if diff := cmp.Diff([]string{"published", "refused", "published", "again", "again", "published"}, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if len(r.bodies) != 3 {
		t.Errorf("posted %v", r.bodies)
	}
}

func TestBounded(t *testing.T) {
	var came, now, most atomic.Int64
	three := make(chan struct{}) // closed when there are as many at a time as there may be
	r := newReceiver(t, func([]byte) int {
		for n, old := now.Add(1), most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if came.Add(1) == 3 {
			close(three)
		}
		select {
		case <-three:
		case <-time.After(time.Minute): // there are fewer
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
		return 200
	})
	s := openURL(t, &Posts{}, r.URL+"#requests=3")
	defer s.Close(context.Background())
	if err := s.Publish(t.Context(), texts("", strings.Split(strings.Repeat("1 ", 40)+"1", " ")...)); err != nil {
		t.Fatal(err)
	}
	if len(r.bodies) != 41 || most.Load() != 3 {
		t.Errorf("%d requests, %d at a time, want 41 and 3", len(r.bodies), most.Load())
	}
}

// TestSecrets wants neither a password nor a query in an error.
func TestSecrets(t *testing.T) {
	r := newReceiver(t, func([]byte) int { return 403 })
	for _, target := range []string{r.URL, "http://127.0.0.1:1"} {
		u := strings.Replace(target, "http://", "http://user:hunter2@", 1) + "/p?token=hunter2"
		s := openURL(t, &Posts{}, u)
		err := s.Publish(t.Context(), texts("", "1"))
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "/p") {
			t.Errorf("error %v", err)
		}
		s.Close(t.Context())
	}
}

func TestTLS(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, password, _ := r.BasicAuth(); name != "u" || password != "p" {
			w.WriteHeader(401)
		}
	}))
	secure.StartTLS()
	defer secure.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	target := strings.Replace(secure.URL, "://", "://u:p@", 1)
	ps := &Posts{}
	s := openURL(t, ps, target)
	if err := s.Publish(t.Context(), texts("", "1")); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server that nobody vouches for: error %v", err)
	}
	s.Close(t.Context())
	s = openURL(t, ps, target+"#ca="+url.QueryEscape(ca))
	if err := s.Publish(t.Context(), texts("", "1")); err != nil {
		t.Error(err)
	}
	s.Close(t.Context())
}

func TestRefused(t *testing.T) {
	for rawURL, want := range map[string]string{
		"http:///p":                "no host",
		"http://h/p#batch=some":    "option batch must be",
		"http://h/p#requests=0":    "option requests must be",
		"http://h/p#timeout=0s":    "option timeout must be",
		"http://h/p#other=1":       `unknown option "other"`,
		"https://h/p#ca=/no/where": "option ca",
	} {
		u, err := url.Parse(rawURL)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := new(Posts).Open(t.Context(), driver.Source{URL: u}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", rawURL, err, want)
		}
	}
	s := openURL(t, &Posts{}, "http://127.0.0.1:1/p")
	if _, err := s.Subscribe(t.Context(), "g", driver.ReadOptions{}); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "nats://") {
		t.Errorf("subscribe: error %v", err)
	}
	if _, err := s.Lag(t.Context(), "g"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("lag: error %v", err)
	}
	s.Close(t.Context())
}

// TestDriver passes the suite with a receiver that keeps the records in memory, and
// answers once they are there.
func TestDriver(t *testing.T) {
	for _, batch := range []string{"none", "lines", "array"} {
		t.Run(batch, func(t *testing.T) {
			drivertest.Run(t, func(t *testing.T) drivertest.Harness {
				streams := &memory{batch: batch}
				sv := httptest.NewServer(streams)
				t.Cleanup(sv.Close)
				ps := &Posts{}
				open := func(name string) func(t *testing.T) driver.Stream {
					return func(t *testing.T) driver.Stream {
						return streams.loop(t, openURL(t, ps, sv.URL+"/"+name+"#batch="+batch), name)
					}
				}
				return drivertest.Harness{Open: open("large"), Small: open("small")}
			})
		})
	}
}
