package v2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leat-ml/leat/ensemble"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A poll is one request that an ensemble puts to its models. It lives on the
// stack.
type poll struct {
	*Voting
	ev  *serve.Event
	op  string
	req *serve.Request // shared by the models: read only
	*pollRoom
}

// pollRoom is memory that most polls need, in one allocation of 512 bytes.
type pollRoom struct {
	request oip.Buffer
	result  ensemble.Room
}

func (p *poll) run(ctx context.Context) (*serve.Response, error) {
	p.pollRoom = new(pollRoom)
	var own *oip.Buffer
	if p.ours {
		own = &p.pollRoom.request
	}
	req, err := p.readRequest(p.ev, own)
	if err != nil {
		return nil, serve.In("ensemble "+p.Name, err)
	}
	p.req = req
	if p.op == "" || (p.Env.MLRun && req.Operation != "") {
		p.op = req.Operation
	}
	if p.op == "" {
		p.op = opInfer
	}
	var fewLegs [4]leg
	var fewAnswers [4]serve.Tensor
	legs, answers := fewLegs[:], fewAnswers[:]
	if n := len(p.routes); n > len(legs) {
		legs, answers = make([]leg, n), make([]serve.Tensor, n)
	}
	return p.ask(ctx, legs[:len(p.routes)], answers[:len(p.routes)])
}

// ask asks the models and makes the answer of theirs. Room for both is the
// caller's, and on its stack.
func (p *poll) ask(ctx context.Context, legs []leg, answers []serve.Tensor) (*serve.Response, error) {
	p.prepare(legs)
	p.serve(ctx, legs)
	several, err := p.read(legs, answers)
	if err != nil {
		return nil, serve.In("ensemble "+p.Name, err)
	}
	failed, err := p.count(ctx, legs)
	if err != nil {
		return nil, err
	}
	outputs, err := p.combine(answers, several)
	if err != nil {
		return nil, serve.In("ensemble "+p.Name, err)
	}
	resp := p.respond(outputs)
	if len(failed) > 0 {
		resp.Parameters = map[string]any{"failed_models": strings.Join(failed, ",")}
	}
	p.ev.Body = serve.ValueBody(resp)
	return resp, nil
}

func (p *poll) serve(ctx context.Context, legs []leg) {
	p.calls.RLock()
	defer p.calls.RUnlock()
	p.fanout.run(ctx, legs)
}

// readRequest reads the request, once for all models, and checks that it has
// inputs. It is read into b, unless that is nil because steps other than the
// ensemble's own models will ask for it.
func (v *Voting) readRequest(ev *serve.Event, b *oip.Buffer) (req *serve.Request, err error) {
	if ev.Body.Empty() {
		return nil, emptyBody(v.Env.MLRun)
	}
	if b == nil {
		if req, err = oip.Request(ev.Body); err == nil {
			own := *req
			req = &own
		}
	} else {
		req, err = b.Request(ev.Body)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	err = req.Validate()
	return req, err
}

// prepare gives every model a part in the event, or an event of its own.
func (p *poll) prepare(legs []leg) {
	p.ev.Identify()
	if p.op != opExplain && isInference(p.op) && p.share(legs) {
		return
	}
	p.clone(p.ev, legs)
	for i := range legs {
		if l := &legs[i]; l.in.s == nil {
			l.ev.Target.Model, l.ev.Target.Version = SplitName(p.routes[i].Key)
			l.ev.Target.Operation = p.op
		}
	}
}

// share gives the models of this process the event and the request as it was read.
// all says that there are no others.
func (p *poll) share(legs []leg) (all bool) {
	all = true
	p.req.Op, p.req.Body = p.op, p.ev.Body
	if p.req.RawID == nil {
		p.req.ID = p.ev.ID
	}
	for i := range legs {
		s := p.servers[i]
		if s == nil || s.InputPath != "" || s.ResultPath != "" {
			all = false
			continue
		}
		l := &legs[i]
		l.ev, l.in.s, l.in.ev, l.in.op, l.in.req, l.in.shared = p.ev, s, p.ev, p.op, p.req, true
	}
	return all
}

// read reads the answers: the only output of each model, or all of them where
// there are several. Who has none has failed.
func (p *poll) read(legs []leg, answers []serve.Tensor) (several [][]*serve.Tensor, err error) {
	single := ""
	for i := range legs {
		l := &legs[i]
		if l.err != nil {
			continue
		}
		var outs []*serve.Tensor
		switch {
		case l.fate == serve.Drop:
			l.err = errors.New("the event was filtered, so that there is no answer")
		case l.in.s != nil:
			outs, l.err = takeAnswer(l.in.outputs, p.Column, &answers[i])
		default:
			outs, l.err = readAnswer(l.ev.Body, p.Column, &answers[i])
		}
		switch {
		case l.err != nil:
			continue
		case outs == nil:
			single = p.routes[i].Key
			continue
		case several == nil:
			several = make([][]*serve.Tensor, len(legs))
		}
		several[i] = outs
	}
	if several != nil && single != "" {
		return nil, fmt.Errorf("the models disagree about the outputs: %s answered one, others several or none", single)
	}
	return several, nil
}

// count decides whether those that answered suffice. failed names the others.
func (p *poll) count(ctx context.Context, legs []leg) (failed []string, err error) {
	first, failed, over := p.failure(ctx, legs)
	if !over {
		return failed, nil
	}
	err = routeFailed(p.Env, "ensemble "+p.Name, "model "+p.routes[first].Key, legs[first].err)
	if p.budget == 0 {
		return nil, err
	}
	return nil, &serve.Error{Code: serve.CodeOf(err), Class: "RuntimeError", Err: fmt.Errorf("%d of %d models failed (%s), which leaves less than the quorum: %w", len(failed), len(legs), strings.Join(failed, ", "), err)}
}

// combine makes the outputs of the ensemble of those of the models: a tensor, or
// several in OIP.
func (p *poll) combine(answers []serve.Tensor, several [][]*serve.Tensor) (any, error) {
	if several == nil {
		return p.panel.CombineIn(&p.result, p.voteOn(answers), answers, p.req.Dialect == serve.MLRun)
	}
	lead := slices.IndexFunc(several, func(outs []*serve.Tensor) bool { return outs != nil })
	combined := make([]*serve.Tensor, 0, len(several[lead]))
	for _, t := range several[lead] {
		vote := p.voteOnOneOf(t)
		if vote == ensemble.Undeclared {
			continue
		}
		if err := p.gather(answers, several, t.Name); err != nil {
			return nil, err
		}
		c, err := p.panel.Combine(vote, answers, false)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", t.Name, err)
		}
		combined = append(combined, c)
	}
	if len(combined) == 0 {
		return nil, errors.New("the models answered nothing that can be voted on: a soft vote needs rows of probabilities, [rows, classes]")
	}
	return combined, nil
}

