package cli

import (
	"context"
	"fmt"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/internal/draw"
)

type graphCmd struct {
	Path    string `arg:"" help:"A spec or an MLRun function file."`
	Format  string `enum:"text,mermaid,dot,svg" default:"text" placeholder:"FORMAT" help:"text, mermaid, dot or svg."`
	reading `embed:""`
	linked  `embed:""`
}

// Help implements [kong.HelpProvider].
func (graphCmd) Help() string {
	return `
Prints the graph of a spec. Steps that fail lead to their error handlers by dashed lines.

Examples:

    leat graph server.yaml
    leat graph server.yaml --format mermaid
    leat graph server.yaml --format svg > graph.svg
`
}

// Run prints the graph. What is wrong with the spec is told, and what there is
// of a graph is printed all the same.
func (c *graphCmd) Run(_ context.Context, env *Env) error {
	src, problems, err := c.opener(env, env.catalog(c.linked, datadir.Temporary())).open(c.Path)
	if err != nil {
		return err
	}
	if src.spec == nil || src.spec.Graph == nil {
		if err := problemsError(problems); err != nil {
			return err
		}
		return fmt.Errorf("%s has no graph", c.Path)
	}
	drawn := map[string]func(*graph.Spec) string{
		"text": draw.Text, "mermaid": draw.Mermaid, "dot": draw.Dot, "svg": draw.SVG,
	}[c.Format](src.spec)
	if _, err := fmt.Fprint(env.Stdout, drawn); err != nil {
		return err
	}
	return problemsError(problems)
}
