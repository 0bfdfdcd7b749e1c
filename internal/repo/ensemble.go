package repo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo/foreign"
	"github.com/leat-ml/leat/internal/repo/triton"
	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// An ensemble is a model that is made of other models of the repository: Triton's
// ensemble_scheduling. Tensors flow by their names; steps that need nothing of one
// another run side by side.
type ensemble struct {
	name  string
	file  string // config.pbtxt, from the root
	c     *triton.Config
	steps []triton.Step
	repo  *Repository // set when it is built
	to    []*route    // of the steps, set by Load
	desc  serve.Description

	caches  bool // it keeps answers
	cache   *schedule.Cache
	calls   *schedule.Batcher // counts what is not answered from the cache
	warmups []foreign.Warmup
}

func (t *tritonVersion) ensemble() (*ensemble, error) {
	e := &ensemble{name: t.m.Name, file: t.f.in(triton.File), c: t.c, steps: t.c.Steps(), caches: t.c.GetResponseCache().GetEnable()}
	e.desc = serve.Description{Platform: "ensemble", Inputs: t.c.Inputs(), Outputs: t.c.Outputs(), MaxBatch: int(t.c.MaxBatchSize)}
	labels, err := t.labels()
	if err != nil {
		return nil, err
	}
	for i := range e.desc.Outputs {
		e.desc.Outputs[i].Classes = labels[e.desc.Outputs[i].Name]
	}
	e.warmups, err = t.warmups()
	return e, err
}

// in is the same ensemble in a repository that finds its models.
func (e *ensemble) in(r *Repository) *ensemble {
	own := *e
	own.repo = r
	if e.caches {
		own.calls = schedule.NewBatcher(predictor((&own).predict), schedule.BatchOptions{})
		own.cache = schedule.NewCache(own.calls, cacheBytes)
	}
	return &own
}

// A predictor is a function as what predicts.
type predictor func(ctx context.Context, req *serve.Request) (any, error)

// Predict implements [schedule.Predictor].
func (f predictor) Predict(ctx context.Context, req *serve.Request) (any, error) { return f(ctx, req) }

// Warm implements [serve.Warmer].
func (e *ensemble) Warm(ctx context.Context) error {
	return foreign.Warm(ctx, predictor(e.predict), e.warmups)
}

// Counts implements [serve.Counter].
func (e *ensemble) Counts() (c serve.Counts, ok bool) {
	if e.cache == nil {
		return c, false
	}
	c, _ = e.calls.Counts()
	return e.cache.Counts(c), true
}

// label is a step in errors: its place, and the model.
func (e *ensemble) label(i int) string {
	s := &e.steps[i]
	if s.Version != "" {
		return fmt.Sprintf("step %d (%s:%s)", i+1, s.Model, s.Version)
	}
	return fmt.Sprintf("step %d (%s)", i+1, s.Model)
}

// Load implements [serve.Loader]: it waits for the models, and holds what flows
// between them against what they say of themselves.
func (e *ensemble) Load(ctx context.Context, _ *serve.ModelContext) error {
	var all error
	for i, s := range e.steps {
		to, err := e.await(ctx, i, s.Model, s.Version)
		if err != nil {
			return err
		}
		e.to = append(e.to, to)
		if st := to.in.server.Status(); st.Phase != v2.Ready {
			if st.Err == nil {
				st.Err = fmt.Errorf("it is %s", st.Phase)
			}
			all = errors.Join(all, fmt.Errorf("%s is not ready: %w", e.label(i), st.Err))
		}
	}
	if all != nil {
		return all
	}
	return e.agree()
}

