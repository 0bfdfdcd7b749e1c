package oip

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// requests reads an inference request in either dialect.
var requests = &serve.Decoder{Decode: func(raw []byte) (any, error) { return parseRequest(raw) }}

// ErrNotObject says that a body is JSON, but no object.
var ErrNotObject = errors.New("the body is not a JSON object")

// Request reads the inference request in a body. It is shared by all who ask:
// copy the struct to change it. Its Body, ID and Op are not filled in. The
// tensors share the body's bytes.
//
// In OIP, a tensor's data may be flat or nested in any rectangular way, as long
// as it has as many elements as its shape says; nulls in floats are NaN; BOOL
// also takes 0 and 1; FP16 and BF16 have no JSON form. Unknown keys are ignored
// and keys that are there twice are refused. null for id, outputs or parameters
// counts as absent.
func Request(b serve.Body) (*serve.Request, error) {
	if v, ok := b.Value(); ok {
		return requestOf(v)
	}
	v, err := b.View(requests)
	if err != nil {
		return nil, err
	}
	return v.(*serve.Request), nil
}

// A Buffer is memory for one request with what a small one points to, so that a
// caller which has a place for it reads the request without an allocation. The
// zero value is ready, for one request.
type Buffer struct {
	req    serve.Request
	tensor serve.Tensor
	inputs [1]*serve.Tensor
	shape  [4]int
	elems  [8]uint64
}

// A member of the top level that has been seen, as a bit.
const (
	seenID = 1 << iota
	seenInputs
	seenOutputs
	seenParameters
	seenModel
	seenOperation
)

// Request reads the inference request in a body into the buffer, for this caller
// alone, who may change the struct. A request that somebody has read already
// with [Request] is not read again: the buffer gets a copy of the struct.
func (b *Buffer) Request(body serve.Body) (*serve.Request, error) {
	shared, ok := body.Seen(requests)
	if !ok {
		if _, isValue := body.Value(); !isValue {
			raw, _ := body.Raw()
			return parseInto(b, raw)
		}
		req, err := Request(body)
		if err != nil {
			return nil, err
		}
		shared = req
	}
	b.req = *shared.(*serve.Request)
	return &b.req, nil
}

func parseRequest(raw []byte) (*serve.Request, error) { return parseInto(&Buffer{}, raw) }

func parseInto(b *Buffer, raw []byte) (*serve.Request, error) {
	return parseWith(b, raw, nil)
}

// parseWith reads a request whose document is raw, and which has elements behind
// it unless behind is nil.
func parseWith(b *Buffer, raw []byte, behind *blobs) (*serve.Request, error) {
	var r reader // not a literal, which is made elsewhere and copied
	r.lx.Data, r.lx.AllowNaN, r.behind = raw, true, behind
	defer r.release()
	if r.lx.Kind() != jsontext.Object {
		if err := r.lx.Skip(); err != nil {
			return nil, err
		}
		return nil, ErrNotObject
	}
	seen := 0
	more, err := r.lx.ObjectStart()
	for more && err == nil {
		if err = r.requestMember(b, &seen); err != nil {
			return nil, err
		}
		more, err = r.lx.ObjectNext()
	}
	if err == nil {
		err = r.lx.End()
	}
	if err != nil {
		return nil, err
	}
	if b.req.Dialect == serve.OIP {
		err = checkRequest(&b.req)
	}
	return &b.req, err
}

// checkRequest checks what only the Open Inference Protocol lays down.
func checkRequest(req *serve.Request) error {
	if len(req.RawID) > 0 && req.RawID[0] != '"' {
		return fmt.Errorf("id is %s, not a string", req.RawID)
	}
	if len(req.Parameters) > 0 {
		if err := checkParameters(req.Parameters); err != nil {
			return err
		}
	}
	for i := range req.Outputs {
		if p := req.Outputs[i].Parameters; len(p) > 0 {
			if err := checkOutputParameters(p); err != nil {
				return fmt.Errorf("output %q: %w", req.Outputs[i].Name, err)
			}
		}
	}
	return nil
}

