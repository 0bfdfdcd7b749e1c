package cli

import "context"

type lsCmd struct {
	Admin  string `setting:"" default:"127.0.0.1:8082" placeholder:"URL" help:"Admin port of the server."`
	format `embed:""`
}

// Help implements [kong.HelpProvider].
func (lsCmd) Help() string {
	return `
Lists every version of every model with its state, and the reason if it is not ready. A model that a graph asks has the step that it is in; one without is asked by its name.

Examples:

    leat ls
    leat ls --admin 127.0.0.1:9001 -o json
`
}

// Run asks the admin port and prints the list.
func (c *lsCmd) Run(ctx context.Context, env *Env) error {
	cl, from, err := adminAt(c.Admin)
	if err != nil {
		return err
	}
	models, err := cl.Models(ctx)
	if err != nil {
		return from.told(ctx, err)
	}
	list := modelList{models}
	if c.json() {
		return printJSON(env.Stdout, list)
	}
	return list.write(env.Stdout)
}
