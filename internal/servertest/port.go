package servertest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing" //nolint:depguard // it is for tests
)

// Port is a port of 127.0.0.1 that the test has until it ends, also while no server
// listens there. It is below those that systems give to connections (from 32768 on,
// Linux; from 49152 on, others), any of which may be taken the moment after it was
// seen to be free. Other tests, in this process and in others, leave it alone
// because the port of UDP with that number is taken.
func Port(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 10_000 + rand.IntN(20_000) //nolint:gosec // not a secret
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		mark, err := net.ListenPacket("udp", address)
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			_ = mark.Close()
			continue
		}
		_ = l.Close()
		t.Cleanup(func() { _ = mark.Close() })
		return port
	}
	t.Fatal("of 1000 ports between 10000 and 30000 none is free")
	return 0
}
