package python

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

func TestLastWords(t *testing.T) {
	lines := strings.Split("a\nb\nCurrent thread 0x1 (most recent call first):\n  File \"/u/a.py\", line 3 in g\nc\nd", "\n")
	for n, want := range map[int][]string{1: {"d"}, 3: {"b", "c", "d"}, 9: {"a", "b", "c", "d"}} {
		if got := lastWords(lines, n); !slices.Equal(got, want) {
			t.Errorf("%d words: %q, want %q", n, got, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	const frames = `
Thread 0x00007f (most recent call first):
  File "/u/other.py", line 1 in f
Current thread 0x00007e (most recent call first):
  File "/cache/x/leat_worker/process.py", line 9 in _exit
  File "/v/lib/python3.11/site-packages/numpy/core.py", line 5 in dot
  File "/u/code.py", line 12 in predict
  File "/cache/x/leat_worker/models.py", line 90 in run`
	for name, tt := range map[string]struct{ text, want string }{
		"user's":     {frames, "code.py:12 in predict"},
		"later text": {frames + "\nbye\nbye", "code.py:12 in predict"},
		"two stacks": {frames + strings.ReplaceAll(frames, "12", "13"), "code.py:13 in predict"},
		"library":    {strings.ReplaceAll(frames, "/u/code.py", "<frozen x>"), "core.py:5 in dot"},
		"one thread": {"Stack (most recent call first):\n  File \"/u/a.py\", line 3 in g", "a.py:3 in g"},
		"ours only":  {"Current thread 0x1 (most recent call first):\n  File \"/x/leat_worker/worker.py\", line 3 in run", ""},
		"no stack":   {"File \"/u/a.py\", line 3 in g\nno", ""},
		"nothing":    {"", ""},
	} {
		if got := placeIn(strings.Split(tt.text, "\n")); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// FuzzPlaces reads what any code may write to stderr.
func FuzzPlaces(f *testing.F) {
	f.Add("Current thread 0x1 (most recent call first):\n  File \"/u/a.py\", line 3 in g\nbye")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		if at := placeIn(lines); len(at) > len(text)+1 {
			t.Errorf("place %q of %q", at, text)
		}
		if words := lastWords(lines, 3); len(words) > 3 {
			t.Errorf("%d words", len(words))
		}
	})
}

// FuzzRouteQuestions reads what a worker may ask of a router that has no event.
func FuzzRouteQuestions(f *testing.F) {
	f.Add([]byte(`{"ask": "route", "route": "a", "ticket": 1, "path": "x", "headers": {"a": "b"}}`), []byte(`{}`), uint8(isJSON))
	f.Fuzz(func(t *testing.T, meta, body []byte, is uint8) {
		var ts transits
		r := &Router{loaded: &Loaded{code: &Code{}}, env: &catalog.Env{}}
		_, end := ts.begin(t.Context(), r, serve.NewEvent(serve.Target{}, []byte("1")))
		defer end()
		a, ours := ts.asked(&frame{meta: meta, body: body, flags: flags(is)})
		if ours && !json.Valid(a.meta) {
			t.Errorf("answer %q", a.meta)
		}
	})
}
