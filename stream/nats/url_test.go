package nats

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	portable "github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
)

func TestRefused(t *testing.T) {
	for rawURL, want := range map[string]string{
		"nats://h":                             "needs a subject",
		"nats:///":                             "needs a subject",
		"nats:s":                               "nats:///subject",
		"nats://h/a..b":                        "empty part",
		"nats://h/a.*":                         "must be ASCII",
		"nats://h/a/b":                         "slashes",
		"nats://h/a%20b":                       "must be ASCII",
		"nats://h/$JS.API.x":                   "the server's own",
		"nats://h/s#a":                         `behind a "?"`,
		"nats://:4222/s":                       "no host",
		"nats://h/s?tls=yes":                   "option tls",
		"nats://h/s?timeout=0s":                "option timeout",
		"nats://h/s?ack_wait=1ms":              "option ack_wait",
		"nats://h/s?sync=none":                 `unknown option "sync"`,
		"nats:///s?sync=some":                  "option sync",
		"nats:///s?ca=x":                       `unknown option "ca"`,
		"nats:///s?records=0":                  "option records",
		"nats:///s?max_bytes=-1":               "option max_bytes",
		"nats://u:p@/s":                        "knows no users",
		"nats://h/" + strings.Repeat("s", 101): "is the most",
	} {
		u, err := url.Parse(rawURL)
		if err != nil {
			t.Fatal(err)
		}
		ns := &NATS{Folder: place(t.TempDir())}
		if _, _, err := ns.Open(t.Context(), driver.Source{URL: u}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", rawURL, err, want)
		}
		if len(ns.servers) > 0 {
			t.Errorf("%s: is kept", rawURL)
		}
	}
	if _, _, err := new(NATS).Open(t.Context(), driver.Source{URL: &url.URL{Scheme: "nats", Path: "/s"}}); err == nil || !strings.Contains(err.Error(), "no data folder") {
		t.Errorf("without a folder: error %v", err)
	}
}

