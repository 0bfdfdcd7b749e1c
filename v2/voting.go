package v2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/ensemble"
	"github.com/leat-ml/leat/serve"
)

// VotingConfig says how a [Voting] ensemble routes and votes. The zero value has
// MLRun's defaults.
type VotingConfig struct {
	RouterConfig        // Class is "VotingEnsemble" when empty
	Name         string // of the ensemble among its models; "VotingEnsemble" when empty
	Version      string // of the ensemble, in answers; "" is left out

	// Vote is how answers are combined. Undeclared, it is what the models' schemas
	// suggest or, where they have none, what the answers to a request do.
	Vote    ensemble.Vote
	Weights map[string]float64 // by route; nil weighs all the same
	Quorum  Quorum
	// Column is the output that votes where there are several, or outputs are an
	// object; the answer of the ensemble is such an object too. "" is none.
	Column string
	// Executor is MLRun's executor_type: "thread" runs all models at the same
	// time, "array" one by one, "" those at the same time that wait for something.
	Executor string
	Metrics  Metrics // nil counts nothing
}

// A Quorum is how much of an ensemble has to answer. The zero value wants all of
// it.
type Quorum struct {
	Models int     // at least so many models
	Share  float64 // or models of so much of the weight, up to 1
}

// A Voting ensemble asks all of its models and makes one answer of theirs. Each
// model is served under its own name too. It is a [serve.Step], safe for
// concurrent use.
type Voting struct {
	VotingConfig
	served *serve.Served // for records
	meter  meter
	router *Router
	fanout
	panel   *ensemble.Panel
	ours    bool         // every route is a model of this process
	calls   sync.RWMutex // read by polls and by inferences of the models, written by their Close
	opNames bool         // a route has the name of an operation
	listed  any          // weights as they were configured
}

// NewVoting returns an ensemble of the routes, which it has for itself: models
// among them are closed after it.
func NewVoting(c VotingConfig, routes []catalog.Route) (*Voting, error) {
	c.Class = cmp.Or(c.Class, "VotingEnsemble")
	c.Name = cmp.Or(c.Name, "VotingEnsemble")
	if len(routes) == 0 {
		return nil, errors.New("the ensemble has no models")
	}
	keys, opNames := make([]string, len(routes)), false
	for i, r := range routes {
		if keys[i] = r.Key; r.Key == c.Name {
			return nil, fmt.Errorf("a model has the name of the ensemble, %s", c.Name)
		}
		opNames = opNames || isInference(r.Key)
	}
	panel, err := ensemble.NewPanel(keys, c.Weights)
	if err != nil {
		return nil, err
	}
	how, err := parseExecutor(c.Executor)
	if err != nil {
		return nil, err
	}
	router := NewRouter(c.RouterConfig, nil)
	router.models = NewRoutes(routes, router.Env.MLRun)
	c.RouterConfig = router.RouterConfig
	v := &Voting{VotingConfig: c, router: router, panel: panel, fanout: newFanout(routes, how, c.Env)}
	v.served = &serve.Served{Graph: c.Env.Graph, Model: c.Name, Version: c.Version, Class: c.Class}
	v.meter = meterOf(c.Metrics)
	v.opNames = opNames
	v.ours = !slices.Contains(v.servers, nil)
	v.guard()
	if c.Weights != nil {
		v.listed = c.Weights
	}
	if err = v.allow(c.Quorum); err != nil {
		return nil, err
	}
	return v, nil
}

// guard has inferences of all models be one for Close, so that a poll locks once. A
// poll whose models have events of their own locks again: that cannot block, since
// Close only tries.
func (v *Voting) guard() {
	for _, s := range v.servers {
		if s != nil {
			s.calls = &v.calls
		}
	}
}

// allow makes of a quorum what may be lost.
func (v *Voting) allow(q Quorum) error {
	switch {
	case q.Models < 0, q.Models > len(v.routes):
		return fmt.Errorf("quorum is %d, but the ensemble has %d models", q.Models, len(v.routes))
	case q.Models > 0:
		v.budget = float64(len(v.routes) - q.Models)
	case q.Share > 0 && q.Share <= 1:
		v.budget = 1 - q.Share
		for i := range v.cost {
			v.cost[i] = v.panel.Share(i)
		}
	case q.Share != 0:
		return fmt.Errorf("quorum is %v, which is no share of the weight: a number above 0, up to 1", q.Share)
	}
	return nil
}

// OwnPaths says that the ensemble selects and places bodies by itself.
func (v *Voting) OwnPaths() bool { return true }

