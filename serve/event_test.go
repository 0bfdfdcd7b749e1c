package serve_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/serve"
)

func TestIdentify(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		ev := serve.NewEvent(serve.Target{}, nil)
		id := ev.Identify()
		if !uuid.MatchString(id) || seen[id] {
			t.Fatalf("id %q is no UUID of version 4, or not the first", id)
		}
		seen[id] = true
		if c := ev.Clone(); c.ID != id || ev.Identify() != id {
			t.Fatal("an event changed its id")
		}
	}
}

func TestNewResponse(t *testing.T) {
	ev := serve.NewEvent(serve.Target{}, nil)
	first := ev.NewResponse()
	first.ModelName = "a"
	second, cloned := ev.NewResponse(), ev.Clone().NewResponse()
	if first == second || first == cloned || second.ModelName != "" || cloned.ModelName != "" {
		t.Error("an answer was given twice")
	}
}

func TestHeader(t *testing.T) {
	h := serve.Header{"Mlrun-Event-Id": {"a", "b"}}
	for _, name := range []string{"MLRUN-EVENT-ID", "mlrun-event-id", "Mlrun-Event-Id"} {
		if got := h.Value(name); got != "a" {
			t.Errorf("%s is %q, want a", name, got)
		}
	}
	if got := serve.Header(nil).Value("x"); got != "" {
		t.Errorf("no header has %q", got)
	}
}

// TestView decodes once for each decoder, whoever asks.
func TestView(t *testing.T) {
	var mu sync.Mutex
	ran := map[string]int{}
	decoder := func(name string) *serve.Decoder {
		return &serve.Decoder{Decode: func(raw []byte) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			ran[name]++
			if name == "bad" {
				return nil, errors.New("bad")
			}
			return name + string(raw), nil
		}}
	}
	first, bad := decoder("first"), decoder("bad")
	b := serve.RawBody([]byte("x"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if v, err := b.View(first); v != "firstx" || err != nil {
				t.Errorf("view %v (%v)", v, err)
			}
			if _, err := b.View(bad); err == nil {
				t.Error("the error was forgotten")
			}
		})
	}
	wg.Wait()
	if ran["first"] != 1 || ran["bad"] != 1 {
		t.Errorf("decoded %v times, want once each", ran)
	}
	if v, err := b.View(decoder("third")); v != "thirdx" || err != nil {
		t.Errorf("third view %v (%v)", v, err)
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("boom")
	err := serve.In("graph g: model m", serve.In("predict", cause))
	if got := err.Error(); got != "graph g: model m: predict: boom" {
		t.Errorf("error %q", got)
	}
	if again := serve.In("graph g: model m", err); again.Error() != err.Error() {
		t.Errorf("said twice: %q", again)
	}
	for _, tt := range []struct {
		err     error
		code    serve.Code
		classic string
	}{
		{cause, serve.Internal, "Exception: boom"},
		{serve.In("x", serve.Errorf(serve.NotFound, "KeyError", "no %s", "key")), serve.NotFound, "KeyError: no key"},
		{serve.Errorf(serve.BadRequest, "", "bad"), serve.BadRequest, "ValueError: bad"},
		{fmt.Errorf("wrapped: %w", context.DeadlineExceeded), serve.Timeout, "TimeoutError: wrapped: context deadline exceeded"},
		{context.Canceled, serve.Canceled, "RuntimeError: context canceled"},
	} {
		if got := serve.CodeOf(tt.err); got != tt.code {
			t.Errorf("%v has code %v, want %v", tt.err, got, tt.code)
		}
		if got := serve.Classic(tt.err); got != tt.classic {
			t.Errorf("%v is %q, want %q", tt.err, got, tt.classic)
		}
	}
}

func TestObject(t *testing.T) {
	o := serve.NewObject(serve.Field{Key: "a", Value: 1}, serve.Field{Key: "b", Value: 2})
	p := o.With("a", 3).With("c", 4)
	if v, _ := o.Value("a"); v != 1 {
		t.Error("With changed the object")
	}
	var keys string
	for k := range p.All() {
		keys += k
	}
	if v, _ := p.Value("a"); keys != "abc" || v != 3 || p.Len() != 3 {
		t.Errorf("keys %s, a %v", keys, v)
	}
	if _, ok := p.Value("d"); ok {
		t.Error("there is a d")
	}
}

// TestUntil gives one event two deadlines, one within the other.
func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ev := serve.NewEvent(serve.Target{}, nil)
		outer := ev.Until(t.Context(), time.Now().Add(time.Minute))
		inner := ev.Until(outer, time.Now().Add(time.Second))
		if outer.Err() != nil || inner.Err() != nil {
			t.Error("over at the start")
		}
		start := time.Now()
		<-inner.Done()
		if d := time.Since(start); d != time.Second || !errors.Is(inner.Err(), context.DeadlineExceeded) || outer.Err() != nil {
			t.Errorf("the inner one ended after %v: %v; the outer one: %v", d, inner.Err(), outer.Err())
		}
		inner.Stop()
		time.Sleep(time.Minute)
		if !errors.Is(outer.Err(), context.DeadlineExceeded) { // without a timer
			t.Errorf("the outer one: %v", outer.Err())
		}
		outer.Stop()
		<-outer.Done() // whoever waits after the end does not wait
		if c := ev.Clone(); c.Until(t.Context(), time.Now().Add(time.Hour)).Err() != nil {
			t.Error("a clone is over with its original")
		}
	})
}
