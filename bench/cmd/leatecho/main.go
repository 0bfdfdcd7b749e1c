// Command leatecho serves an echo model through leat's public packages and
// prints its addresses.
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
	rpc := flag.String("grpc", "", "address to listen on for gRPC; empty is none")
	flag.Parse()
	if err := run(context.Background(), *addr, *rpc); err != nil {
		fmt.Fprintln(os.Stderr, "leatecho:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, rpc string) error {
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
	failed := make(chan error, 2)
	if rpc != "" {
		l, err := net.Listen("tcp", rpc)
		if err != nil {
			return err
		}
		fmt.Printf("leatecho serves grpc://%s\n", l.Addr())
		go func() { failed <- srv.ServeGRPC(ctx, l) }()
	}
	go func() { failed <- http.Serve(l, srv.Handler()) }()
	return <-failed
}
