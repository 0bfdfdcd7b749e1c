package repo

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/internal/repo/foreign"
	"github.com/leat-ml/leat/v2"
)

// An Index is what there is to serve under a path. It is immutable.
type Index struct {
	Root   string
	Models []*Model // by name, every name once
}

// A Model is one entry of an [Index].
type Model struct {
	Name string
	Path string // from the root, with slashes; "." is the root itself
	// Err is why no version of the model can be served; nil if some may.
	Err error
	// Warnings are what has no effect in another server's settings of the model.
	Warnings []graph.Problem
	// Settings are those of the model's model.yaml.
	Settings config.ModelConfig
	// Versions are the ones to load, ascending.
	Versions []Version
	// Versioned says that the model has version folders. Without them its only
	// version is "1".
	Versioned bool
	// Triton says that Triton's settings, config.pbtxt, describe the model.
	Triton bool

	// variants says that versions of the model may be in folders of their own, as
	// MLServer has them.
	variants bool
	depth    int // of the models that it is made of; 0 of one that is made of none
	// dir is a folder that was made for the model and goes with it; "" as a rule.
	dir string
}

// remove removes what was made for the model on the disk.
func (m *Model) remove() error {
	if m.dir == "" {
		return nil
	}
	return os.RemoveAll(m.dir)
}

// A Version is one version of a model.
type Version struct {
	Number string
	Path   string // of the model file or MLRun model folder, ready to be opened
	// Runtime is the one that loads it; nil only if there is an Err.
	Runtime *catalog.RuntimeEntry
	Err     error // why it cannot be loaded; nil if it may

	plan     *foreign.Plan // how it is served; nil of a model that is only loaded
	ensemble *ensemble     // of other models; nil of one that is loaded
}

// Default is the version that unversioned requests go to: the one that
// model.yaml names, else the highest. It is "" when there are none.
func (m *Model) Default() string {
	if m.Settings.Default != "" || len(m.Versions) == 0 {
		return m.Settings.Default
	}
	return m.Versions[len(m.Versions)-1].Number
}

// Problems is all that is wrong with what was found, by model, the place in
// the file included where there is one. Files are named from the root.
func (x *Index) Problems() []graph.Problem {
	var all []graph.Problem
	for _, m := range x.Models {
		all = append(all, m.Warnings...)
		all = append(all, problemsOf(m.Path, m.Err)...)
		for _, v := range m.Versions {
			all = append(all, problemsOf(m.Path, v.Err)...)
		}
	}
	return all
}

func problemsOf(path string, err error) []graph.Problem {
	var s *SettingsError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &s):
		return s.Problems
	}
	return []graph.Problem{{File: path, Msg: err.Error()}}
}

// A SettingsError is everything that is wrong with a model.yaml.
type SettingsError struct{ Problems []graph.Problem }

// Error is the problems in one line, the first few of them.
func (e *SettingsError) Error() string {
	const shown = 3
	var texts []string
	for _, p := range e.Problems {
		texts = append(texts, p.String())
	}
	if more := len(texts) - shown; more > 0 {
		texts = append(texts[:shown], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

// A NothingError says that there is nothing to serve.
type NothingError struct {
	Path     string
	File     bool     // it is a file, not a folder
	Runtimes []string // whose models were looked for
	Deeper   string   // what describes a model further down; "" is nothing
	Service  string   // a file with resources of KServe; "" is none
}

// Error says what was looked for and what to do.
func (e *NothingError) Error() string {
	kinds := strings.Join(e.Runtimes, ", ")
	if e.File {
		return fmt.Sprintf(`nothing to serve: %s is not a model file that a runtime of this server knows (%s); "leat init DIR" makes a small project to start from`,
			e.Path, kinds)
	}
	if e.Service != "" {
		file := filepath.Join(e.Path, e.Service)
		return fmt.Sprintf("nothing to serve in %s: %s has resources of KServe in it, which are served from their file: serve %s", e.Path, e.Service, file)
	}
	if e.Deeper != "" {
		return fmt.Sprintf("nothing to serve in %s: models are folders in it, and %s is further down: serve %s", e.Path, e.Deeper, filepath.Join(e.Path, path.Dir(path.Dir(e.Deeper))))
	}
	return fmt.Sprintf(`nothing to serve in %s: it has no model file (%s), no folder with a model file or numbered versions in it, no model.yaml, model_spec.yaml, config.pbtxt or model-settings.json; `+
		`"leat init DIR" makes a small project to start from`, e.Path, kinds)
}

// sortVersions puts versions in ascending order.
func sortVersions(vs []Version) {
	slices.SortFunc(vs, func(a, b Version) int {
		return cmp.Or(v2.CompareVersions(a.Number, b.Number), strings.Compare(a.Number, b.Number))
	})
}
