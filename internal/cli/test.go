package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/leat-ml/leat/internal/datadir"
)

type testCmd struct {
	Source    string   `arg:"" name:"path" help:"A spec, an MLRun function file, a model or a repository."`
	Path      string   `placeholder:"PATH" default:"/" help:"Path of the event's URL."`
	Method    string   `placeholder:"METHOD" help:"GET, POST …; POST when there is a body, else GET."`
	Body      string   `placeholder:"JSON" help:"The body; @FILE reads a file, - reads stdin."`
	Header    []string `placeholder:"K:V" sep:"none" help:"A header of the event; may be repeated."`
	Cases     string   `placeholder:"FILE" help:"Run a file of cases, one JSON object a line, in place of one event."`
	Trace     bool     `help:"Print each step: what it got and made of it, how long it took, and where the event went."`
	elsewhere `embed:""`
	reading   `embed:""`
	linked    `embed:""`
	format    `embed:""`
}

// Help implements [kong.HelpProvider].
func (testCmd) Help() string {
	return `
Loads what PATH names, runs the event through it and prints the body of the answer. No port is opened. When the answer is an error, its status goes to stderr and the exit code is 1.

A case has a name, a request (method, path, headers, body) and what to expect of the answer: status, body, body_subset, body_text, body_regex, keys_order, absent. Both may be lists, which run one after another. A case may bring its own spec. The exit code is 1 when a case fails.

Examples:

    leat test models --path /v2/models/iris/infer --body '{"inputs": [[5.1, 3.5, 1.4, 0.2]]}'
    leat test server.yaml --path /v2/models
    leat test models --cases cases.jsonl
`
}

// Run runs the event or the cases.
func (c *testCmd) Run(ctx context.Context, env *Env) (err error) {
	data := datadir.Temporary() // nothing is left of a test
	defer func() { err = errors.Join(err, data.Close()) }()
	set, streams := env.plugins(c.linked, data)
	t := &tester{env: env, set: set, streams: streams, elsewhere: c.elsewhere}
	o := c.opener(env, t.set)
	src, problems, err := o.open(c.Source)
	if err != nil {
		return err
	}
	problems = append(problems, o.load(ctx, src)...)
	if err := unservable(t.set, src, problems); err != nil {
		return err
	}
	if c.Cases != "" {
		return c.runCases(ctx, t, src)
	}
	r, err := c.request(env)
	if err != nil {
		return err
	}
	if c.Trace {
		t.trace = &trace{}
	}
	m, err := t.start(ctx, src)
	if err != nil {
		return err
	}
	a, err := m.ask(ctx, r)
	if err = errors.Join(err, m.stop(ctx)); err != nil { // which waits for what goes on behind the answer
		return err
	}
	if c.Trace {
		if err := t.trace.write(env, c.format); err != nil {
			return err
		}
	}
	return c.print(env, a)
}

// request is the event that the flags describe.
func (c *testCmd) request(env *Env) (request, error) {
	r := request{Method: strings.ToUpper(c.Method), Path: c.Path, Headers: map[string]string{}}
	body, err := env.readBody("--body", c.Body)
	if err != nil {
		return r, err
	}
	r.body = body
	if r.Method == "" {
		if r.Method = http.MethodGet; len(body) > 0 {
			r.Method = http.MethodPost
		}
	}
	for _, h := range c.Header {
		key, value, ok := cutHeader(h)
		if !ok {
			return r, badUsage("--header %q is not of the form K:V", h)
		}
		r.Headers[key] = value
	}
	return r, nil
}

// print writes the answer, and its status if it is more than "here it is".
func (c *testCmd) print(env *Env, a answer) error {
	if a.status != http.StatusOK {
		fmt.Fprintf(env.Stderr, "status %d %s\n", a.status, http.StatusText(a.status))
	}
	if err := env.printBody(a.body); err != nil {
		return err
	}
	if a.status >= http.StatusBadRequest {
		return errReported
	}
	return nil
}
