package record

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/stream/driver"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestOrder(t *testing.T) {
	s := &sink{}
	p := start(t, Options{Open: s.open})
	log := p.Log(LogOptions{Function: "p/f"})
	const n = 10_000
	for i := range n {
		log.Record(infer(t, i))
	}
	until(t, "all records", func() bool { return len(s.all()) == n })
	inOrder(t, s.numbers(t), n)
	shut(t, p)
	if d := cmp.Diff(Ledger{Accepted: n, Delivered: n}, balanced(t, p), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Bytes" }, cmp.Ignore())); d != "" {
		t.Error(d)
	}
	if !s.closed {
		t.Error("the stream is not closed")
	}
	log.Record(infer(t, 0))
	if l := balanced(t, p); l.Dropped != 1 {
		t.Errorf("a record that comes too late: %+v", l)
	}
}

// TestConcurrent has records of many requests at a time, while the stream comes and
// goes and the memory is short: all that were not dropped are delivered once.
func TestConcurrent(t *testing.T) {
	s := &sink{}
	p := start(t, Options{Open: s.open, Folder: &folder{path: t.TempDir()}, Memory: 512 << 10})
	const routines, each = 8, 2000
	var all sync.WaitGroup
	for g := range routines {
		log := p.Log(LogOptions{Function: "p/f", Batch: 1 + g%2*6})
		all.Go(func() {
			for i := range each {
				log.Record(infer(t, g*each+i))
			}
		})
	}
	watch := make(chan struct{})
	watching := sync.WaitGroup{}
	watching.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-watch:
				return
			default:
			}
			balanced(t, p)
			if i%40 == 0 {
				s.down(errDown)
			} else if i%40 == 20 {
				s.down(nil)
			}
			time.Sleep(time.Millisecond)
		}
	})
	all.Wait()
	close(watch)
	watching.Wait()
	s.down(nil)
	shut(t, p)
	l := balanced(t, p)
	if l.Pending() != 0 || l.Accepted != routines*each {
		t.Errorf("ledger %+v", l)
	}
	seen := map[int]bool{}
	for _, v := range s.numbers(t) {
		if seen[v] {
			t.Fatalf("record %d is there twice", v)
		}
		seen[v] = true
	}
	if int64(len(seen)) != l.Delivered {
		t.Errorf("%d records, but %d delivered", len(seen), l.Delivered)
	}
}

// TestOutage has the stream fail while records come: they go to files, memory is
// bounded, and they are delivered in their order when the stream is back.
func TestOutage(t *testing.T) {
	s := &sink{}
	s.down(errDown)
	f := &folder{path: filepath.Join(t.TempDir(), "records")}
	const memory = 256 << 10
	p := start(t, Options{Open: s.open, Folder: f, Memory: memory})
	log := p.Log(LogOptions{Function: "p/f"})
	const n = 20_000
	for i := range n {
		for balanced(t, p).Bytes > memory-2*chunkSize { // as fast as the disk is
			time.Sleep(time.Millisecond)
		}
		log.Record(infer(t, i))
	}
	// records go to files also before the first attempt has failed
	until(t, "records in files and a failure", func() bool { l := balanced(t, p); return l.Spilled > n/2 && l.Failing })
	if l := p.Ledger(); l.Dropped > 0 || l.Delivered > 0 || l.Bytes > memory {
		t.Errorf("ledger %+v", l)
	}
	s.down(nil)
	until(t, "all records", func() bool { return balanced(t, p).Delivered == n })
	inOrder(t, s.numbers(t), n)
	until(t, "no files", func() bool { list, err := os.ReadDir(f.path); return err == nil && len(list) == 0 })
	until(t, "that all is well", func() bool { l := p.Ledger(); return !l.Failing && l.DiskBytes == 0 })
}

// TestHanging has attempts that do not return: records go to files all the same.
func TestHanging(t *testing.T) {
	s := &sink{hang: make(chan struct{})}
	p := start(t, Options{Open: s.open, Folder: &folder{path: t.TempDir()}, Memory: 4 * chunkSize})
	log := p.Log(LogOptions{Function: "p/f"})
	const n = 5000
	for i := range n {
		for balanced(t, p).Bytes > 3*chunkSize {
			time.Sleep(time.Millisecond)
		}
		log.Record(infer(t, i))
	}
	if l := balanced(t, p); l.Spilled == 0 || l.Dropped > 0 {
		t.Errorf("ledger %+v", l)
	}
	close(s.hang)
	until(t, "all records", func() bool { return balanced(t, p).Delivered == n })
	inOrder(t, s.numbers(t), n)
}

