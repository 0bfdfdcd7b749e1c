//go:build linux

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk is a file system of a few megabytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a file system of its own cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk: a stream whose disk is full says so and takes nothing, has what it
// took, and goes on when there is room; that in the process, when the server has
// started again.
func TestFullDisk(t *testing.T) {
	for name, c := range map[string]struct {
		url      string
		restarts bool
	}{
		"file": {"file:orders.jsonl?max_size=1MiB", false}, "nats": {"nats:///orders", true},
	} {
		t.Run(name, func(t *testing.T) {
			disk := smallDisk(t, "6m")
			k := &killing{folder: t.TempDir(), random: rand.New(rand.NewPCG(2, 2))}
			if err := os.Symlink(disk, k.path("data")); err != nil {
				t.Fatal(err)
			}
			spec := fmt.Sprintf(pipeline, c.url, filepath.Join(k.folder, "taken.jsonl"))
			if err := os.WriteFile(k.path("spec.yaml"), []byte(spec), 0o600); err != nil {
				t.Fatal(err)
			}
			s := k.start(t)
			defer func() { s.kill() }()
			k.fill(t, s, "a")
			if err := os.WriteFile(filepath.Join(disk, "other"), make([]byte, 8<<20), 0o600); err == nil {
				t.Fatal("the disk is not full")
			}
			said := k.untilFull(t, s)
			if !strings.Contains(said, "no space left on device") && !strings.Contains(said, "disk is full") {
				t.Errorf("it says %s", said)
			}
			if err := os.Remove(filepath.Join(disk, "other")); err != nil {
				t.Fatal(err)
			}
			if c.restarts {
				s.kill()
				s = k.start(t)
			}
			k.fill(t, s, "c")
			s.kill()
			k.check(t)
		})
	}
}

// fill has some events taken, all of them.
func (k *killing) fill(t *testing.T, s *victim, prefix string) {
	t.Helper()
	for i := range 50 {
		id := fmt.Sprintf("%s-%d", prefix, i)
		for deadline := time.Now().Add(3 * time.Minute); !s.take(id); time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("event %s is not taken", id)
			}
		}
		k.acked = append(k.acked, id)
	}
}

// untilFull sends events until one is refused, and returns why.
func (k *killing) untilFull(t *testing.T, s *victim) string {
	t.Helper()
	padding := strings.Repeat("x", 4000)
	for i := range 2000 {
		id := fmt.Sprintf("b-%d", i)
		resp, err := s.client.Post(s.url, "application/json", strings.NewReader(`{"id": "`+id+`", "x": "`+padding+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK {
			t.Logf("after %d events: status %d: %s", i, resp.StatusCode, text)
			return string(text)
		}
		k.acked = append(k.acked, id)
	}
	t.Fatal("everything is taken")
	return ""
}
