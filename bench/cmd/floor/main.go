// Command floor serves the floor server of bench/floor and prints its address.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/leat-ml/leat/bench/floor"
)

func main() {
	addr := flag.String("http", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	flag.Parse()
	if err := serve(*addr); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func serve(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("floor serves http://%s\n", l.Addr())
	return http.Serve(l, new(floor.Handler))
}
