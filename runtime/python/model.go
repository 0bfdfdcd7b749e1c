package python

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A Model is a model class of the user's, served by worker processes of its own.
// A request goes through all of the class's hooks in one hop.
type Model struct {
	loaded   *Loaded
	env      *catalog.Env
	object   *Object
	creation creation
	logs     bool // the class chooses what is recorded
	post     bool // the class makes the whole response
	// decoupled is known once it has loaded: it only streams.
	decoupled bool

	ctx  *serve.ModelContext
	desc serve.Description
	pool *pool

	known atomic.Pointer[known]
}

// model makes the step that serves a class of models.
func (g *Group) model(name string, o *Object, a catalog.Args) (serve.Step, error) {
	c, err := g.creation(name, o, a)
	if err != nil {
		return nil, err
	}
	m := &Model{
		loaded: g.loaded, env: g.env, object: o, creation: c,
		logs: slices.Contains(o.Hooks, "logged_results"), post: slices.Contains(o.Hooks, "postprocess"),
	}
	if g.loaded.code.Serve == nil {
		return nil, errors.New("this program serves no models in Python")
	}
	return g.loaded.code.Serve(a, m)
}

// the number of a model in its workers, where it is alone
const modelObject = 1

// Load implements [serve.Loader]: it starts the workers, in each of which the
// class loads.
func (m *Model) Load(ctx context.Context, mc *serve.ModelContext) error {
	m.ctx = mc
	c := &m.creation
	c.Name, c.Version, c.ModelPath = mc.Name, mc.Version, mc.Path
	logger := m.loaded.logger().With("model", mc.Name)
	if mc.Version != "" {
		logger = logger.With("version", mc.Version)
	}
	p := newPool(m.loaded, m.loaded.code.Workers, logger)
	p.models = mc.Models()
	p.prepare, p.about = m.prepare, m.object.about(c.Class)
	p.asked = func(f frame) frame { return m.loaded.asked(f, m.env, logger, m.artifact) }
	if err := p.start(ctx); err != nil {
		return err
	}
	m.pool = p
	return nil
}

func (m *Model) prepare(ctx context.Context, p *process, slot int) error {
	if _, err := m.loaded.greet(ctx, p, m.env, slot); err != nil {
		return err
	}
	if err := p.ask(ctx, kindCreate, modelObject, &m.creation, nil); err != nil {
		return err
	}
	var a about
	if err := p.ask(ctx, kindLoad, modelObject, struct{}{}, &a); err != nil {
		return err
	}
	m.note(&a.remarks)
	if slot == 0 && m.pool == nil {
		m.desc, m.decoupled = describe(m.object.Kind, &a), a.Decoupled
	}
	return nil
}

// ValidateRequest implements [serve.RequestValidator]: the class does, after its
// preprocess.
func (m *Model) ValidateRequest(context.Context, *serve.Request) error { return nil }

// Waits implements [serve.Waiter]: the work is another process's.
func (m *Model) Waits() bool { return true }

// Predict has the class answer.
func (m *Model) Predict(ctx context.Context, req *serve.Request) (any, error) {
	return m.ask(ctx, req, req.Op)
}

// Explain implements [serve.Explainer].
func (m *Model) Explain(ctx context.Context, req *serve.Request) (any, error) {
	return m.ask(ctx, req, "explain")
}

func (m *Model) ask(ctx context.Context, req *serve.Request, op string) (any, error) {
	if m.decoupled {
		return nil, serve.ErrOnlyStreams
	}
	f := frame{kind: kindCall, object: modelObject}
	var about meta
	about.text("op", op)
	if m.post || m.logs {
		m.respondable(&about, req, op)
	}
	each, err := m.severally(ctx, &about, req)
	if err != nil {
		return nil, err
	}
	if err := m.fill(&f, &about, req); err != nil {
		return nil, err
	}
	f.meta = about.end()
	last, parts, err := m.pool.call(ctx, &f)
	if err != nil {
		return nil, err
	}
	if each > 0 {
		return m.answers(&last, each)
	}
	if len(parts) > 0 || bytes.HasPrefix(last.meta, streamed) {
		return collected(parts)
	}
	return m.read(&last)
}

