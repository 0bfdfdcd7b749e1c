//go:build unix

package python

import (
	"io/fs"
	"os"
	"syscall"
)

// mine says whether a file is this user's.
func mine(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}

// killGroup ends a process and all that it started and that has not left its
// group.
func killGroup(pid int) {
	if pid > 1 {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // there may be nobody left
	}
}

// askWhere has a worker write its stacks to stderr.
func askWhere(pid int) {
	if pid > 1 {
		_ = syscall.Kill(pid, syscall.SIGUSR2) // it is killed in any case
	}
}

// pair is two ends of a socket; the first is for this process.
func pair() (ours, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	for _, fd := range fds {
		syscall.CloseOnExec(fd)
	}
	return os.NewFile(uintptr(fds[0]), "worker"), os.NewFile(uintptr(fds[1]), "server"), nil
}
