package serve

// A Response is the answer of a model. Its Postprocessor may change it.
type Response struct {
	ID           string
	RawID        []byte // written in place of ID where set
	ModelName    string
	ModelVersion string // "" is left out
	Dialect      Dialect
	// Outputs is what Predict returned; a *Tensor or []*Tensor in OIP by the time
	// it is recorded and written.
	Outputs any
	// Parameters of the response; usually nil.
	Parameters map[string]any
	// Timestamp is written after the outputs when it is set (RFC 3339 style, in
	// UTC): the form MLRun gives it.
	Timestamp string

	fields *[]Field // nil as nearly always
}

// Set adds a member after those that every response has, or replaces it.
func (r *Response) Set(key string, v any) {
	if r.fields == nil {
		r.fields = new([]Field)
	}
	for i := range *r.fields {
		if f := &(*r.fields)[i]; f.Key == key {
			f.Value = v
			return
		}
	}
	*r.fields = append(*r.fields, Field{Key: key, Value: v})
}

// Fields are the members added by Set. Read them only.
func (r *Response) Fields() []Field {
	if r.fields == nil {
		return nil
	}
	return *r.fields
}
