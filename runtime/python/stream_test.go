package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/leat-ml/leat/serve"
)

func streamCode(tb testing.TB) *Code {
	tb.Helper()
	return testCode(tb, filepath.Join("testdata", "streams.py"))
}

// allOf are all answers to a request, as JSON.
func allOf(ctx context.Context, m *Model, body string) (got []string, err error) {
	err = m.Stream(ctx, rows(body), func(outputs any) error {
		text, err := json.Marshal(outputs)
		got = append(got, string(text))
		return err
	})
	return got, err
}

// TestStream has a generator of thousands of elements arrive in its order, among
// calls and streams beside it, and a model that answers once do so.
func TestStream(t *testing.T) {
	m := startModel(t, streamCode(t), "Numbers", nil)
	if !m.Describe().Streams {
		t.Error("nobody says that it streams")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			const n = 3000
			got, err := allOf(t.Context(), m, fmt.Sprintf(`{"inputs":[%d]}`, n))
			if err != nil || len(got) != n {
				t.Errorf("%d elements, %v", len(got), err)
				return
			}
			for i, g := range got {
				if g != fmt.Sprint(i) {
					t.Errorf("element %d is %s", i, g)
					return
				}
			}
		})
		all.Go(func() {
			for range 100 {
				if got, err := m.Predict(t.Context(), rows(`{"inputs":[2]}`)); err != nil || fmt.Sprintf("%s", got) != "[0,1]" {
					t.Errorf("collected: %v, %v", got, err)
					return
				}
			}
		})
	}
	all.Wait()
	once := startModel(t, streamCode(t), "Once", nil)
	if got, err := allOf(t.Context(), once, `{"inputs":[1,2]}`); err != nil || fmt.Sprint(got) != "[[1, 2]]" && fmt.Sprint(got) != "[[1,2]]" {
		t.Errorf("once: %v, %v", got, err)
	}
	if once.Describe().Streams {
		t.Error("it does not stream")
	}
}

// TestCollected has what a generator yields be a list, of any length, with its numbers as
// they are in Python.
func TestCollected(t *testing.T) {
	m := startModel(t, streamCode(t), "each", nil)
	for body, want := range map[string]string{
		`{"inputs":[]}`:               `[]`,
		`{"inputs":[2.0]}`:            `[2.0]`,
		`{"inputs":[1.5, 2.0, null]}`: `[1.5,2.0,null]`,
	} {
		if got, err := m.Predict(t.Context(), rows(body)); err != nil || fmt.Sprintf("%s", got) != want {
			t.Errorf("%s: %s, %v; want %s", body, got, err, want)
		}
	}
}

// TestFunctionOfTheRequest has a function that takes the request have its parameters,
// in either dialect.
func TestFunctionOfTheRequest(t *testing.T) {
	m := startModel(t, streamCode(t), "told", nil)
	params := map[string]any{"t": 0.5}
	req := &serve.Request{Op: "infer", Dialect: serve.OIP, Inputs: []*serve.Tensor{serve.NewTensor("x", []float64{1})}, Parameters: params}
	for _, req := range []*serve.Request{req, rows(`{"inputs":[1.0],"parameters":{"t":0.5}}`)} {
		if got, err := m.Predict(t.Context(), req); err != nil || fmt.Sprintf("%s", got) != `["inputs","parameters",0.5]` {
			t.Errorf("%v: %s, %v", req.Dialect, got, err)
		}
	}
}

