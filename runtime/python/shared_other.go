//go:build unix && !linux

package python

import "os"

// newShared makes no memory to share: files of memory without a name, whose size
// is sealed, are Linux's. Payloads go through the socket.
func newShared() *shared { return nil }

func (s *shared) file() *os.File   { return nil }
func (s *shared) place(int) string { return "" }
func (s *shared) close()           {}
