package remote

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// Register adds the classes to a set, whose CompileVars then makes their
// expressions.
func Register(set *catalog.Set) {
	set.Add(catalog.Entry{
		Name: "RemoteStep", Aliases: []string{"$remote", "mlrun.serving.remote.RemoteStep", "mlrun.serving.RemoteStep"},
		Doc: "calls a service over HTTP and goes on with its answer",
		New: func(a catalog.Args) (serve.Step, error) {
			b, err := newBase(set, a, "RemoteStep")
			if err != nil {
				return nil, err
			}
			if b.OnStatus != "error" {
				b.client.data = 1000 // all of them
			}
			return &step{b}, nil
		},
	})
	set.Add(catalog.Entry{
		Name: "BatchHttpRequests", Aliases: []string{"mlrun.serving.remote.BatchHttpRequests", "mlrun.serving.BatchHttpRequests"},
		Doc: "calls a service over HTTP for every item of the body and goes on with the list of answers",
		New: func(a catalog.Args) (serve.Step, error) {
			b, err := newBase(set, a, "BatchHttpRequests")
			if err != nil {
				return nil, err
			}
			if b.URL != "" && b.URLExpression != "" {
				return nil, serve.Errorf(serve.BadRequest, "MLRunInvalidArgumentError", "cannot set both url and url_expression")
			}
			if b.OnStatus != "error" {
				return nil, args.Error{{Arg: "on_status", Msg: "is for RemoteStep: of several answers none has the status of all"}}
			}
			return newBatch(b), nil
		},
	})
}

// base is what both classes are made of.
type base struct {
	config
	client *client
	env    *catalog.Env
	mlrun  bool // MLRun's contract

	fixed    http.Header      // of every request; never changed
	url      *url.URL         // of every request, likewise; nil where it is made for each
	endpoint string           // url, as an expression sees it
	urlOf    catalog.VarsFunc // nil where the URL is endpoint and subpath
	bodyOf   catalog.VarsFunc // nil where the body is sent as it is
	slots    chan struct{}    // as many as calls may be made at a time
}

func newBase(set *catalog.Set, a catalog.Args, class string) (*base, error) {
	c, err := decode(a)
	if err != nil {
		return nil, err
	}
	b := &base{config: c, env: a.Env}
	if b.env == nil {
		b.env = &catalog.Env{}
	}
	b.mlrun = b.env.MLRun
	if b.endpoint, err = endpoint(c.URL, b.env); err != nil {
		return nil, args.Error{{Arg: "url", Msg: err.Error()}}
	}
	if c.URL == "" && c.URLExpression == "" {
		return nil, args.Error{{Arg: "url", Msg: "is missing, and url_expression too"}}
	}
	if b.urlOf, err = expression(set, "url_expression", c.URLExpression); err != nil {
		return nil, err
	}
	if b.bodyOf, err = expression(set, "body_expression", c.BodyExpression); err != nil {
		return nil, err
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = defaultInFlight
	}
	b.slots = make(chan struct{}, c.MaxInFlight)
	b.client = newClient(&c, class, a.Name, c.URLExpression != "")
	b.client.retry, b.client.note = policy(&c, b.mlrun), b.env.Note
	b.fixed = fixedHeader(c.Headers)
	if b.urlOf == nil && c.Subpath != "$path" {
		b.url, _ = b.target(context.Background(), nil, nil) // what is wrong with it is the failure of each event
	}
	return b, nil
}

// variables are the names that expressions know.
var variables = []string{"event", "endpoint", "context"}

func expression(set *catalog.Set, arg, text string) (catalog.VarsFunc, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // there is no expression
	}
	if set.CompileVars == nil {
		return nil, args.Error{{Arg: arg, Msg: "is an expression, and this program has no expression language"}}
	}
	f, err := set.CompileVars(text, variables...)
	if err != nil {
		return nil, args.Error{{Arg: arg, Msg: fmt.Sprintf("is wrong: %v", err)}}
	}
	return f, nil
}

// policy is how often calls are repeated. MLRun repeats whatever fails; without
// retries in the spec, we repeat only what does no harm twice.
func policy(c *config, mlrun bool) retryPolicy {
	p := retryPolicy{most: defaultRetries, always: mlrun, factor: c.BackoffFactor}
	if c.Retries != nil {
		p.most, p.always = *c.Retries, true
	}
	return p
}
