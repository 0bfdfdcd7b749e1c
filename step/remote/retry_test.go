package remote

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A fake answers requests in place of the network, so that time can be made.
type fake func(n int, r *http.Request) (*http.Response, error)

// A script counts and times the attempts that a fake is asked for.
type script struct {
	f     fake
	mu    sync.Mutex
	times []time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.times = append(s.times, time.Now())
	n := len(s.times)
	s.mu.Unlock()
	return s.f(n, r)
}

func (s *script) attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.times)
}

func status(code int) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`"ok"`)), ContentLength: 4}
}

// scripted is a step that calls a fake.
func scripted(t *testing.T, values m, env *catalog.Env, f fake) (serve.Step, *script) {
	t.Helper()
	s := build(t, "$remote", values, env)
	sc := &script{f: f}
	s.(*step).client.http.Transport = sc
	s.(*step).client.direct = false
	return s, sc
}

// with is what every case of a table has, changed.
func with(values m, key string, v any) m {
	out := m{key: v}
	for k, v := range values {
		out[k] = v
	}
	return out
}

// TestRetried wants what is repeated, and how often.
func TestRetried(t *testing.T) {
	refused := func(int, *http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	for name, c := range map[string]struct {
		values m
		env    *catalog.Env
		f      fake
		want   int
		code   serve.Code
	}{
		"GET, by itself":         {m{"method": "GET"}, nil, refused, 7, serve.Unavailable},
		"POST, by itself":        {m{"method": "POST"}, nil, refused, 1, serve.Unavailable},
		"POST in MLRun":          {m{"method": "POST"}, &catalog.Env{MLRun: true}, refused, 7, serve.Unavailable},
		"POST, if the spec says": {m{"method": "POST", "retries": 2}, nil, refused, 3, serve.Unavailable},
		"none":                   {m{"method": "GET", "retries": 0}, nil, refused, 1, serve.Unavailable},
		"503":                    {m{"method": "PUT", "retries": 1}, nil, func(int, *http.Request) (*http.Response, error) { return status(503), nil }, 2, serve.Unavailable},
		"400":                    {m{"method": "GET"}, nil, func(int, *http.Request) (*http.Response, error) { return status(400), nil }, 1, serve.BadRequest},
		"timeouts": {m{"method": "GET", "retries": 1, "timeout": 3}, nil, func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, 2, serve.Timeout},
		"success at last": {m{"method": "POST", "retries": 3}, nil, func(n int, _ *http.Request) (*http.Response, error) {
			if n < 4 {
				return status(500), nil
			}
			return status(200), nil
		}, 4, serve.OK},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, sc := scripted(t, with(c.values, "url", "http://host"), c.env, c.f)
			_, err := s.Do(context.Background(), post("/", `{"x": 1}`))
			if sc.attempts() != c.want {
				t.Errorf("%s: %d attempts, want %d", name, sc.attempts(), c.want)
			}
			if c.code == serve.OK && err != nil || c.code != serve.OK && (err == nil || serve.CodeOf(err) != c.code) {
				t.Errorf("%s: %v, want code %d", name, err, c.code)
			}
		})
	}
}

// TestBackoff wants delays that grow, with jitter, to two minutes at most.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sc := scripted(t, m{"url": "http://host", "method": "GET", "retries": 9, "backoff_factor": 2, "breaker_failures": 0}, nil,
			func(int, *http.Request) (*http.Response, error) { return status(502), nil })
		if _, err := s.Do(context.Background(), post("/", "1")); !strings.Contains(err.Error(), "attempt 10 of 10") {
			t.Error(err)
		}
		whole := true
		for i, most := range []float64{2, 4, 8, 16, 32, 64, 120, 120, 120} {
			d := sc.times[i+1].Sub(sc.times[i]).Seconds()
			if d < most/2 || d > most {
				t.Errorf("delay %d is %v s, want %v to %v", i+1, d, most/2, most)
			}
			whole = whole && (d == most || d == most/2)
		}
		if whole {
			t.Error("there is no jitter")
		}
	})
}

