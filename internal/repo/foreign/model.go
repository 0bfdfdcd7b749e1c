package foreign

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A Model is a model by a plan. It is a [serve.Model] with all that the model server
// may ask of one; make it with [New].
type Model struct {
	plan   *Plan
	copies []*v2.FileModel
	desc   serve.Description
	// wanted are the declared outputs, where the model has others beside them.
	wanted []serve.RequestedOutput

	first   schedule.Predictor // of the layers, where requests come in
	batches []*schedule.Batcher
	seq     *schedule.Sequencer
	cache   *schedule.Cache
}

// New returns a model, which is not loaded yet.
func New(p *Plan) *Model {
	m := &Model{plan: p}
	for range max(1, p.Copies) {
		m.copies = append(m.copies, &v2.FileModel{Runtime: p.Runtime, Inputs: p.ModelInputs, Outputs: p.ModelOutputs, Parameters: p.Parameters})
	}
	return m
}

// Load loads the model, as many times as there are to be copies of it, and sets up
// what stands before it.
func (m *Model) Load(ctx context.Context, mc *serve.ModelContext) (err error) {
	loaded := 0
	defer func() {
		if err == nil {
			return
		}
		for _, c := range m.copies[:loaded] {
			err = errors.Join(err, c.Close(context.WithoutCancel(ctx)))
		}
	}()
	for _, c := range m.copies {
		if err = c.Load(ctx, mc); err != nil {
			return err
		}
		loaded++
	}
	if err = m.describe(); err != nil {
		return err
	}
	m.assemble(mc)
	return nil
}

// describe makes the schema of the declared one and the model's.
func (m *Model) describe() error {
	p, own := m.plan, m.copies[0].Describe()
	if p.Adapt != nil {
		if err := p.Adapt.Check(own); err != nil {
			return err
		}
	}
	m.desc = own
	if !p.OwnLimit {
		m.desc.MaxBatch = p.MaxBatch
	}
	if p.Inputs != nil {
		m.desc.Inputs, m.desc.Features = p.Inputs, nil
	} else {
		m.desc.Inputs = m.visible(own.Inputs, m.hiddenInput)
	}
	if p.Outputs != nil {
		m.desc.Outputs, m.desc.Labels = p.Outputs, nil
	} else {
		m.desc.Outputs = m.visible(own.Outputs, m.hiddenOutput)
	}
	m.choose(own.Outputs)
	m.desc.Outputs = slices.Clone(m.desc.Outputs)
	for i := range m.desc.Outputs {
		m.desc.Outputs[i].Classes = p.Labels[m.desc.Outputs[i].Name]
	}
	if p.Batched {
		return m.checkBatched()
	}
	return m.checkTogether()
}

// checkBatched checks that a model which is to have batches can.
func (m *Model) checkBatched() error {
	for _, s := range slices.Concat(m.desc.Inputs, m.desc.Outputs) {
		if s.Shape == nil {
			continue
		}
		if len(s.Shape) == 0 || s.Shape[0] >= 0 {
			return fmt.Errorf("max_batch_size is %d, but %q has the shape %v in the model, which does not begin with a batch of any size", m.plan.MaxBatch, s.Name, s.Shape)
		}
	}
	return nil
}

// visible are the tensors that are not the sequencer's own.
func (m *Model) visible(all []serve.TensorSpec, hidden func(string) bool) []serve.TensorSpec {
	if m.plan.Sequence == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(s serve.TensorSpec) bool { return hidden(s.Name) })
}

func (m *Model) hiddenInput(name string) bool {
	return slices.ContainsFunc(m.plan.Sequence.Controls, func(c schedule.Control) bool { return c.Name == name }) ||
		slices.ContainsFunc(m.plan.Sequence.States, func(s schedule.State) bool { return s.Input == name })
}

func (m *Model) hiddenOutput(name string) bool {
	return slices.ContainsFunc(m.plan.Sequence.States, func(s schedule.State) bool { return s.Output == name && !s.Shown })
}

// assemble puts the layers before the model: the adapter, batches, sequences, the
// cache.
func (m *Model) assemble(mc *serve.ModelContext) {
	p := m.plan
	each := make([]schedule.Predictor, len(m.copies))
	for i, c := range m.copies {
		each[i] = c
		if p.Adapt != nil {
			each[i] = &adapted{next: c, by: p.Adapt}
		}
		if p.Batch != nil || p.CacheBytes > 0 { // which counts what is not answered from memory
			var o schedule.BatchOptions
			if p.Batch != nil {
				o = *p.Batch
			}
			o.Panicked = panicked(mc)
			b := schedule.NewBatcher(each[i], o)
			m.batches = append(m.batches, b)
			each[i] = &queued{next: b, before: c, calls: o.Instances}
		}
	}
	m.first = each[0]
	if p.Sequence != nil {
		m.seq = schedule.NewSequencer(each, *p.Sequence)
		m.first = m.seq
		if len(m.copies) == 1 {
			m.first = &queued{next: m.seq, before: m.copies[0]}
		}
	}
	if p.CacheBytes > 0 {
		m.cache = schedule.NewCache(m.first, p.CacheBytes)
		m.first = m.cache
	}
}

