package grpc

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// maxTensors is how many inputs or outputs a request may name: two bytes of a
// message can make one, which takes a hundred times as much memory.
const maxTensors = 1 << 16

// maxParameters is how many parameters a request may have in all, for the same reason.
const maxParameters = 1 << 16

// maxName is how many bytes a text may have that says what is meant: the id of a
// request, the names of models, versions, tensors, datatypes and parameters. Errors and
// logs have them, several times and in quotes.
const maxName = 64 << 10

// An inferRequest is a ModelInferRequest, read without generated code: tensors
// are made of the message as it came, with one copy of their elements. It is
// most of the memory that a small request needs, in one allocation.
type inferRequest struct {
	model, version, id string
	params             map[string]any
	inputs             []input
	outputs            []serve.RequestedOutput
	raw                [][]byte
	parameters         int   // that there are in all
	size               int   // of the message, in bytes
	most               int   // bytes that elements sent one by one may have; 0 is DefaultMaxMessage
	taken              int   // bytes that they have
	problem            error // why it cannot be read

	req     serve.Request
	tensors []serve.Tensor
	room    struct {
		inputs  [1]input
		tensors [1]serve.Tensor
		list    [1]*serve.Tensor
		raw     [1][]byte
		shape   [4]int
	}
}

// decode reads a message. What is wrong with it is kept for who answers: a
// request of a stream that cannot be read is answered like any other that fails.
func (m *inferRequest) decode(data mem.BufferSlice, in *oip.Room, adjacent *tensorwire.Adjacent) {
	c := tensorwire.NewCursor(data, in, adjacent)
	m.size = c.Left()
	m.inputs, m.raw = m.room.inputs[:0], m.room.raw[:0]
	for !c.Done() && m.problem == nil {
		m.problem = m.read(&c)
	}
}

// read reads one field.
func (m *inferRequest) read(c *tensorwire.Cursor) error {
	num, typ, err := c.Tag()
	if err != nil {
		return err
	}
	if num > 7 || typ != protowire.BytesType {
		return c.Skip(typ)
	}
	switch num {
	case 1:
		m.model, err = label(c, "model_name")
	case 2:
		m.version, err = label(c, "model_version")
	case 3:
		m.id, err = label(c, "id")
	case 4:
		m.params, err = m.readParameter(c, m.params)
	case 5:
		err = m.readInput(c)
	case 6:
		err = m.readOutput(c)
	case 7:
		err = m.readRaw(c)
	}
	return err
}

// label reads a text that says what is meant.
func label(c *tensorwire.Cursor, what string) (string, error) {
	s, err := c.Text()
	if len(s) > maxName {
		return "", fmt.Errorf("%s has %d bytes, and may have %d", what, len(s), maxName)
	}
	return s, err
}

func (m *inferRequest) readInput(c *tensorwire.Cursor) error {
	i := len(m.inputs)
	if i == maxTensors {
		return fmt.Errorf("there are more than %d inputs", maxTensors)
	}
	m.inputs = append(m.inputs, input{})
	in := &m.inputs[i]
	if i == 0 {
		in.shape = m.room.shape[:0]
	}
	if err := c.Message(func() error { return in.read(c, m) }); err != nil {
		return err
	}
	if err := in.check(i); err != nil || in.contents == nil {
		return err
	}
	return m.readContents(in)
}

// readOutput reads an InferRequestedOutputTensor.
func (m *inferRequest) readOutput(c *tensorwire.Cursor) error {
	if len(m.outputs) == maxTensors {
		return fmt.Errorf("there are more than %d outputs", maxTensors)
	}
	var out serve.RequestedOutput
	err := c.Message(func() error {
		num, typ, err := c.Tag()
		switch {
		case err != nil:
		case num == 1 && typ == protowire.BytesType:
			out.Name, err = label(c, "the name of an output")
		case num == 2 && typ == protowire.BytesType:
			out.Parameters, err = m.readParameter(c, out.Parameters)
		default:
			err = c.Skip(typ)
		}
		return err
	})
	if err == nil && out.Name == "" {
		err = fmt.Errorf("outputs[%d] has no name", len(m.outputs))
	}
	if _, shared := out.Parameters["shared_memory_region"]; shared && err == nil {
		err = serve.Errorf(serve.NotOffered, "", "output %q: shared memory is not offered", out.Name)
	}
	m.outputs = append(m.outputs, out)
	return err
}

func (m *inferRequest) readRaw(c *tensorwire.Cursor) error {
	if len(m.raw) == maxTensors {
		return fmt.Errorf("there are more than %d raw_input_contents", maxTensors)
	}
	b, err := c.Bytes()
	m.raw = append(m.raw, b)
	return err
}

// request is the inference that the message asks for.
func (m *inferRequest) request() (*serve.Request, error) {
	err := m.problem
	if err == nil {
		err = m.build()
	}
	if err == nil {
		return &m.req, nil
	}
	var known *serve.Error
	if errors.As(err, &known) {
		return nil, err
	}
	return nil, &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
}

func (m *inferRequest) build() error {
	switch {
	case m.model == "":
		return errors.New("model_name is missing")
	case len(m.inputs) == 0:
		return errors.New("there are no inputs")
	case len(m.raw) > 0 && len(m.raw) != len(m.inputs):
		return fmt.Errorf("raw_input_contents has %d entries, but there are %d inputs", len(m.raw), len(m.inputs))
	}
	if err := reserved(m.params); err != nil {
		return err
	}
	if err := unique(m.inputs); err != nil {
		return err
	}
	if err := m.makeTensors(); err != nil {
		return err
	}
	r := &m.req
	r.Dialect, r.ID, r.Parameters, r.Outputs = serve.OIP, m.id, m.params, m.outputs
	if m.id != "" {
		r.RawID = jsontext.AppendString(nil, m.id)
	}
	r.SetPresence(true, true)
	return nil
}

func (m *inferRequest) makeTensors() error {
	m.tensors, m.req.Inputs = m.room.tensors[:], m.room.list[:]
	if n := len(m.inputs); n > 1 {
		m.tensors, m.req.Inputs = make([]serve.Tensor, n), make([]*serve.Tensor, n)
	}
	isRaw := len(m.raw) > 0
	for i := range m.inputs {
		in := &m.inputs[i]
		if isRaw && in.contents.some() {
			return fmt.Errorf("input %q has contents, but the request has raw_input_contents: all inputs are sent in one of the two", in.name)
		}
		var raw []byte
		if isRaw {
			raw = m.raw[i]
		}
		if err := in.tensor(&m.tensors[i], raw, isRaw); err != nil {
			return err
		}
		m.req.Inputs[i] = &m.tensors[i]
	}
	return nil
}

// typed says whether elements were sent one by one.
func (m *inferRequest) typed() bool {
	if len(m.raw) > 0 {
		return false
	}
	for i := range m.inputs {
		if m.inputs[i].contents != nil {
			return true
		}
	}
	return false
}

// flag takes a parameter of the request that is for the transport, and says
// whether it is true.
func (m *inferRequest) flag(name string) bool {
	v, ok := m.params[name].(bool)
	delete(m.params, name)
	return ok && v
}

// reserved says which of the parameters a client may not send: Triton keeps the names
// that begin with triton_ for itself, but for the one that asks for an empty last answer.
func reserved(params map[string]any) error {
	for key := range params {
		if strings.HasPrefix(key, "triton_") && key != wantsFinal {
			return fmt.Errorf("parameter %q: names that begin with \"triton_\" are reserved", key)
		}
	}
	return nil
}
