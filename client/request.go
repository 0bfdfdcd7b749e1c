package client

import "maps"

// A Request is an inference that is asked for. Clients only read it, so that it may
// be sent again and by several goroutines at a time.
type Request struct {
	Model   string
	Version string // "" leaves it to the server
	// ID is given back in the answer. Servers make one up where there is none, or
	// leave it out.
	ID string
	// Parameters are strings, booleans and numbers: "priority" and "timeout" of
	// Triton's schedule policy, "sequence_id", "sequence_start" and "sequence_end"
	// of sequences, "content_type" of MLServer, and what the model has.
	Parameters map[string]any
	Inputs     []*Tensor
	// Outputs are the ones that are wanted, in that order; all when there is none.
	Outputs []Output
}

// An Output is one that is wanted.
type Output struct {
	Name string
	// Classes asks for so many classes with the highest numbers instead of the
	// numbers, as BYTES "value:index[:label]"; 0 asks for the numbers.
	Classes    int
	Parameters map[string]any
}

// parameters are those of o with what else is said of it.
func (o *Output) parameters(binary bool) map[string]any {
	if o.Classes == 0 && !binary {
		return o.Parameters
	}
	all := make(map[string]any, len(o.Parameters)+2)
	if binary {
		all["binary_data"] = true
	}
	if o.Classes > 0 {
		all["classification"] = o.Classes
	}
	maps.Copy(all, o.Parameters)
	return all
}

// A Response is the answer to an inference. Its tensors belong to the caller, and
// share the memory in which they came.
type Response struct {
	Model   string
	Version string
	ID      string
	// Parameters may be of any kind that JSON has.
	Parameters map[string]any
	Outputs    []*Tensor
	// RequestID is what the server calls the request in its log; often "".
	RequestID string
}

// Output is the output of a name; nil if there is none.
func (r *Response) Output(name string) *Tensor {
	for _, t := range r.Outputs {
		if t.Name == name {
			return t
		}
	}
	return nil
}
