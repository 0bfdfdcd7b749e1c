//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"fmt"
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
	planted, refusal, err := e.options.plant(ctx, a, spec)
	if planted != nil || err != nil {
		return planted, err
	}
	lib, err := e.opened()
	if err != nil {
		return nil, without(err, refusal)
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
