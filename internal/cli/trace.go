package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A trace notes what each step of a graph does with an event.
type trace struct {
	mu    sync.Mutex
	start time.Time
	steps []*tracedStep
}

// A tracedStep is one step that had the event.
type tracedStep struct {
	Step     string  `json:"step"`
	At       float64 `json:"at_ms"` // since the first step
	Duration float64 `json:"duration_ms"`
	Input    string  `json:"input"`
	Output   string  `json:"output,omitempty"`
	Fate     string  `json:"fate"`
	Error    string  `json:"error,omitempty"`
}

// Enter implements graph.Tracer.
func (t *trace) Enter(ctx context.Context, step string, ev *serve.Event) (context.Context, func(*serve.Event, serve.Fate, error)) {
	s := &tracedStep{Step: step, Input: excerpt(ev.Body), Fate: "still in it"}
	t.mu.Lock()
	defer t.mu.Unlock()
	begin := time.Now()
	if len(t.steps) == 0 {
		t.start = begin
	}
	s.At = millis(begin.Sub(t.start))
	t.steps = append(t.steps, s)
	return ctx, func(ev *serve.Event, fate serve.Fate, err error) {
		took := time.Since(begin)
		output := ""
		if err == nil && fate != serve.Keep && fate != serve.Drop {
			output = excerpt(ev.Body)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		s.Duration, s.Output, s.Fate = millis(took), output, fateName(fate)
		if err != nil {
			s.Fate, s.Error = "failed", err.Error()
		}
	}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func fateName(f serve.Fate) string {
	if i, ok := f.Follower(); ok {
		return fmt.Sprintf("to follower %d", i)
	}
	switch f {
	case serve.Pass:
		return "passed on"
	case serve.Drop:
		return "filtered"
	case serve.Finish:
		return "answered"
	case serve.Keep:
		return "kept"
	}
	return fmt.Sprint("fate ", int(f))
}

// shownBody is how much of a body a trace shows, in bytes.
const shownBody = 200

// excerpt is a body as one line of text.
func excerpt(b serve.Body) string {
	text, err := oip.AppendBody(nil, b)
	if err != nil {
		return "(cannot be written: " + err.Error() + ")"
	}
	if len(text) == 0 {
		return "null"
	}
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(text[:min(len(text), shownBody)]), "?")), " ")
	if len(text) > shownBody {
		s += fmt.Sprintf(" … (%d bytes)", len(text))
	}
	return s
}

// write writes the trace to stderr as a table, or as JSON.
func (t *trace) write(env *Env, f format) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.json() {
		return printJSON(env.Stderr, map[string]any{"steps": t.steps})
	}
	rows := [][]string{{"STEP", "AT", "TOOK", "FATE", "INPUT", "OUTPUT"}}
	for _, s := range t.steps {
		fate := s.Fate
		if s.Error != "" {
			fate += ": " + s.Error
		}
		rows = append(rows, []string{s.Step, fmt.Sprintf("%.3f ms", s.At), fmt.Sprintf("%.3f ms", s.Duration), fate, s.Input, s.Output})
	}
	return printTable(env.Stderr, rows)
}
