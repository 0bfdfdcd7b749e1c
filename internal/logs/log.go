package logs

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// A Log writes lines by settings that may change at any time. It is safe for
// concurrent use.
type Log struct {
	write slog.Handler
	mu    sync.Mutex // held by who changes the settings
	now   atomic.Pointer[Settings]
}

// Options are how a [Log] begins. The zero value writes text from level info on.
type Options struct {
	JSON  bool // lines of JSON instead of key=value
	Level slog.Level
}

// New returns a log that writes to w, one line a Write, from any goroutine: w
// takes turns by itself.
func New(w io.Writer, o Options) *Log {
	l := &Log{}
	s := from(o.Level)
	l.now.Store(&s)
	opts := &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: l.time}
	if o.JSON {
		l.write = slog.NewJSONHandler(w, opts)
	} else {
		l.write = slog.NewTextHandler(w, opts)
	}
	return l
}

// Logger returns a logger that writes to the log.
func (l *Log) Logger() *slog.Logger { return slog.New(&handler{l, l.write}) }

// Settings are those of now.
func (l *Log) Settings() Settings { return *l.now.Load() }

// Change changes what is named, or nothing if there is an error.
func (l *Log) Change(to map[string]any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.Settings()
	if err := s.change(to); err != nil {
		return err
	}
	l.now.Store(&s)
	return nil
}

// time writes the time of a line to the second and in UTC if the format is
// ISO8601.
func (l *Log) time(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime && l.now.Load().Format == iso8601 {
		a.Value = slog.StringValue(a.Value.Time().UTC().Format(time.RFC3339))
	}
	return a
}

// A handler hands records on as the log is set.
type handler struct {
	log  *Log
	next slog.Handler
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return h.log.now.Load().writes(level)
}

// Handle implements [slog.Handler].
func (h *handler) Handle(ctx context.Context, r slog.Record) error { return h.next.Handle(ctx, r) }

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.log, h.next.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.log, h.next.WithGroup(name)}
}
