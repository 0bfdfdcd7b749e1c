package python

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// words is memory with words and a box, and nobody at the other side.
func words() *shared { return &shared{words: true, mem: make([]byte, boxEnd)} }

// drop puts a frame into the box as a worker does.
func (s *shared) drop(f frame, wait, at uint32) {
	s.word(wordSize).Store(uint32(copy(s.mem[boxAt:], f.bytes())))
	s.word(wordAt).Store(at)
	s.word(wordPut).Store(wait)
}

// patient has callers wait awake from the first call on, however long it takes.
func patient(c *conn) {
	c.shared = words()
	c.vigil.most, c.vigil.near = time.Minute, time.Hour
	c.vigil.over = time.Now()
}

// processors makes sure that somebody may wait awake.
func processors(t *testing.T) {
	t.Helper()
	was := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(max(was, 2))
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
}

// TestBox has answers come by the box, with and without something in the socket that
// came before them, and by the socket while the caller waits for the box.
func TestBox(t *testing.T) {
	processors(t)
	var logged int
	c, p := connected(t, func(c *conn) {
		patient(c)
		c.told = func(frame) { logged++ }
	})
	ways := []string{"box", "socket", "log and box", "part and box"}
	said := uint32(0)
	say := func(f frame) {
		said += uint32(len(f.bytes()))
		p.say(t, f)
		c.shared.word(wordSaid).Store(said)
	}
	const calls = 400
	go func() {
		for n := range calls {
			f := p.next(t)
			answer := frame{kind: kindOK, call: f.call, body: f.body}
			way := ways[n%len(ways)]
			wait, put := c.shared.word(wordWaits), c.shared.word(wordPut)
			for end := time.Now().Add(time.Second); c.who.Load() == caller && c.shared.word(wordAwake).Load() != 0 && wait.Load() == put.Load() && time.Now().Before(end); {
				runtime.Gosched()
			}
			k := wait.Load()
			boxed := k != 0 && k != put.Load() && way != "socket"
			if way == "log and box" {
				say(frame{kind: kindLog})
			}
			if way == "part and box" {
				say(frame{kind: kindPart, call: f.call, body: []byte("part")})
			}
			if !boxed {
				say(answer)
				continue
			}
			c.shared.drop(answer, k, said)
			if wait.Load() != k {
				say(frame{kind: kindBox})
			}
		}
	}()
	for n := range calls {
		last, parts, err := c.do(t.Context(), &frame{kind: kindCall, body: []byte{byte(n)}})
		if err != nil || len(last.body) != 1 || last.body[0] != byte(n) {
			t.Fatalf("call %d: %v, %v", n, last.body, err)
		}
		if want := ways[n%len(ways)] == "part and box"; (len(parts) == 1) != want {
			t.Fatalf("call %d has %d parts", n, len(parts))
		}
	}
	_ = c.close()
	if logged != calls/len(ways) {
		t.Errorf("%d log records, want %d", logged, calls/len(ways))
	}
	if c.vigil.taken == 0 {
		t.Error("nothing came by the box")
	}
}

// TestBoxOverlooked has a worker put an answer into the box and say nothing of it
// although the caller does not look there any more.
func TestBoxOverlooked(t *testing.T) {
	processors(t)
	c, p := connected(t, func(c *conn) {
		patient(c)
		c.vigil.most = 0
	})
	var dropped atomic.Bool
	var worker sync.WaitGroup
	worker.Go(func() {
		for !dropped.Load() {
			f := p.next(t)
			answer := frame{kind: kindOK, call: f.call}
			if c.who.Load() != caller {
				p.say(t, answer)
				continue
			}
			dropped.Store(true)
			c.shared.drop(answer, 1<<20, 0)
		}
	})
	for !dropped.Load() {
		if _, _, err := c.do(t.Context(), &frame{kind: kindPing}); err != nil {
			t.Fatal(err)
		}
	}
	worker.Wait()
}

