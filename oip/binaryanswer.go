package oip

import (
	"maps"

	"github.com/leat-ml/leat/serve"
)

// WantsBinary says whether who asked wants one of the outputs as bytes.
func WantsBinary(r *serve.Response) bool {
	asked := r.Asked()
	if asked == nil || r.Dialect != serve.OIP || r.Whole() != nil {
		return false
	}
	for _, t := range outputTensors(r) {
		if asBytes(asked, t.Name) {
			return true
		}
	}
	return false
}

func outputTensors(r *serve.Response) []*serve.Tensor {
	switch v := r.Outputs.(type) {
	case *serve.Tensor:
		return []*serve.Tensor{v}
	case []*serve.Tensor:
		return v
	}
	return nil
}

// asBytes says whether an output is wanted as bytes: what the output itself says
// beats what the request says for all.
func asBytes(asked *serve.Request, output string) bool {
	for i := range asked.Outputs {
		if o := &asked.Outputs[i]; o.Name == output {
			if yes, ok := o.Parameters[binaryData].(bool); ok {
				return yes
			}
			break
		}
	}
	yes, _ := asked.Parameters[binaryDataOutput].(bool)
	return yes
}

// AppendBinary appends the document of an answer of which some outputs are wanted
// as bytes, and returns those, in the order of the outputs. Numbers are the
// memory of their tensors: they are to be sent before the event is given up.
func AppendBinary(dst []byte, r *serve.Response) (_ []byte, behind [][]byte, err error) {
	if dst, err = appendHead(dst, r); err != nil {
		return dst, nil, err
	}
	dst = append(dst, `,"outputs":[`...)
	for i, t := range outputTensors(r) {
		dst = comma(dst, i)
		if !asBytes(r.Asked(), t.Name) {
			dst, err = appendTensor(dst, t)
		} else {
			raw := t.Raw()
			if t.Datatype == serve.Bytes {
				raw = AppendFramed(nil, t)
			}
			behind = append(behind, raw)
			dst, err = appendAbout(dst, t, sized(t.Parameters, len(raw)))
			dst = append(dst, '}')
		}
		if err != nil {
			return dst, nil, err
		}
	}
	dst, err = appendEnd(append(dst, ']'), r)
	return dst, behind, err
}

// sized are the parameters of an output with its size among them.
func sized(parameters map[string]any, size int) map[string]any {
	all := make(map[string]any, len(parameters)+1)
	maps.Copy(all, parameters)
	all[binaryDataSize] = size
	return all
}
