package nats

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// killed makes the test binary a process that publishes to a server within it,
// whose folder it names, and acknowledges, until it is killed.
const killed = "LEAT_TEST_NATS_CHILD"

// publishUntilKilled says on standard output what was published, and what was
// taken, once it is.
func publishUntilKilled(folder string) error {
	s, _, err := (&NATS{Folder: place(folder)}).Open(context.Background(), driver.Source{URL: &url.URL{Scheme: "nats", Path: "/s", RawQuery: "sync=none"}})
	if err != nil {
		return err
	}
	ctx := context.Background()
	r, err := s.Subscribe(ctx, "g", driver.ReadOptions{})
	if err != nil {
		return err
	}
	var out sync.Mutex
	say := func(verb string, ms ...*driver.Message) {
		out.Lock()
		defer out.Unlock()
		for _, m := range ms {
			fmt.Fprintf(os.Stdout, "%s %s\n", verb, m.Body)
		}
	}
	for p := range 4 {
		go func() {
			for i := 0; ; i += 5 {
				var batch []*driver.Message
				for j := range 5 {
					batch = append(batch, &driver.Message{Key: fmt.Sprint(p), Body: fmt.Appendf(nil, `"%s-%d-%06d"`, os.Getenv(killed+"_RUN"), p, i+j)})
				}
				if err := s.Publish(ctx, batch); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(3) //nolint:forbidigo // a process of its own
				}
				say("published", batch...)
			}
		}()
	}
	for buf := make([]driver.Delivery, 8); ; {
		n, err := r.Receive(ctx, buf)
		if err != nil {
			return err
		}
		for _, d := range buf[:n] {
			say("taken", d.Message)
			if err := r.Settle(ctx, []driver.Settlement{{Delivery: d}}); err != nil {
				return err
			}
		}
	}
}

// TestKilled kills a process that publishes and reads, several times, and wants
// every message that it was told is published to have been taken at least once in
// the end, and the first time in the order of its key.
func TestKilled(t *testing.T) {
	if folder := os.Getenv(killed); folder != "" {
		if err := publishUntilKilled(folder); err != nil {
			t.Fatal(err)
		}
		return
	}
	folder := t.TempDir()
	published, taken := map[string]bool{}, map[string]bool{}
	last := map[string]string{}
	take := func(body string) {
		if taken[body] {
			return
		}
		taken[body] = true
		key := strings.Split(body, "-")[1]
		if body < last[key] {
			t.Errorf("%s came behind %s", body, last[key])
		}
		last[key] = body
	}
	for run := range 5 {
		for _, line := range runUntilKilled(t, folder, run) {
			verb, body, _ := strings.Cut(line, " ")
			if verb == "published" {
				published[body] = true
			} else if verb == "taken" {
				take(body)
			}
		}
	}
	if len(published) < 100 {
		t.Fatalf("only %d messages were published: the test shows nothing", len(published))
	}
	s := openURL(t, &NATS{Folder: place(folder)}, "nats:///s")
	r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	left := func() (n int) {
		for body := range published {
			if !taken[body] {
				n++
			}
		}
		return n
	}
	buf := make([]driver.Delivery, 1)
	for left() > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		n, err := r.Receive(ctx, buf)
		cancel()
		if n != 1 || err != nil {
			t.Fatalf("received %d, %v: %d of %d published messages were never taken", n, err, left(), len(published))
		}
		take(string(buf[0].Body))
		if err := r.Settle(context.Background(), []driver.Settlement{{Delivery: buf[0]}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Close(context.Background()), s.Close(context.Background())); err != nil {
		t.Error(err)
	}
}

// runUntilKilled runs the process until it has published some messages, kills it,
// and returns what it said.
func runUntilKilled(t *testing.T, folder string, run int) (lines []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), killed+"="+folder, fmt.Sprintf("%s_RUN=%d", killed, run))
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
		if n == 400+137*run {
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
