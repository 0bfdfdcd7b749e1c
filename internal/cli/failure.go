package cli

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/leat-ml/leat/graph"
)

// withoutPath drops the path from an error that is told with the path in front.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// hasErrors says whether a problem is more than a warning.
func hasErrors(problems []graph.Problem) bool {
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

// problemsError is the problems that are errors, one a line; nil if none is.
func problemsError(problems []graph.Problem) error {
	var lines []string
	for _, p := range problems {
		if !p.Warning {
			lines = append(lines, p.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}