// TestRestart has a pusher end while its stream is down, twice: the next one
// delivers what it has left, in its order, and the ledger knows of it.
func TestRestart(t *testing.T) {
	f := &folder{path: filepath.Join(t.TempDir(), "records")}
	const each = 3000
	for run := range 2 {
		s := &sink{}
		s.down(errDown)
		p := start(t, Options{Open: s.open, Folder: f})
		log := p.Log(LogOptions{Function: "p/f", Batch: 7})
		for i := range each {
			log.Record(infer(t, run*each+i))
		}
		shut(t, p)
		if l := balanced(t, p); l.Spilled != int64((run+1)*each) || l.Queued != 0 || l.Accepted != l.Spilled {
			t.Fatalf("run %d: ledger %+v", run, l)
		}
	}
	s := &sink{}
	p := start(t, Options{Open: s.open, Folder: f})
	log := p.Log(LogOptions{Function: "p/f"})
	log.Record(infer(t, 2*each))
	until(t, "all records", func() bool { return balanced(t, p).Delivered == 2*each+1 })
	inOrder(t, s.numbers(t), 2*each+1)
}

// TestPartly has a stream take some records of a batch, refuse one for good and fail
// for the others.
func TestPartly(t *testing.T) {
	for _, end := range []bool{false, true} {
		t.Run(fmt.Sprintf("end=%v", end), func(t *testing.T) {
			s := &sink{}
			f := &folder{path: filepath.Join(t.TempDir(), "records")}
			s.err = func(n int) error {
				if n == 1 {
					return errSome
				}
				if end {
					return errDown
				}
				return nil
			}
			p := New(Options{Open: s.open, Folder: f})
			log := p.Log(LogOptions{Function: "p/f"})
			for i := range 9 {
				log.Record(infer(t, i))
			}
			if err := p.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if end {
				until(t, "attempts", func() bool { return balanced(t, p).Delivered == 3 })
				shut(t, p)
				if l := balanced(t, p); l.Spilled != 5 || l.Dropped != 1 {
					t.Fatalf("ledger %+v", l)
				}
				s.down(nil)
				p = start(t, Options{Open: s.open, Folder: f})
			} else {
				defer shut(t, p)
			}
			until(t, "the rest", func() bool { return balanced(t, p).Pending() == 0 })
			if d := cmp.Diff([]int{0, 3, 6, 2, 4, 5, 7, 8}, s.numbers(t)); d != "" {
				t.Error(d)
			}
		})
	}
}

// errSome is what happens to batches of which every third message is taken, and the
// second is refused.
var errSome = errors.New("some")

func (s *sink) partly(ms []*driver.Message, err error) error {
	if !errors.Is(err, errSome) {
		return err
	}
	errs := make([]error, len(ms))
	for i, m := range ms {
		switch {
		case i%3 == 0:
			s.bodies = append(s.bodies, string(m.Body))
		case i == 1:
			errs[i] = driver.Permanent(errors.New("too large"))
		default:
			errs[i] = errDown
		}
	}
	return &driver.BatchError{Errs: errs}
}

