package cli

import (
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/logs"
)

// logging are the flags of logs.
type logging struct {
	LogFormat string `setting:"" enum:"text,json" default:"text" placeholder:"FORMAT" help:"Log lines as text or json."`
	LogLevel  string `setting:"" enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error."`
}

func (l logging) log(w io.Writer) *logs.Log {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.LogLevel)) // the flag takes levels only
	return logs.New(w, logs.Options{JSON: l.LogFormat == "json", Level: level})
}

// logWarnings logs the problems that are warnings.
func logWarnings(logger *slog.Logger, problems []graph.Problem) {
	for _, p := range problems {
		if p.Warning {
			logger.Warn(p.Msg, "at", place(p))
		}
	}
}

// place is where a problem is, without what it is.
func place(p graph.Problem) string {
	if p.Pos.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Pos.Line, p.Pos.Col)
}

// A lockedWriter lets several goroutines write, a whole Write at a time.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
