package v2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A FileModel is a model that a runtime loads from the file or folder in its
// context's Path. Set either the Runtime or, to go by the file's content, the
// Set of runtimes.
type FileModel struct {
	Runtime *catalog.RuntimeEntry
	Set     *catalog.Set
	// Inputs and Outputs are a schema declared beside the model.
	Inputs, Outputs []serve.TensorSpec
	// Parameters come before those of the context; nil adds none.
	Parameters map[string]any

	model serve.Model
	desc  serve.Description
}

// Load opens the artifact and has the runtime load it.
func (f *FileModel) Load(ctx context.Context, m *serve.ModelContext) error {
	if m.Path == "" {
		return errors.New("please specify a load method or a model object")
	}
	suffix := ""
	if f.Runtime != nil {
		suffix = f.Runtime.Suffix
	}
	a, err := m.GetModel(ctx, suffix)
	if err != nil {
		return err
	}
	rt := f.Runtime
	if rt == nil {
		if rt, err = f.detect(a.File); err != nil {
			return err
		}
	}
	spec := serve.ModelSpec{Name: m.Name, Version: m.Version, Parameters: m.Params(), Inputs: f.Inputs, Outputs: f.Outputs, Models: m.Models(), Python: m.Python()}
	maps.Copy(spec.Parameters, f.Parameters)
	if f.model, err = rt.Runtime.Load(ctx, a, spec); err != nil {
		if base := filepath.Base(a.File); !strings.HasPrefix(err.Error(), base+":") { // as code.py: or code.py:12 does
			err = fmt.Errorf("%s: %w", base, err)
		}
		return err
	}
	if d, ok := f.model.(serve.Describer); ok {
		f.desc = d.Describe()
	}
	f.desc.StreamsOnly = f.desc.StreamsOnly || serve.StreamsOnly(f.model)
	f.desc.MaxBatch, err = serve.Param(m, "max_batch_size", f.desc.MaxBatch)
	return err
}

func (f *FileModel) detect(file string) (*catalog.RuntimeEntry, error) {
	head, err := Head(file)
	if err != nil {
		return nil, err
	}
	rt := f.Set.Detect(filepath.Base(file), head)
	if rt == nil {
		var names []string
		for _, r := range f.Set.Runtimes() {
			names = append(names, r.Name)
		}
		return nil, fmt.Errorf("%s is not a model that a runtime of this server knows (%s)", filepath.Base(file), strings.Join(names, ", "))
	}
	return rt, nil
}

// headSize is how much of a file the detection of runtimes may look at.
const headSize = 4096

// Head reads the first bytes of a file, for [catalog.Set.Detect]. What is no file is not
// opened: a pipe would keep whoever reads it waiting.
func Head(file string) ([]byte, error) {
	if is, err := os.Stat(file); err == nil && !is.Mode().IsRegular() {
		return nil, fmt.Errorf("open the model file: %s is not a regular file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the model file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the model file: %w", err)
	}
	return head[:n], nil
}

// Predict has the loaded model predict.
func (f *FileModel) Predict(ctx context.Context, req *serve.Request) (any, error) {
	return f.model.Predict(ctx, req)
}

// Describe is the loaded model's schema.
func (f *FileModel) Describe() serve.Description { return f.desc }

// Close releases the loaded model.
func (f *FileModel) Close(ctx context.Context) error {
	if c, ok := f.model.(serve.Closer); ok {
		return c.Close(ctx)
	}
	return nil
}

// SplitName splits the key of a route into name and version: "m3:v1" is m3 in
// version v1.
func SplitName(key string) (name, version string) {
	name, version, _ = strings.Cut(key, ":")
	return name, version
}
