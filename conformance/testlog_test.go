package conformance

import (
	"io"
	"log/slog"
	"testing"
)

// A testLog is the log of a test.
type testLog struct{ t *testing.T }

func (l *testLog) logger() *slog.Logger {
	w := io.Discard
	if testing.Verbose() {
		w = l.t.Output()
	}
	return slog.New(slog.NewTextHandler(w, nil))
}
