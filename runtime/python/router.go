package python

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A Router is a router of the user's own. Its class routes by itself, in worker
// processes of its own, whatever it overrides of MLRun's; what it puts to a route
// comes back as a question, and the route runs here.
type Router struct {
	loaded   *Loaded
	env      *catalog.Env
	about    string // its class, and where that is
	creation creation
	served   *serve.Served // of an ensemble, which is recorded as a model is; else nil
	all      []catalog.Route
	routes   map[string]serve.Step // the same, by name
	transits transits

	pool *pool
}

// router makes the step that serves a class of routers.
func (g *Group) router(name string, o *Object, a catalog.Args) (serve.Step, error) {
	c, err := g.creation(name, o, a)
	if err != nil {
		return nil, err
	}
	env := g.env
	if env == nil {
		env = &catalog.Env{}
	}
	r := &Router{loaded: g.loaded, env: env, about: o.about(name), creation: c, all: a.Routes, routes: map[string]serve.Step{}}
	if o.Base == "VotingEnsemble" {
		r.served = r.own()
	}
	for _, route := range a.Routes {
		r.creation.Routes = append(r.creation.Routes, route.Key)
		r.routes[route.Key] = route.Step
	}
	return r, nil
}

// Ensemble is what an ensemble is recorded as, and its routes; nil where the router
// is none.
func (r *Router) Ensemble() (of *serve.Served, routes []catalog.Route) { return r.served, r.all }

// OwnPaths says that the router selects and places bodies by itself.
func (r *Router) OwnPaths() bool { return true }

// Waits implements [serve.Waiter]: the work is another process's.
func (r *Router) Waits() bool { return true }

// label is the router in logs and errors.
func (r *Router) label() string {
	if r.creation.Name != "" {
		return r.creation.Name
	}
	return r.creation.Class
}

// Start starts the workers, once the routes have started.
func (r *Router) Start(ctx context.Context) error {
	logger := r.loaded.logger().With("router", r.label())
	p := newPool(r.loaded, r.loaded.code.Workers, logger)
	p.prepare, p.about = r.prepare, r.about
	p.asked = func(f frame) frame {
		if a, ours := r.transits.asked(&f); ours {
			return a
		}
		return r.loaded.asked(f, r.env, logger, func(path, suffix string) (*serve.Artifact, error) { return openArtifact(r.env, path, suffix) })
	}
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("start router %s in Python: %w", r.label(), err)
	}
	r.pool = p
	return nil
}

func (r *Router) prepare(ctx context.Context, p *process, slot int) error {
	if _, err := r.loaded.greet(ctx, p, r.env, slot); err != nil {
		return err
	}
	if err := p.ask(ctx, kindCreate, modelObject, &r.creation, nil); err != nil {
		return err
	}
	return p.ask(ctx, kindLoad, modelObject, struct{}{}, nil)
}

// Do has the class route the event.
func (r *Router) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	if r.pool == nil {
		return serve.Pass, errStopped
	}
	if r.served == nil || r.env.Recorder == nil || ev.Target.Method == "GET" {
		return r.route(ctx, ev)
	}
	start, path, asked := ev.Begin(), ev.Target.Path, ev.Body
	fate, err := r.route(ctx, ev)
	if err == nil {
		r.record(ev, path, asked, start)
	}
	return fate, err
}

func (r *Router) route(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	t, end := r.transits.begin(ctx, r, ev)
	defer end()
	f := frame{kind: kindCall, object: modelObject}
	var about meta
	about.event(ev)
	about.number("ticket", t.ticket)
	var err error
	if f.body, f.flags, err = payloadOf(ev.Body); err != nil {
		return serve.Pass, err
	}
	f.flags |= isEvent
	f.meta = about.end()
	last, _, err := r.pool.call(ctx, &f)
	if err != nil {
		return serve.Pass, t.cause(err)
	}
	return apply(ev, &last)
}

// record tells of a prediction of the ensemble's own: an answer in its name. What
// it leaves to one of its models, the model records.
func (r *Router) record(ev *serve.Event, path string, asked serve.Body, start time.Time) {
	outputs, ours := r.outputs(ev.Body)
	req, err := oip.Request(asked)
	if !ours || err != nil {
		return
	}
	own := *req
	rec := serve.Record{Served: r.served, EventID: ev.Identify(), Start: start, Duration: time.Since(start), Request: &own}
	if !r.env.MLRun { // whose ensembles name none
		rec.Op = operation(path)
	}
	rec.Answered(&serve.Response{ModelName: r.served.Model, ModelVersion: r.served.Version, ID: ev.ID, Outputs: outputs})
	r.env.Recorder.Record(rec)
}

// operation is what a path asks for.
func operation(p string) string {
	switch op := path.Base(p); op {
	case "predict", "explain":
		return op
	}
	return "infer"
}

// outputs are what the ensemble has predicted; ours is false where the answer is
// another's.
func (r *Router) outputs(answer serve.Body) (outputs any, ours bool) {
	doc, _ := oip.Value(answer)
	o, ok := doc.(*serve.Object)
	if !ok {
		return nil, false
	}
	if name, _ := o.Value("model_name"); name != r.served.Model {
		return nil, false
	}
	return o.Value("outputs")
}

// own is an ensemble among its models.
func (r *Router) own() *serve.Served {
	s := &serve.Served{Graph: r.env.Graph, Model: cmp.Or(r.creation.Name, "VotingEnsemble"), Version: "v1", Class: r.creation.Class}
	if version, ok := r.creation.Args["version"].(string); ok {
		s.Version = version
	}
	return s
}

// Down says why no worker can route; nil when one can.
func (r *Router) Down() error { return r.pool.downtime() }

// Workers implements [serve.Crewed].
func (r *Router) Workers() serve.Workers { return r.pool.workers("router " + r.label()) }

// Close ends the workers.
func (r *Router) Close(ctx context.Context) error {
	if r.pool == nil {
		return nil
	}
	return r.pool.close(ctx)
}
