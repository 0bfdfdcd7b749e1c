package server

import (
	"context"
	"strings"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// The V1 protocol, as KServe has it: instances in, predictions out. See
// https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol
const v1Path = "/v1/models"

// speaksV1 says whether paths below /v1/models are models': not those of a flow,
// or of a router whose own prefix may be that.
func (g *generation) speaksV1() bool {
	if g.models != nil {
		return true
	}
	s := g.cfg.Spec
	if s == nil || s.Graph == nil || s.Graph.Kind != "router" {
		return false
	}
	_, protocol := s.Graph.Args["protocol"]
	_, prefix := s.Graph.Args["url_prefix"]
	return !protocol && !prefix
}

// v1 answers a request of the V1 protocol by one of the V2 protocol.
func (c *Core) v1(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	rest := strings.Trim(strings.TrimPrefix(ev.Target.Path, v1Path), "/")
	if rest == "" {
		return c.asked(ctx, ev, "/v2/models")
	}
	if strings.Contains(rest, "/") {
		return nil, serve.Errorf(serve.NotFound, "", "there is nothing at %s", ev.Target.Path)
	}
	model, verb, _ := strings.Cut(rest, ":")
	switch verb {
	case "":
		return c.v1Ready(ctx, ev, model)
	case "predict":
		return c.v1Infer(ctx, ev, model, "infer", "predictions")
	case "explain":
		return c.v1Infer(ctx, ev, model, "explain", "explanations")
	}
	return nil, serve.Errorf(serve.NotFound, "", "there is no %q of a model: there are predict and explain", verb)
}

// asked passes an event on under another path.
func (c *Core) asked(ctx context.Context, ev *serve.Event, path string) (*serve.Event, error) {
	ev.Target.Path = path
	return c.Serve(ctx, ev)
}

// v1Ready says whether a model is ready: 503 if it is not.
func (c *Core) v1Ready(ctx context.Context, ev *serve.Event, model string) (*serve.Event, error) {
	if err := onlyGet(ev); err != nil {
		return nil, err
	}
	name, err := segment(model)
	if err != nil {
		return nil, err
	}
	out, err := c.asked(ctx, ev, "/v2/models/"+model+"/ready")
	if serve.CodeOf(err) == serve.NotYet {
		return nil, &serve.Error{Code: serve.Unavailable, Err: err}
	}
	if err != nil {
		return nil, err
	}
	out.Reply = nil
	return answer(out, serve.NewObject(serve.Field{Key: "name", Value: name}, serve.Field{Key: "ready", Value: true})), nil
}

// v1Infer asks a model for what V1 calls predictions or explanations. A cloud event
// is answered with one of the same mode.
func (c *Core) v1Infer(ctx context.Context, ev *serve.Event, model, op, result string) (*serve.Event, error) {
	if ev.Target.Method != "POST" {
		err := serve.Errorf(serve.WrongMethod, "", "%s is asked with POST, not %s", ev.Target.Path, ev.Target.Method)
		err.Allow = "POST"
		return nil, err
	}
	body, mode, err := cloudData(ev)
	if err == nil {
		ev.Body, err = v1Request(body)
	}
	if err != nil {
		return nil, c.Unreadable(ctx, ev.Target.Path, err)
	}
	out, err := c.asked(ctx, ev, "/v2/models/"+model+"/"+op)
	if err != nil || out == nil {
		return nil, err
	}
	if err := v1Answer(out, result); err != nil {
		return nil, err
	}
	mode.reply(out, model)
	return out, nil
}

// v1Request is the request of V2 with the instances of one of V1.
func v1Request(body serve.Body) (serve.Body, error) {
	doc, err := oip.Value(body)
	if err != nil {
		return body, serve.Errorf(oip.Unreadable(err), "ValueError", "Unrecognized request format, caused by: %w", err)
	}
	o, ok := doc.(*serve.Object)
	if !ok {
		return body, serve.Errorf(serve.BadRequest, "ValueError", "the body is not a JSON object")
	}
	instances, ok := o.Value("instances")
	if !ok {
		instances, ok = o.Value("inputs")
	}
	switch instances.(type) {
	case []any, *serve.Tensor:
	default:
		ok = false
	}
	if !ok {
		return body, serve.Errorf(serve.BadRequest, "ValueError", `Expected key "instances" in request body, with a list`)
	}
	return serve.ValueBody(serve.NewObject(serve.Field{Key: "inputs", Value: instances})), nil
}

// v1Answer puts the outputs of an answer of V2 where V1 has them.
func v1Answer(ev *serve.Event, result string) error {
	doc, err := oip.Value(ev.Body)
	if err != nil {
		return err
	}
	if o, ok := doc.(*serve.Object); ok {
		if outputs, ok := o.Value("outputs"); ok {
			doc = outputs
		}
	}
	answer(ev, serve.NewObject(serve.Field{Key: result, Value: doc}))
	return nil
}
