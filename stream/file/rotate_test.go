package file

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/stream/driver"
)

func put(t *testing.T, s driver.Stream, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		if err := s.Publish(context.Background(), []*driver.Message{{Body: []byte(b)}}); err != nil {
			t.Fatal(err)
		}
	}
}

func closeAll(t *testing.T, closers ...interface{ Close(context.Context) error }) {
	t.Helper()
	for _, c := range closers {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

// TestLines wants a file that nobody reads as a queue to be what people expect:
// bare records, rotated, and nothing beside it but the lock.
func TestLines(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "log.jsonl")
	s := openFile(t, &Files{}, path, "max_size=20B")
	put(t, s, `{"a": 1}`, "{\n\"b\":\r\n 2}", " 3 ", `{"c": 4}`, `{"d": 5}`)
	closeAll(t, s)
	if got, want := text(t, path+".1"), "{ \"b\":   2}\n3\n"; got != want {
		t.Errorf("path.1 is %q, want %q", got, want)
	}
	if got, want := text(t, path), "{\"c\": 4}\n{\"d\": 5}\n"; got != want {
		t.Errorf("path is %q, want %q", got, want)
	}
	var names []string
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"log.jsonl", "log.jsonl.1", "log.jsonl.lock"}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestCrashWhileRotating wants a group to go on where it was, wherever in the
// rotation the process died.
func TestCrashWhileRotating(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, path string){
		"before the renaming": func(*testing.T, string) {},
		"behind the renaming": func(t *testing.T, path string) {
			if err := os.Rename(path, path+".1"); err != nil {
				t.Fatal(err)
			}
		},
		"with the new file": func(t *testing.T, path string) {
			if err := os.Rename(path, path+".1"); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			fs := &Files{}
			s := openFile(t, fs, path, "max_size=1000B")
			r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			put(t, s, "1", "2", "3")
			buf := make([]driver.Delivery, 1)
			if _, err := r.Receive(context.Background(), buf); err != nil {
				t.Fatal(err)
			}
			if err := r.Settle(context.Background(), []driver.Settlement{{Delivery: buf[0]}}); err != nil {
				t.Fatal(err)
			}
			l := fs.logs[path]
			l.mu.Lock()
			err = l.saveState(l.size) // as rotate does first
			l.mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			crash(fs)
			harm(t, path)
			for range 2 { // the second time as after a clean end
				s = openFile(t, &Files{}, path, "")
				r, err = s.Subscribe(context.Background(), "g", driver.ReadOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if n, err := s.Lag(context.Background(), "g"); n != 2 || err != nil {
					t.Errorf("lag %d, %v, want 2", n, err)
				}
				if _, err := r.Receive(context.Background(), buf); err != nil || string(buf[0].Body) != "2" {
					t.Errorf("received %s, %v, want 2", buf[0].Body, err)
				}
				closeAll(t, r, s)
			}
		})
	}
}

