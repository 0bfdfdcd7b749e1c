//go:build unix

package remote

import "syscall"

// alive says whether the other end has neither closed the connection nor sent
// what nobody asked for.
func (l *link) alive() bool {
	if l.raw == nil {
		return true
	}
	open := false
	err := l.raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, err := syscall.Read(int(fd), b[:])
		open = err == syscall.EAGAIN
		return true
	})
	return open && err == nil
}
