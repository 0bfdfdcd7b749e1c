package cli

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/leat-ml/leat/internal/version"
)

// starter has the projects that init makes, a folder each. The content of files
// that end in .tmpl is a template.
//
//go:embed starter/repository starter/program starter/python starter/streaming
var starter embed.FS

// projects are the folders of starter by the name of the template.
var projects = map[string]string{
	"repository": "starter/repository", "go": "starter/program", "python": "starter/python", "streaming": "starter/streaming",
}

type initCmd struct {
	Dir      string `arg:"" help:"The folder to make; it may exist."`
	Template string `enum:"repository,go,python,streaming" default:"repository" help:"repository: models in a folder. go: a program with a model class in Go. python: a model class and a step in Python. streaming: models in Python that answer many times."`
	format   `embed:""`
}

// Help implements [kong.HelpProvider].
func (initCmd) Help() string {
	return `
Makes a project that works as it is: a model repository with a small model, a Go program, a model class in Python, or models that answer many times. No file is overwritten.

Examples:

    leat init my-models
    leat init my-server --template go
    leat init my-code --template python
    leat init my-writer --template streaming
`
}

// Run writes the project.
func (c *initCmd) Run(env *Env) error {
	files, err := c.files()
	if err != nil {
		return err
	}
	if err := refuseToOverwrite(files); err != nil {
		return err
	}
	names := make([]string, len(files))
	for i, f := range files {
		if err := f.write(); err != nil {
			return err
		}
		names[i] = f.name
	}
	if c.json() {
		return printJSON(env.Stdout, map[string]any{"files": names})
	}
	_, err = fmt.Fprintf(env.Stdout, "%s\n\n%s\n", strings.Join(names, "\n"), c.next())
	return err
}

// next is what to do with the project.
func (c *initCmd) next() string {
	if c.Template == "go" {
		return "Next: read " + filepath.Join(c.Dir, "README.md")
	}
	return "Next: leat serve " + shellQuote(c.Dir)
}

// A file is one to be written.
type file struct {
	name    string
	content []byte
}

// files are those of the project, in their places.
func (c *initCmd) files() (files []file, err error) {
	values, err := c.values()
	if err != nil {
		return nil, err
	}
	root := projects[c.Template]
	err = fs.WalkDir(starter, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := starter.ReadFile(name)
		if err != nil {
			return err
		}
		plain, isTemplate := strings.CutSuffix(name, ".tmpl")
		if isTemplate {
			if content, err = fill(path.Base(name), content, values); err != nil {
				return err
			}
		}
		place := filepath.Join(c.Dir, filepath.FromSlash(strings.TrimPrefix(plain, root+"/")))
		files = append(files, file{place, content})
		return nil
	})
	return files, err
}

// values are what the templates are filled with.
func (c *initCmd) values() (map[string]string, error) {
	abs, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Dir, err)
	}
	return map[string]string{"Name": projectName(filepath.Base(abs)), "Version": release(version.Version)}, nil
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// projectName is a folder's name as a module path may spell it.
func projectName(folder string) string {
	name := strings.Trim(notInName.ReplaceAllString(folder, "-"), "-.")
	if name == "" {
		return "project"
	}
	return name
}

var released = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// release is the version that a go.mod can require; a build that is none leaves
// it to "go mod tidy" or a replacement.
func release(v string) string {
	if released.MatchString(v) {
		return v
	}
	return "v0.0.0"
}

func fill(name string, text []byte, values map[string]string) ([]byte, error) {
	t, err := template.New(name).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, values)
	return b.Bytes(), err
}

// refuseToOverwrite returns an error if one of the files is there.
func refuseToOverwrite(files []file) error {
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(f.name); err == nil {
			there = append(there, f.name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", f.name, withoutPath(err))
		}
	}
	if len(there) > 0 {
		return fmt.Errorf("%s: already there, and nothing is overwritten: choose another folder", strings.Join(there, ", "))
	}
	return nil
}

func (f file) write() error {
	if err := os.MkdirAll(filepath.Dir(f.name), 0o755); err != nil {
		return fmt.Errorf("make %s: %w", filepath.Dir(f.name), withoutPath(err))
	}
	// The flag refuses a file that came in between.
	out, err := os.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("make %s: %w", f.name, withoutPath(err))
	}
	_, err = out.Write(f.content)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("write %s: %w", f.name, withoutPath(err))
	}
	return nil
}
