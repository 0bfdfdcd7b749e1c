package v2

import (
	"context"
	"strings"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// The operations of every model.
const (
	opInfer       = "infer"
	opPredict     = "predict"
	opInferDict   = "infer_dict"
	opPredictDict = "predict_dict"
	opExplain     = "explain"
	opReady       = "ready"
)

// OwnPaths says that the model selects and places bodies by itself.
func (s *Server) OwnPaths() bool { return true }

// Do serves one request. The operation is the target's, else the one that the
// body names, else "infer", and for GET the model's metadata.
func (s *Server) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	op, err := s.operation(ev)
	if err != nil {
		return serve.Pass, s.failed("read the request", err)
	}
	if s.Env.Note != nil {
		s.note(ctx, op)
	}
	switch op {
	case opInfer, opPredict, opInferDict, opPredictDict:
		if !s.Env.MLRun && !sends(ev) {
			return serve.Pass, s.wrongMethod(op, ev, "POST")
		}
		if ev.Reply != nil && ev.Sink() != nil && s.desc.Load().Streams {
			return serve.Finish, s.stream(ctx, ev, op)
		}
		return serve.Pass, s.infer(ctx, ev, op)
	case opExplain:
		if !s.Env.MLRun && !sends(ev) {
			return serve.Pass, s.wrongMethod(op, ev, "POST")
		}
		if _, ok := s.Model.(serve.Explainer); !ok {
			return serve.Pass, s.failed(op, serve.Errorf(serve.NotOffered, "NotImplementedError", "the model does not explain"))
		}
		return serve.Pass, s.infer(ctx, ev, op)
	case opReady:
		if !isGet(ev) {
			return serve.Pass, s.wrongMethod(op, ev, "GET")
		}
		return serve.Finish, s.ready(ev)
	case "":
		return serve.Finish, s.metadata(ev)
	case opGenerate, opGenerateStream, opInferStream:
		if !s.Env.MLRun && !s.operates(op) {
			return serve.Finish, s.answersTo(ctx, ev, op)
		}
	case opConfig:
		switch {
		case s.Env.MLRun || s.operates(op):
		case isGet(ev):
			return serve.Finish, s.config(ev)
		default:
			return serve.Pass, s.wrongMethod(op, ev, "GET")
		}
	}
	return s.custom(ctx, ev, op)
}

// sends says whether the method of an event is one that requests are sent with; what
// came out of a stream has none.
func sends(ev *serve.Event) bool {
	switch ev.Target.Method {
	case "POST", "PUT", "PATCH", "":
		return true
	}
	return false
}

func isGet(ev *serve.Event) bool {
	return ev.Target.Method == "GET" || ev.Target.Method == "HEAD"
}

// operation settles what the event asks for; "" is the metadata.
func (s *Server) operation(ev *serve.Event) (string, error) {
	if op := strings.Trim(ev.Target.Operation, "/"); op != "" {
		return op, nil
	}
	if ev.Target.Model == "" { // no router has read the URL
		if op := s.fromPath(ev.Target.Path); op != "" {
			return op, nil
		}
	}
	if isGet(ev) {
		return "", nil
	}
	if s.InputPath == "" {
		if req, err := oip.Request(ev.Body); err == nil && req.Operation != "" {
			return req.Operation, nil
		}
	}
	return opInfer, nil
}

// fromPath is the operation that the URL names to a model that is a step of a
// flow: all of it, or what comes after a model's address. Where the contract does
// not say otherwise, a path that is no operation of the model is that of the
// flow, and says nothing.
func (s *Server) fromPath(path string) string {
	op := strings.Trim(path, "/")
	rest, addressed := strings.CutPrefix(op, "v2/models/")
	if addressed {
		_, _, op = address(rest)
	}
	if s.Env.MLRun {
		return op
	}
	switch op {
	case opInfer, opPredict, opInferDict, opPredictDict, opExplain, opReady:
		return op
	case opGenerate, opGenerateStream, opInferStream:
		if addressed {
			return op
		}
	}
	if o, ok := s.Model.(serve.Operator); ok && op != "" && o.Operation(op) != nil {
		return op
	}
	return ""
}

// custom runs one of the model's own operations. It gets the event as it came,
// and its result goes where result_path says.
func (s *Server) custom(ctx context.Context, ev *serve.Event, op string) (fate serve.Fate, err error) {
	o, ok := s.Model.(serve.Operator)
	if !ok {
		return serve.Pass, s.illegal(op, ev)
	}
	run := o.Operation(op)
	if run == nil {
		return serve.Pass, s.illegal(op, ev)
	}
	s.calls.RLock()
	defer s.calls.RUnlock()
	defer func() {
		if p := recover(); p != nil {
			err = s.failed(op, s.panicked(op, p))
		}
	}()
	result, err := run(ctx, ev)
	if err != nil {
		return serve.Pass, s.failed(op, err)
	}
	body, ok := result.(serve.Body)
	if !ok {
		body = serve.ValueBody(result)
	}
	if ev.Body, err = oip.Place(ev.Body, s.ResultPath, body); err != nil {
		return serve.Pass, s.failed(op, err)
	}
	return serve.Pass, nil
}

// operates says whether the model has an operation of its own of that name.
func (s *Server) operates(op string) bool {
	o, ok := s.Model.(serve.Operator)
	return ok && o.Operation(op) != nil
}

func (s *Server) illegal(op string, ev *serve.Event) error {
	return s.failed("", serve.Errorf(serve.NotFound, "ValueError", "illegal model operation %s, method=%s", op, method(ev)))
}

func (s *Server) wrongMethod(op string, ev *serve.Event, allow string) error {
	err := serve.Errorf(serve.WrongMethod, "ValueError", "illegal model operation %s, method=%s", op, method(ev))
	if err.Allow = allow; strings.Trim(ev.Target.Operation, "/") == "" && allow == "POST" {
		err.Allow = "GET, POST" // the model's own path has its metadata too
	}
	return s.failed("", err)
}

// method is the event's method as MLRun prints it.
func method(ev *serve.Event) string {
	if ev.Target.Method == "" {
		return "None"
	}
	return ev.Target.Method
}

// failed says which model failed, doing what.
func (s *Server) failed(doing string, err error) error {
	op := "model " + s.label()
	if doing != "" {
		op += ": " + doing
	}
	if s.Env.Graph != "" {
		op = "graph " + s.Env.Graph + ": " + op
	}
	return serve.In(op, err)
}

func (s *Server) ready(ev *serve.Event) error {
	st := s.Status()
	switch {
	case st.Phase == Ready:
		return s.answer(ev, serve.RawBody([]byte("Model "+s.Name+" is ready (event_id = "+ev.Identify()+")")), &serve.Reply{ContentType: "text/plain"})
	case s.Env.MLRun:
		return s.answer(ev, serve.RawBody([]byte("model not ready")), &serve.Reply{Status: 408, ContentType: "text/plain"})
	}
	return serve.Errorf(serve.NotYet, "", "model not ready: %s", st.reason())
}

func (s *Server) answer(ev *serve.Event, b serve.Body, r *serve.Reply) (err error) {
	ev.Reply = r
	if ev.Body, err = oip.Place(ev.Body, s.ResultPath, b); err != nil {
		return s.failed("", err)
	}
	return nil
}
