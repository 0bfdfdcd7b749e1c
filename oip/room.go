package oip

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"unsafe"
)

const (
	// largeBody is the size in bytes from which memory for a body makes a [Room]
	// have a reserve.
	largeBody = 64 << 10
	// reserve is how many bytes may become garbage before the collector runs, at
	// least, once there are large bodies.
	reserve = 64 << 20
)

// A Room makes memory for bodies of requests. The zero value is ready for use, by
// several goroutines at a time.
//
// Whoever is asked with tensors of a megabyte makes as much garbage with each
// request. Where little else is on the heap, Go's collector then runs every few
// requests, and each run marks all that lives and empties every sync.Pool: that
// took more time than the requests did. From the first large body on a Room
// therefore holds a reserve that is never touched, and so takes addresses but no
// memory, while it counts as live: the collector waits until as much again is
// garbage. That is how much more memory a server of large tensors has. With a
// memory limit (GOMEMLIMIT) the reserve is at most a sixteenth of it, and with
// GOGC above 100 it is as much smaller; there is none with GOGC=off.
type Room struct {
	once    sync.Once
	reserve []byte
}

// Make returns n bytes at an address that is a multiple of 8. They have not been
// cleared, which for large tensors takes as long as copying them: the caller has
// to write all that anybody may read.
func (r *Room) Make(n int) []byte {
	if n >= largeBody {
		r.once.Do(func() { r.reserve = uncleared(reserveSize()) })
	}
	return uncleared(n)
}

// reserveSize is what the settings of the collector leave of the reserve.
func reserveSize() int {
	size := min(int64(reserve), debug.SetMemoryLimit(-1)/16) // which reads the limit and sets nothing
	percent := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(percent)
	if v := percent[0].Value; v.Kind() == metrics.KindUint64 && v.Uint64() > 100 {
		if v.Uint64() > math.MaxInt32 {
			return 0
		}
		size = size * 100 / int64(v.Uint64()) //nolint:gosec // it has just been compared
	}
	return int(size)
}

// uncleared returns n bytes of the memory of a strings.Builder, the one way to get
// some that has not been cleared. Less than 8 might not be aligned.
func uncleared(n int) []byte {
	if n == 0 {
		return nil
	}
	var b strings.Builder
	b.Grow(max(n, 8))
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), n)
}
