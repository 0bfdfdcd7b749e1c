package file

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// killed makes the test binary a process that publishes to the file it names,
// and acknowledges, until it is killed.
const killed = "LEAT_TEST_STREAM_CHILD"

// publishUntilKilled says on standard output what was published, and what was
// taken, once it is.
func publishUntilKilled(path string) error {
	s, _, err := new(Files).Open(context.Background(), driver.Source{URL: &url.URL{
		Scheme: "file", Path: path, RawQuery: "max_size=4KiB&ack_interval=1ms",
	}})
	if err != nil {
		return err
	}
	ctx := context.Background()
	r, err := s.Subscribe(ctx, "g", driver.ReadOptions{})
	if err != nil {
		return err
	}
	var out sync.Mutex
	say := func(verb string, body []byte) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintf(os.Stdout, "%s %s\n", verb, body)
	}
	for p := range 4 {
		go func() {
			for i := 0; ; i++ {
				m := &driver.Message{Key: fmt.Sprint(p), Body: fmt.Appendf(nil, `"%s-%d-%d"`, os.Getenv(killed+"_RUN"), p, i)}
				if err := s.Publish(ctx, []*driver.Message{m}); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(3) //nolint:forbidigo // a process of its own
				}
				say("published", m.Body)
			}
		}()
	}
	for buf := make([]driver.Delivery, 8); ; {
		n, err := r.Receive(ctx, buf)
		if err != nil {
			return err
		}
		for _, d := range buf[:n] {
			say("taken", d.Body)
			if err := r.Settle(ctx, []driver.Settlement{{Delivery: d}}); err != nil {
				return err
			}
		}
	}
}

// TestKilled kills a process that publishes and reads, several times, and wants
// every message that it was told is published to have been taken at least once
// in the end, in the order of its key.
func TestKilled(t *testing.T) {
	if path := os.Getenv(killed); path != "" {
		if err := publishUntilKilled(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "s.jsonl")
	published, taken := map[string]bool{}, map[string]int{}
	for run := range 5 {
		for _, line := range runUntilKilled(t, path, run) {
			verb, body, _ := strings.Cut(line, " ")
			if verb == "published" {
				published[body] = true
			} else if verb == "taken" {
				taken[body]++
			}
		}
	}
	if len(published) < 20 {
		t.Fatalf("only %d messages were published: the test shows nothing", len(published))
	}
	fs := &Files{}
	s := openFile(t, fs, path, "")
	r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	left, err := s.Lag(context.Background(), "g")
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]driver.Delivery, 1)
	for range left {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		n, err := r.Receive(ctx, buf)
		cancel()
		if n != 1 || err != nil {
			t.Fatalf("received %d, %v", n, err)
		}
		taken[string(buf[0].Body)]++
		if err := r.Settle(context.Background(), []driver.Settlement{{Delivery: buf[0]}}); err != nil {
			t.Fatal(err)
		}
	}
	lost := 0
	for body := range published {
		if taken[body] == 0 {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d published messages were never taken", lost, len(published))
	}
	if err := errors.Join(r.Close(context.Background()), s.Close(context.Background())); err != nil {
		t.Error(err)
	}
}

// runUntilKilled runs the process until it has published some messages, kills
// it, and returns what it said.
func runUntilKilled(t *testing.T, path string, run int) (lines []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), killed+"="+path, fmt.Sprintf("%s_RUN=%d", killed, run))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for scan := bufio.NewScanner(out); scan.Scan(); { // what it said before it died counts
		line := scan.Text()
		lines = append(lines, line)
		if strings.HasPrefix(line, "published") {
			n++
		}
		if n == 150+37*run {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the process ended by itself: %v", err)
	}
	return lines
}

// TestTorn wants what a crash has left of a last record to be left out, and
// nothing else.
func TestTorn(t *testing.T) {
	for tail, want := range map[string]string{
		"":                                 `1 "two" "new"`,
		`{"a": `:                           `1 "two" "new"`,
		`{"full_event_wrapper":true,"bo`:   `1 "two" "new"`,
		"\n\n":                             `1 "two" "new"`,
		"\x00\x00\x00":                     `1 "two" "new"`,
		`{"a": 1}`:                         `1 "two" {"a": 1} "new"`, // only its end is missing
		"garbage\n[3]\n":                   `1 "two" [3] "new"`,
		strings.Repeat("x", 300) + "\n4\n": `1 "two" 4 "new"`,
	} {
		path := filepath.Join(t.TempDir(), "s")
		if err := os.WriteFile(path, []byte("1\n\"two\"\n"+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		s := openFile(t, &Files{}, path, "max_record=200B")
		if err := s.Publish(context.Background(), []*driver.Message{{Body: []byte(`"new"`)}}); err != nil {
			t.Fatal(err)
		}
		r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		buf := make([]driver.Delivery, 9)
		for len(got) == 0 || got[len(got)-1] != `"new"` {
			n, err := r.Receive(context.Background(), buf)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range buf[:n] {
				got = append(got, string(d.Body))
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("behind %q: %s, want %s", tail, text, want)
		}
		if err := errors.Join(r.Close(context.Background()), s.Close(context.Background())); err != nil {
			t.Error(err)
		}
	}
}