// Waits implements [serve.Waiter].
func (v *Voting) Waits() bool { return v.waits() }

// Start opens the source of features, if there is one.
func (v *Voting) Start(ctx context.Context) error { return v.router.Start(ctx) }

// Close releases the source of features, if there is one.
func (v *Voting) Close(ctx context.Context) error { return v.router.Close(ctx) }

// Do serves one request: for the ensemble, one of its models, or the list.
func (v *Voting) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	if v.InputPath == "" && v.ResultPath == "" {
		return v.route(ctx, ev)
	}
	return v.router.within(ctx, ev, v.route)
}

func (v *Voting) route(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	if v.router.asksRouter(ev) {
		return v.router.about(ev)
	}
	if ev.Target.Model == "" {
		list, err := v.router.fromPath(ev)
		if err != nil {
			return serve.Pass, err
		}
		if list {
			return v.list(ev)
		}
		v.ownOperation(&ev.Target)
	}
	if err := v.router.enrich(ctx, ev); err != nil {
		return serve.Pass, serve.In("ensemble "+v.Name, err)
	}
	if t := &ev.Target; t.Model == v.Name && (t.Version == "" || t.Version == v.Version) {
		return v.own(ctx, ev)
	}
	return v.pass(ctx, ev)
}

// ownOperation makes the ensemble the target of a URL that names no model, or an
// operation in the place of one.
func (v *Voting) ownOperation(t *serve.Target) {
	switch {
	case t.Model == "":
		t.Model = v.Name
	case t.Version == "" && t.Operation == "" && isInference(t.Model) && !v.opNames:
		t.Model, t.Operation = v.Name, t.Model
	}
}

// isInference says whether the operation is one that every model has.
func isInference(op string) bool {
	switch op {
	case opInfer, opPredict, opInferDict, opPredictDict, opExplain:
		return true
	}
	return false
}

func (v *Voting) list(ev *serve.Event) (serve.Fate, error) {
	return v.router.listed(ev,
		serve.Field{Key: "models", Value: append(slices.Clone(v.router.models.Names()), v.Name)},
		serve.Field{Key: "weights", Value: v.listed})
}

// pass leaves a request to the model that it names. MLRun checks it before.
func (v *Voting) pass(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	child := v.router.find(ev)
	if child == nil {
		besides := " | " + v.Name + " or an operation alone for ensemble operation"
		return serve.Pass, unknownModel(ev, v.router.models.Names(), besides)
	}
	if v.Env.MLRun && !isGet(ev) {
		req, err := v.readRequest(ev, nil)
		if err != nil {
			return serve.Pass, err
		}
		if req.Operation != "" {
			ev.Target.Operation = req.Operation
		}
	}
	return v.router.run(ctx, child, ev)
}

// own serves what is asked of the ensemble itself.
func (v *Voting) own(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	op := strings.Trim(ev.Target.Operation, "/")
	if !isGet(ev) {
		if op == opReady {
			return serve.Pass, v.wrongMethod(op, ev, "GET")
		}
		return serve.Pass, v.poll(ctx, ev, op)
	}
	switch op {
	case "":
		return serve.Finish, v.metadata(ev)
	case opReady:
		return serve.Finish, v.ready(ev)
	}
	return serve.Pass, v.wrongMethod(op, ev, "POST")
}

func (v *Voting) wrongMethod(op string, ev *serve.Event, allow string) error {
	err := serve.Errorf(serve.WrongMethod, "ValueError", "illegal model operation %s, method=%s", op, method(ev))
	err.Allow = allow
	return serve.In("ensemble "+v.Name, err)
}

// poll serves an inference, counts it and records it.
func (v *Voting) poll(ctx context.Context, ev *serve.Event, op string) error {
	if v.meter.Metrics == nil && v.Env.Recorder == nil {
		p := poll{Voting: v, ev: ev, op: op}
		_, err := p.run(ctx)
		return err
	}
	start := ev.Begin()
	if v.meter.Metrics != nil {
		v.meter.Begin()
	}
	p := poll{Voting: v, ev: ev, op: op}
	resp, err := p.run(ctx)
	took := time.Since(start)
	if v.meter.Metrics != nil {
		v.meter.ended(p.op, err, start, took)
	}
	if v.Env.Recorder != nil {
		r := serve.Record{Served: v.served, Op: p.op, EventID: ev.ID, Start: start, Duration: took, Request: p.req, Err: err}
		r.Answered(resp)
		if v.Env.MLRun {
			r.Op = ""
		}
		v.Env.Recorder.Record(r)
	}
	return err
}
