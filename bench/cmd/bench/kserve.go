package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/leat-ml/leat/bench/backend"
	server "github.com/leat-ml/leat/bench/target"
)

// kservePort is where the router that scripts/kserve.sh builds listens.
const kservePort = 18098

// What leat shall be to KServe's router.
const (
	routerCPU  = 1.0 / 3 // CPU a request, at most
	routerRate = 2.0     // requests a second, at least
	routerP99  = 0.5     // of the closed loop, at most
)

var routerConns = []int{16, 64}

// A relay is a graph of calls to three services, as each server writes it; HOST1
// to HOST3 stand for where they are.
type relay struct {
	name         string
	kserve, leat string
	answer       func(body string) string
}

func relays() []relay {
	return []relay{
		{
			name: "sequence of 3",
			kserve: `{"nodes": {"root": {"routerType": "Sequence", "steps": [
				{"name": "a", "serviceUrl": "HOST1/a"},
				{"name": "b", "serviceUrl": "HOST2/b", "data": "$response"},
				{"name": "c", "serviceUrl": "HOST3/c", "data": "$response"}]}}}`,
			leat: `graph:
  engine: sync
  steps:
    a: {class_name: $remote, class_args: {url: HOST1/a, method: POST}}
    b: {class_name: $remote, class_args: {url: HOST2/b, method: POST}, after: [a]}
    c: {class_name: $remote, class_args: {url: HOST3/c, method: POST}, after: [b]}
`,
			answer: func(body string) string { return body },
		},
		{
			name: "ensemble of 3",
			kserve: `{"nodes": {"root": {"routerType": "Ensemble", "steps": [
				{"name": "a", "serviceUrl": "HOST1/a"},
				{"name": "b", "serviceUrl": "HOST2/b"},
				{"name": "c", "serviceUrl": "HOST3/c"}]}}}`,
			leat: `graph:
  engine: async
  steps:
    a: {class_name: $remote, class_args: {url: HOST1/a, method: POST}}
    b: {class_name: $remote, class_args: {url: HOST2/b, method: POST}}
    c: {class_name: $remote, class_args: {url: HOST3/c, method: POST}}
    all: {class_name: mlrun.serving.merger.Merge, class_args: {order: after, max_behind: 1024}, after: [a, b, c]}
    named: {handler: "({'a': event[0], 'b': event[1], 'c': event[2]})", after: [all], responder: true}
`,
			answer: func(body string) string { return fmt.Sprintf(`{"a":%s,"b":%s,"c":%s}`, body, body, body) },
		},
	}
}

// A router is one of the servers that are compared.
type router struct {
	name  string
	srv   *server.Server
	cells []cell
	// dialed is how many connections it opened in the counted part of each cell.
	dialed []int64
}