// TestBudget wants no wait that ends behind the event's deadline, and delays
// that the other service asks for.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sc := scripted(t, m{"url": "http://host", "method": "GET", "backoff_factor": 4}, nil,
			func(int, *http.Request) (*http.Response, error) { return status(500), nil })
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := s.Do(ctx, post("/", "1"))
		if serve.CodeOf(err) != serve.Unavailable || time.Since(begin) > 4*time.Second || sc.attempts() > 3 || ctx.Err() != nil {
			t.Errorf("after %v and %d attempts: %v", time.Since(begin), sc.attempts(), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, sc := scripted(t, m{"url": "http://host", "method": "GET", "backoff_factor": 0}, nil, func(n int, _ *http.Request) (*http.Response, error) {
			a := status(200)
			if n == 1 {
				a = status(503)
				a.Header.Set("Retry-After", "7")
			}
			return a, nil
		})
		if _, err := s.Do(context.Background(), post("/", "1")); err != nil || sc.times[1].Sub(sc.times[0]) != 7*time.Second {
			t.Errorf("%v, %v", sc.times, err)
		}
	})
}

// TestCancelDuringBackoff wants a caller that goes away not to wait.
func TestCancelDuringBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := scripted(t, m{"url": "http://host", "method": "GET", "backoff_factor": 100}, nil,
			func(int, *http.Request) (*http.Response, error) { return status(500), nil })
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		if _, err := s.Do(ctx, post("/", "1")); serve.CodeOf(err) != serve.Canceled || time.Since(begin) != time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

// TestBreaker follows a host through failure and recovery.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		s, sc := scripted(t, m{"url_expression": "event", "method": "GET", "retries": 0, "breaker_failures": 5, "breaker_seconds": 3}, nil,
			func(_ int, r *http.Request) (*http.Response, error) {
				if !up && r.URL.Host == "bad" {
					return nil, errors.New("down")
				}
				return status(200), nil
			})
		do := func(url string) error {
			_, err := s.Do(context.Background(), &serve.Event{Body: serve.ValueBody(url)})
			return err
		}
		for i := range 5 {
			if err := do("http://bad"); err == nil || strings.Contains(err.Error(), "does not call") {
				t.Fatalf("call %d: %v", i, err)
			}
		}
		for range 100 {
			err := do("http://bad/x")
			if serve.CodeOf(err) != serve.Unavailable || !strings.Contains(err.Error(), "RemoteStep r does not call bad for another 3s") {
				t.Fatalf("while it is open: %v", err)
			}
		}
		if sc.attempts() != 5 {
			t.Errorf("%d attempts, want 5", sc.attempts())
		}
		if err := do("http://good"); err != nil {
			t.Errorf("another host: %v", err)
		}
		time.Sleep(3 * time.Second)
		if err := do("http://bad"); err == nil || !strings.Contains(err.Error(), "down") {
			t.Errorf("the probe: %v", err)
		}
		if err := do("http://bad"); err == nil || !strings.Contains(err.Error(), "does not call") {
			t.Errorf("after a probe that failed: %v", err)
		}
		up = true
		time.Sleep(3 * time.Second)
		for range 10 {
			if err := do("http://bad"); err != nil {
				t.Errorf("up again: %v", err)
			}
		}
	})
}

// TestSlowHost wants callers not to queue up behind a host that does not answer.
func TestSlowHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sc := scripted(t, m{"url": "http://host"}, nil, func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		var slow, refused int
		for range 100 {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			begin := time.Now()
			_, err := s.Do(ctx, post("/", "1"))
			cancel()
			switch code := serve.CodeOf(err); {
			case code == serve.Timeout && strings.Contains(err.Error(), "timed out in RemoteStep r"):
				slow++
			case code == serve.Unavailable && strings.Contains(err.Error(), "RemoteStep r does not call host") && time.Since(begin) == 0:
				refused++
			}
		}
		if slow != defaultFailures || refused != 100-slow || sc.attempts() != slow {
			t.Errorf("%d were slow, %d were refused, %d attempts were made", slow, refused, sc.attempts())
		}
	})
}

// TestOpensWhileRetrying wants the failure that opened the breaker reported.
func TestOpensWhileRetrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sc := scripted(t, m{"url": "http://host", "retries": 5, "breaker_failures": 2, "breaker_seconds": 60}, nil,
			func(int, *http.Request) (*http.Response, error) { return status(500), nil })
		_, err := s.Do(context.Background(), post("/", "1"))
		if !strings.Contains(err.Error(), "attempt 2 of 6: bad http response 500") || sc.attempts() != 2 {
			t.Errorf("after %d attempts: %v", sc.attempts(), err)
		}
	})
}

