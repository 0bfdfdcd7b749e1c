// Command leatecho serves an echo model through leat's public packages and
// prints its address.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/leat-ml/leat/bench/echoserver"
)

func main() {
	addr := flag.String("http", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	flag.Parse()
	if err := run(context.Background(), *addr); err != nil {
		fmt.Fprintln(os.Stderr, "leatecho:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string) error {
	srv, _, err := echoserver.New()
	if err != nil {
		return err
	}
	if err := srv.Start(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("leatecho serves http://%s\n", l.Addr())
	return http.Serve(l, srv.Handler())
}