// await waits until the model of a step has loaded: what has taken its place, where it
// was loaded again meanwhile.
func (e *ensemble) await(ctx context.Context, i int, model, version string) (*route, error) {
	for {
		to := e.repo.find(model, version)
		if to == nil {
			return nil, fmt.Errorf("%s: there is no such model in the repository", e.label(i))
		}
		select {
		case <-to.in.settled:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if now := e.repo.find(model, version); now == nil || now.in == to.in {
			return to, nil
		}
	}
}

// agree holds the steps against each other.
func (e *ensemble) agree() error {
	known := map[string]serve.TensorSpec{}
	for _, in := range e.desc.Inputs {
		known[in.Name] = in
	}
	for i, s := range e.steps {
		d := e.to[i].in.server.Description()
		if d.StreamsOnly {
			return e.wrong(i, "%s only streams, and is asked for one answer: models of ensembles have to answer once", e.label(i))
		}
		if d.MaxBatch > 0 && (e.desc.MaxBatch > d.MaxBatch) {
			return fmt.Errorf("%s takes batches of at most %d, but max_batch_size is %d", e.label(i), d.MaxBatch, e.desc.MaxBatch)
		}
		for own, tensor := range s.Outputs {
			at := slices.IndexFunc(d.Outputs, func(t serve.TensorSpec) bool { return t.Name == own })
			if at < 0 && len(d.Outputs) > 0 {
				return fmt.Errorf("%s has no output %q", e.label(i), own)
			}
			if at >= 0 {
				known[tensor] = d.Outputs[at]
			}
		}
	}
	for i := range e.steps {
		if err := e.takes(i, known); err != nil {
			return err
		}
	}
	for _, out := range e.desc.Outputs {
		if from, ok := known[out.Name]; ok && !agreeing(from, out) {
			return fmt.Errorf("output %q is declared as %s %v, but comes as %s %v", out.Name, out.Datatype, out.Shape, from.Datatype, from.Shape)
		}
	}
	return nil
}

// wrong is what is wrong with the model of a step.
func (e *ensemble) wrong(i int, format string, args ...any) error {
	at := e.c.Place(fmt.Sprintf("ensemble_scheduling.step[%d].model_name", i))
	return &SettingsError{[]graph.Problem{{File: e.file, Pos: at, Msg: fmt.Sprintf(format, args...)}}}
}

// takes checks the inputs of one step.
func (e *ensemble) takes(i int, known map[string]serve.TensorSpec) error {
	s, d := &e.steps[i], e.to[i].in.server.Description()
	if len(d.Inputs) == 0 {
		return nil
	}
	for own := range s.Inputs {
		if !slices.ContainsFunc(d.Inputs, func(t serve.TensorSpec) bool { return t.Name == own }) {
			return fmt.Errorf("%s has no input %q", e.label(i), own)
		}
	}
	for _, in := range d.Inputs {
		tensor, ok := s.Inputs[in.Name]
		if !ok && !in.Optional {
			return fmt.Errorf("%s takes an input %q, to which input_map maps nothing", e.label(i), in.Name)
		}
		if from, isKnown := known[tensor]; ok && isKnown && !agreeing(from, in) && !(in.AnyNumber && from.Datatype.Numeric()) {
			return fmt.Errorf("%s takes %q as %s %v, but tensor %q is %s %v", e.label(i), in.Name, in.Datatype, in.Shape, tensor, from.Datatype, from.Shape)
		}
	}
	return nil
}

// agreeing says whether some tensor is of both kinds.
func agreeing(a, b serve.TensorSpec) bool {
	if a.Datatype != b.Datatype && a.Datatype != serve.Invalid && b.Datatype != serve.Invalid {
		return false
	}
	if a.Shape == nil || b.Shape == nil {
		return true
	}
	if len(a.Shape) != len(b.Shape) {
		return false
	}
	for i := range a.Shape {
		if a.Shape[i] >= 0 && b.Shape[i] >= 0 && a.Shape[i] != b.Shape[i] {
			return false
		}
	}
	return true
}

// Describe implements [serve.Describer].
func (e *ensemble) Describe() serve.Description { return e.desc }

// Configuration is the document that is shown as the model's configuration.
func (e *ensemble) Configuration() *serve.Object {
	return e.c.Completed(e.name, "ensemble", nil, nil).Document()
}

// Waits implements [serve.Waiter].
func (e *ensemble) Waits() bool { return true }

// Down implements [serve.Supervised]: the ensemble serves as long as its models do.
func (e *ensemble) Down() error {
	for i, s := range e.steps {
		to := e.repo.find(s.Model, s.Version)
		if to == nil {
			return fmt.Errorf("%s is not there any more", e.label(i))
		}
		if st := to.in.server.Status(); st.Phase != v2.Ready {
			return fmt.Errorf("%s is %s", e.label(i), st.Phase)
		}
	}
	return nil
}

// Predict answers from memory, or has the models answer.
func (e *ensemble) Predict(ctx context.Context, req *serve.Request) (any, error) {
	if e.cache != nil {
		return e.cache.Predict(ctx, req)
	}
	return e.predict(ctx, req)
}

// predict has each model answer when its inputs are there.
func (e *ensemble) predict(ctx context.Context, req *serve.Request) (any, error) {
	f := &flow{e: e, req: req, tensors: map[string]*serve.Tensor{}, begun: make([]bool, len(e.steps)), done: make(chan stepDone)}
	for _, t := range req.Inputs {
		f.tensors[t.Name] = t
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := f.run(ctx, cancel); err != nil {
		return nil, err
	}
	out := make([]*serve.Tensor, 0, len(e.desc.Outputs))
	for _, spec := range e.desc.Outputs {
		t := f.tensors[spec.Name]
		if t == nil {
			return nil, fmt.Errorf("no step answered with %q", spec.Name)
		}
		out = append(out, t.Named(spec.Name))
	}
	return out, nil
}

// A flow is one request on its way through an ensemble.
type flow struct {
	e       *ensemble
	req     *serve.Request
	tensors map[string]*serve.Tensor // that are there, by the ensemble's names
	begun   []bool
	running int
	done    chan stepDone
}

// stepDone is how a step ended.
type stepDone struct {
	step    int
	outputs []*serve.Tensor
	err     error
}

// run has all steps answer. After the first failure it waits for those that have
// begun.
func (f *flow) run(ctx context.Context, cancel func()) (failed error) {
	for {
		ready := f.ready()
		if failed != nil {
			ready = nil
		}
		if len(ready) == 1 && f.running == 0 { // no need for another goroutine
			failed = f.end(f.call(ctx, ready[0]))
			continue
		}
		for _, i := range ready {
			f.running++
			inputs := f.inputs(i)
			go func() { f.done <- f.ask(ctx, i, inputs) }()
		}
		if f.running == 0 {
			return failed
		}
		d := <-f.done
		f.running--
		if err := f.end(d); err != nil && failed == nil {
			failed = err
			cancel()
		}
	}
}

// ready are the steps whose inputs are there, which are marked as begun.
func (f *flow) ready() (steps []int) {
	for i := range f.e.steps {
		if !f.begun[i] && f.complete(i) {
			f.begun[i] = true
			steps = append(steps, i)
		}
	}
	return steps
}

// complete says whether the inputs of a step are there: all but those of the
// ensemble that the request has left out.
func (f *flow) complete(i int) bool {
	for _, tensor := range f.e.steps[i].Inputs {
		isInput := slices.ContainsFunc(f.e.desc.Inputs, func(s serve.TensorSpec) bool { return s.Name == tensor })
		if f.tensors[tensor] == nil && !isInput {
			return false
		}
	}
	return true
}

// end takes over what a step answered.
func (f *flow) end(d stepDone) error {
	if d.err != nil {
		return serve.In(f.e.label(d.step), d.err)
	}
	for own, tensor := range f.e.steps[d.step].Outputs {
		at := slices.IndexFunc(d.outputs, func(t *serve.Tensor) bool { return t.Name == own })
		if at < 0 {
			return fmt.Errorf("%s did not answer with %q", f.e.label(d.step), own)
		}
		f.tensors[tensor] = d.outputs[at]
	}
	return nil
}

// inputs are those of a step, under its own names.
func (f *flow) inputs(i int) []*serve.Tensor {
	var inputs []*serve.Tensor
	for _, own := range slices.Sorted(maps.Keys(f.e.steps[i].Inputs)) {
		if t := f.tensors[f.e.steps[i].Inputs[own]]; t != nil {
			inputs = append(inputs, t.Named(own))
		}
	}
	return inputs
}

func (f *flow) call(ctx context.Context, i int) stepDone { return f.ask(ctx, i, f.inputs(i)) }

// ask puts a request to the model of a step.
func (f *flow) ask(ctx context.Context, i int, inputs []*serve.Tensor) (d stepDone) {
	d.step = i
	defer func() { // of what stands before the model; its own panics are its server's
		if p := recover(); p != nil {
			d.err = fmt.Errorf("the step panicked: %v", p)
		}
	}()
	s := &f.e.steps[i]
	req := &serve.Request{ID: f.req.ID, RawID: f.req.RawID, Op: "infer", Dialect: serve.OIP, Parameters: f.req.Parameters}
	req = req.WithInputs(inputs...)
	for _, own := range slices.Sorted(maps.Keys(s.Outputs)) {
		req.Outputs = append(req.Outputs, serve.RequestedOutput{Name: own})
	}
	ev := &serve.Event{ID: f.req.ID, Body: serve.ValueBody(req), Target: serve.Target{Method: "POST", Model: s.Model, Version: s.Version, Operation: "infer"}}
	var leave func(*serve.Event, serve.Fate, error)
	if enter := f.e.repo.env.Enter; enter != nil {
		ctx, leave = enter(ctx, s.Model, ev)
	}
	fate, err := f.e.to[i].Do(ctx, ev)
	if leave != nil {
		leave(ev, fate, err)
	}
	if err != nil {
		d.err = err
		return d
	}
	d.outputs, d.err = outputsOf(ev)
	return d
}

// outputsOf are the tensors in the answer of a model.
func outputsOf(ev *serve.Event) ([]*serve.Tensor, error) {
	v, _ := ev.Body.Value()
	if resp, ok := v.(*serve.Response); ok {
		switch out := resp.Outputs.(type) {
		case []*serve.Tensor:
			return out, nil
		case *serve.Tensor:
			return []*serve.Tensor{out}, nil
		}
	}
	return nil, errors.New("the model did not answer with tensors")
}

var _ interface {
	serve.Loader
	serve.Describer
	serve.Waiter
	serve.Supervised
} = (*ensemble)(nil)
