package artifact

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/serve"
)

// maxDescription is the largest description that is read: one of a model with
// thousands of columns and their statistics is below it.
const maxDescription = 4 << 20

// described opens the artifact whose description lies in dir.
func described(dir folder, name string) (*serve.Artifact, error) {
	data, err := readDescription(dir, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d, err := parseDescription(name, data)
	if err != nil {
		return nil, err
	}
	return d.artifact(dir, name)
}

func readDescription(dir folder, name string) ([]byte, error) {
	if _, info, err := dir.stat(name); err != nil {
		return nil, withoutPath(err)
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDescription+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(data) > maxDescription {
		return nil, fmt.Errorf("larger than %d MiB", maxDescription>>20)
	}
	return data, nil
}

// A description is what a model_spec.yaml says, in so far as it matters for
// serving. MLRun writes much more into it.
type description struct {
	serve.Artifact
	kind       string
	modelFile  string
	targetFile string
	extra      map[string]string
}

// artifact finds the files that the description names.
func (d *description) artifact(dir folder, name string) (*serve.Artifact, error) {
	a := d.Artifact
	a.Files = dir
	model := d.modelFile
	if model == "" {
		model = d.targetFile
	}
	if model == "" {
		return nil, fmt.Errorf("%s names no model_file", name)
	}
	var err error
	if a.File, err = dir.file(model); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	a.Extra, err = d.extraFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &a, nil
}

// extraFiles are the paths of the extra data, whether it is there or not.
func (d *description) extraFiles(dir folder) (map[string]string, error) {
	if d.extra == nil {
		return nil, nil
	}
	files := make(map[string]string, len(d.extra))
	for key, name := range d.extra {
		if scheme.MatchString(name) {
			continue
		}
		path, _, err := dir.stat(name)
		if path == "" || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("extra data %s: %s: %w", key, name, withoutPath(err))
		}
		files[key] = path
	}
	return files, nil
}

// parseDescription reads the text of a description.
func parseDescription(name string, data []byte) (*description, error) {
	root, problems := document.Parse(name, data, document.Options{})
	r := &reader{file: name}
	for _, p := range problems {
		r.problem(p.Pos, "%s", p.Msg)
	}
	var d description
	if root != nil {
		r.description(root, &d)
	}
	return &d, r.err()
}
