package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/leat-ml/leat/internal/repo/triton"
	"github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// An Override is what a model is loaded with in the place of what stands in its
// folder, as Triton's extension for repositories has it
// (docs/protocol/extension_model_repository.md).
type Override struct {
	// Config is a model configuration in JSON.
	Config string
	// Files are those of the model, by "<version>/<name>". With any, nothing of the
	// model's folder is used, and there need be none.
	Files map[string][]byte
}

// LoadWith is [Repository.Load] with other settings or files. They are for this time:
// what loads the model the next time reads its folder again. An override that is
// wrong is a BadRequest, and nothing changes.
func (r *Repository) LoadWith(ctx context.Context, name string, o Override) error {
	return leave(ctx)(r.load(ctx, name, r.lookWith(name, o)))
}

// lookWith finds the model as the override has it.
func (r *Repository) lookWith(name string, o Override) func() (*Model, error) {
	return func() (*Model, error) {
		if err := checkName(name); err != nil {
			return nil, badOverride(err)
		}
		dir, err := os.MkdirTemp("", "leat-model-")
		if err != nil {
			return nil, &serve.Error{Code: serve.Internal, Op: "load model " + name, Err: err}
		}
		entry, err := r.overridden(name, o, dir)
		if err != nil {
			return nil, also(err, os.RemoveAll(dir))
		}
		return entry, nil
	}
}

func badOverride(err error) error {
	return &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
}

// overridden makes a repository of the model alone in dir, and looks it up there.
func (r *Repository) overridden(name string, o Override, dir string) (*Model, error) {
	at, file := filepath.Join(dir, name), ""
	c, err := configOf(o.Config)
	switch {
	case err != nil:
		return nil, badOverride(err)
	case len(o.Files) > 0:
		err = writeFiles(at, o.Files)
	default:
		file, err = r.linkFiles(at, name)
	}
	if err != nil {
		return nil, err
	}
	if c.DefaultModelFilename == "" {
		c.DefaultModelFilename = file
	}
	config, err := prototext.Marshal(c)
	if err != nil {
		return nil, badOverride(err)
	}
	for file, text := range map[string][]byte{filepath.Join(at, triton.File): config, filepath.Join(dir, "server.yaml"): nil} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, &serve.Error{Code: serve.Internal, Op: "load model " + name, Err: err}
		}
	}
	found, err := scan(dir, r.set, name)
	if err != nil || len(found) == 0 {
		return nil, &serve.Error{Code: serve.Internal, Op: "load model " + name, Err: errors.Join(err, errNoModel)}
	}
	entry := found[0]
	entry.dir = dir
	for _, v := range entry.Versions {
		entry.Err = also(entry.Err, v.Err)
	}
	if entry.Err != nil {
		return nil, badOverride(fmt.Errorf("parameter config: %s", strings.ReplaceAll(entry.Err.Error(), dir+string(filepath.Separator), "")))
	}
	return entry, nil
}

// configOf reads a configuration in JSON.
func configOf(text string) (*inference.ModelConfig, error) {
	c := &inference.ModelConfig{}
	if len(text) > maxForeign {
		return nil, fmt.Errorf("parameter config has more than %d bytes", maxForeign)
	}
	if err := (protojson.UnmarshalOptions{RecursionLimit: 100}).Unmarshal([]byte(text), c); err != nil {
		return nil, fmt.Errorf("parameter config is no model configuration: %w", err)
	}
	return c, nil
}

// writeFiles writes files below a folder, and cannot be led out of it.
func writeFiles(at string, files map[string][]byte) error {
	if len(files) > maxFolder {
		return badOverride(fmt.Errorf("there are more than %d files", maxFolder))
	}
	for name := range files {
		if err := checkFile(name); err != nil {
			return badOverride(err)
		}
	}
	if err := os.Mkdir(at, 0o700); err != nil {
		return &serve.Error{Code: serve.Internal, Op: "write the files of a model", Err: err}
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return &serve.Error{Code: serve.Internal, Op: "write the files of a model", Err: err}
	}
	defer func() { _ = root.Close() }() // nothing waits to be written
	for name, content := range files {
		err := root.MkdirAll(path.Dir(name), 0o700)
		if err == nil {
			err = root.WriteFile(name, content, 0o600)
		}
		if err != nil { // a file where another one wants a folder
			return badOverride(fmt.Errorf("file %s: %w", name, cause(err)))
		}
	}
	return nil
}

// checkFile says what is wrong with the name of a file that is sent.
func checkFile(name string) error {
	version, rest, ok := strings.Cut(name, "/")
	if !ok || rest == "" {
		return fmt.Errorf("file %.300q: name it with the version folder that it is in: file:1/model.onnx", name)
	}
	if !isNumber(version) {
		return fmt.Errorf("file %.300q: %q is no number of a version", name, version)
	}
	if err := checkNumber(version); err != nil {
		return fmt.Errorf("file %.300q: %w", name, err)
	}
	for _, part := range strings.Split(rest, "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "\\\x00") {
			return fmt.Errorf("file %.300q is not the name of a file in the folder of a model", name)
		}
		if len(part) > maxName {
			return fmt.Errorf("file %.300q: names of files have at most %d bytes", name, maxName)
		}
	}
	return nil
}

// linkFiles links to the files of the model in the repository: to its version folders
// and what is beside them, or to what lies in its folder as version 1. The files
// that describe it give way to what is sent. A model that is a file has its name.
func (r *Repository) linkFiles(at, name string) (file string, err error) {
	source, err := r.source(name)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(source)
	if err != nil {
		return "", serve.Errorf(serve.NotFound, "ValueError", "there is no model %s in %s", name, r.root)
	}
	if err = os.MkdirAll(filepath.Join(at, firstVersion), 0o700); err != nil {
		return "", &serve.Error{Code: serve.Internal, Op: "load model " + name, Err: err}
	}
	if !info.IsDir() {
		file = filepath.Base(source)
		err = os.Symlink(source, filepath.Join(at, firstVersion, file))
	} else {
		err = linkFolder(at, source)
	}
	if err != nil {
		return "", &serve.Error{Code: serve.Internal, Op: "load model " + name, Err: err}
	}
	return file, nil
}

// source is where the file or the folder of a model is.
func (r *Repository) source(name string) (string, error) {
	found, err := r.look(name)
	if err != nil {
		return "", err
	}
	root, err := filepath.Abs(r.root)
	if err != nil {
		return "", &serve.Error{Code: serve.Internal, Op: "load model " + name, Err: err}
	}
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		root = filepath.Dir(root)
	}
	return filepath.Join(root, filepath.FromSlash(found.Path)), nil
}

// linkFolder links to what is in a model's folder.
func linkFolder(at, source string) error {
	entries, err := os.ReadDir(source)
	if err != nil {
		return cause(err)
	}
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return isNumber(e.Name()) }) {
		if err := os.Remove(filepath.Join(at, firstVersion)); err != nil {
			return cause(err)
		}
	} else {
		at = filepath.Join(at, firstVersion)
	}
	for _, e := range entries {
		if ignored(e.Name()) || describing(e.Name()) {
			continue
		}
		if err := os.Symlink(filepath.Join(source, e.Name()), filepath.Join(at, e.Name())); err != nil {
			return cause(err)
		}
	}
	return nil
}

// describing says whether a file is one of those that describe a model.
func describing(file string) bool {
	return file == settingsFile || slices.Contains(foreignFiles, file)
}
