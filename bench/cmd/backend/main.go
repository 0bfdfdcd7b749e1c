// Command backend serves bench/backend and prints its address.
package main

import (
	"fmt"
	"net"
	"os"

	"github.com/leat-ml/leat/bench/backend"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "backend:", err)
		os.Exit(1)
	}
}

func run() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("backend serves http://%s\n", l.Addr())
	return new(backend.Server).Serve(l)
}