// respondable tells what a response has besides the outputs.
func (m *Model) respondable(about *meta, req *serve.Request, op string) {
	if req.RawID != nil {
		about.json("id", req.RawID)
	} else {
		about.text("id", req.ID)
	}
	if m.env != nil && m.env.MLRun && op != "explain" {
		about.text("timestamp", time.Now().UTC().Format("2006-01-02 15:04:05.000000+00:00"))
	}
}

// fill makes the request the frame's payload: as the client sent it, or the
// tensors of the Open Inference Protocol, which MLServer's and Triton's classes get
// for rows too.
func (m *Model) fill(f *frame, about *meta, req *serve.Request) (err error) {
	rows := req.Dialect != serve.OIP
	if rows && (m.object.Kind == "model" || len(req.Inputs) == 0) {
		body := req.Body
		if req.Op == "infer_dict" || req.Op == "predict_dict" {
			if body, err = listed(req); err != nil {
				return err
			}
		}
		f.body, f.flags, err = payloadOf(body)
		return err
	}
	about.text("dialect", "oip")
	if err := m.tell(about, req); err != nil {
		return err
	}
	f.flags = isTensors
	if rows && len(req.Inputs) == 1 && req.Inputs[0].Name == "" {
		req = req.WithInputs(req.Inputs[0].Named("input-0"))
	}
	if len(req.Inputs) == 1 && req.Inputs[0].Datatype != serve.Bytes { // sent from where they are
		about.key("tensors")
		about.b = append(about.b, '[')
		err = about.tensor(req.Inputs[0])
		about.b = append(about.b, ']')
		f.body = req.Inputs[0].Raw()
		return err
	}
	f.body, err = appendTensors(nil, about, req.Inputs)
	return err
}

// tell tells what a request says of itself: classes of other servers' get all of it,
// those of MLRun's the parameters.
func (m *Model) tell(about *meta, req *serve.Request) error {
	if isHosted(m.object) {
		return about.request(req)
	}
	if len(req.Parameters) == 0 {
		return nil
	}
	return about.value("params", req.Parameters)
}

// listed is the body of a request of which the server has made lists of the
// feature dictionaries.
func listed(req *serve.Request) (serve.Body, error) {
	doc, err := oip.Value(req.Body)
	if err != nil {
		return serve.Body{}, err
	}
	body, ok := doc.(*serve.Object)
	if !ok {
		return serve.Body{}, serve.Errorf(serve.BadRequest, "ValueError", "%w", oip.ErrNotObject)
	}
	return serve.ValueBody(body.With("inputs", req.Data)), nil
}

// Operation implements [serve.Operator]: op_xx of the class.
func (m *Model) Operation(name string) func(context.Context, *serve.Event) (any, error) {
	if !slices.Contains(m.object.Ops, name) {
		return nil
	}
	return func(ctx context.Context, ev *serve.Event) (any, error) { return m.operate(ctx, name, ev) }
}

func (m *Model) operate(ctx context.Context, name string, ev *serve.Event) (any, error) {
	f := frame{kind: kindCall, object: modelObject}
	var about meta
	about.text("op", "op:"+name)
	about.event(ev)
	var err error
	if f.body, f.flags, err = payloadOf(ev.Body); err != nil {
		return nil, err
	}
	f.flags |= isEvent
	f.meta = about.end()
	last, parts, err := m.pool.call(ctx, &f)
	if err != nil {
		return nil, err
	}
	if len(parts) > 0 {
		return listOf(parts)
	}
	out := ev.Clone()
	if _, err := apply(out, &last); err != nil {
		return nil, err
	}
	ev.Reply = out.Reply
	return out.Body, nil
}

// Close ends the workers.
func (m *Model) Close(ctx context.Context) error {
	if m.pool == nil {
		return nil
	}
	return m.pool.close(ctx)
}

// SameAs says whether other is made of the same code, so that it need not be
// loaded again where its arguments and files are the same too.
func (m *Model) SameAs(other serve.Model) bool {
	o, ok := other.(*Model)
	return ok && m.loaded.Same(o.loaded) && m.creation.Class == o.creation.Class && reflect.DeepEqual(m.creation.FunctionArgs, o.creation.FunctionArgs)
}

// Down says why no worker can answer; nil when one can.
func (m *Model) Down() error { return m.pool.downtime() }

// Workers implements [serve.Crewed].
func (m *Model) Workers() serve.Workers { return m.pool.workers("") }
