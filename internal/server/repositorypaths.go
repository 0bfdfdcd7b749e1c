package server

import (
	"context"
	"net"
	"strings"
	"unicode"

	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// repository answers the model repository extension, by Triton's description of it
// (docs/protocol/extension_model_repository.md). Load and unload answer as
// KServe's do, where Triton's answer is empty.
func (c *Core) repository(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	if ev.Target.Method != "POST" {
		err := serve.Errorf(serve.WrongMethod, "", "%s is asked with POST, not %s", ev.Target.Path, ev.Target.Method)
		err.Allow = "POST"
		return nil, err
	}
	rest := strings.TrimPrefix(ev.Target.Path, repositoryPath)
	if rest == "index" {
		return c.index(ev)
	}
	model, ok := strings.CutPrefix(rest, "models/")
	if name, found := strings.CutSuffix(model, "/load"); ok && found {
		return c.loadOver(ctx, ev, name)
	}
	if name, found := strings.CutSuffix(model, "/unload"); ok && found {
		return c.unloadOver(ctx, ev, name)
	}
	if ok || !strings.Contains(rest, "/") {
		return nil, serve.Errorf(serve.NotFound, "", "there is nothing at %s: there are %sindex, and %smodels/<model>/load and unload", ev.Target.Path, repositoryPath, repositoryPath)
	}
	return nil, serve.Errorf(serve.NotOffered, "", "there is one repository, which has no name: %q is not known", strings.SplitN(rest, "/", 2)[0])
}

// index lists the models there are.
func (c *Core) index(ev *serve.Event) (*serve.Event, error) {
	body, err := objectIn(ev)
	if err != nil {
		return nil, err
	}
	onlyReady, _ := body.Value("ready")
	if _, isBool := onlyReady.(bool); onlyReady != nil && !isBool {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "ready is neither true nor false")
	}
	list := []any{}
	for _, m := range (rpcRepository{c: c}).Index() {
		if onlyReady != true || m.State == "READY" {
			list = append(list, serve.NewObject(
				serve.Field{Key: "name", Value: m.Name}, serve.Field{Key: "version", Value: m.Version},
				serve.Field{Key: "state", Value: m.State}, serve.Field{Key: "reason", Value: m.Reason}))
		}
	}
	ev.Body = serve.ValueBody(list)
	return ev, nil
}

// objectIn is the body of an event, which is an object or empty.
func objectIn(ev *serve.Event) (*serve.Object, error) {
	v, err := oip.Value(ev.Body)
	if err != nil {
		return nil, serve.Errorf(oip.Unreadable(err), "ValueError", "read the body: %w", err)
	}
	switch v := v.(type) {
	case nil:
		return serve.NewObject(), nil
	case *serve.Object:
		return v, nil
	}
	return nil, serve.Errorf(serve.BadRequest, "ValueError", "the body is not a JSON object")
}

func (c *Core) loadOver(ctx context.Context, ev *serve.Event, escaped string) (*serve.Event, error) {
	name, params, err := c.toChange(ev, escaped)
	if err != nil {
		return nil, err
	}
	with, err := overrideIn(params)
	if err != nil {
		return nil, err
	}
	if err := c.change(ctx, func(r *repo.Repository) error { return loadAs(ctx, r, name, with) }); err != nil {
		return nil, err
	}
	return answer(ev, serve.NewObject(serve.Field{Key: "name", Value: name}, serve.Field{Key: "load", Value: true})), nil
}

func (c *Core) unloadOver(ctx context.Context, ev *serve.Event, escaped string) (*serve.Event, error) {
	name, _, err := c.toChange(ev, escaped)
	if err != nil {
		return nil, err
	}
	if err := c.change(ctx, func(r *repo.Repository) error { return r.Unload(ctx, name) }); err != nil {
		return nil, err
	}
	return answer(ev, serve.NewObject(serve.Field{Key: "name", Value: name}, serve.Field{Key: "unload", Value: true})), nil
}

// toChange is the model that is to be loaded or unloaded, and the parameters, if
// who asks may do so.
func (c *Core) toChange(ev *serve.Event, escaped string) (name string, params *serve.Object, err error) {
	if err := c.mayChange(ev); err != nil {
		return "", nil, err
	}
	if name, err = segment(escaped); err != nil {
		return "", nil, err
	}
	if name == "" || strings.Contains(name, "..") || strings.ContainsFunc(name, notInNames) {
		return "", nil, serve.Errorf(serve.BadRequest, "ValueError", "%q is not the name of a model", name)
	}
	body, err := objectIn(ev)
	if err != nil {
		return "", nil, err
	}
	switch p, _ := body.Value("parameters"); p := p.(type) {
	case nil:
		return name, serve.NewObject(), nil
	case *serve.Object:
		return name, p, nil
	}
	return "", nil, serve.Errorf(serve.BadRequest, "ValueError", "parameters is not an object")
}

// notInNames are runes that the name of a model in a repository cannot have.
func notInNames(r rune) bool {
	return r == '/' || r == '\\' || unicode.IsSpace(r) || unicode.IsControl(r)
}

var errPageChange = serve.Errorf(serve.Forbidden, "", "models are not loaded and unloaded, nor settings changed, by web pages")

// mayChange refuses requests from other machines, of whom nobody is asked who they
// are, and those that a browser sends for a page: of pages it always says whose.
func (c *Core) mayChange(ev *serve.Event) error {
	if !c.local.Load() {
		return errRemoteChange
	}
	if ev.Header.Value("Origin") != "" {
		return errPageChange
	}
	return nil
}

// ServedAt tells the core the address of the port that HTTP is served on. Unless
// only this machine reaches it, models are not loaded and unloaded over it.
func (c *Core) ServedAt(at net.Addr) { c.local.Store(isLoopback(at)) }
