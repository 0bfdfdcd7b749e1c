package mem_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/drivertest"
	"github.com/leat-ml/leat/stream/mem"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func open(t *testing.T, r *mem.Memory, rawURL string) driver.Stream {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	s, traits, err := r.Open(context.Background(), driver.Source{URL: u})
	if err != nil {
		t.Fatal(err)
	}
	if !traits.Local {
		t.Error("memory is not local")
	}
	return s
}

func TestDriver(t *testing.T) {
	for _, scheme := range []string{"mem", "dummy"} {
		t.Run(scheme, func(t *testing.T) {
			drivertest.Run(t, func(*testing.T) drivertest.Harness {
				r := &mem.Memory{}
				return drivertest.Harness{
					Open:  func(t *testing.T) driver.Stream { return open(t, r, scheme+"://s") },
					Small: func(t *testing.T) driver.Stream { return open(t, r, scheme+"://small?max_messages=5") },
				}
			})
		})
	}
	t.Run("bytes", func(t *testing.T) {
		drivertest.Run(t, func(*testing.T) drivertest.Harness {
			r := &mem.Memory{}
			return drivertest.Harness{
				Open:  func(t *testing.T) driver.Stream { return open(t, r, "mem://a/b") },
				Small: func(t *testing.T) driver.Stream { return open(t, r, "mem://small?max_bytes=3KiB") },
			}
		})
	})
}

func TestPublished(t *testing.T) {
	r := &mem.Memory{}
	s := open(t, r, "dummy://out?max_messages=2")
	for _, body := range []string{"1", "2", "3"} {
		m := &driver.Message{Value: value(body)}
		if body == "3" {
			m = &driver.Message{Body: []byte(body)}
		}
		if err := s.Publish(context.Background(), []*driver.Message{m}); err != nil {
			t.Fatal(err)
		}
	}
	ms, err := r.Published("out")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range ms {
		got = append(got, string(m.Body))
	}
	if diff := cmp.Diff([]string{"2", "3"}, got); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if ms, err := r.Published("nothing"); ms != nil || err != nil {
		t.Errorf("of a stream that is not there: %v, %v", ms, err)
	}
}

type value string

func (v value) Encode() (*driver.Message, error) { return &driver.Message{Body: []byte(v)}, nil }
func (v value) Size() int                        { return len(v) }

// TestIdle wants a stream without groups to keep the newest messages for the
// first one.
func TestIdle(t *testing.T) {
	s := open(t, &mem.Memory{}, "mem://s?max_messages=2")
	for _, body := range []string{"1", "2", "3"} {
		if err := s.Publish(context.Background(), []*driver.Message{{Body: []byte(body)}}); err != nil {
			t.Fatal(err)
		}
	}
	g, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]driver.Delivery, 3)
	if n, err := g.Receive(context.Background(), buf); n != 2 || err != nil || string(buf[0].Body) != "2" || buf[0].Attempt != 1 {
		t.Errorf("received %d messages, %v, the first one %v", n, err, buf[0])
	}
}

func TestOpen(t *testing.T) {
	for rawURL, want := range map[string]string{
		"mem://":                          "needs a name",
		"mem://a?max_messages=0":          "max_messages must be a whole number, at least 1",
		"mem://a?max_bytes=2XB":           "max_bytes must be a size",
		"mem://a?max=1":                   `unknown option "max" (there are max_bytes, max_messages)`,
		"mem://a?max_bytes=1&max_bytes=2": "is there 2 times",
	} {
		u, err := url.Parse(rawURL)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := new(mem.Memory).Open(context.Background(), driver.Source{URL: u}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", rawURL, err, want)
		}
	}
}