// TestNoRoom has neither stream nor folder, or a folder that is of no use: what there
// is no room for is dropped and counted.
func TestNoRoom(t *testing.T) {
	full := filepath.Join(t.TempDir(), "full")
	for name, f := range map[string]Folder{
		"none": nil, "refused": &folder{path: full, refuse: errors.New("another server has it")},
		"no folder": &folder{path: filepath.Join(t.TempDir(), "file", "records")},
	} {
		t.Run(name, func(t *testing.T) {
			if f, ok := f.(*folder); ok && f.refuse == nil {
				if err := os.WriteFile(filepath.Dir(f.path), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := &sink{}
			s.down(errDown)
			p := start(t, Options{Open: s.open, Folder: f, Memory: 4 * chunkSize})
			log := p.Log(LogOptions{Function: "p/f"})
			const n = 5000
			for i := range n {
				log.Record(infer(t, i))
			}
			l := balanced(t, p)
			if l.Dropped == 0 || l.Bytes > 4*chunkSize || l.Accepted != n {
				t.Errorf("ledger %+v", l)
			}
			s.down(nil)
			until(t, "what is left", func() bool { return balanced(t, p).Delivered == n-l.Dropped })
			inOrder(t, s.numbers(t), int(n-l.Dropped))
		})
	}
}

// TestNothingKept has a pusher end with neither stream nor folder.
func TestNothingKept(t *testing.T) {
	s := &sink{}
	s.down(errDown)
	p := start(t, Options{Open: s.open})
	p.Log(LogOptions{Function: "p/f"}).Record(infer(t, 1))
	shut(t, p)
	if l := balanced(t, p); l.Dropped != 1 || l.Pending() != 0 {
		t.Errorf("ledger %+v", l)
	}
}

// TestFullDisk keeps records in files up to the limit, and writes no part of a chunk.
func TestFullDisk(t *testing.T) {
	s := &sink{}
	s.down(errDown)
	const disk = 3 * chunkSize
	p := start(t, Options{Open: s.open, Folder: &folder{path: t.TempDir()}, Memory: 4 * chunkSize, Disk: disk})
	log := p.Log(LogOptions{Function: "p/f"})
	n := 0
	until(t, "a drop", func() bool {
		for range 100 {
			log.Record(infer(t, n))
			n++
		}
		l := balanced(t, p)
		return l.Dropped > 0 && l.Spilled > 0 // what comes faster than files are written is dropped, too
	})
	l := balanced(t, p)
	if l.DiskBytes > disk {
		t.Errorf("ledger %+v", l)
	}
	s.down(nil)
	until(t, "what is left", func() bool { return balanced(t, p).Pending() == 0 })
	l = balanced(t, p)
	got := s.numbers(t)
	for i := 1; i < len(got); i++ {
		if got[i] <= got[i-1] {
			t.Fatalf("%d comes after %d", got[i], got[i-1])
		}
	}
	if int64(len(got)) != l.Delivered {
		t.Errorf("%d records, but %d delivered", len(got), l.Delivered)
	}
}

// TestNoSpace has a device without room in the place of a file.
func TestNoSpace(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this machine has no /dev/full")
	}
	defer full.Close()
	f := &spoolFile{f: full, at: spoolHead, end: spoolHead}
	s := &spool{limit: 1 << 20, files: []*spoolFile{f}}
	kept, err := s.append([]*chunk{{data: []byte("x"), records: 1}})
	if kept != 0 || !errors.Is(err, syscall.ENOSPC) || s.bytes != 0 || f.end != spoolHead || f.records != 0 {
		t.Errorf("kept %d, error %v, %d bytes, file %+v", kept, err, s.bytes, f)
	}
}

// TestBatches flushes batches that are not full when it is time, and at the end.
func TestBatches(t *testing.T) {
	s := &sink{}
	p := start(t, Options{Open: s.open, Flush: time.Hour})
	log := p.Log(LogOptions{Function: "p/f", Batch: 3})
	for i := range 4 {
		r := infer(t, i)
		r.Start = time.Now()
		log.Record(r)
	}
	log.Record(failure(t, `{"inputs": [[4]]}`, errDown))
	until(t, "a batch and a failure", func() bool { return len(s.all()) == 2 && balanced(t, p).Queued == 1 })
	shut(t, p)
	if d := cmp.Diff([]int{0, 1, 2, 4, 3}, s.numbers(t)); d != "" || len(s.all()) != 3 {
		t.Error(d, s.all())
	}

	s = &sink{}
	p = start(t, Options{Open: s.open, Flush: 20 * time.Millisecond})
	log = p.Log(LogOptions{Function: "p/f", Batch: 3})
	log.Record(infer(t, 0))
	until(t, "a part of a batch", func() bool { return len(s.all()) == 1 })
}

// TestBatchMeanwhile begins a batch just when the pusher looks for something to do and
// finds nothing: it goes when it is time all the same.
func TestBatchMeanwhile(t *testing.T) {
	dir := t.TempDir()
	kept := spooled(t, dir, 0, 1)
	damaged := kept.files[0].path
	if err := kept.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-1] ^= 0x41
	if err := os.WriteFile(damaged, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, one := &sink{}, infer(t, 0)
	var log *Log
	var once sync.Once
	looks := writerFunc(func([]byte) { once.Do(func() { log.Record(one) }) }) // it is told of the damage, and looks on
	p := New(Options{
		Open: s.open, Folder: &folder{path: dir}, Flush: 20 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(looks, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	log = p.Log(LogOptions{Function: "p/f", Batch: 3})
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, p) })
	until(t, "the batch that was begun meanwhile", func() bool { return len(s.all()) == 1 })
}

// TestClose gives up a stream that hangs when there is no time left.
func TestClose(t *testing.T) {
	s := &sink{hang: make(chan struct{})}
	f := &folder{path: filepath.Join(t.TempDir(), "records")}
	p := New(Options{Open: s.open, Folder: f})
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := p.Log(LogOptions{Function: "p/f"})
	log.Record(infer(t, 0))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if l := balanced(t, p); l.Spilled != 1 {
		t.Errorf("ledger %+v", l)
	}
	if err := New(Options{Open: s.open}).Close(ctx); err != nil {
		t.Errorf("close without start: %v", err)
	}
}