func (r *reader) requestMember(b *Buffer, seen *int) error {
	if *seen&seenInputs == 0 && r.plainKey(`"inputs":`) {
		*seen |= seenInputs
		return r.inputs(b)
	}
	key, err := r.lx.ReadKey(nil)
	if err != nil {
		return err
	}
	bit := 0
	switch string(key) {
	case "inputs":
		bit, err = seenInputs, r.inputs(b)
	case "id":
		bit, err = seenID, r.id(&b.req)
	case "outputs":
		bit = seenOutputs
		b.req.Outputs, err = r.requestedOutputs()
	case "parameters":
		bit = seenParameters
		b.req.Parameters, err = r.parameters("parameters")
	case "model":
		bit = seenModel
		b.req.Model, err = r.name("model")
	case "operation":
		bit = seenOperation
		b.req.Operation, err = r.name("operation")
	default:
		return r.lx.Skip()
	}
	if *seen&bit != 0 {
		return fmt.Errorf("the key %q is there twice", key)
	}
	*seen |= bit
	return err
}

// id reads the id of a request. Its JSON text is kept, since MLRun's dialect
// lets it be anything.
func (r *reader) id(req *serve.Request) error {
	r.lx.Peek()
	start := r.lx.Pos
	if r.lx.Kind() == jsontext.String {
		s, err := r.lx.ReadString(nil)
		if err != nil {
			return err
		}
		req.ID = r.text(s)
	} else if err := r.lx.Skip(); err != nil {
		return err
	}
	req.RawID = r.lx.Data[start:r.lx.Pos]
	if string(req.RawID) == "null" {
		req.RawID = nil
	}
	return nil
}

// name reads a member that routes a request; anything but text is ignored, as
// MLRun's dialect lets bodies have any member.
func (r *reader) name(key string) (string, error) {
	if r.lx.Kind() != jsontext.String {
		return "", r.lx.Skip()
	}
	s, err := r.lx.ReadString(nil)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return r.text(s), tooLong(key, len(s))
}

// inputs reads the member that tells the dialects apart: a list with an object
// that has "datatype" or "data" is OIP.
func (r *reader) inputs(b *Buffer) error {
	if r.lx.Kind() != jsontext.Array {
		v, err := r.value(1)
		b.req.Data = v
		b.req.SetPresence(true, false)
		return err
	}
	b.req.SetPresence(true, true)
	if r.listsObjects() {
		if done, err := r.tensors(b); done || err != nil {
			return err
		}
	}
	if r.readTensor(&b.tensor, b.shape[:0], b.elems[:]) {
		b.inputs[0] = &b.tensor
		b.req.Inputs = b.inputs[:]
		b.req.Data = &b.tensor
		return nil
	}
	if done, err := r.tensors(b); done || err != nil {
		return err
	}
	v, err := r.value(1)
	b.req.Data = v
	return err
}

// listsObjects says whether the array under the cursor starts with an object.
func (r *reader) listsObjects() bool {
	rest := r.lx.Data[r.lx.Pos+1:]
	for len(rest) > 0 && rest[0] <= ' ' {
		rest = rest[1:]
	}
	return len(rest) > 0 && rest[0] == '{'
}

// tensors reads a list of OIP tensors. done is false, and nothing is read, when
// the list is not one.
func (r *reader) tensors(b *Buffer) (done bool, err error) {
	start := r.lx
	more, err := r.lx.ArrayStart()
	for i := 0; more && err == nil; i++ {
		var in *inputTensor
		if in, err = r.inputTensor(b, i); err != nil {
			return true, err
		}
		if !in.isTensor() {
			return r.notTensors(b, start, i)
		}
		if err = r.addInput(b, in, i); err != nil {
			return true, err
		}
		more, err = r.lx.ArrayNext()
	}
	b.req.Dialect = serve.OIP
	return true, err
}