// kserve compares leat with KServe's router: the same graph of calls to the same
// service, one driven at a time, by turns.
func (b *bench) kserve(ctx context.Context) (err error) {
	if b.kserveRouter == "" {
		return errors.New("name KServe's router with -kserve: scripts/kserve.sh builds it and prints its path")
	}
	for _, pkg := range []string{"cmd/leat", "bench/cmd/backend"} {
		if err := b.build(ctx, filepath.Base(pkg), pkg); err != nil {
			return err
		}
	}
	service, err := server.Start(ctx, "backend", b.dir+"/backend -hosts 3", b.env()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Stop()) }()
	for _, r := range relays() {
		if err := b.relay(ctx, r, service.Addr); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

func (b *bench) relay(ctx context.Context, r relay, service string) (err error) {
	routers, stop, err := b.routers(ctx, r, service)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	w, err := b.relayed(ctx, r, routers)
	if err != nil {
		return err
	}
	for _, conns := range routerConns {
		for i := range routers {
			if err := b.warm(ctx, w, conns, service, routers[i]); err != nil {
				return err
			}
		}
		for round := range b.rounds {
			for i := range routers {
				if err := b.routerCell(ctx, w, conns, service, routers[(i+round)%len(routers)]); err != nil {
					return err
				}
			}
		}
		if err := b.printRouters(r, conns, routers[0], routers[1]); err != nil {
			return err
		}
	}
	return nil
}

// hosts writes the addresses of the three services: that of the first one, and
// others of the loopback at its port.
func hosts(first string) *strings.Replacer {
	_, port, _ := strings.Cut(first, ":")
	return strings.NewReplacer("HOST1", "http://"+first, "HOST2", "http://127.0.0.2:"+port, "HOST3", "http://127.0.0.3:"+port)
}

// warm has a router make as many calls at a time as it will ever make: all
// requests call the first service together, then the second, then the third,
// since each takes its time. What connections a router keeps are open then.
func (b *bench) warm(ctx context.Context, w workload, conns int, service string, r *router) error {
	told(service, backend.SlowPath)
	err := b.routerCell(ctx, w, conns, service, r)
	told(service, backend.FastPath)
	if err == nil {
		err = b.routerCell(ctx, w, conns, service, r)
	}
	r.cells, r.dialed = nil, nil
	return err
}

// routers starts KServe's and ours.
func (b *bench) routers(ctx context.Context, r relay, service string) (both []*router, stop func() error, err error) {
	at := hosts(service)
	path := filepath.Join(b.dir, strings.ReplaceAll(r.name, " ", "-")+".yaml")
	if err := os.WriteFile(path, []byte(at.Replace(r.leat)), 0o600); err != nil {
		return nil, nil, fmt.Errorf("write the spec: %w", err)
	}
	// It says on standard error, at length, what it does for each request.
	command := fmt.Sprintf(`sh -c 'echo http://127.0.0.1:%d; exec "$ROUTER" --graph-json "$GRAPH" 2>/dev/null'`, kservePort)
	theirs, err := server.Start(ctx, "KServe", command, append(b.env(), "ROUTER="+b.kserveRouter, "GRAPH="+at.Replace(r.kserve))...)
	if err != nil {
		return nil, nil, err
	}
	ours, err := server.Start(ctx, "leat", b.dir+"/leat serve --http 127.0.0.1:0 --admin 127.0.0.1:0 "+path, b.env()...)
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Kill())
	}
	stop = func() error { return errors.Join(ours.Stop(), theirs.Kill()) }
	return []*router{{name: "KServe", srv: theirs}, {name: "leat", srv: ours}}, stop, nil
}

// relayed is the request, once both have answered it as they should.
func (b *bench) relayed(ctx context.Context, r relay, routers []*router) (workload, error) {
	w := infer("", "", 1, iris[:4], nil)
	var want any
	if err := json.Unmarshal([]byte(r.answer(string(w.body))), &want); err != nil {
		return w, err
	}
	w.path = "/"
	w.check = func(body []byte) error {
		var got any
		if err := json.Unmarshal(body, &got); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("%w: %.300s", errValues, body)
		}
		return nil
	}
	for _, one := range routers {
		if err := b.whenUp(ctx, one.srv.Addr, w); err != nil {
			return w, fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return w, nil
}

// whenUp probes until there is a right answer.
func (b *bench) whenUp(ctx context.Context, addr string, w workload) error {
	end := time.Now().Add(answerWithin)
	for {
		err := probe(ctx, addr, w, target{})
		if err == nil || time.Now().After(end) || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (b *bench) routerCell(ctx context.Context, w workload, conns int, service string, r *router) error {
	var opened int64
	o := w.options(target{}, r.srv.Addr)
	o.Begin = func() { opened = -connections(service) }
	o.End = func() { opened += connections(service) }
	c, err := b.cell(ctx, o, conns, r.srv.PID)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	r.cells, r.dialed = append(r.cells, c), append(r.dialed, opened)
	return nil
}

// connections is how many the service has accepted so far, but for those of this
// process, which asks over one that it keeps; less than 0 when it does not tell.
func connections(service string) int64 { return told(service, backend.CountPath) }

// told asks the service for path and returns the number that it tells.
func told(service, path string) int64 {
	resp, err := http.Get("http://" + service + path)
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return -1
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
