package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/mem"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A fake is a driver that does what a test wants. As a stream that leaves the
// process it is the other half of mem.
type fake struct {
	driver.Stream // in memory; nil where nothing is read
	traits        driver.Traits
	fail          func(attempt int, batch []*driver.Message) error

	mu      sync.Mutex
	calls   int
	batches [][]string
	took    []*driver.Message
}

func (f *fake) open(context.Context, driver.Source) (driver.Stream, driver.Traits, error) {
	return f, f.traits, nil
}

func (f *fake) Publish(ctx context.Context, batch []*driver.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.fail != nil {
		if err := f.fail(f.calls, batch); err != nil {
			return err
		}
	}
	var texts []string
	for _, m := range batch {
		texts = append(texts, string(m.Body))
	}
	f.batches = append(f.batches, texts)
	f.took = append(f.took, batch...)
	if f.Stream != nil {
		return f.Stream.Publish(ctx, batch)
	}
	return nil
}

func (f *fake) Close(ctx context.Context) error {
	if f.Stream != nil {
		return f.Stream.Close(ctx)
	}
	return nil
}

// memory is a topic in memory, or one that only seems to leave the process.
func memory(t testing.TB, remote bool, o *stream.Options) *stream.Topic {
	t.Helper()
	x := &stream.Mux{}
	open := new(mem.Memory).Open
	x.Register("mem", func(ctx context.Context, s driver.Source) (driver.Stream, driver.Traits, error) {
		inner, traits, err := open(ctx, s)
		if remote {
			return &fake{Stream: inner}, driver.Traits{}, err
		}
		return inner, traits, err
	})
	topic, err := x.Open(context.Background(), "mem://t?max_messages=100000", o)
	if err != nil {
		t.Fatal(err)
	}
	return topic
}

func topicOf(t testing.TB, f *fake, o *stream.Options) *stream.Topic {
	t.Helper()
	x := &stream.Mux{}
	x.Register("fake", f.open)
	topic, err := x.Open(context.Background(), "fake://user:secret@h/t", o)
	if err != nil {
		t.Fatal(err)
	}
	return topic
}

func body(text string) *stream.Message { return &stream.Message{Body: []byte(text)} }

// TestBatches wants what comes while a batch is on its way to go together, and
// in its order.
func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fail: func(int, []*driver.Message) error { time.Sleep(time.Second); return nil }}
		topic := topicOf(t, f, &stream.Options{MaxBatch: 3})
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				if err := topic.Publish(t.Context(), body(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		if diff := cmp.Diff([][]string{{"0"}, {"1", "2", "3"}, {"4", "5"}}, f.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		if err := topic.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := topic.Publish(t.Context(), body("x")); !errors.Is(err, driver.ErrClosed) {
			t.Errorf("publish after close: %v", err)
		}
	})
}

// TestPartialFailure wants those that failed to be tried again, before what
// came behind them, and nobody else.
func TestPartialFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		large := driver.Permanent(errors.New("too large"))
		f := &fake{}
		f.fail = func(attempt int, batch []*driver.Message) error {
			switch attempt {
			case 1:
				time.Sleep(time.Second) // what follows gathers
			case 2:
				return &driver.BatchError{Errs: []error{nil, errors.New("lost"), large}}
			case 3:
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		w := &watcher{}
		topic := topicOf(t, f, &stream.Options{MaxBatch: 3, Observer: w})
		errs := make([]error, 5)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = topic.Publish(t.Context(), body(fmt.Sprint(i))) })
			synctest.Wait()
		}
		all.Wait()
		for i, err := range errs {
			if wrong := i == 3; wrong != (err != nil) || wrong && !errors.Is(err, large) {
				t.Errorf("message %d: error %v", i, err)
			}
		}
		if errs[3] == nil || strings.Contains(errs[3].Error(), "secret") {
			t.Errorf("error %v, want no password in it", errs[3])
		}
		if diff := cmp.Diff([][]string{{"0"}, {"2"}, {"4"}}, f.batches); diff != "" {
			t.Errorf("batches that were taken whole (-want +got):\n%s", diff)
		}
		if w.published != 4 || w.bytes != 4 {
			t.Errorf("%d messages of %d bytes were counted, want the four of a byte that got in", w.published, w.bytes)
		}
		if err := topic.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fail: func(int, []*driver.Message) error { return io.ErrUnexpectedEOF }}
		topic := topicOf(t, f, &stream.Options{Attempts: 3})
		if err := topic.Publish(t.Context(), body("x")); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error %v", err)
		}
		if f.calls != 3 {
			t.Errorf("%d attempts, want 3", f.calls)
		}
		if err := topic.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestPublishContexts wants nobody to wait beyond its context: for room, for its turn, or
