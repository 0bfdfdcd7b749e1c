package nats

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/drivertest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A place is a Folder.
type place string

func (p place) Path() string { return string(p) }

func (p place) Claim() error { return nil }

func openURL(t *testing.T, ns *NATS, rawURL string) driver.Stream {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	s, traits, err := ns.Open(context.Background(), driver.Source{URL: u})
	if err != nil {
		t.Fatal(err)
	}
	if traits.Local || traits.Wraps {
		t.Errorf("traits %+v", traits)
	}
	return s
}

// abandon ends the connections of ns as the end of its process would: nothing is
// saved, and nothing given back.
func abandon(ns *NATS) {
	for _, sv := range ns.servers {
		sv.mu.Lock()
		sv.closed = true
		if sv.conn != nil {
			sv.conn.Close()
		}
		if sv.within != nil {
			stop(sv.within)
		}
		sv.mu.Unlock()
	}
}

// copyFolder copies what a process that is killed would leave. The server is at work
// meanwhile, and a file that it has just renamed cannot be copied.
func copyFolder(t *testing.T, from string) string {
	t.Helper()
	var err error
	for range 1000 {
		to := filepath.Join(t.TempDir(), "copy")
		if err = os.CopyFS(to, os.DirFS(from)); err == nil {
			return to
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	t.Fatal(err)
	return ""
}

// and is a query with one more option.
func and(query, option string) string {
	if query == "" {
		return "?" + option
	}
	return query + "&" + option
}

// warm has a stream made, which takes longer than the suite waits for a full one.
func warm(t *testing.T, s driver.Stream) driver.Stream {
	t.Helper()
	if _, err := s.Lag(context.Background(), "nobody"); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEmbedded(t *testing.T) {
	for name, query := range map[string]string{
		"always":  "",
		"none":    "?sync=none",
		"records": "?sync=none&records=1",
		"two":     "?sync=none&records=2",
	} {
		t.Run(name, func(t *testing.T) {
			drivertest.Run(t, func(t *testing.T) drivertest.Harness {
				ns := &NATS{Folder: place(t.TempDir())}
				return drivertest.Harness{
					Open: func(t *testing.T) driver.Stream { return openURL(t, ns, "nats:///s.t"+query) },
					Small: func(t *testing.T) driver.Stream {
						return warm(t, openURL(t, ns, "nats:///small"+and(query, "max_bytes=9KiB")))
					},
					Limited: func(t *testing.T) driver.Stream {
						return openURL(t, ns, "nats:///limited"+and(query, "max_bytes=512KiB"))
					},
					Crash: func(t *testing.T) {
						left := copyFolder(t, ns.Folder.Path())
						abandon(ns)
						ns = &NATS{Folder: place(left)}
					},
				}
			})
		})
	}
}
