package python

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A chatter writes a line every millisecond.
type chatter struct{ lines int }

func (c *chatter) Read(p []byte) (int, error) {
	if c.lines == 0 {
		return 0, io.EOF
	}
	c.lines--
	time.Sleep(time.Millisecond)
	return copy(p, "a line\n"), nil
}

// A countingHandler counts what is logged, and what is said not to be.
type countingHandler struct {
	slog.Handler
	lines, told, dropped int
}

func (h *countingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *countingHandler) Handle(_ context.Context, r slog.Record) error {
	if !strings.Contains(r.Message, "are not logged") {
		h.lines++
		return nil
	}
	h.told++
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "lines" {
			h.dropped += int(a.Value.Int64())
		}
		return true
	})
	return nil
}

// TestOutputOfManyLines wants each line of code that prints too much to be logged or
// counted, and the count to be told once a second and not behind every line.
func TestOutputOfManyLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lines, seconds = 60_000, 60
		h := &countingHandler{}
		o := output{logger: slog.New(h), name: "stdout"}
		o.read(&chatter{lines})
		if h.lines+h.dropped != lines {
			t.Errorf("%d lines are logged and %d counted, of %d", h.lines, h.dropped, lines)
		}
		if most := lineBurst + lineRate*seconds + 1; h.lines > most {
			t.Errorf("%d lines are logged, want at most %d", h.lines, most)
		}
		if h.told == 0 || h.told > seconds+1 {
			t.Errorf("it is told %d times, want once a second", h.told)
		}
	})
}
