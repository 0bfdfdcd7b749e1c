package oip

import (
	"bytes"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"
)

func TestRoomMake(t *testing.T) {
	var r Room
	var all [][]byte
	for _, n := range []int{0, 1, 7, 8, 9, 63, 4096, largeBody - 1, largeBody, largeBody + 3, 1 << 20} {
		b := r.Make(n)
		if len(b) != n {
			t.Fatalf("Make(%d) has %d bytes", n, len(b))
		}
		if n > 0 && uintptr(unsafe.Pointer(&b[0]))%8 != 0 {
			t.Errorf("Make(%d) is at %p, no multiple of 8", n, &b[0])
		}
		for i := range b {
			b[i] = byte(len(all))
		}
		all = append(all, b)
	}
	runtime.GC()
	for i, b := range all { // each has memory of its own, which stays
		if bytes.Count(b, []byte{byte(i)}) != len(b) {
			t.Errorf("the memory of %d bytes was written to by others", len(b))
		}
	}
}

func TestRoomHasTheCollectorWait(t *testing.T) {
	next := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NextGC
	}
	var r Room
	r.Make(largeBody - 1)
	if r.reserve != nil {
		t.Error("a small body makes a reserve")
	}
	r.Make(largeBody)
	if want := uint64(len(r.reserve)); next() < want || (want == 0 && reserveSize() != 0) {
		t.Errorf("the next collection is at %d bytes, but %d are in reserve", next(), want)
	}
	runtime.KeepAlive(&r)
}

func TestReserveSize(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	for _, tt := range []struct {
		name    string
		percent int
		limit   int64
		want    int
	}{
		{"as it comes", 100, math.MaxInt64, 64 << 20},
		{"fewer collections", 400, math.MaxInt64, 16 << 20},
		{"more collections", 50, math.MaxInt64, 64 << 20},
		{"none", -1, math.MaxInt64, 0},
		{"a limit", 100, 160 << 20, 10 << 20},
		{"both", 200, 160 << 20, 5 << 20},
	} {
		debug.SetGCPercent(tt.percent)
		debug.SetMemoryLimit(tt.limit)
		if got := reserveSize(); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}
