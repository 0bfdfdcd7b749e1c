package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/leat-ml/leat/bench/target"
	"github.com/leat-ml/leat/oip/inference"
)

// oneWay is how long bytes are under way between a client and a far server.
const oneWay = 5 * time.Millisecond

// far measures what windows are for: the first image of a new connection to a server
// some way off, until its answer is there. Windows that are as wide as the image let
// it come at once; narrower ones have the client wait for each part to be taken.
func (b *bench) far(ctx context.Context) error {
	firsts, others := map[string][]time.Duration{}, map[string][]time.Duration{}
	w := &workload{conns: 1, servers: echoes, request: image()}
	for round := range b.rounds {
		for i := range echoes {
			name := echoes[(i+round)%len(echoes)]
			first, other, err := answers(ctx, b.up[name], w)
			if err != nil {
				return fmt.Errorf("far from %s: %w", name, err)
			}
			firsts[name], others[name] = append(firsts[name], first), append(others[name], other)
		}
	}
	fmt.Fprintf(b.report, "## image-far, one after the other on a new connection, %v there and %v back\n\n"+
		"| server | the first, ms | times leat's | each of the next %d, ms | times leat's |\n|---|---|---|---|---|\n", oneWay, oneWay, more)
	for _, name := range echoes {
		fmt.Fprintf(b.report, "| %s | %.1f | %.1f | %.1f | %.1f |\n", name,
			middle(firsts[name]), middle(firsts[name])/middle(firsts[leatServer]), middle(others[name]), middle(others[name])/middle(others[leatServer]))
	}
	fmt.Fprintln(b.report)
	return nil
}

// middle is the median in milliseconds.
func middle(all []time.Duration) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2].Seconds() * 1000
}

// more is how many images follow the first.
const more = 10

// answers is how long the first image takes on a connection that has been made, and
// each of those that follow.
func answers(ctx context.Context, s *target.Server, w *workload) (first, other time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	p, err := delay(s.Addr)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	at := *s
	at.Addr = p.Addr().String()
	d, err := unchecked(&at, w)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	// The bare servers have no such method, and answer all the same.
	_, _ = inference.NewGRPCInferenceServiceClient(d.conns[0]).ServerLive(ctx, &inference.ServerLiveRequest{})
	begun := time.Now()
	for i := range 1 + more {
		if err := d.ask(ctx, d.conns[0]); err != nil {
			return 0, 0, err
		}
		if i == 0 {
			first = time.Since(begun)
		}
	}
	return first, (time.Since(begun) - first) / more, nil
}

// delay listens for connections that it passes on, late.
func delay(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // it has been closed
			}
			go passOn(near, addr)
		}
	}()
	return l, nil
}

func passOn(near net.Conn, addr string) {
	defer near.Close()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return // which the client is told by the end of its connection
	}
	defer server.Close()
	var wg sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, server}, {server, near}} {
		wg.Go(func() {
			late(way[1], way[0])
			_ = errors.Join(near.Close(), server.Close()) // ends the other way too
		})
	}
	wg.Wait()
}

// A piece is some bytes and when they are there.
type piece struct {
	b  []byte
	at time.Time
}

// late copies what is read, each piece when it has been under way for oneWay.
func late(to io.Writer, from io.Reader) {
	pieces := make(chan piece, 1<<12)
	go func() {
		defer close(pieces)
		for {
			b := make([]byte, 64<<10)
			n, err := from.Read(b)
			if pieces <- (piece{b[:n], time.Now().Add(oneWay)}); err != nil {
				return
			}
		}
	}()
	var err error
	for p := range pieces {
		if time.Sleep(time.Until(p.at)); err == nil {
			_, err = to.Write(p.b)
		}
	}
}
