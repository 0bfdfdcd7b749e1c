package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// maxExample is how many values an example may have to be worth printing.
const maxExample = 256

// A modelSchema is what the metadata of a model says, in either contract.
type modelSchema struct {
	Inputs []inputSchema `json:"inputs"`
}

// An inputSchema is a tensor, or in MLRun's contract it may be a feature, which
// has no shape.
type inputSchema struct {
	Name      string `json:"name"`
	Datatype  string `json:"datatype"`
	Shape     []int  `json:"shape"`
	ValueType string `json:"value_type"` // of a feature
}

// datatype is the input's, and for a feature the one that its values have.
func (in *inputSchema) datatype() serve.Datatype {
	if in.Datatype == "" {
		return serve.Feature{ValueType: in.ValueType}.Datatype()
	}
	return serve.ParseDatatype(in.Datatype)
}

// exampleCurl is a curl command that asks the model at a URL and gets an answer:
// an inference where its schema tells the inputs, else its metadata.
func exampleCurl(modelURL string, metadata []byte) (curl string, infers bool) {
	var s modelSchema
	if json.Unmarshal(metadata, &s) == nil {
		if body := s.request(); body != "" {
			return "curl " + shellQuote(modelURL+"/infer") + " -d " + shellQuote(body), true
		}
	}
	return "curl " + shellQuote(modelURL), false
}

// modelPath is where a model is.
func modelPath(prefix, name, version string) string {
	path := prefix + "/" + url.PathEscape(name)
	if version != "" {
		path += "/versions/" + url.PathEscape(version)
	}
	return path
}

// request is the body of a request that fits the inputs: rows where they will
// do, else tensors. It is "" where the inputs are not known well enough, or too
// large.
func (s *modelSchema) request() string {
	switch {
	case len(s.Inputs) == 0:
		return ""
	case s.allFeatures():
		return rowOf(len(s.Inputs), func(i int) string { return exampleValue(s.Inputs[i].datatype()) })
	case len(s.Inputs) == 1 && s.Inputs[0].isRows():
		in := &s.Inputs[0]
		return rowOf(in.Shape[1], func(int) string { return exampleValue(in.datatype()) })
	}
	tensors := make([]string, len(s.Inputs))
	total := 0
	for i := range s.Inputs {
		text, n := s.Inputs[i].tensor()
		if total += n; text == "" || total > maxExample {
			return ""
		}
		tensors[i] = text
	}
	return `{"inputs": [` + strings.Join(tensors, ", ") + `]}`
}

// allFeatures says whether the inputs are columns of a row.
func (s *modelSchema) allFeatures() bool {
	for i := range s.Inputs {
		if s.Inputs[i].Shape != nil || len(s.Inputs) > maxExample {
			return false
		}
	}
	return true
}

// isRows says whether an input takes rows of a known width.
func (in *inputSchema) isRows() bool {
	return len(in.Shape) == 2 && in.Shape[0] <= 1 && in.Shape[1] > 0 && in.Shape[1] <= maxExample
}

func rowOf(width int, value func(i int) string) string {
	values := make([]string, width)
	for i := range values {
		values[i] = value(i)
	}
	return `{"inputs": [[` + strings.Join(values, ", ") + `]]}`
}

// tensor is one example of the input with the number of its values, and "" when
// its size is not known: the first length is that of the batch, and the others
// matter too much to be guessed, unless they count words or the like.
func (in *inputSchema) tensor() (text string, n int) {
	if dt := in.datatype(); dt == serve.FP16 || dt == serve.BF16 {
		return "", 0 // tensors of short floats have no form in JSON
	}
	shape := make([]int, len(in.Shape))
	n = 1
	for i, length := range in.Shape {
		guess := i == 0 || !isFloat(in.datatype())
		if length < 0 && !guess {
			return "", 0
		}
		if shape[i] = length; length < 0 {
			shape[i] = 1
		}
		if n *= shape[i]; n > maxExample {
			return "", n
		}
	}
	values := slices.Repeat([]string{exampleValue(in.datatype())}, n)
	name, _ := json.Marshal(in.Name)  // text always is JSON
	lengths, _ := json.Marshal(shape) // and so are numbers
	return fmt.Sprintf(`{"name": %s, "datatype": %q, "shape": %s, "data": [%s]}`, name, in.Datatype, lengths, strings.Join(values, ", ")), n
}

func isFloat(dt serve.Datatype) bool {
	switch dt {
	case serve.FP16, serve.FP32, serve.FP64, serve.BF16:
		return true
	}
	return false
}

// exampleValue is a value that any model should take: text may have to be a
// number, and whole numbers may be places in a table, of which the first is
// always there.
func exampleValue(dt serve.Datatype) string {
	switch {
	case dt == serve.Bytes:
		return `"1"`
	case dt == serve.Bool:
		return "true"
	case isFloat(dt), dt == serve.Invalid:
		return "1"
	}
	return "0"
}

// shellQuote quotes a word for a POSIX shell, if it needs it.
func shellQuote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:%+@=,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