// for the backend.
func TestPublishContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		f := &fake{fail: func(int, []*driver.Message) error { <-block; return nil }}
		topic := topicOf(t, f, &stream.Options{MaxPending: 1, MaxBatch: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				if err := topic.Publish(ctx, body(fmt.Sprint(i))); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("message %d: error %v", i, err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		late, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		if err := topic.Close(late); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: error %v", err)
		}
		close(block)
		synctest.Wait()
		if diff := cmp.Diff([][]string{{"0"}}, f.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

func TestFormats(t *testing.T) {
	m := &stream.Message{Key: "k", ID: "i", Header: map[string][]string{"H": {"v"}}, Body: []byte(`{"a":1}`)}
	wrapped := `{"full_event_wrapper":true,"body":{"a":1},"key":"k","id":"i","headers":{"H":["v"]}}`
	for name, c := range map[string]struct {
		format stream.Format
		wraps  bool
		want   *stream.Message
	}{
		"native":              {stream.Native, false, m},
		"native, a file":      {stream.Native, true, m},
		"full event":          {stream.FullEvent, false, &stream.Message{Key: "k", Body: []byte(wrapped)}},
		"full event, a file":  {stream.FullEvent, true, m}, // which wraps it
		"the body":            {stream.Bare, false, &stream.Message{Key: "k", Body: m.Body}},
		"the body, in a file": {stream.Bare, true, &stream.Message{Body: m.Body}},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{traits: driver.Traits{Wraps: c.wraps}}
			topic := topicOf(t, f, &stream.Options{Format: c.format})
			if err := topic.Publish(t.Context(), &stream.Message{Value: value{m}}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]*stream.Message{c.want}, f.took); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			if err := topic.Publish(t.Context(), &stream.Message{Value: value{}}); !errors.Is(err, errValue) {
				t.Errorf("a message that cannot be encoded: error %v", err)
			}
			if err := topic.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

type value struct{ m *driver.Message }

var errValue = errors.New("no value")

func (v value) Size() int { return 0 }
func (v value) Encode() (*driver.Message, error) {
	if v.m == nil {
		return nil, errValue
	}
	return v.m, nil
}

func TestOpen(t *testing.T) {
	x := &stream.Mux{}
	for rawURL, want := range map[string]string{
		"v3io:///p/s":            "use one of the kinds that this program has (fake://, mem://)",
		"kafka://secret@b/t":     "no streams of the kind kafka:// (it has fake://, mem://)",
		"redis://:secret@b/k":    "no streams of the kind redis:// (it has fake://, mem://)",
		"https://h/p?key=secret": "no streams of the kind https://",
		"nats://a:b@h/s":         "nats://a:xxxxx@h/s: this program has no streams of the kind nats:// (it has fake://, mem://)",
		"some/path":              `"some/path" is no URL of a stream`,
		"mem://a?nope=1":         `open stream mem://a?nope=1: unknown option "nope"`,
		"mem://a:secret\n":       "cannot be read",
	} {
		if len(x.Schemes()) == 0 {
			if err := x.Check("mem://a"); err == nil || !strings.Contains(err.Error(), "(it has none)") {
				t.Errorf("nothing registered: error %v", err)
			}
			x.Register("mem", new(mem.Memory).Open)
			x.Register("fake", new(fake).open)
		}
		_, err := x.Open(t.Context(), rawURL, nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, want %s", rawURL, err, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a scheme was registered twice")
		}
	}()
	x.Register("mem", new(mem.Memory).Open)
}

// watcher is an Observer that counts.
type watcher struct {
	mu        sync.Mutex
	published int
	bytes     int
	handled   map[stream.Outcome]int
}

func (w *watcher) Published(n, bytes int, _ time.Duration, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published += n
	w.bytes += bytes
}

func (w *watcher) Handled(_ time.Duration, o stream.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.handled == nil {
		w.handled = map[stream.Outcome]int{}
	}
	w.handled[o]++
}

// TestAttempts wants a handler that fails to be called again, with longer and
// longer pauses, and then the dead letter, which is tried until it is kept.
func TestAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watcher{}
		topic := memory(t, true, &stream.Options{Observer: w})
		bad := errors.New("bad")
		var mu sync.Mutex
		calls := map[string]int{}
		var dead []string
		s, err := topic.Subscribe(t.Context(), "g", func(_ context.Context, d *stream.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			calls[string(d.Body)]++
			switch {
			case string(d.Body) == "twice" && calls["twice"] < 2, string(d.Body) == "never":
				return bad
			case string(d.Body) == "hopeless":
				return driver.Permanent(bad)
			}
			return nil
		}, &stream.SubscribeOptions{Attempts: 3, Dead: func(_ context.Context, d *stream.Delivery, err error, attempts int) error {
			mu.Lock()
			defer mu.Unlock()
			dead = append(dead, fmt.Sprintf("%s %v %d", d.Body, err, attempts))
			if len(dead) == 1 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"once", "twice", "never", "hopeless", "once"} {
			if err := topic.Publish(t.Context(), body(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"once": 2, "twice": 2, "never": 3, "hopeless": 1}, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"never bad 3", "never bad 3", "hopeless bad 1"}, dead); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
		want := stream.Ledger{Delivered: 3, Dead: 2, Retried: 3}
		if got := s.Ledger(); got != want {
			t.Errorf("ledger %+v, want %+v", got, want)
		}
		finish(t, s, topic)
		if diff := cmp.Diff(map[stream.Outcome]int{stream.Delivered: 3, stream.Dead: 2, stream.Retried: 3}, w.handled); diff != "" || w.published != 5 || w.bytes != len("oncetwiceneverhopelessonce") {
			t.Errorf("%d were published with %d bytes, handled (-want +got):\n%s", w.published, w.bytes, diff)
		}
	})
}

func finish(t *testing.T, s *stream.Subscription, topic *stream.Topic) {
	t.Helper()
	for range 2 {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close subscription: %v", err)
		}
		if err := topic.Close(context.Background()); err != nil {
			t.Errorf("close topic: %v", err)
		}
	}
}

// TestWorkers wants several messages to be handled at a time, those of one key
// in their order and one by one.
func TestWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		topic := memory(t, true, nil)
		var mu sync.Mutex
		at, most := 0, 0
		busy := map[string]bool{}
		got := map[string][]string{}
		for i := range 40 {
			m := body(fmt.Sprintf("%02d", i))
			if i%4 > 0 {
				m.Key = fmt.Sprint(i % 4)
			}
			if err := topic.Publish(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		s, err := topic.Subscribe(t.Context(), "g", func(_ context.Context, d *stream.Delivery) error {
			mu.Lock()
			at++
			most = max(most, at)
			if d.Key != "" && busy[d.Key] {
				t.Errorf("key %s is handled twice at a time", d.Key)
			}
			busy[d.Key] = true
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			at--
			busy[d.Key] = false
			got[d.Key] = append(got[d.Key], string(d.Body))
			mu.Unlock()
			return nil
		}, &stream.SubscribeOptions{Workers: 5, Prefetch: 8})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		finish(t, s, topic)
		for key, list := range got {
			if len(list) != 10 || key != "" && !slices.IsSorted(list) {
				t.Errorf("key %s: %v", key, list)
			}
		}
		if most != 5 {
			t.Errorf("at most %d were handled at a time, want 5", most)
		}
	})
}