// notTensors decides about a list whose item i is no tensor: if any item is
// one, the list is OIP and wrong, else it is MLRun's and read from the start.
func (r *reader) notTensors(b *Buffer, start jsontext.Lexer, i int) (done bool, err error) {
	r.lx = start
	r.spare = new(serve.Tensor)
	defer func() { r.spare = nil }()
	more, err := r.lx.ArrayStart()
	for n := 0; more && err == nil; n++ {
		var in *inputTensor
		if in, err = r.inputTensor(b, n); err != nil {
			return true, err
		}
		if in.isTensor() {
			return true, fmt.Errorf("inputs[%d] is not a tensor: it has neither datatype nor data", i)
		}
		more, err = r.lx.ArrayNext()
	}
	r.lx = start
	return false, err
}

// requestedOutputs reads the outputs that a client asks for.
func (r *reader) requestedOutputs() ([]serve.RequestedOutput, error) {
	if r.lx.Null() {
		return nil, nil
	}
	if r.lx.Kind() != jsontext.Array {
		return nil, r.skipped("outputs is not a list")
	}
	var outs []serve.RequestedOutput
	more, err := r.lx.ArrayStart()
	for more && err == nil {
		var out serve.RequestedOutput
		if out, err = r.requestedOutput(len(outs)); err != nil {
			return nil, err
		}
		if len(outs) == maxItems {
			return nil, tooMany("outputs")
		}
		outs = append(outs, out)
		more, err = r.lx.ArrayNext()
	}
	return outs, err
}

func (r *reader) requestedOutput(i int) (out serve.RequestedOutput, err error) {
	if r.lx.Kind() != jsontext.Object {
		return out, r.skipped("outputs[" + strconv.Itoa(i) + "] is not an object")
	}
	more, err := r.lx.ObjectStart()
	for more && err == nil {
		var key []byte
		if key, err = r.lx.ReadKey(nil); err != nil {
			return out, err
		}
		switch string(key) {
		case "name":
			out.Name, err = r.name("name")
		case "parameters":
			out.Parameters, err = r.parameters("outputs[" + strconv.Itoa(i) + "].parameters")
		default:
			err = r.lx.Skip()
		}
		if err == nil {
			more, err = r.lx.ObjectNext()
		}
	}
	if err == nil && out.Name == "" {
		err = fmt.Errorf("outputs[%d] has no name", i)
	}
	return out, err
}

// skipped validates the next value and says, if it is JSON, what is wrong
// with it.
func (r *reader) skipped(msg string) error {
	if err := r.lx.Skip(); err != nil {
		return err
	}
	return errors.New(msg)
}

// parameters reads an object of strings, numbers and booleans.
func (r *reader) parameters(where string) (map[string]any, error) {
	if r.lx.Null() {
		return nil, nil
	}
	if r.lx.Kind() != jsontext.Object {
		return nil, r.skipped(where + " is not an object")
	}
	params := map[string]any{}
	more, err := r.lx.ObjectStart()
	for more && err == nil {
		var key string
		var v any
		if key, v, err = r.parameter(where); err != nil {
			return nil, err
		}
		if _, dup := params[key]; dup {
			return nil, fmt.Errorf("%s: the key %q is there twice", where, key)
		}
		if r.params++; r.params > maxItems {
			return nil, tooMany("parameters")
		}
		params[key] = v
		more, err = r.lx.ObjectNext()
	}
	return params, err
}

func (r *reader) parameter(where string) (key string, v any, err error) {
	k, err := r.lx.ReadKey(nil)
	if err != nil {
		return "", nil, err
	}
	if err := tooLong("the name of a parameter", len(k)); err != nil {
		return "", nil, err
	}
	key = string(k)
	switch r.lx.Kind() {
	case jsontext.Array, jsontext.Object, jsontext.Null:
		if r.answer {
			break
		}
		return key, nil, r.skipped(fmt.Sprintf("%s: %q is neither a string nor a number nor a boolean", where, key))
	}
	v, err = r.value(1)
	return key, v, err
}