// A queued is a layer in which requests wait for a model that knows of them: they may be
// requests of its own.
type queued struct {
	next   schedule.Predictor
	before *v2.FileModel
	calls  int // of the model at a time; 0 is any number
}

// Predict implements [schedule.Predictor].
func (q *queued) Predict(ctx context.Context, req *serve.Request) (any, error) {
	leave, err := q.before.Await(ctx, q.calls)
	if err != nil {
		return nil, err
	}
	defer leave()
	return q.next.Predict(ctx, req)
}

// panicked tells the log of a panic on a goroutine that is no request's.
func panicked(mc *serve.ModelContext) func(any) error {
	return func(thrown any) error {
		mc.Logger.Error("model panicked", "doing", "predict a batch", "panic", fmt.Sprint(thrown))
		return errors.New("the model panicked; the log has the details")
	}
}

// An adapted is a model behind an adapter.
type adapted struct {
	next schedule.Predictor
	by   Adapter
}

// Predict implements [schedule.Predictor].
func (a *adapted) Predict(ctx context.Context, req *serve.Request) (any, error) {
	req, err := a.by.In(req)
	if err != nil {
		return nil, err
	}
	out, err := a.next.Predict(ctx, req)
	if err != nil {
		return nil, err
	}
	switch v := out.(type) {
	case *serve.Tensor:
		return a.by.Out([]*serve.Tensor{v})
	case []*serve.Tensor:
		return a.by.Out(v)
	case []serve.Answer:
		for i := range v {
			if v[i].Err == nil {
				v[i].Outputs, v[i].Err = a.by.Out(v[i].Outputs)
			}
		}
	}
	return out, nil
}

// Predict has the model predict.
func (m *Model) Predict(ctx context.Context, req *serve.Request) (any, error) {
	if m.wanted == nil {
		return m.first.Predict(ctx, req)
	}
	if len(req.Outputs) == 0 {
		with := *req
		with.Outputs = m.wanted
		req = &with
	}
	out, err := m.first.Predict(ctx, req)
	return m.declared(out), err
}

// ByFile says whether the schema is that of the model's file, whose answers may be
// others where a request asks for them.
func (m *Model) ByFile() bool { return m.plan.Outputs == nil && m.plan.Adapt == nil }

// Explains says whether the loaded model explains.
func (m *Model) Explains() bool { return m.copies[0].Explains() }

// Explain has the loaded model explain, by itself. Some runtimes' models do not.
func (m *Model) Explain(ctx context.Context, req *serve.Request) (any, error) {
	return m.copies[0].Explain(ctx, req)
}

// Describe is the schema of requests and answers.
func (m *Model) Describe() serve.Description { return m.desc }

// Configuration is the document that is shown as the model's configuration; nil
// shows what is known of any model.
func (m *Model) Configuration() *serve.Object {
	if m.plan.Document == nil {
		return nil
	}
	return m.plan.Document(m.desc)
}

// Counts implements [serve.Counter].
func (m *Model) Counts() (c serve.Counts, ok bool) {
	for _, b := range m.batches {
		one, _ := b.Counts()
		c, ok = c.Plus(one), true
	}
	if m.cache != nil {
		c = m.cache.Counts(c)
	}
	return c, ok
}

// Waits implements [serve.Waiter]: requests that are put together wait for others.
func (m *Model) Waits() bool { return true }

// Down implements [serve.Supervised].
func (m *Model) Down() error {
	for _, c := range m.copies {
		if err := c.Down(); err != nil {
			return err
		}
	}
	return nil
}

// Workers implements [serve.Crewed].
func (m *Model) Workers() serve.Workers {
	var all serve.Workers
	for _, c := range m.copies {
		w := c.Workers()
		all.Of = w.Of
		all.Alive, all.Wanted, all.Restarts = all.Alive+w.Alive, all.Wanted+w.Wanted, all.Restarts+w.Restarts
	}
	return all
}

// Close waits for what is still running and releases the model.
func (m *Model) Close(ctx context.Context) error {
	var errs []error
	if m.seq != nil {
		m.seq.Close()
	}
	for _, b := range m.batches {
		errs = append(errs, b.Close(ctx))
	}
	for _, c := range m.copies {
		errs = append(errs, c.Close(ctx))
	}
	return errors.Join(errs...)
}

// Stream implements [serve.Streamer]. Requests to models that answer several times
// are not put together with others; all others are answered as they always are.
func (m *Model) Stream(ctx context.Context, req *serve.Request, send func(any) error) error {
	if !m.desc.Streams {
		out, err := m.Predict(ctx, req)
		if err != nil {
			return err
		}
		return send(out)
	}
	by := m.plan.Adapt
	if by == nil {
		return m.copies[0].Stream(ctx, req, send)
	}
	in, err := by.In(req)
	if err != nil {
		return err
	}
	return m.copies[0].Stream(ctx, in, func(out any) error {
		if all, ok := out.([]*serve.Tensor); ok {
			if out, err = by.Out(all); err != nil {
				return err
			}
		}
		return send(out)
	})
}
