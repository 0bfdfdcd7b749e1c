package python

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// TestSharedSpans takes and gives parts of the memory in any order: none overlap,
// and in the end all of it is one again.
func TestSharedSpans(t *testing.T) {
	const size = 1 << 20
	s := &shared{free: []span{{0, size}}, mem: make([]byte, size)}
	r := rand.New(rand.NewPCG(1, 2))
	var held []lease
	used := make([]bool, size/sharedUnit)
	mark := func(p span, to bool) {
		for i := p.at / sharedUnit; i < p.end()/sharedUnit; i++ {
			if used[i] == to {
				t.Fatalf("unit %d is given twice", i)
			}
			used[i] = to
		}
	}
	for range 20000 {
		if len(held) > 0 && r.IntN(2) == 0 {
			i := r.IntN(len(held))
			mark(held[i].payload, false)
			s.give(held[i])
			held = append(held[:i], held[i+1:]...)
			continue
		}
		if got, ok := s.take(1 + r.IntN(size/8)); ok {
			mark(got, true)
			held = append(held, lease{payload: got})
		}
	}
	for _, l := range held {
		s.give(l)
	}
	if len(s.free) != 1 || s.free[0] != (span{0, size}) {
		t.Errorf("in the end %v is free", s.free)
	}
	if _, ok := s.take(size + 1); ok {
		t.Error("more than there is")
	}
}

func TestFetch(t *testing.T) {
	s := &shared{mem: bytes.Repeat([]byte("x"), 1024)}
	room := span{128, 256}
	for meta, want := range map[string]error{
		`{"shm":[128,256]}`: nil, `{"shm":[128,257]}`: errAnswer, `{"shm":[0,10]}`: errAnswer,
		`{"shm":[128,-1]}`: errAnswer, `{"shm":[128]}`: errAnswer, `{}`: errAnswer, `x`: errAnswer,
	} {
		f := frame{flags: isShared | isBytes, meta: []byte(meta)}
		if err := s.fetch(&f, room); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", meta, err, want)
		}
	}
	s.mem = nil
	if err := s.fetch(&frame{meta: []byte(`{"shm":[128,1]}`)}, room); !errors.Is(err, errUnmapped) {
		t.Errorf("after the end: %v", err)
	}
}

// TestLargePayloads has requests and answers go through the memory, beside each
// other, and some be cancelled: nothing of it is lost.
func TestLargePayloads(t *testing.T) {
	m := startModel(t, testCode(t), "Raw", nil)
	memory := m.pool.pick().shared
	if memory == nil {
		t.Skip("memory cannot be shared on this system")
	}
	var calls sync.WaitGroup
	for i := range 8 {
		calls.Go(func() {
			body := []byte(`{"inputs":["` + string(bytes.Repeat([]byte{byte('a' + i)}, (i+1)*300<<10)) + `"]}`)
			for n := range 5 {
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
				if n == 3 {
					cancel()
				}
				v, err := m.Predict(ctx, &serve.Request{Op: "infer", Body: serve.RawBody(body)})
				cancel()
				switch {
				case n == 3 && err == nil, errors.Is(err, context.Canceled):
				case err != nil:
					t.Error(err)
				case !bytes.Equal(v.(json.RawMessage), body):
					t.Errorf("request of %d bytes came back as %.60s", len(body), v)
				}
			}
		})
	}
	calls.Wait()
	await(t, "all of the memory", func() bool {
		memory.mu.Lock()
		defer memory.mu.Unlock()
		return len(memory.free) == 1 && memory.free[0].size == sharedSize-boxEnd
	})
	w := m.pool.pick()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn.mu.Lock()
	defer w.conn.mu.Unlock()
	if w.large[modelObject] < sharedFrom {
		t.Errorf("no answer came through the memory: %v", w.large)
	}
}

func TestSizeIn(t *testing.T) {
	for meta, want := range map[string]int{
		`{"shm":[128,256]}`: 256, `{"metrics":{"a\"shm":1},"shm":[128,0]}`: 0, `{"shm":[128,3],"x":1}`: -1,
		`{"shm":[128,99999999999999999999]}`: -1, `{"shm":[128,1]`: -1, `"`: -1, ``: -1, `{"shm":[129,1]}`: -1,
	} {
		size, ok := sizeIn([]byte(meta), span{128, 256})
		if ok != (want >= 0) || ok && size != want {
			t.Errorf("%s: %d, %v, want %d", meta, size, ok, want)
		}
	}
}
