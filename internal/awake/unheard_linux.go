package awake

import "syscall"

// unheard is after how many milliseconds without an acknowledgement a connection ends:
// what grpc-go sets, as the timeout of its pings, where it is given the socket itself.
// The option is TCP_USER_TIMEOUT of tcp(7).
const (
	unheard     = 20_000
	userTimeout = 18
)

func endUnheard(raw syscall.RawConn) {
	_ = raw.Control(func(fd uintptr) { // without it pings end the connection, later
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout, unheard)
	})
}
