//go:build !linux

package socket

import "net"

// Untaken is not known on this system.
func Untaken(net.Conn) (bytes int, ok bool) { return 0, false }
