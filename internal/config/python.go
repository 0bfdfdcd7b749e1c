package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
)

// maxWorkers is how many worker processes a model may have.
const maxWorkers = 256

// python reads what a spec says of users' Python code.
func (r *reader) python(s *graph.Spec, f *document.Field) {
	if f.Value.Kind == document.Null {
		return
	}
	p := &graph.Python{Pos: graph.Pos(f.Pos)}
	r.mapping(f.Value, "python", keys{
		"paths":       r.paths(&p.Paths),
		"interpreter": r.text(&p.Interpreter),
		"workers": func(f *document.Field) {
			r.integer(&p.Workers)(f)
			if f.Value.Kind != document.Null && (p.Workers < 1 || p.Workers > maxWorkers) {
				r.problem(f.Value.Pos, "workers must be a number from 1 to %d", maxWorkers)
			}
		},
		"memory": func(f *document.Field) { r.size(&p.Memory, f) },
	})
	s.Python = p
}

// paths reads a list of paths, or one.
func (r *reader) paths(dst *[]string) func(*document.Field) {
	return func(f *document.Field) {
		switch f.Value.Kind {
		case document.Null:
		case document.String:
			*dst = []string{f.Value.Text}
		case document.List:
			for _, item := range f.Value.Items {
				if item.Kind != document.String || item.Text == "" {
					r.problem(item.Pos, "%s must list files and folders, found %s", f.Key, item.Describe())
					continue
				}
				*dst = append(*dst, item.Text)
			}
		default:
			r.wrong(f, "a list of files and folders")
		}
	}
}

var sizeText = regexp.MustCompile(`^(\d{1,12})\s*(B|KiB|MiB|GiB|TiB)$`)

// size reads a number of bytes with its unit.
func (r *reader) size(dst *int64, f *document.Field) {
	if f.Value.Kind == document.Null {
		return
	}
	m := sizeText.FindStringSubmatch(strings.TrimSpace(f.Value.Text))
	if f.Value.Kind != document.String || m == nil {
		r.problem(f.Value.Pos, "%s must be a size with its unit, such as 512MiB or 2GiB, found %s", f.Key, f.Value.Describe())
		return
	}
	n, _ := strconv.ParseInt(m[1], 10, 64) // of at most 12 digits
	shift := map[string]uint{"B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}[m[2]]
	if n == 0 || n > math.MaxInt64>>shift {
		r.problem(f.Value.Pos, "%s is out of range", f.Key)
		return
	}
	*dst = n << shift
}
