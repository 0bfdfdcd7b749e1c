package python

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	lineLimit = 16 << 10 // bytes of a line that are logged
	lineRate  = 200      // lines a second of one worker's stream that are logged, in the long run
	lineBurst = 2000     // and at once
	tailLines = 200      // last lines of stderr that are kept
)

// A tail is the last lines of a worker's stderr, for whoever tells why it ended.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, line[:min(len(line), 500)])
}

// last are the last n lines.
func (t *tail) last(n int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines[max(0, len(t.lines)-n):])
}

// An output is one stream of a worker on its way to the log. It takes whatever
// comes as fast as it comes: lines beyond what a log can take are counted and
// not logged.
type output struct {
	logger *slog.Logger
	name   string // "stdout" or "stderr"
	level  slog.Level
	tail   *tail // nil for stdout

	room    float64 // lines that may be logged now
	at      time.Time
	dropped int
	told    time.Time // when it was last said how many
}

// read logs lines until the stream ends.
func (o *output) read(r io.Reader) {
	o.room, o.at = lineBurst, time.Now()
	lines := bufio.NewReaderSize(r, lineLimit)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			o.line(strings.ToValidUTF8(strings.TrimRight(string(line), "\r\n"), "\uFFFD"))
		}
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a long line
			_, err = lines.ReadSlice('\n')
		}
		if err != nil {
			o.tellDropped()
			return
		}
	}
}

func (o *output) line(text string) {
	if text == "" {
		return
	}
	if o.tail != nil {
		o.tail.add(text)
	}
	if o.room < 1 {
		now := time.Now()
		o.room = min(lineBurst, o.room+now.Sub(o.at).Seconds()*lineRate)
		o.at = now
		if o.room < 1 {
			o.dropped++
			return
		}
	}
	o.room--
	if o.dropped > 0 && time.Since(o.told) >= time.Second { // else of each line there would be two
		o.tellDropped()
	}
	o.logger.LogAttrs(context.Background(), o.level, text, slog.String("stream", o.name))
}

func (o *output) tellDropped() {
	if o.dropped > 0 {
		o.logger.Warn("lines of the Python code are not logged: there are too many", "stream", o.name, "lines", o.dropped)
		o.dropped, o.told = 0, time.Now()
	}
}
