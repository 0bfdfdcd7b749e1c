//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/leat-ml/leat/serve"
)

// An engine is the runtime. Its library is opened when it is first needed; a
// failure to open it is not remembered, so that a library that is installed
// later is found.
type engine struct {
	options Options

	mu  sync.Mutex
	lib *library
}

// opened is the library, opened.
func (e *engine) opened() (*library, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lib == nil {
		lib, err := open(e.options)
		if err != nil {
			return nil, err
		}
		e.lib = lib
	}
	return e.lib, nil
}

func (e *engine) probe() (string, error) {
	lib, err := e.opened()
	if err != nil {
		return "", err
	}
	return lib.version, nil
}

// Load loads the model in a's file; weights in files beside it are found. The
// model's Close gives its memory back. When ctx ends, loading is broken off as
// soon as the library can.
func (e *engine) Load(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	lib, err := e.opened()
	if err != nil {
		return nil, err
	}
	m, err := load(ctx, lib, a.File, spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(a.File), err)
	}
	return m, nil
}

func load(ctx context.Context, lib *library, path string, spec serve.ModelSpec) (*model, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := readSettings(spec.Parameters)
	if err != nil {
		return nil, err
	}
	g, done, err := openGraph(path)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := lib.start(); err != nil {
		return nil, err
	}
	m := &model{name: filepath.Base(path), lib: lib, closed: make(chan struct{})}
	if m.session, err = createSession(ctx, lib, path, g, s); err != nil {
		return nil, err
	}
	if err := m.describe(g, spec); err != nil {
		m.release()
		return nil, err
	}
	return m, nil
}

// openGraph scans the file, which the graph reads on from until done.
func openGraph(path string) (g *graph, done func(), err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, errors.Unwrap(err)
	case !info.Mode().IsRegular(): // opening one might wait for ever
		return nil, nil, errors.New("it is not a file")
	case info.Size() == 0:
		return nil, nil, errors.New("the file is empty")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, errors.Unwrap(err)
	}
	done = func() { _ = f.Close() } // only read
	if g, err = scan(newWindow(f), info.Size()); err != nil {
		done()
		return nil, nil, fmt.Errorf("it is no ONNX model, or damaged: %w", err)
	}
	return g, done, nil
}
