package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

type lsCmd struct {
	Admin  string `setting:"" default:"127.0.0.1:8082" placeholder:"URL" help:"Admin port of the server."`
	format `embed:""`
}

// Help implements [kong.HelpProvider].
func (lsCmd) Help() string {
	return `
Lists every version of every model with its state, and the reason if it is not ready.

Examples:

    leat ls
    leat ls --admin 127.0.0.1:9001 -o json
`
}

// Run asks the admin port and prints the list.
func (c *lsCmd) Run(ctx context.Context, env *Env) error {
	cl, err := newClient("--admin", c.Admin)
	if err != nil {
		return err
	}
	const path = "/api/v1/models"
	answer, err := cl.ask(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	var list modelList
	if err := json.Unmarshal(answer, &list); err != nil || list.Models == nil {
		return fmt.Errorf("%s%s does not list models: is it the admin port of a leat server?", cl.base, path)
	}
	if c.json() {
		return printJSON(env.Stdout, list)
	}
	return list.write(env.Stdout)
}
