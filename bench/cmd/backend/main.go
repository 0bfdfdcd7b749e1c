// Command backend serves bench/backend and prints its address.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/leat-ml/leat/bench/backend"
)

func main() {
	hosts := flag.Int("hosts", 1, "loopback addresses to listen on, from 127.0.0.1 on, all at one port; more than 1 on Linux only")
	flag.Parse()
	if err := run(*hosts); err != nil {
		fmt.Fprintln(os.Stderr, "backend:", err)
		os.Exit(1)
	}
}

func run(hosts int) error {
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(first.Addr().String())
	if err != nil {
		return err
	}
	s := new(backend.Server)
	done := make(chan error, hosts)
	go func() { done <- s.Serve(first) }()
	for i := 2; i <= hosts; i++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0."+strconv.Itoa(i), port))
		if err != nil {
			return err
		}
		go func() { done <- s.Serve(l) }()
	}
	fmt.Printf("backend serves http://%s\n", first.Addr())
	return <-done
}
