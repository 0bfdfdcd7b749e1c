package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/datadir"
)

type checkCmd struct {
	Path      string `arg:"" help:"A spec, an MLRun function file, a model or a repository."`
	elsewhere `embed:""`
	reading   `embed:""`
	linked    `embed:""`
	format    `embed:""`
}

// Help implements [kong.HelpProvider].
func (checkCmd) Help() string {
	return `
Prints one "file:line:col: message" a problem. The exit code is 1 when one of them is an error, and 0 when there are only warnings.

Every model is really loaded, and let go of again, since a model file that is there may still be broken. No port is opened.

Examples:

    leat check server.yaml
    leat check models -o json
`
}

// Run prints the problems.
func (c *checkCmd) Run(ctx context.Context, env *Env) error {
	set, streams := env.plugins(c.linked, datadir.Temporary()) // which nothing is written to
	ch := &checker{set: set, streams: streams}
	o := c.opener(env, ch.set)
	src, problems, err := o.open(c.Path)
	if err != nil {
		return err
	}
	data, err := env.ownData()
	if err != nil {
		return err
	}
	ch.artifacts = env.artifacts(c.elsewhere, src.spec, data)
	defer ch.artifacts.Close()
	ch.problems = slices.Concat(problems, o.load(ctx, src))
	ch.check(ctx, src)
	problems = ch.sorted()
	if err := c.print(env, problems, ch.models); err != nil {
		return err
	}
	if hasErrors(problems) {
		return errReported
	}
	return nil
}

// A problemRow is one problem in JSON.
type problemRow struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"` // "error" or "warning"
	Message  string `json:"message"`
}

// A checkReport is all that check found.
type checkReport struct {
	Problems []problemRow `json:"problems"`
	Models   int          `json:"models"` // that loaded
}

func (c *checkCmd) print(env *Env, problems []graph.Problem, models int) error {
	if c.json() {
		rows := make([]problemRow, len(problems))
		for i, p := range problems {
			rows[i] = problemRow{p.File, p.Pos.Line, p.Pos.Col, "error", p.Msg}
			if p.Warning {
				rows[i].Severity = "warning"
			}
		}
		return printJSON(env.Stdout, checkReport{rows, models})
	}
	for _, p := range problems {
		fmt.Fprintln(env.Stdout, printable(p.String()))
	}
	if len(problems) > 0 {
		return nil
	}
	_, err := fmt.Fprintf(env.Stdout, "%s: no problems, %s loaded\n", c.Path, plural(models, "model"))
	return err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// sorted are the problems by place, each once.
func (c *checker) sorted() []graph.Problem {
	slices.SortStableFunc(c.problems, func(a, b graph.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
	})
	return slices.Compact(c.problems)
}
