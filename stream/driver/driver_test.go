package driver

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// FuzzUnwrap wants what Unwrap takes to be the same after Wrap, on one line.
func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(`{"full_event_wrapper":true,"body":{"a":[1]},"key":"k","id":3,"time":"2026-01-02T03:04:05Z","headers":{"a":["b"]}}`))
	f.Add([]byte(`{"full_event_wrapper":true,"body":"AP8=","encoding":"base64"}`))
	f.Add([]byte(`{"full_event_wrapper":true,"body":"a","encoding":"text","id":{}}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		m, err := Unwrap(record)
		if err != nil {
			return
		}
		line := Wrap(nil, m)
		if bytes.ContainsAny(line, "\n\r") || !json.Valid(line) {
			t.Fatalf("not one line of JSON: %q", line)
		}
		again, err := Unwrap(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if m.Body == nil {
			m.Body = []byte{}
		}
		if json.Valid(m.Body) {
			m.Body = AppendLine(nil, m.Body)
		}
		if !bytes.Equal(m.Body, again.Body) || m.Key != again.Key || m.ID != again.ID || !m.Time.Equal(again.Time) || len(m.Header) != len(again.Header) {
			t.Fatalf("%+v became %+v", m, again)
		}
	})
}

func TestUnwrapRefuses(t *testing.T) {
	for _, record := range []string{
		"", "1", `{"a":1}`, `{"full_event_wrapper":false,"body":1}`, `{"full_event_wrapper":true,"body":1`,
		`{"full_event_wrapper":true,"body":1,"encoding":"zip"}`, `{"full_event_wrapper":true,"body":1,"encoding":"text"}`,
		`{"full_event_wrapper":true,"body":"*","encoding":"base64"}`, `["full_event_wrapper"]`,
	} {
		if m, err := Unwrap([]byte(record)); err == nil {
			t.Errorf("%s was taken for %+v", record, m)
		}
	}
}

func TestErrors(t *testing.T) {
	a, b := errors.New("a"), Permanent(errors.New("b"))
	batch := &BatchError{Errs: []error{nil, a, b}}
	if batch.Error() != "2 of 3 messages were not published: a" || !errors.Is(batch, a) || !IsPermanent(batch) {
		t.Errorf("batch error %v", batch)
	}
	for err, want := range map[error]bool{a: false, b: true, ErrClosed: true, ErrUnsupported: true} {
		if got := IsPermanent(err); got != want {
			t.Errorf("%v is permanent: %v, want %v", err, got, want)
		}
	}
	if Permanent(nil) != nil || !errors.Is(ErrUnsupported, errors.ErrUnsupported) {
		t.Error("no error is permanent")
	}
}

func TestParams(t *testing.T) {
	p := ParamsOf(&url.URL{RawQuery: "n=3&size=2KiB&d=5s&text=x&more=1&bad=x&%zz"})
	if n, size, d, text := p.Int("n", 0, 1), p.Size("size", 0), p.Duration("d", 0), p.Text("text", ""); n != 3 || size != 2048 || d != 5*time.Second || text != "x" {
		t.Errorf("read %d, %d, %v, %q", n, size, d, text)
	}
	if n, size, d := p.Int("bad", 7, 1), p.Size("no", 8), p.Duration("nor", 9); n != 7 || size != 8 || d != 9 {
		t.Errorf("defaults %d, %d, %v", n, size, d)
	}
	err := p.Err()
	for _, want := range []string{`option bad must be a whole number, at least 1, found "x"`, `unknown option "more" (there are bad, d, n, no, nor, size, text)`, "cannot be read"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestGroup plays random members of a group against a model: messages of a key
// are delivered in order unless they are given back, none is with two members,
// none is lost, and what is acknowledged does not come again.
func TestGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &Group{}
		members := []*Member{NewMember(), NewMember(), NewMember()}
		open := map[int64]int{} // offsets that are out, by member
		out := []Delivery{}
		acked := map[int64]bool{}
		pushed := int64(0)
		keyAt := map[string]map[int]int{}
		settle := func(i int, again bool) {
			d := out[i]
			out = append(out[:i:i], out[i+1:]...)
			m := open[d.Offset]
			delete(open, d.Offset)
			keyAt[d.Key][m]--
			if !g.Settle(members[m], &Settlement{Delivery: d, Again: again}) {
				t.Fatalf("message %d was not open", d.Offset)
			}
			if g.Settle(members[m], &Settlement{Delivery: d}) {
				t.Fatalf("message %d was settled twice", d.Offset)
			}
			acked[d.Offset] = !again
		}
		take := func(m, n int) int {
			buf := make([]Delivery, n)
			n, wake := g.Take(members[m], buf)
			if !wake.IsZero() {
				t.Fatal("nothing waits for its time")
			}
			for _, d := range buf[:n] {
				if _, twice := open[d.Offset]; twice || acked[d.Offset] {
					t.Fatalf("message %d came again", d.Offset)
				}
				open[d.Offset] = m
				if keyAt[d.Key] == nil {
					keyAt[d.Key] = map[int]int{}
				}
				for other, n := range keyAt[d.Key] {
					if d.Key != "" && other != m && n > 0 {
						t.Fatalf("key %s is at two members", d.Key)
					}
				}
				keyAt[d.Key][m]++
				out = append(out, d)
			}
			return n
		}
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			m := rapid.IntRange(0, 2).Draw(t, "member")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0, 1:
				key := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "key")
				g.Push(&Message{Key: key}, Place{Offset: pushed, End: pushed + 1})
				pushed++
			case 2:
				take(m, rapid.IntRange(1, 4).Draw(t, "n"))
			case 3:
				if len(out) > 0 {
					settle(rapid.IntRange(0, len(out)-1).Draw(t, "which"), rapid.Bool().Draw(t, "again"))
				}
			case 4:
				g.Leave(members[m])
				members[m] = NewMember()
				var kept []Delivery
				for _, d := range out {
					if open[d.Offset] == m {
						delete(open, d.Offset)
						keyAt[d.Key][m]--
					} else {
						kept = append(kept, d)
					}
				}
				out = kept
			}
			want := int64(0)
			for i := range pushed {
				if !acked[i] {
					want++
				}
			}
			if got := g.Unacked(); got != want {
				t.Fatalf("%d are not acknowledged, want %d", got, want)
			}
		}
		for len(out) > 0 {
			settle(0, false)
		}
		for take(0, 10) > 0 {
			for last := map[string]int64{}; len(out) > 0; {
				if d := out[0]; d.Key != "" && d.Offset < last[d.Key] {
					t.Fatalf("message %d of key %s after %d", d.Offset, d.Key, last[d.Key])
				} else {
					last[d.Key] = d.Offset
				}
				settle(0, false)
			}
		}
		if g.Len() != 0 || g.Bytes() != 0 || g.Waiting() || len(acked) != int(pushed) {
			t.Fatalf("%d are left, %d bytes, %d of %d acknowledged", g.Len(), g.Bytes(), len(acked), pushed)
		}
		if diff := cmp.Diff(0, len(g.keys)); diff != "" {
			t.Fatalf("keys are left: %v", g.keys)
		}
	})
}
