package oip

import (
	"fmt"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// appendRequest writes a request that a transport has read from another form than
// JSON, such as gRPC's. FP16 and BF16, which have no JSON form in requests, are
// written as numbers all the same, for who only looks.
func appendRequest(dst []byte, r *serve.Request) (_ []byte, err error) {
	dst = append(dst, '{')
	if r.RawID != nil {
		dst = append(append(append(dst, `"id":`...), r.RawID...), ',')
	}
	if len(r.Parameters) > 0 {
		if dst, err = appendMap(append(dst, `"parameters":`...), r.Parameters); err != nil {
			return dst, fmt.Errorf("parameters: %w", err)
		}
		dst = append(dst, ',')
	}
	dst = append(dst, `"inputs":`...)
	if r.Dialect == serve.OIP {
		dst, err = appendTensors(dst, r.Inputs)
	} else {
		dst, err = AppendValue(dst, r.Data)
	}
	if err != nil {
		return dst, fmt.Errorf("inputs: %w", err)
	}
	if len(r.Outputs) > 0 {
		if dst, err = appendRequested(append(dst, `,"outputs":`...), r.Outputs); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendRequested(dst []byte, outputs []serve.RequestedOutput) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, o := range outputs {
		dst = jsontext.AppendString(append(comma(dst, i), `{"name":`...), o.Name)
		if len(o.Parameters) > 0 {
			if dst, err = appendMap(append(dst, `,"parameters":`...), o.Parameters); err != nil {
				return dst, fmt.Errorf("output %q: parameters: %w", o.Name, err)
			}
		}
		dst = append(dst, '}')
	}
	return append(dst, ']'), nil
}

// requestDocument is such a request as a document, for steps that read it as one.
func requestDocument(r *serve.Request) (any, error) {
	text, err := appendRequest(nil, r)
	if err != nil {
		return nil, err
	}
	return ParseValue(text)
}
