package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// TestBatch wants the answers in the order of the items, whatever they are.
func TestBatch(t *testing.T) {
	var now, most atomic.Int64
	url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		if r.Header.Get("MLRUN-EVENT-ID") != "" {
			w.WriteHeader(http.StatusTeapot)
		}
		body, _ := io.ReadAll(r.Body)
		var n int
		fmt.Sscan(string(body), &n)
		time.Sleep(time.Duration(10-n) * time.Millisecond / 5)
		w.Write(body)
	})
	for _, c := range []struct {
		values     m
		body, want string
	}{
		{m{"url": url}, `[1, 2, 3, 4, 5, 6, 7, 8, 9]`, `[1,2,3,4,5,6,7,8,9]`},
		{m{"url": url, "max_in_flight": 2}, `[[1], {"a": 2}, 3, true]`, `[[1],{"a": 2},3,true]`},
		{m{"url": url}, `[]`, `[]`},
		{m{"url": url}, `["text", null, 2.5]`, `["text",null,2.5]`},
		{m{"url_expression": "context.project + event[0]", "body_expression": "[endpoint, event[1]]"}, `[["/a", 1]]`, `[["",1]]`},
		{m{"url": url, "input_path": "in", "result_path": "out.x"}, `{"in": [1]}`, `{"in": [1],"out":{"x":[1]}}`},
	} {
		most.Store(0)
		s := build(t, "BatchHttpRequests", c.values, &catalog.Env{Project: url})
		ev := post("/", c.body)
		if _, err := s.Do(context.Background(), ev); err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		if got := bodyOf(t, ev); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%s: got %s", c.body, got)
		}
		if n, ok := c.values["max_in_flight"].(int); ok && most.Load() > int64(n) {
			t.Errorf("%d calls at a time, want %d", most.Load(), n)
		}
	}
}

func TestBatchErrors(t *testing.T) {
	var calls atomic.Int64
	url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		var code int
		if fmt.Sscan(string(body), &code); code >= 100 {
			w.WriteHeader(code)
		}
		w.Write(body)
	})
	for _, c := range []struct {
		values     m
		body, want string
		code       serve.Code
	}{
		{m{"url": url}, `{"a": 1}`, "TypeError: the body must be a list", serve.BadRequest},
		{m{"url": url}, `[1, 422, 2]`, "BatchHttpRequests r got an unexpected response status 422: 422", serve.BadRequest},
		{m{"url": url, "retries": 1, "backoff_factor": 0}, `[1, 503]`, "bad http response 503: 503", serve.Unavailable},
		{m{"url_expression": "event['u']"}, `[{"v": 1}]`, "KeyError: 'u'", serve.BadRequest},
		{m{"url": url, "body_expression": "event / 0"}, `[1]`, "ZeroDivisionError: division by zero", serve.BadRequest},
		{m{"url": url, "max_response_bytes": 10}, `[11, 11, 11, 11, 11, 11]`, "all answers together: the answer has more than 10 bytes", serve.Internal},
	} {
		s := build(t, "BatchHttpRequests", c.values, nil)
		_, err := s.Do(context.Background(), post("/", c.body))
		if err == nil || serve.CodeOf(err) != c.code || !strings.Contains(serve.Classic(err), c.want) {
			t.Errorf("%s: %v, want %s", c.body, err, c.want)
		}
	}
	// One that fails ends those that wait.
	calls.Store(0)
	s := build(t, "BatchHttpRequests", m{"url": url, "max_in_flight": 1, "retries": 0}, nil)
	if _, err := s.Do(context.Background(), post("/", "[500"+strings.Repeat(",1", 1000)+"]")); err == nil || calls.Load() > 1 {
		t.Errorf("%d calls after the first one failed, %v", calls.Load(), err)
	}
	// In MLRun's contract what is below 500 is data.
	s = build(t, "BatchHttpRequests", m{"url": url, "return_json": false}, &catalog.Env{MLRun: true})
	ev := post("/", `["422 `+strings.Repeat("x", 2000)+`"]`)
	if _, err := s.Do(context.Background(), ev); err != nil || len(bodyOf(t, ev)) < 2000 {
		t.Errorf("data of status 422: %d bytes, %v", len(bodyOf(t, ev)), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Do(ctx, post("/", "[1, 2]")); serve.CodeOf(err) != serve.Canceled {
		t.Errorf("of a caller that went away: %v", err)
	}
}