// TestBreakerCounts is about which attempts open it.
func TestBreakerCounts(t *testing.T) {
	for name, c := range map[string]struct {
		each func(b *breaker, i int)
		open bool
	}{
		"all fail":           {func(b *breaker, _ int) { b.done(failed, false) }, true},
		"a third fails":      {func(b *breaker, i int) { b.done(map[bool]outcome{true: failed}[i%3 == 0], false) }, false},
		"half fails":         {func(b *breaker, i int) { b.done(outcome(i%2), false) }, true},
		"callers go away":    {func(b *breaker, _ int) { b.done(abandoned, false) }, false},
		"one every 4 s":      {func(b *breaker, _ int) { b.done(failed, false); time.Sleep(4 * time.Second) }, false},
		"one a minute":       {func(b *breaker, _ int) { b.done(failed, false); time.Sleep(time.Minute) }, false},
		"a breaker that off": {func(b *breaker, _ int) { b.failures = 0; b.done(failed, false) }, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := &breaker{failures: 10, rest: time.Hour}
			for i := range 100 {
				c.each(b, i)
			}
			if _, _, ok := b.allow(); ok == c.open {
				t.Errorf("%s: an attempt is allowed: %v", name, ok)
			}
		})
	}
}

// TestProbe wants one probe at a time, and a next one when a caller leaves it.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{failures: 1, rest: time.Second}
		b.done(failed, false)
		time.Sleep(time.Second)
		half, _, ok := b.allow()
		if _, wait, second := b.allow(); !half || !ok || second || wait <= 0 {
			t.Error("two probes at a time")
		}
		b.done(abandoned, true)
		if half, _, ok = b.allow(); !half || !ok {
			t.Error("no probe after one that was left")
		}
		b.done(succeeded, true)
		if half, _, ok = b.allow(); half || !ok {
			t.Error("still open after a success")
		}
	})
}

// TestBreakersForget wants bounded memory where events choose the hosts.
func TestBreakersForget(t *testing.T) {
	bs := breakers{failures: 1, rest: time.Hour}
	open := bs.of("open")
	open.done(failed, false)
	for i := range 10_000 {
		bs.of(strings.Repeat("h", i%5000+1))
	}
	if len(bs.host) > mostHosts || bs.of("open") != open {
		t.Errorf("%d breakers; the open one is kept: %v", len(bs.host), bs.of("open") == open)
	}
}

// TestHedge races a slow attempt.
func TestHedge(t *testing.T) {
	slow := func(r *http.Request, d time.Duration) (*http.Response, error) {
		select {
		case <-time.After(d):
			return status(200), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	for name, c := range map[string]struct {
		f        fake
		attempts int
		took     time.Duration
		fails    bool
	}{
		"fast": {func(_ int, r *http.Request) (*http.Response, error) { return slow(r, time.Second/2) }, 1, time.Second / 2, false},
		"slow first": {func(n int, r *http.Request) (*http.Response, error) {
			return slow(r, time.Duration(11-10*(n-1))*time.Second)
		}, 2, 2 * time.Second, false},
		"slow second": {func(n int, r *http.Request) (*http.Response, error) { return slow(r, time.Duration(n*n)*2*time.Second) }, 2, 2 * time.Second, false},
		"second fails": {func(n int, r *http.Request) (*http.Response, error) {
			a, err := slow(r, 3*time.Second/time.Duration(n*n))
			return map[int]*http.Response{1: a}[n], map[int]error{1: err, 2: io.EOF}[n]
		}, 2, 3 * time.Second, false},
		"both fail":        {func(_ int, r *http.Request) (*http.Response, error) { slow(r, 3*time.Second); return nil, io.EOF }, 2, 4 * time.Second, true},
		"fails at once":    {func(int, *http.Request) (*http.Response, error) { return nil, io.EOF }, 1, 0, true},
		"refused is final": {func(int, *http.Request) (*http.Response, error) { return status(422), nil }, 1, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, sc := scripted(t, m{"url": "http://host", "method": "GET", "retries": 0, "hedge_after": 1}, nil, c.f)
			begin := time.Now()
			_, err := s.Do(context.Background(), post("/", "1"))
			if took := time.Since(begin); sc.attempts() != c.attempts || took != c.took || (err != nil) != c.fails {
				t.Errorf("%s: %d attempts in %v, %v; want %d in %v", name, sc.attempts(), took, err, c.attempts, c.took)
			}
		})
	}
}
