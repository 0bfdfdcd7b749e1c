//go:build !linux

package rest

import "net"

// untaken is not known on this system.
func untaken(net.Conn) (bytes int, ok bool) { return 0, false }