// TestBoxLies has a worker put into the box what is none of the frames that it may
// send.
func TestBoxLies(t *testing.T) {
	ok := frame{kind: kindOK}
	for name, lie := range map[string]func(s *shared){
		"nothing":        func(s *shared) { s.word(wordSize).Store(0) },
		"part of a head": func(s *shared) { s.word(wordSize).Store(headSize - 1) },
		"more than is there": func(s *shared) {
			s.word(wordSize).Store(1 << 31)
		},
		"two frames": func(s *shared) {
			n := copy(s.mem[boxAt:], ok.bytes())
			n += copy(s.mem[boxAt+n:], ok.bytes())
			s.word(wordSize).Store(uint32(n))
		},
		"a frame of the server's": func(s *shared) { s.drop(frame{kind: kindCall}, 1, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newConn(struct{ io.ReadWriteCloser }{})
			c.shared = words()
			lie(c.shared)
			c.shared.word(wordPut).Store(1)
			if err := c.unbox(); !errors.Is(err, errFrame) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestNote has answers come at different times.
func TestNote(t *testing.T) {
	began := time.Now()
	v := vigil{most: awakeFor, near: soonAfter}
	after := func(d time.Duration, times int) {
		for range times {
			v.note(began, began.Add(d))
		}
	}
	after(awakeFor+1, 1)
	if v.pause != restFrom || !v.until.After(began) {
		t.Errorf("after one that came too late: %v until %v", v.pause, v.until.Sub(began))
	}
	after(awakeFor+1, 30)
	if v.pause != restUpTo {
		t.Errorf("after many: %v", v.pause)
	}
	after(soonAfter, forgiven-1)
	if v.pause != restUpTo {
		t.Errorf("forgotten too soon")
	}
	after(soonAfter, 1)
	if v.pause != 0 {
		t.Errorf("after %d that came soon: %v", forgiven, v.pause)
	}
	after(soonAfter+1, slowFor)
	if v.pause != 0 {
		t.Errorf("after %d that came later: %v", slowFor, v.pause)
	}
	after(soonAfter+1, 1)
	if v.pause != restFrom {
		t.Errorf("after %d that came later: %v", slowFor+1, v.pause)
	}
}

// TestAwake says to a worker when it shall wait awake.
func TestAwake(t *testing.T) {
	processors(t)
	c := newConn(struct{ io.ReadWriteCloser }{})
	c.shared, c.vigil.most = words(), 0
	awake := func() bool { return c.shared.word(wordAwake).Load() != 0 }
	for n := range closeFor {
		c.vigil.over = time.Now().Add(time.Hour)
		if err := c.watch(); err != nil || awake() != (n == closeFor-1) {
			t.Errorf("call %d: awake is %v, error %v", n, awake(), err)
		}
	}
	c.vigil.over = time.Time{}
	if err := c.watch(); err != nil || awake() {
		t.Errorf("after a pause: awake is %v, error %v", awake(), err)
	}
}

// TestWorkerAwake has real workers asked by callers that wait awake.
func TestWorkerAwake(t *testing.T) {
	processors(t)
	m := startModel(t, testCode(t), "Echo", nil)
	c := m.pool.pick().conn
	if c.shared == nil || !c.shared.words {
		t.Skip("there are no words in the memory of this system")
	}
	await(t, "answers in the box", func() bool {
		stoodBack(t, c)
		if !c.who.CompareAndSwap(nobody, caller) {
			return false
		}
		c.vigil.most, c.vigil.near, c.vigil.until = time.Minute, time.Hour, time.Time{}
		c.who.Store(nobody)
		for range 50 {
			v, err := m.Predict(t.Context(), rows(`{"inputs": [1, 2]}`))
			if err != nil || fmt.Sprintf("%s", v) != "[1,2]" {
				t.Fatalf("%s, error %v", v, err)
			}
		}
		if !c.who.CompareAndSwap(nobody, caller) {
			return false
		}
		defer c.who.Store(nobody)
		return c.vigil.taken > 10
	})
}

// FuzzBox puts anything into the box and the words.
func FuzzBox(f *testing.F) {
	f.Add((&frame{kind: kindOK, call: 1, meta: []byte("{}")}).bytes(), uint32(1), uint32(0))
	f.Add((&frame{kind: kindBox}).bytes(), uint32(1), uint32(20))
	f.Fuzz(func(t *testing.T, box []byte, put, at uint32) {
		c := newConn(struct {
			io.Reader
			io.Writer
			io.Closer
		}{endless{}, io.Discard, nil})
		c.shared = words()
		c.shared.word(wordSize).Store(uint32(copy(c.shared.mem[boxAt:], box)))
		c.shared.word(wordPut).Store(put)
		c.shared.word(wordAt).Store(at % 4096)
		_ = c.unbox()
		c.asks.Wait()
	})
}

// endless sends one word after another that there is something in the box.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	n := 0
	for ; len(p)-n >= headSize; n += headSize {
		clear(p[n : n+headSize])
		binary.LittleEndian.PutUint32(p[n:], headSize-4)
		p[n+4] = byte(kindBox)
	}
	return n, nil
}