// state is what Numbers has made, and how many of its generators were closed.
func state(t *testing.T, m *Model) (s struct{ Made, Closed int }) {
	t.Helper()
	got, err := allOf(context.Background(), m, `{"inputs":["state"]}`)
	if err != nil || len(got) != 1 {
		t.Fatalf("state: %v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(got[0]), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStreamIsNeverFarAhead has a generator that would go on for ever be held up by
// who does not take what it makes, and be closed when that goes.
func TestStreamIsNeverFarAhead(t *testing.T) {
	m := startModel(t, streamCode(t), "Numbers", nil)
	errEnough := errors.New("enough")
	for _, how := range []string{"context", "error"} {
		before := state(t, m)
		ctx, cancel := context.WithCancel(t.Context())
		taken := 0
		err := m.Stream(ctx, rows(`{"inputs":[1000000000]}`), func(any) error {
			if taken++; taken < 100 {
				return nil
			}
			for range 3 { // there is time for more to be made
				if ahead := state(t, m).Made - before.Made - taken; ahead > window {
					t.Errorf("it is %d elements ahead", ahead)
				}
			}
			if how == "error" {
				return errEnough
			}
			cancel()
			return nil
		})
		cancel()
		if want := map[string]error{"context": context.Canceled, "error": errEnough}[how]; !errors.Is(err, want) {
			t.Errorf("%s: %v", how, err)
		}
		await(t, "the generator is closed", func() bool { return state(t, m).Closed == before.Closed+1 })
		if made := state(t, m).Made - before.Made; made > taken+2*window {
			t.Errorf("%s: %d elements were made, and %d taken", how, made, taken)
		}
	}
}

// TestStreamOfLargeElements has elements of half a mebibyte come one or two at a time,
// which fills no memory, and in their order.
func TestStreamOfLargeElements(t *testing.T) {
	m := startModel(t, streamCode(t), "Padded", nil)
	got, err := allOf(t.Context(), m, `{"inputs":[40,500000]}`)
	if err != nil || len(got) != 40 {
		t.Fatalf("%d elements, %v", len(got), err)
	}
	for i, g := range got {
		if !strings.HasPrefix(g, fmt.Sprintf(`"%dx`, i)) {
			t.Errorf("element %d begins with %.10s", i, g)
		}
	}
}

// TestStreamOfACrash has a worker that ends within a stream be an error behind what it
// sent, and be started again.
func TestStreamOfACrash(t *testing.T) {
	m := startModel(t, streamCode(t), "Crashes", nil)
	got, err := allOf(t.Context(), m, `{"inputs":[1]}`)
	if fmt.Sprint(got) != "[1]" || serve.CodeOf(err) != serve.Unwritable {
		t.Errorf("got %v, %v", got, err)
	}
	await(t, "another worker", func() bool { return m.Down() == nil })
}

// TestStreamWindow ends the connection with a worker that sends more than it may.
func TestStreamWindow(t *testing.T) {
	c := &conn{}
	w := &call{flow: make(chan frame, 2)}
	for i, want := range []error{nil, nil, errWindow} {
		if err := c.part(w, frame{}); !errors.Is(err, want) {
			t.Errorf("part %d: %v", i, err)
		}
	}
	w.left = true
	if err := c.part(w, frame{}); err != nil {
		t.Errorf("of a call that is left: %v", err)
	}
}

// TestBacklog counts a stream as very many calls while the worker may send no more.
func TestBacklog(t *testing.T) {
	for name, tt := range map[string]struct{ size, before, told int }{
		"parts": {1, window - 1, 1},
		"bytes": {windowFull / 2, 1, 1},
		"large": {1 << 20, 0, 1},
	} {
		c, load := &conn{}, &atomic.Int64{}
		w := &call{flow: make(chan frame, window), behind: backlog{load: load}}
		part := frame{body: make([]byte, tt.size)}
		send := func(want int64) {
			t.Helper()
			if err := c.part(w, part); err != nil || load.Load() != want {
				t.Errorf("%s: load %d, want %d, %v", name, load.Load(), want, err)
			}
		}
		for range tt.before {
			send(0)
		}
		send(held)
		<-w.flow
		if c.granted(w, taken{tt.told, tt.told * tt.size}); load.Load() != 0 {
			t.Errorf("%s: load %d once it may send more", name, load.Load())
		}
		send(held)
		if c.unheld(w); load.Load() != 0 {
			t.Errorf("%s: load %d in the end", name, load.Load())
		}
		<-w.flow
		send(0)
	}
}