// TestCloseReturns wants a subscription that is closed to finish what is at
// work, and to leave the rest to others.
func TestCloseReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		topic := memory(t, true, nil)
		var got []string
		handler := func(_ context.Context, d *stream.Delivery) error {
			time.Sleep(time.Second)
			got = append(got, string(d.Body))
			return nil
		}
		for i := range 5 {
			if err := topic.Publish(t.Context(), body(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			s, err := topic.Subscribe(t.Context(), "g", handler, nil)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500 * time.Millisecond)
			if err := s.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if l := s.Ledger(); l.Delivered != 2 {
				t.Errorf("ledger %+v, want 2 delivered", l)
			}
		}
		if diff := cmp.Diff([]string{"0", "1", "2", "3"}, got); diff != "" {
			t.Errorf("handled (-want +got):\n%s", diff)
		}
		if n, err := topic.Lag(t.Context(), "g"); n != 1 || err != nil {
			t.Errorf("lag %d, %v, want 1", n, err)
		}
		if err := topic.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestCloseLate wants the handler's context to end when Close cannot wait, and
// its message to be delivered again.
func TestCloseLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		topic := memory(t, true, nil)
		if err := topic.Publish(t.Context(), body("x")); err != nil {
			t.Fatal(err)
		}
		s, err := topic.Subscribe(t.Context(), "g", func(ctx context.Context, _ *stream.Delivery) error {
			<-ctx.Done()
			return ctx.Err()
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drain: error %v", err)
		}
		if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: error %v", err)
		}
		synctest.Wait()
		if l := s.Ledger(); l != (stream.Ledger{Returned: 1}) {
			t.Errorf("ledger %+v, want one returned", l)
		}
		if n, err := topic.Lag(t.Context(), "g"); n != 1 || err != nil {
			t.Errorf("lag %d, %v, want 1", n, err)
		}
		if err := topic.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestUnwraps wants a body in MLRun's wrapper to come without it.
func TestUnwraps(t *testing.T) {
	for text, want := range map[string]string{
		`{"full_event_wrapper": true, "body": {"a": 1}, "key": "k", "id": 7}`: `{"a": 1} k 7`,
		`{"full_event_wrapper": false, "body": 1}`:                            `{"full_event_wrapper": false, "body": 1}  `,
		`"full_event_wrapper"`:                                                `"full_event_wrapper"  `,
	} {
		topic := memory(t, true, nil)
		got := make(chan string, 1)
		s, err := topic.Subscribe(t.Context(), "g", func(_ context.Context, d *stream.Delivery) error {
			got <- fmt.Sprintf("%s %s %s", d.Body, d.Key, d.ID)
			return nil
		}, &stream.SubscribeOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := topic.Publish(t.Context(), body(text)); err != nil {
			t.Fatal(err)
		}
		if out := <-got; out != want {
			t.Errorf("%s came as %s, want %s", text, out, want)
		}
		finish(t, s, topic)
	}
}

// TestParts has messages that hold several: each is handled for itself, tried again
// and given up for itself, and the whole acknowledged once.
func TestParts(t *testing.T) {
	memory, x := &mem.Memory{}, &stream.Mux{}
	x.Register("mem", memory.Open)
	x.Unpack("text/lines", func(body []byte) ([]*stream.Message, error) {
		if len(body) == 0 {
			return nil, errors.New("no lines")
		}
		var ms []*stream.Message
		for _, line := range strings.Split(string(body), "\n") {
			ms = append(ms, &stream.Message{Body: []byte(line)})
		}
		return ms, nil
	})
	topic, err := x.Open(t.Context(), "mem://x", nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string][]string{"Content-Type": {"text/lines"}}
	for _, m := range []*stream.Message{
		{Header: lines, Body: []byte("a\nbad\nagain\nb")}, {Body: []byte("c\nd")}, {Header: lines},
		{Header: map[string][]string{"Content-Type": {"text/other"}}, Body: []byte("e")},
	} {
		if err := topic.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	var handled, dead []string
	sub, err := topic.Subscribe(t.Context(), "g", func(_ context.Context, d *stream.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		text := string(d.Body)
		if text == "bad" || text == "again" && !slices.Contains(handled, text) {
			handled = append(handled, text)
			return errors.New("no")
		}
		handled = append(handled, text)
		return nil
	}, &stream.SubscribeOptions{Attempts: 2, Backoff: time.Millisecond, Dead: func(_ context.Context, d *stream.Delivery, _ error, _ int) error {
		mu.Lock()
		defer mu.Unlock()
		dead = append(dead, string(d.Body))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if n, err := topic.Lag(t.Context(), "g"); err != nil || n == 0 {
			break
		}
	}
	if err := errors.Join(sub.Close(t.Context()), topic.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a", "bad", "bad", "again", "again", "b", "c\nd", "e"}, handled); d != "" {
		t.Errorf("handled (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"bad", ""}, dead); d != "" {
		t.Errorf("dead (-want +got):\n%s", d)
	}
	if l := sub.Ledger(); l.Delivered != 5 || l.Dead != 2 || l.Retried != 2 {
		t.Errorf("ledger %+v", l)
	}
}
