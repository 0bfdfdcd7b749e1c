package artifact

import (
	"errors"
	"fmt"
	"io"

	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/serve"
)

// maxDescription is the largest description that is read: one of a model with
// thousands of columns and their statistics is below it.
const maxDescription = 4 << 20

// A description is what a model_spec.yaml says, in so far as it matters for
// serving. MLRun writes much more into it.
type description struct {
	serve.Artifact
	kind       string
	modelFile  string
	targetFile string // its name in the store, where that is another
	extra      map[string]string
	hash       digest            // of the model file; "" where there is none
	sums       map[string]digest // of files by their names in the folder
	link       *int              // of kind "link": the iteration that it leads to
}

// modelNames are the names that the model file may have, the likelier first.
func (d *description) modelNames(inStore bool) ([]string, error) {
	names := []string{d.modelFile, d.targetFile}
	if inStore {
		names = []string{d.targetFile, d.modelFile}
	}
	var all []string
	for _, name := range names {
		if name != "" {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it names no model_file")
	}
	return all, nil
}

// sum is the checksum that the model file should have under a name; "" where
// nobody knows.
func (d *description) sum(name string) digest {
	if sum := d.sums[name]; sum != "" {
		return sum
	}
	return d.hash
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
	return readAll(f)
}

// readAll reads a description of bounded size.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDescription+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(data) > maxDescription {
		return nil, fmt.Errorf("larger than %d MiB", maxDescription>>20)
	}
	return data, nil
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
