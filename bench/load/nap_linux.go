package load

import (
	"syscall"
	"time"
)

// nap sleeps in the kernel: the runtime's timers round waits below a
// millisecond up to one, clock_nanosleep does not.
func nap(d time.Duration) {
	ts := syscall.NsecToTimespec(int64(d))
	// An interrupted sleep is cut short; the caller looks at the clock anyway.
	_ = syscall.Nanosleep(&ts, nil)
}
