//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// createSession has the library load the model at path.
func createSession(ctx context.Context, lib *library, path string, g *graph, s settings) (*ortSession, error) {
	folder := "" // of the file, which the library knows by itself
	if len(g.zipMaps) > 0 {
		folder = filepath.Dir(path)
	}
	options, err := lib.newOptions(s, folder)
	if err != nil {
		return nil, err
	}
	defer lib.releaseOptions(options)
	defer cancelWith(ctx, lib, options)()

	session, err := loadModel(lib, path, g, options)
	if err == nil {
		return session, nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return nil, err
}

// loadModel loads the file itself, or from memory what is left of it without
// its ZipMaps.
func loadModel(lib *library, path string, g *graph, options *ortOptions) (*ortSession, error) {
	if len(g.zipMaps) == 0 {
		session, err := lib.loadFile(path, options)
		return session, withoutPath(err, path)
	}
	model, err := g.withoutZipMaps()
	if err != nil {
		return nil, fmt.Errorf("the file is damaged: %w", err)
	}
	session, err := lib.loadBytes(model, options)
	return session, withoutPath(err, path)
}

// withoutPath is what the library says of a model, without the path that it
// puts in front.
func withoutPath(err error, path string) error {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(err.Error(), "Load model from "+path+" failed:")
	return errors.New(strings.TrimPrefix(text, "Load model from byte array failed:"))
}

// cancelWith breaks off the loading when ctx ends, until the function it
// returns has been called.
func cancelWith(ctx context.Context, lib *library, options *ortOptions) func() {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		lib.cancelLoad(options)
		close(done)
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}
