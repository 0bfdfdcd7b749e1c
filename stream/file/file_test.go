package file

import (
	"context"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/drivertest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func openFile(t *testing.T, fs *Files, path, query string) driver.Stream {
	t.Helper()
	s, traits, err := fs.Open(context.Background(), driver.Source{URL: &url.URL{Scheme: "file", Path: path, RawQuery: query}})
	if err != nil {
		t.Fatal(err)
	}
	if traits.Local || !traits.Wraps {
		t.Errorf("traits %+v", traits)
	}
	return s
}

// crash lets go of the logs as a process does that is killed: without saving
// anything.
func crash(fs *Files) {
	for _, l := range fs.logs {
		l.mu.Lock()
		l.closed = true
		if l.opened {
			l.w.Close()
			l.lock.Close()
		}
		for _, g := range l.groups {
			g.closeFile()
		}
		opened := l.opened
		l.opened = false
		l.mu.Unlock()
		if opened {
			l.saver.stop()
		}
	}
	fs.logs = nil
}

func TestDriver(t *testing.T) {
	for name, query := range map[string]string{
		"group":    "",
		"none":     "sync=none&ack_interval=1ms",
		"interval": "sync=5ms",
		"rotating": "max_size=4KiB&sync=none",
	} {
		t.Run(name, func(t *testing.T) {
			drivertest.Run(t, func(t *testing.T) drivertest.Harness {
				fs := &Files{}
				path := filepath.Join(t.TempDir(), "folder", "s.jsonl")
				h := drivertest.Harness{
					Open:    func(t *testing.T) driver.Stream { return openFile(t, fs, path, query) },
					Small:   func(t *testing.T) driver.Stream { return openFile(t, fs, path, "max_size=3KiB&sync=none") },
					Limited: func(t *testing.T) driver.Stream { return openFile(t, fs, path, "max_record=64KiB&sync=none") },
					Crash:   func(*testing.T) { crash(fs); fs = &Files{} },
				}
				return h
			})
		})
	}
}
