package onnx

import (
	"errors"
	"fmt"
	"os"
)

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
