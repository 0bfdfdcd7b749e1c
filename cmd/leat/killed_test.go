package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// kills is how often TestKilled kills a server; make verify-durability says 100.
func kills(t *testing.T) int {
	text := os.Getenv("LEAT_KILLS")
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("LEAT_KILLS is %q, not a number", text)
	}
	return n
}

// pipeline takes orders in one stream and hands them on to another.
const pipeline = `graph:
  engine: async
  steps:
    orders: {kind: queue, path: "%s", responder: true, options: {group: take}}
    pass: {handler: "(event)", after: [orders]}
    taken: {kind: queue, path: "file://%s", after: [pass]}
`

// TestKilled kills a server again and again, at any time, while it takes events:
// every one that it said is in the stream has come out of it once the server is
// back.
func TestKilled(t *testing.T) {
	for name, url := range map[string]string{
		"file": "file:orders.jsonl?max_size=1MiB", "nats": "nats:///orders", "nats without sync": "nats:///orders?sync=none",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &killing{folder: t.TempDir(), random: rand.New(rand.NewPCG(1, uint64(len(name))))}
			spec := fmt.Sprintf(pipeline, url, filepath.Join(k.folder, "taken.jsonl"))
			if err := os.WriteFile(k.path("spec.yaml"), []byte(spec), 0o600); err != nil {
				t.Fatal(err)
			}
			n := kills(t)
			for round := range n {
				k.round(t, round)
			}
			k.check(t)
			t.Logf("%d kills, %d events acknowledged, none is lost", n, len(k.acked))
		})
	}
}

// A killing is a server that is killed again and again.
type killing struct {
	folder string
	random *rand.Rand

	mu    sync.Mutex
	acked []string // the ids of events that are in the stream
}

func (k *killing) path(name string) string { return filepath.Join(k.folder, name) }

// round starts the server, has events sent to it, and kills it at some time after
// it has taken the first.
func (k *killing) round(t *testing.T, round int) {
	t.Helper()
	s := k.start(t)
	var senders sync.WaitGroup
	first := make(chan struct{})
	var once sync.Once
	for sender := range 4 {
		senders.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", round, sender, i)
				if !s.take(id) {
					return
				}
				k.mu.Lock()
				k.acked = append(k.acked, id)
				k.mu.Unlock()
				once.Do(func() { close(first) })
			}
		})
	}
	select {
	case <-first:
	case <-time.After(3 * time.Minute):
		t.Error("the server takes nothing")
	}
	time.Sleep(time.Duration(k.random.IntN(int(200 * time.Millisecond))))
	s.kill()
	senders.Wait()
}

// check starts the server once more, and waits until what was acknowledged has
// come out of the stream.
func (k *killing) check(t *testing.T) {
	t.Helper()
	s := k.start(t)
	defer s.kill()
	var w wait
	for lost := k.lost(t); len(lost) > 0; lost = k.lost(t) {
		if !w.goesOn(len(lost)) {
			t.Errorf("%d of %d events that were acknowledged are lost: %.20q", len(lost), len(k.acked), lost)
			return
		}
	}
}

// A wait lasts for as long as there is less and less left to wait for, however slowly,
// and five minutes more.
type wait struct {
	left int
	end  time.Time
}

func (w *wait) goesOn(left int) bool {
	if w.end.IsZero() || left < w.left {
		w.left, w.end = left, time.Now().Add(5*time.Minute)
	}
	time.Sleep(50 * time.Millisecond)
	return time.Now().Before(w.end)
}

// lost are the acknowledged events that have not come out of the stream yet.
func (k *killing) lost(t *testing.T) (ids []string) {
	t.Helper()
	taken := k.taken(t)
	for _, id := range k.acked {
		if !taken[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// taken are the ids of the events that have come out of the stream.
func (k *killing) taken(t *testing.T) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, name := range []string{"taken.jsonl", "taken.jsonl.1"} {
		text, err := os.ReadFile(k.path(name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var wrapped struct {
				ID   string `json:"id"`
				Body struct {
					ID string `json:"id"`
				} `json:"body"`
			}
			if json.Unmarshal(line, &wrapped) == nil { // the last may be half there
				ids[wrapped.ID], ids[wrapped.Body.ID] = true, true
			}
		}
	}
	return ids
}

// A victim is a server that will be killed.
type victim struct {
	cmd    *exec.Cmd
	url    string
	admin  string
	client http.Client
}

func (k *killing) start(t *testing.T) *victim {
	t.Helper()
	s := &victim{cmd: exec.Command("leat", "serve", k.path("spec.yaml"), "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", k.path("data"))}
	var log bytes.Buffer
	s.cmd.Stderr = &log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.client = http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{}}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "serving"); ok {
			s.url = strings.TrimSpace(url)
		}
		if admin, ok := strings.CutPrefix(lines.Text(), "admin"); ok {
			s.admin = strings.TrimSpace(admin)
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return s
		}
	}
	_ = s.cmd.Wait()
	t.Fatalf("the server does not start: %s", log.String())
	return nil
}

// take has an event taken, and says whether it was.
func (s *victim) take(id string) bool {
	resp, err := s.client.Post(s.url, "application/json", strings.NewReader(`{"id": "`+id+`"}`))
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

func (s *victim) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.client.CloseIdleConnections()
}
