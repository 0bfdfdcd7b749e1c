package python

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// The numbers of memfd_create(2), which package syscall does not have.
var memfdCreate = map[string]uintptr{"amd64": 319, "arm64": 279}[runtime.GOARCH]

const (
	memfdSealing = 2    // MFD_ALLOW_SEALING
	memfdClose   = 1    // MFD_CLOEXEC
	addSeals     = 1033 // F_ADD_SEALS
	allSeals     = 1 | 2 | 4
)

// ordered says that processors see what another one writes in the order in which it
// does, which the worker relies on: its language has no other means.
const ordered = runtime.GOARCH == "amd64"

// newShared makes memory to share, which nobody can shrink under the other: the
// file has no name and its size is sealed. nil where it cannot be had.
func newShared() *shared {
	if memfdCreate == 0 {
		return nil
	}
	name := []byte("leat-worker\x00")
	fd, _, errno := syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(&name[0])), memfdSealing|memfdClose, 0)
	if errno != 0 {
		return nil
	}
	s := &shared{fd: int(fd), free: []span{{boxEnd, sharedSize - boxEnd}}, words: ordered}
	err := syscall.Ftruncate(s.fd, sharedSize)
	if err == nil {
		if _, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, addSeals, allSeals); errno != 0 {
			err = errno
		}
	}
	if err == nil {
		s.mem, err = syscall.Mmap(s.fd, 0, sharedSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	}
	if err != nil {
		_ = syscall.Close(s.fd)
		return nil
	}
	return s
}

// file is the memory as a file for the worker, which the caller closes once the
// worker has it.
func (s *shared) file() *os.File { return os.NewFile(uintptr(s.fd), "shared") }

// place is where the worker finds its descriptor of that number.
func (s *shared) place(number int) string { return fmt.Sprintf("/proc/self/fd/%d", number) }

// close unmaps the memory.
func (s *shared) close() {
	s.mapped.Lock()
	defer s.mapped.Unlock()
	if s.mem != nil {
		_ = syscall.Munmap(s.mem) // mapped as it is
		s.mem = nil
	}
}
