package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/leat-ml/leat/bench/load"
	server "github.com/leat-ml/leat/bench/target"
)

const module = "github.com/leat-ml/leat"

// target is a server to measure.
type target struct {
	name, command string
	models        bool // serves the quickstart's tree models instead of an echo model
}

// builtin returns our own targets, the floor first, with their binaries built.
func (b *bench) builtin(ctx context.Context) ([]target, error) {
	trees, err := b.treeRepository()
	if err != nil {
		return nil, err
	}
	targets := []target{
		{name: "floor", command: b.dir + "/floor"},
		{name: "leat-echo", command: b.dir + "/leatecho"},
		{name: "leat-serve", command: b.dir + "/leat serve --http 127.0.0.1:0 --admin 127.0.0.1:0 " + trees, models: true},
	}
	for _, pkg := range []string{"bench/cmd/floor", "bench/cmd/leatecho", "cmd/leat"} {
		if err := b.build(ctx, filepath.Base(pkg), pkg); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

func (b *bench) build(ctx context.Context, name, pkg string) error {
	linked := filepath.Join(b.dir, name+".linked")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", linked, module+"/"+pkg)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return install(linked, filepath.Join(b.dir, name))
}

// install copies a program to where it is run, as users have it. What the linker
// has just written lies in the system's memory in pieces of two megabytes, and all
// of a piece counts as the process's when it touches one page.
func install(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// start starts all targets; stop ends those that were started.
func (b *bench) start(ctx context.Context, targets []target) (servers []*server.Server, stop func() error, err error) {
	stop = func() error {
		var errs []error
		for _, s := range servers {
			errs = append(errs, s.Stop())
		}
		return errors.Join(errs...)
	}
	for _, t := range targets {
		s, err := server.Start(ctx, t.name, t.command, b.env()...)
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		servers = append(servers, s)
	}
	return servers, stop, nil
}

func (b *bench) env() []string {
	if b.procs == 0 {
		return nil
	}
	return []string{"GOMAXPROCS=" + strconv.Itoa(b.procs)}
}

// probe asks w once and says whether the answer is right.
func probe(ctx context.Context, addr string, w workload, t target) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	method := http.MethodGet
	if w.body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+addr+w.path, bytes.NewReader(w.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 1; i < len(w.fields); i += 2 {
		req.Header.Set(w.fields[i-1], w.fields[i])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %.200s", resp.StatusCode, bytes.TrimSpace(body))
	}
	return w.verifier(t)(body)
}

func (w workload) options(t target, addr string) load.Options {
	return load.Options{Addr: addr, Request: load.Render(w.path, w.body, w.fields...), Verify: w.verifier(t)}
}
