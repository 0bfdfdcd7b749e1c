//go:build !unix

package awake

import "net"

// A conn is never made here.
type conn struct{}

func (*Vigil) over(tcp *net.TCPConn, _ Kind) net.Conn { return tcp }
