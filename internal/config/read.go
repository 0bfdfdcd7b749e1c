package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/graph"
)

// Sizes that files may have. MLRun takes specs of 1 MiB; a function file has
// source code in it.
const (
	maxSpec     = 1 << 20
	maxFunction = 8 << 20
	maxModel    = 1 << 20
)

// Options say how files are read. The zero value is the default contract.
type Options struct {
	// MLRun makes warnings of unknown keys. Function files have it anyway.
	MLRun bool
	// Lookup finds the variables that ${NAME} in a value stands for:
	// os.LookupEnv. nil leaves such text alone. One that is not set is a
	// problem, under MLRun it is text. $${ stands for ${ itself.
	Lookup func(name string) (value string, ok bool)
}

// ReadSpec reads a server spec or an MLRun function file, in YAML or JSON, in
// the default contract and with the environment of the process. The spec is of
// use only when every problem is a warning.
func ReadSpec(path string) (*graph.Spec, []graph.Problem) {
	return Options{Lookup: os.LookupEnv}.ReadSpec(path)
}

// ReadSpec is [ReadSpec] with other options. A model repository is beside the
// file unless its path is absolute.
func (o Options) ReadSpec(path string) (*graph.Spec, []graph.Problem) {
	data, err := readFile(path, maxFunction)
	if err != nil {
		return nil, []graph.Problem{{File: path, Msg: err.Error()}}
	}
	spec, problems := ParseSpec(path, data, o)
	if spec != nil && spec.Models != "" && !filepath.IsAbs(spec.Models) && !strings.Contains(spec.Models, "://") {
		spec.Models = filepath.Join(filepath.Dir(path), spec.Models)
	}
	return spec, problems
}

// ParseSpec is [ReadSpec] for a text. file names it in problems, and its
// extension says whether it is JSON or YAML; without one that is seen from the
// first byte.
func ParseSpec(file string, data []byte, o Options) (*graph.Spec, []graph.Problem) {
	if Sniff(data) == Function {
		o.MLRun = true
		r := newReader(file, o)
		s := r.function(data, o)
		return s, r.sorted()
	}
	r := newReader(file, o)
	s := r.server(data, o)
	return s, r.sorted()
}

func newReader(file string, o Options) *reader {
	return &reader{file: file, mlrun: o.MLRun, lookup: o.Lookup}
}

// server reads the text of a server spec.
func (r *reader) server(data []byte, o Options) *graph.Spec {
	n := r.parse(data, maxSpec, o)
	if n == nil {
		return nil
	}
	return r.spec(n)
}

func tooLarge(limit int) error { return fmt.Errorf("the file is larger than %d MiB", limit>>20) }

// readFile reads a plain file of at most limit bytes.
func readFile(path string, limit int) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(data) > limit {
		return nil, tooLarge(limit)
	}
	return data, nil
}

// cause drops the path from an error that is told with the path in front.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