// TestCrashBehindRotation wants a group to go on where it was when the process
// dies some time after a rotation, and nothing but that was saved.
func TestCrashBehindRotation(t *testing.T) {
	for name, bodies := range map[string][]string{
		"a smaller file": {`"` + strings.Repeat("a", 80) + `"`, `"b"`, `"` + strings.Repeat("c", 20) + `"`},
		"a larger file":  {`"` + strings.Repeat("a", 20) + `"`, `"` + strings.Repeat("b", 90) + `"`, `"c"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			fs := &Files{}
			s := openFile(t, fs, path, "max_size=100B&ack_interval=1h")
			if _, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{}); err != nil {
				t.Fatal(err)
			}
			put(t, s, bodies...)
			if text(t, path+".1") == "" {
				t.Fatal("it was not rotated")
			}
			crash(fs)
			s = openFile(t, &Files{}, path, "")
			r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range bodies {
				buf := make([]driver.Delivery, 1)
				if _, err := r.Receive(context.Background(), buf); err != nil || string(buf[0].Body) != want {
					t.Fatalf("received %s, %v, want %s", buf[0].Body, err, want)
				}
			}
			closeAll(t, r, s)
		})
	}
}

// TestNobodyLoses wants a file not to be rotated away under a group that is not
// open: those who publish wait.
func TestNobodyLoses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := openFile(t, &Files{}, path, "max_size=10B&sync=none")
	r, err := s.Subscribe(context.Background(), "slow", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	closeAll(t, r)
	put(t, s, `"aaaaa"`, `"bbbbb"`)
	over, cancel := context.WithCancel(context.Background())
	failed := make(chan error)
	go func() { failed <- s.Publish(over, []*driver.Message{{Body: []byte(`"ccccc"`)}}) }()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	r, err = s.Subscribe(context.Background(), "slow", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]driver.Delivery, 2)
	for _, want := range []string{`"aaaaa"`, `"bbbbb"`} {
		if n, err := r.Receive(context.Background(), buf[:1]); n != 1 || err != nil || string(buf[0].Body) != want {
			t.Fatalf("received %s, %v, want %s", buf[0].Body, err, want)
		}
		if err := r.Settle(context.Background(), []driver.Settlement{{Delivery: buf[0]}}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, `"ccccc"`)
	closeAll(t, r, s)
}

// TestOthers wants lines that somebody else appends, who asks for no lock, to be
// messages like any other, and to do no harm.
func TestOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := openFile(t, &Files{}, path, "")
	r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "1")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range []string{"20\n21\n", "22", "bad\n", "\n"} {
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
		put(t, s, fmt.Sprint(30+i))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "20", "21", "30", "22", "31", "32", "33"} {
		buf := make([]driver.Delivery, 1)
		if _, err := r.Receive(context.Background(), buf); err != nil || string(buf[0].Body) != want {
			t.Errorf("received %s, %v, want %s", buf[0].Body, err, want)
		}
	}
	closeAll(t, r, s)
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	one, other := openFile(t, &Files{}, path, ""), openFile(t, &Files{}, path, "")
	put(t, one, "1")
	err := other.Publish(context.Background(), []*driver.Message{{Body: []byte("2")}})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("error %v, want one that names the process", err)
	}
	if _, err := other.Subscribe(context.Background(), "g", driver.ReadOptions{}); !errors.Is(err, ErrLocked) {
		t.Errorf("subscribe: error %v", err)
	}
	closeAll(t, one)
	put(t, other, "2")
	closeAll(t, other)
	if got := text(t, path); got != "1\n2\n" {
		t.Errorf("the file is %q", got)
	}
}

// TestUnlockedWhileAProgramStarts: a process that has been forked, and is not yet the
// program that it will be, has copies of all that is open. The lock does not stay
// with it.
func TestUnlockedWhileAProgramStarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := lockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	forked, err := syscall.Dup(int(first.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(forked)
	if err := unlock(first); err != nil {
		t.Fatal(err)
	}
	second, err := lockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(second); err != nil {
		t.Error(err)
	}
}

// TestReplaced wants a group whose file somebody has replaced to begin with the
// oldest record, and a state that cannot be read to be an error.
func TestReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path+".offsets", []byte(`{"base": 1000, "groups": {"g": 5000, "old": 3}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	s := openFile(t, &Files{}, path, "")
	put(t, s, "1")
	for _, group := range []string{"g", "old"} {
		r, err := s.Subscribe(context.Background(), group, driver.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]driver.Delivery, 1)
		if _, err := r.Receive(context.Background(), buf); err != nil || string(buf[0].Body) != "1" {
			t.Errorf("group %s received %s, %v", group, buf[0].Body, err)
		}
		closeAll(t, r)
	}
	closeAll(t, s)
	if err := os.WriteFile(path+".offsets", []byte(`{"base`), 0o644); err != nil {
		t.Fatal(err)
	}
	s = openFile(t, &Files{}, path, "")
	if err := s.Publish(context.Background(), []*driver.Message{{Body: []byte("1")}}); err == nil || !strings.Contains(err.Error(), "read offsets") {
		t.Errorf("error %v", err)
	}
	closeAll(t, s)
}

func TestRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := openFile(t, &Files{}, path, "max_record=20B")
	large := &driver.Message{Body: []byte(`"` + strings.Repeat("x", 20) + `"`)}
	err := s.Publish(context.Background(), []*driver.Message{{Body: []byte("1")}, large, {Body: []byte("2")}})
	var partly *driver.BatchError
	if !errors.As(err, &partly) || partly.Errs[0] != nil || partly.Errs[2] != nil || !driver.IsPermanent(partly.Errs[1]) {
		t.Errorf("error %v", err)
	}
	closeAll(t, s)
	if got := text(t, path); got != "1\n2\n" {
		t.Errorf("the file is %q", got)
	}
	for u, want := range map[string]string{
		"file://data/x":         "write file:///data/x",
		"file://":               "needs the file's path",
		"file:///x/":            "needs the file's path",
		"file:///x?sync=maybe":  "option sync must be group, none or a duration",
		"file:///x?max_size=0B": "max_size must be a size",
		"file:///x?fsync=1":     `unknown option "fsync" (there are ack_interval, max_record, max_size, sync)`,
	} {
		parsed, err := url.Parse(u)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := new(Files).Open(context.Background(), driver.Source{URL: parsed}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", u, err, want)
		}
	}
	s = openFile(t, &Files{}, t.TempDir(), "")
	if err := s.Publish(context.Background(), []*driver.Message{{Body: []byte("1")}}); err == nil {
		t.Error("a folder was taken for a file")
	}
	closeAll(t, s)
}

// FuzzRead wants whatever is in a file to be read to its end, with only whole
// records delivered.
func FuzzRead(f *testing.F) {
	f.Add([]byte("1\n{\"a\":2}\n\n{\"full_event_wrapper\":true,\"body\":1,\"key\":\"k\"}\ntorn"), []byte(""), "")
	f.Add([]byte("\x00\xff\n\"\n"), []byte("3\n"), `{"base":2,"groups":{"g":1}}`)
	f.Add([]byte("1"), []byte("2"), `{"base":-9223372036854775808,"rotating":9223372036854775807,"groups":{"g":9223372036854775807}}`)
	f.Fuzz(func(t *testing.T, current, older []byte, state string) {
		folder := t.TempDir()
		path := filepath.Join(folder, "s")
		for name, text := range map[string][]byte{path: current, path + ".1": older, path + ".offsets": []byte(state)} {
			if len(text) == 0 {
				continue
			}
			if err := os.WriteFile(name, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		s := openFile(t, &Files{}, path, "sync=none&max_record=100B")
		defer closeAll(t, s)
		r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
		if err != nil {
			return
		}
		defer closeAll(t, r)
		put(t, s, `"the end"`)
		buf := make([]driver.Delivery, 7)
		for {
			n, err := r.Receive(context.Background(), buf)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range buf[:n] {
				if string(d.Body) == `"the end"` {
					return
				}
				if len(d.Body) > len(current)+len(older) {
					t.Fatalf("a body of %d bytes", len(d.Body))
				}
			}
		}
	})
}

// TestRoomForTwo has two wait for room in a file that is full: when one of them has
// rotated it there is room for the other too.
func TestRoomForTwo(t *testing.T) {
	fs, path := &Files{}, filepath.Join(t.TempDir(), "s")
	s := openFile(t, fs, path, "max_size=300B&sync=none")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := s.Subscribe(ctx, "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	large, small := `"`+strings.Repeat("a", 200)+`"`, `"`+strings.Repeat("b", 100)+`"`
	put(t, s, large, large)
	published := make(chan error)
	for range 2 {
		go func() { published <- s.Publish(ctx, []*driver.Message{{Body: []byte(small)}}) }()
	}
	l := fs.logs[path]
	for waits := false; !waits; time.Sleep(20 * time.Millisecond) { // then the other one does, most likely
		l.mu.Lock()
		waits = l.room != nil
		l.mu.Unlock()
	}
	buf := make([]driver.Delivery, 1)
	if _, err := r.Receive(ctx, buf); err != nil {
		t.Fatal(err)
	}
	if err := r.Settle(ctx, []driver.Settlement{{Delivery: buf[0]}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-published; err != nil {
			t.Error(err)
		}
	}
	if got, want := text(t, path), small+"\n"+small+"\n"; got != want {
		t.Errorf("the file is %q, want %q", got, want)
	}
	closeAll(t, r, s)
}