// gather collects what the models answered as the output of that name.
func (p *poll) gather(answers []serve.Tensor, several [][]*serve.Tensor, name string) error {
	for i, outs := range several {
		answers[i] = serve.Tensor{}
		if outs == nil {
			continue
		}
		at := slices.IndexFunc(outs, func(t *serve.Tensor) bool { return t.Name == name })
		if at < 0 {
			return fmt.Errorf("the models disagree about the outputs: %s answered no %q", p.routes[i].Key, name)
		}
		answers[i] = *outs[at]
	}
	return nil
}

// voteOn is the vote on the only output: as declared, as the models' schemas
// suggest, or as the answers do.
func (p *poll) voteOn(answers []serve.Tensor) ensemble.Vote {
	vote := p.Vote
	if vote == ensemble.Undeclared {
		vote = p.suggested(answers)
	}
	if vote == ensemble.Undeclared {
		vote = ensemble.Infer(answers)
	}
	return vote
}

// voteOnOneOf is the vote on one of several outputs, which need not be of one
// kind: classes beside their probabilities. Undeclared leaves the output out.
func (p *poll) voteOnOneOf(t *serve.Tensor) ensemble.Vote {
	kind := ensemble.Of(t.Datatype)
	switch p.Vote {
	case ensemble.Regression:
		return ensemble.Regression
	case ensemble.Soft:
		if kind != ensemble.Regression || len(t.Shape) != 2 {
			return ensemble.Undeclared
		}
		return ensemble.Soft
	}
	return kind
}

// suggested is the vote that the models' schemas suggest, if those that have one
// agree.
func (v *Voting) suggested(answers []serve.Tensor) ensemble.Vote {
	found := ensemble.Undeclared
	for i, s := range v.servers {
		if s == nil {
			continue
		}
		switch vote := ensemble.Of(outputType(s.desc.Load(), answers[i].Name)); {
		case vote == ensemble.Undeclared:
		case found == ensemble.Undeclared:
			found = vote
		case found != vote:
			return ensemble.Undeclared
		}
	}
	return found
}

// outputType is the datatype of an output by the schema: the one of that name,
// else the first. Invalid is unknown.
func outputType(d *serve.Description, output string) serve.Datatype {
	for i := range d.Outputs {
		if d.Outputs[i].Name == output {
			return d.Outputs[i].Datatype
		}
	}
	if len(d.Outputs) > 0 {
		return d.Outputs[0].Datatype
	}
	if len(d.Labels) > 0 && d.Labels[0].ValueType != "" {
		return d.Labels[0].Datatype()
	}
	return serve.Invalid
}

// respond makes the answer. MLRun's ensembles answer with the ID of the event,
// whatever the request says.
func (p *poll) respond(outputs any) *serve.Response {
	r := p.ev.NewResponse()
	r.Dialect, r.ModelName, r.ModelVersion, r.Outputs = p.req.Dialect, p.Name, p.Version, outputs
	r.SetAsked(p.req)
	if p.req.RawID != nil && !p.Env.MLRun {
		r.ID, r.RawID = p.req.ID, p.req.RawID
	} else {
		r.ID = p.ev.Identify()
	}
	if p.Column != "" && r.Dialect == serve.MLRun {
		r.Outputs = serve.NewObject(serve.Field{Key: p.Column, Value: outputs})
	}
	return r
}
