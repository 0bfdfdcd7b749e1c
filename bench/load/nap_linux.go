package load

import (
	"syscall"
	"time"
)

const prSetTimerSlack = 29 // PR_SET_TIMERSLACK of prctl(2)

// nap sleeps in the kernel: the runtime's timers round waits below a
// millisecond up to one. The kernel lets a thread oversleep by 50 us to join
// its wake-ups with others', unless that thread asks it not to.
func nap(d time.Duration) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, 1, 0)
	ts := syscall.NsecToTimespec(int64(d))
	// An interrupted sleep is cut short; the caller looks at the clock anyway.
	_ = syscall.Nanosleep(&ts, nil)
}
