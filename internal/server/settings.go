package server

import (
	"slices"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

var (
	errNoLogs   = serve.Errorf(serve.NotOffered, "", "what is logged is up to the program that has the server in it")
	errNoTraces = serve.Errorf(serve.NotOffered, "", "what is traced is up to the program that has the server in it")
)

// logging answers Triton's extension for logs: GET reads the settings, POST
// changes those that are named and answers with all.
func (c *Core) logging(ev *serve.Event) (*serve.Event, error) {
	o, err := c.settingsIn(ev)
	if err != nil {
		return nil, err
	}
	fields, err := c.logs(fieldsOf(o))
	if err != nil {
		return nil, err
	}
	return answer(ev, serve.NewObject(fields...)), nil
}

// logs changes settings of logs.
func (c *Core) logs(change map[string]any) ([]serve.Field, error) {
	if c.cfg.Logs == nil {
		return nil, errNoLogs
	}
	if err := c.cfg.Logs.Change(change); err != nil {
		return nil, err
	}
	return c.cfg.Logs.Settings().Fields(), nil
}

// traceSetting answers Triton's extension for traces, for a model, or for all if
// it is "".
func (c *Core) traceSetting(ev *serve.Event, model string) (*serve.Event, error) {
	o, err := c.settingsIn(ev)
	if err != nil {
		return nil, err
	}
	change := map[string][]string{}
	for key, v := range o.All() {
		if change[key], err = traceValues(key, v); err != nil {
			return nil, err
		}
	}
	fields, err := c.traces(model, change)
	if err != nil {
		return nil, err
	}
	return answer(ev, serve.NewObject(fields...)), nil
}

// modelTraceSetting is traceSetting for the model of a path. Versions of models
// have no settings of their own.
func (c *Core) modelTraceSetting(ev *serve.Event) (*serve.Event, error) {
	escaped := strings.TrimSuffix(strings.TrimPrefix(ev.Target.Path, "/v2/models/"), "/trace/setting")
	if escaped == "" || strings.Contains(escaped, "/") {
		return nil, serve.Errorf(serve.NotFound, "", "there is nothing at %s", ev.Target.Path)
	}
	model, err := segment(escaped)
	if err != nil {
		return nil, err
	}
	return c.traceSetting(ev, model)
}

// traces changes settings of traces.
func (c *Core) traces(model string, change map[string][]string) ([]serve.Field, error) {
	if c.cfg.Traced == nil {
		return nil, errNoTraces
	}
	isNamed := func(m v2.Info) bool { return m.Name == model }
	if model != "" && !slices.ContainsFunc(c.Models(), isNamed) {
		return nil, serve.Errorf(serve.NotFound, "ValueError", "model %s doesnt exist", model)
	}
	if err := c.cfg.Traced.Change(model, change); err != nil {
		return nil, err
	}
	return c.cfg.Traced.Fields(model), nil
}

// settingsIn is the change that an event asks for: none with GET. Only who may load
// models may change settings.
func (c *Core) settingsIn(ev *serve.Event) (*serve.Object, error) {
	switch {
	case isGet(ev):
		return serve.NewObject(), nil
	case ev.Target.Method != "POST":
		err := serve.Errorf(serve.WrongMethod, "", "%s is read with GET and changed with POST, not %s", ev.Target.Path, ev.Target.Method)
		err.Allow = "GET, POST"
		return nil, err
	}
	if err := c.mayChange(ev); err != nil {
		return nil, err
	}
	return objectIn(ev)
}

func fieldsOf(o *serve.Object) map[string]any {
	all := map[string]any{}
	for key, v := range o.All() {
		all[key] = v
	}
	return all
}

// traceValues are the values that a setting of traces has in JSON: null for none, a
// string, a whole number, or a list of strings.
func traceValues(key string, v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case int64:
		return []string{strconv.FormatInt(v, 10)}, nil
	case *serve.Tensor: // a list without strings is one of numbers
		if v.Len() == 0 {
			return nil, nil
		}
	case []any:
		values := make([]string, len(v))
		for i, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil, serve.Errorf(serve.BadRequest, "ValueError", "%s has something in its list that is no string", key)
			}
			values[i] = s
		}
		return values, nil
	}
	return nil, serve.Errorf(serve.BadRequest, "ValueError", "%s is neither a string nor a whole number nor a list of strings", key)
}

// rpcSettings are the settings for who asks over gRPC.
type rpcSettings struct {
	c     *Core
	local bool // only this machine can ask
}

// Logs implements grpc.Settings.
func (r rpcSettings) Logs(change map[string]any) (map[string]any, error) {
	if len(change) > 0 && !r.local {
		return nil, errRemoteChange
	}
	fields, err := r.c.logs(change)
	if err != nil {
		return nil, err
	}
	return fieldsOf(serve.NewObject(fields...)), nil
}

// Traces implements grpc.Settings.
func (r rpcSettings) Traces(model string, change map[string][]string) (map[string][]string, error) {
	if len(change) > 0 && !r.local {
		return nil, errRemoteChange
	}
	fields, err := r.c.traces(model, change)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]string, len(fields))
	for _, f := range fields {
		if all[f.Key], err = traceValues(f.Key, f.Value); err != nil {
			return nil, err
		}
	}
	return all, nil
}
