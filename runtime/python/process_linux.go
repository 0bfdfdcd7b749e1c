package python

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// attributes are those of a worker: a group of its own, and word when the server
// is gone. The word is tied to the thread that starts the process, which must
// live as long as the process may. It is SIGTERM, at which the worker ends its
// group: SIGKILL would leave behind what the user's code has started.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

var pageSize = int64(os.Getpagesize())

// canMeasure says whether resident works here.
const canMeasure = true

// resident is how many bytes of memory a process has (proc_pid_statm(5)).
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/%d/statm has no fields", pid)
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * pageSize, err
}
