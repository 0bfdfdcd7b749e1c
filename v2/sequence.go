package v2

import "github.com/leat-ml/leat/serve"

// checkSequence checks the parameters by which a request says that it belongs to a
// sequence, by Triton's docs/protocol/extension_sequence.md. The model gets them
// with the others.
func checkSequence(p map[string]any) error {
	named := false
	switch id := p["sequence_id"].(type) {
	case nil:
	case string:
		named = id != ""
	case int64:
		if named = id != 0; id < 0 {
			return badInput("sequence_id is %d, which is negative", id)
		}
	case serve.Number: // of 64 bits without a sign
		named = true
	default:
		return badInput("sequence_id is %v, neither a whole number nor a string", id)
	}
	for _, key := range []string{"sequence_start", "sequence_end"} {
		v, ok := p[key]
		if !ok {
			continue
		}
		at, isBool := v.(bool)
		switch {
		case !isBool:
			return badInput("%s is %s, neither true nor false", key, shown(v))
		case at && !named:
			return badInput("%s is set, but there is no sequence_id, or it is 0", key)
		}
	}
	return nil
}
