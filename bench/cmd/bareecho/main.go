// Command bareecho serves the least that a net/http server does with a large body:
// it reads it and answers with the same bytes. It prints its address.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
)

func main() {
	addr := flag.String("http", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	flag.Parse()
	if err := serve(*addr); err != nil {
		fmt.Fprintln(os.Stderr, "bareecho:", err)
		os.Exit(1)
	}
}

func serve(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("bareecho serves http://%s\n", l.Addr())
	return http.Serve(l, http.HandlerFunc(echo))
}

// echo reads a body of known length into memory of that length, once.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength < 0 || r.ContentLength > 64<<20 {
		http.Error(w, "the body has no length, or is too long", http.StatusBadRequest)
		return
	}
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return // the client has gone
	}
	w.Header()["Content-Type"] = []string{"application/octet-stream"}
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body)
}
