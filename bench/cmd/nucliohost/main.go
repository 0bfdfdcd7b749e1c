// Command nucliohost stands in for nuclio's processor: it starts nuclio's own
// Python wrapper, whose files the user has, and hands each HTTP request to it as
// that processor does, on a unix socket, one event at a time a worker. It prints its
// address.
//
//	nucliohost -wrapper DIR -python .venv/bin/python -path bench/python -handler nuclionoop:handler
//
// DIR holds _nuclio_wrapper.py and what it imports, from pkg/processor/runtime/python/py
// of nuclio's repository at a tag whose wrapper takes --event-socket-path and
// --control-socket-path (1.12 and later).
//
// It does strictly less than the processor: no logs, metrics, triggers, time limits,
// statistics or restarts; it reads only plain HTTP/1.1 requests with Content-Length,
// and encodes an event without reflection. What runs in Python is unchanged, so what
// is faster than this host is faster than nuclio.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "nucliohost:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	var l launch
	f := flag.NewFlagSet("nucliohost", flag.ContinueOnError)
	addr := f.String("http", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	workers := f.Int("workers", 1, "processes")
	f.StringVar(&l.wrapper, "wrapper", "", "`folder` with nuclio's _nuclio_wrapper.py")
	f.StringVar(&l.python, "python", "python3", "interpreter")
	f.StringVar(&l.path, "path", ".", "`folder` with the module of the handler")
	f.StringVar(&l.handler, "handler", "", "`module:function` that answers events")
	if err := f.Parse(args); err != nil {
		return err
	}
	if l.wrapper == "" || l.handler == "" || *workers < 1 || f.NArg() > 0 {
		return errors.New("want -wrapper and -handler, and at least one worker")
	}
	h, err := l.start(*workers)
	if err != nil {
		return err
	}
	defer h.stop()
	listening, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "nucliohost serves http://%s\n", listening.Addr())
	return h.serve(listening)
}

// A host has the workers that have nothing to do, and hands them requests. It is
// safe for concurrent use.
type host struct {
	idle chan *worker
	all  []*worker
}

// serve answers each connection in turn for as long as it lives.
func (h *host) serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go h.connection(conn)
	}
}

// connection answers the requests of one client, one after another.
func (h *host) connection(conn net.Conn) {
	defer conn.Close()
	var req request
	var out []byte
	for in := bufio.NewReaderSize(conn, maxLine); ; {
		if err := req.read(in); err != nil {
			return // it has gone, or is none that can be answered
		}
		out = h.ask(&req).appendTo(out[:0])
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

// ask waits for a worker that has nothing to do. One that has ended goes on to say so.
func (h *host) ask(req *request) answer {
	w := <-h.idle
	a, err := w.call(req)
	h.idle <- w
	if err != nil {
		return answer{Status: 503, Type: "text/plain", Body: err.Error()}
	}
	return a
}

func (h *host) stop() {
	for _, w := range h.all {
		w.stop()
	}
}
