package socket

import (
	"net"
	"syscall"
	"unsafe"
)

// Untaken is how many bytes were written to a connection that its client has yet to
// take. ok is false where the system does not say.
func Untaken(c net.Conn) (bytes int, ok bool) {
	sock, isSock := c.(syscall.Conn)
	if !isSock {
		return 0, false
	}
	raw, err := sock.SyscallConn()
	if err != nil {
		return 0, false
	}
	var n int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	})
	return int(n), err == nil && errno == 0
}
