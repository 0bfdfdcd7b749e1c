package python

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

func (f *frame) bytes() []byte { return append(f.appendHead(nil), f.body...) }

func TestFrames(t *testing.T) {
	frames := []frame{
		{kind: kindOK},
		{kind: kindOK, flags: isJSON, object: 7, call: 1 << 40, meta: []byte(`{"a":1}`), body: []byte(`[1]`)},
		{kind: kindError, call: 2, meta: []byte(strings.Repeat("m", 3<<20))},
		{kind: kindPart, call: 3, flags: isTensors, meta: []byte("{}"), body: bytes.Repeat([]byte("12345678"), 700<<10)},
		{kind: kindAsk, call: 4, meta: []byte(strings.Repeat("m", 9)), body: []byte("b")},
	}
	var wire []byte
	for i := range frames {
		wire = append(wire, frames[i].bytes()...)
	}
	d := newFrameReader(bytes.NewReader(wire))
	for i := range frames {
		got, err := d.read()
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		want := &frames[i]
		if got.kind != want.kind || got.flags != want.flags || got.object != want.object || got.call != want.call {
			t.Errorf("frame %d: head %+v", i, got)
		}
		if !bytes.Equal(got.meta, want.meta) || !bytes.Equal(got.body, want.body) {
			t.Errorf("frame %d: %d and %d bytes, want %d and %d", i, len(got.meta), len(got.body), len(want.meta), len(want.body))
		}
		if len(got.body) > 0 && uintptr(unsafe.Pointer(&got.body[0]))%8 != 0 {
			t.Errorf("frame %d: the body does not begin at a multiple of 8", i)
		}
	}
	if _, err := d.read(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestBrokenFrames(t *testing.T) {
	ok := frame{kind: kindOK, meta: []byte("{}"), body: []byte("body")}
	change := func(at int, b ...byte) []byte {
		raw := ok.bytes()
		copy(raw[at:], b)
		return raw
	}
	tests := []struct {
		name string
		raw  []byte
		want error
	}{
		{"cut in the head", ok.bytes()[:10], io.ErrUnexpectedEOF},
		{"cut in the metadata", ok.bytes()[:21], io.ErrUnexpectedEOF},
		{"cut in the body", ok.bytes()[:24], io.ErrUnexpectedEOF},
		{"of the server's kind", change(4, byte(kindCall)), errFrame},
		{"of no kind", change(4, 255), errFrame},
		{"too large", change(0, 1, 0, 0, 0x40), errFrame},
		{"smaller than its head", change(0, 15, 0, 0, 0), errFrame},
		{"more metadata than frame", change(16, 7), errFrame},
		{"too much metadata", append(change(0, 0, 0, 0, 2)[:16], 1, 0, 0, 1), errFrame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := newFrameReader(bytes.NewReader(tt.raw)).read(); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// TestLyingFrame announces a gigabyte and sends nothing: little is reserved.
func TestLyingFrame(t *testing.T) {
	head := frame{kind: kindOK, meta: make([]byte, 8)}
	raw := head.bytes()
	raw[3] = 0x3f
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := newFrameReader(bytes.NewReader(raw)).read()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d bytes are allocated", grown)
	}
}

func FuzzFrames(f *testing.F) {
	one := frame{kind: kindOK, flags: isTensors, meta: []byte(`{"tensors":[{"name":"a","datatype":"FP32","shape":[1]}]}`), body: []byte("1234\x00\x00\x00\x00")}
	two := frame{kind: kindError, meta: []byte(`{"class":"ValueError","message":"no"}`)}
	f.Add(append(one.bytes(), two.bytes()...))
	f.Add(one.bytes()[:30])
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := newFrameReader(bytes.NewReader(raw))
		at := 0
		for {
			got, err := d.read()
			if err != nil {
				return
			}
			again := got.bytes()
			if !bytes.Equal(again, raw[at:at+len(again)]) {
				t.Fatalf("a frame of %d bytes is written as another", len(again))
			}
			at += len(again)
			_, _ = valueOf(&got)
			_ = failureOf(got.meta).answer()
		}
	})
}

func TestTensors(t *testing.T) {
	tests := []struct {
		name, meta string
		body       int
		want       string // of the error
		shapes     [][]int
	}{
		{name: "two", meta: `{"tensors":[{"name":"a","datatype":"FP32","shape":[3]},{"name":"b","datatype":"INT64","shape":[1,2]}]}`, body: 32, shapes: [][]int{{3}, {1, 2}}},
		{name: "scalar", meta: `{"tensors":[{"name":"a","datatype":"FP64"}]}`, body: 8, shapes: [][]int{{}}},
		{name: "text", meta: `{"tensors":[{"name":"a","datatype":"BYTES","shape":[2],"data":["x","y"]},{"name":"b","datatype":"BOOL","shape":[1]}]}`, body: 1, shapes: [][]int{{2}, {1}}},
		{name: "too few bytes", meta: `{"tensors":[{"name":"a","datatype":"FP32","shape":[3]}]}`, body: 11, want: "11 bytes do not hold"},
		{name: "overflow", meta: `{"tensors":[{"name":"a","datatype":"FP64","shape":[4611686018427387904,8]}]}`, body: 8, want: "do not hold"},
		{name: "negative", meta: `{"tensors":[{"name":"a","datatype":"FP64","shape":[-1]}]}`, body: 8, want: "do not hold"},
		{name: "no type", meta: `{"tensors":[{"name":"a","datatype":"FP65","shape":[1]}]}`, body: 8, want: "do not hold"},
		{name: "texts missing", meta: `{"tensors":[{"name":"a","datatype":"BYTES","shape":[2],"data":["x"]}]}`, want: "2 elements of BYTES"},
		{name: "no JSON", meta: `{"tensors":7}`, want: "its tensors"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ts, err := tensorsOf([]byte(tt.meta), make([]byte, tt.body))
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var shapes [][]int
			for _, one := range ts {
				shapes = append(shapes, one.Shape)
			}
			if d := cmp.Diff(tt.shapes, shapes); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestKnownTensors has frames with the same metadata and with other.
func TestKnownTensors(t *testing.T) {
	said := func(name string, n int) []byte {
		return fmt.Appendf(nil, `{"tensors":[{"name":%q,"datatype":"INT8","shape":[%d]}]}`, name, n)
	}
	long := strings.Repeat("n", shortMeta)
	var last *known
	for i, tt := range []struct {
		meta []byte
		want string
	}{
		{said("a", 2), "a[2]"}, {said("a", 2), "a[2]"}, {said(long, 1), long + "[1]"}, {said("a", 2), "a[2]"},
		{said("b", 3), "b[3]"}, {nil, ""}, {[]byte("{"), ""}, {said("b", 9), ""}, {said("b", 3), "b[3]"},
	} {
		var got string
		ts, next, err := last.of(&frame{meta: tt.meta, body: make([]byte, 8)})
		last = next
		if err == nil {
			got = fmt.Sprint(ts[0].Name, ts[0].Shape)
			ts[0].Shape[0] = 7 // the tensor is its owner's
		}
		if got != tt.want {
			t.Errorf("%d: %s, want %s; error %v", i, got, tt.want, err)
		}
	}
}
