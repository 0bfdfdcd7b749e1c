package cli

import (
	"context"

	"github.com/leat-ml/leat/client/admin"
)

// changing is a running server to change, and how to tell of it.
type changing struct {
	Admin  string `setting:"" default:"127.0.0.1:8082" placeholder:"URL" help:"Admin port of the server."`
	format `embed:""`
}

// change has the server do something and prints the models that it was about, as they
// are when it is done.
func (c *changing) change(ctx context.Context, env *Env, do func(*admin.Client) ([]admin.Model, error)) error {
	cl, from, err := adminAt(c.Admin)
	if err != nil {
		return err
	}
	models, err := do(cl)
	if err != nil {
		return from.told(ctx, err)
	}
	list := modelList{models}
	if c.json() {
		return printJSON(env.Stdout, list)
	}
	return list.write(env.Stdout)
}

type reloadCmd struct {
	changing `embed:""`
}

// Help implements [kong.HelpProvider].
func (reloadCmd) Help() string {
	return `
Has a running server read its PATH again and swap what it serves for what the files say now, at once and without failing a request. Models that have not changed are not loaded again. Returns when the new state serves, and prints its models. When anything in it fails, what was served before goes on serving; the reasons are printed and the exit code is 1.

SIGHUP to the server does the same, and with "leat serve --watch" it does so by itself when files change.

Examples:

    leat reload
    leat reload --admin 127.0.0.1:9001 -o json
`
}

// Run asks for the reload and waits for it.
func (c *reloadCmd) Run(ctx context.Context, env *Env) error {
	return c.change(ctx, env, func(a *admin.Client) ([]admin.Model, error) { return a.Reload(ctx) })
}

type loadCmd struct {
	Name     string `arg:"" help:"The model's name, without a version."`
	changing `embed:""`
}

// Help implements [kong.HelpProvider].
func (loadCmd) Help() string {
	return `
Loads a model of a running server's repository as it now stands in its folder, or loads it anew beside the old state and swaps. Returns when it serves.

Examples:

    leat load fraud
`
}

// Run asks for the model to be loaded and waits for it.
func (c *loadCmd) Run(ctx context.Context, env *Env) error {
	return c.change(ctx, env, func(a *admin.Client) ([]admin.Model, error) { return a.Load(ctx, c.Name) })
}

type unloadCmd struct {
	Name     string `arg:"" help:"The model's name, without a version."`
	changing `embed:""`
}

// Help implements [kong.HelpProvider].
func (unloadCmd) Help() string {
	return `
Takes a model of a running server's repository out of service. Returns when its last request is done and it is released. A later load, or reload, brings it back.

Examples:

    leat unload fraud
`
}

// Run asks for the model to be unloaded and waits for it.
func (c *unloadCmd) Run(ctx context.Context, env *Env) error {
	return c.change(ctx, env, func(a *admin.Client) ([]admin.Model, error) { return a.Unload(ctx, c.Name) })
}