// TestLazy wants nothing to be started, or made, for a stream that is not used, and
// one server for all that are.
func TestLazy(t *testing.T) {
	ns := &NATS{Folder: place(t.TempDir())}
	a, b := openURL(t, ns, "nats:///a"), openURL(t, ns, "nats:///b")
	if left, err := os.ReadDir(ns.Folder.Path()); err != nil || len(left) > 0 {
		t.Errorf("made %v, %v", left, err)
	}
	u, _ := url.Parse("nats:///c?sync=none")
	if _, _, err := ns.Open(t.Context(), driver.Source{URL: u}); err == nil || !strings.Contains(err.Error(), "option sync") {
		t.Errorf("two ways to write: error %v", err)
	}
	for _, s := range []driver.Stream{a, b} {
		if err := s.Publish(t.Context(), []*driver.Message{{Body: []byte("1")}}); err != nil {
			t.Error(err)
		}
	}
	if len(ns.servers) != 1 {
		t.Errorf("%d servers", len(ns.servers))
	}
	for _, s := range []driver.Stream{a, b, b} {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if len(ns.servers) != 0 {
		t.Error("the server is kept")
	}
}

// A hasty context ends when it is waited for.
type hasty struct {
	context.Context //nolint:containedctx // it is one
	done            chan struct{}
}

func (h hasty) Done() <-chan struct{} { return h.done }

// TestHasty closes a stream before the client's goroutines have had their turn since
// the first message. TestMain looks for those that do not end.
func TestHasty(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := warm(t, openURL(t, &NATS{Folder: place(t.TempDir())}, "nats:///s?sync=none"))
	h := hasty{t.Context(), make(chan struct{})}
	close(h.done)
	_ = s.Publish(h, []*driver.Message{{Body: []byte("1")}}) // it may be there, or not
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSmall publishes a batch that is larger than its stream, of small records.
func TestSmall(t *testing.T) {
	ns := &NATS{Folder: place(t.TempDir())}
	s := openURL(t, ns, "nats:///s?max_bytes=16KiB&sync=none")
	defer s.Close(context.Background())
	batch := make([]*driver.Message, 1000)
	for i := range batch {
		batch[i] = &driver.Message{Body: fmt.Appendf(nil, `"%0100d"`, i)}
	}
	r, err := s.Subscribe(t.Context(), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(context.Background())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Publish(ctx, batch) }()
	buf := make([]driver.Delivery, 10)
	for got := 0; got < len(batch); {
		n, err := r.Receive(ctx, buf)
		if err != nil {
			t.Fatalf("after %d: %v", got, err)
		}
		for _, d := range buf[:n] {
			if want := string(batch[got].Body); string(d.Body) != want {
				t.Fatalf("message %d is %s", got, d.Body)
			}
			got++
			if err := r.Settle(ctx, []driver.Settlement{{Delivery: d}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestBroken wants a server that can write no more to be named at once, also to those
// who wait, and what was safe to be read all the same.
func TestBroken(t *testing.T) {
	ns := &NATS{Folder: place(t.TempDir())}
	s := openURL(t, ns, "nats:///s?sync=none")
	defer s.Close(context.Background())
	if err := s.Publish(t.Context(), []*driver.Message{{Body: []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	ns.servers["\n\nfalse\n\n"].log().Errorf("Filestore [%s] Critical write error: %s", "s", "no space left on device")
	for range 2 {
		if err := s.Publish(t.Context(), []*driver.Message{{Body: []byte("2")}}); err == nil || !strings.Contains(err.Error(), "no space left on device") {
			t.Errorf("error %v", err)
		}
	}
	r, err := s.Subscribe(t.Context(), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(context.Background())
	buf := make([]driver.Delivery, 2)
	if n, err := r.Receive(t.Context(), buf); n != 1 || err != nil || string(buf[0].Body) != "1" {
		t.Errorf("received %d, %v", n, err)
	}
}

func TestNames(t *testing.T) {
	names := map[string]string{}
	for _, subject := range []string{"a", "a.b", "a_b", "a-b", "a_2Db", "a__b", "a._b", "a_.b", "a.b.c"} {
		name := streamName(subject)
		if old, twice := names[name]; twice || strings.Contains(name, ".") {
			t.Errorf("%s and %s are both %s", subject, old, name)
		}
		names[name] = subject
	}
	for _, group := range []string{"g", "g_r1", "g r1", "ü.*>", "g-consumer-group", "_"} {
		for _, n := range []int{0, 1, 12} {
			if got, ok := made(consumerName(group, n), group); !ok || got != n {
				t.Errorf("%s made %d times again is read as %d, %t", group, n, got, ok)
			}
		}
		if _, ok := made(consumerName(group+"x", 1), group); ok {
			t.Errorf("%sx is taken for %s", group, group)
		}
	}
	if checkGroup("") == nil || checkGroup(strings.Repeat("ü", 100)) == nil {
		t.Error("a group that cannot be named")
	}
}

// TestSecrets wants whoever is not let in to be told so, without what they came
// with, and those who are to be let in.
func TestSecrets(t *testing.T) {
	for name, auth := range map[string]string{
		"user":  `authorization { user: u, password: hunter2 }`,
		"token": `authorization { token: hunter2 }`,
	} {
		t.Run(name, func(t *testing.T) {
			p := newProcess(t, auth)
			x := &portable.Mux{}
			x.Register("nats", new(NATS).Open)
			try := func(who string) error {
				topic, err := x.Open(t.Context(), "nats://"+who+"@"+p.address()+"/s?max_bytes=1MiB"+busy, &portable.Options{Attempts: 1})
				if err != nil {
					return err
				}
				defer topic.Close(context.Background())
				if strings.Contains(topic.String(), "hunter") {
					t.Errorf("shown as %s", topic)
				}
				return topic.Publish(t.Context(), &portable.Message{Body: []byte("1")})
			}
			good, bad := "u:hunter2", "u:hunter3"
			if name == "token" {
				good, bad = "hunter2", "hunter3"
			}
			if err := try(good); err != nil {
				t.Error(err)
			}
			if err := try(bad); err == nil || strings.Contains(fmt.Sprint(err), "hunter") || !strings.Contains(err.Error(), "uthorization") {
				t.Errorf("not let in: error %v", err)
			}
		})
	}
}
