package oip

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// reserved starts the names of parameters that Triton keeps for itself; over HTTP
// clients may not send them.
const reserved = "triton_"

// checkParameters checks those parameters of a request that mean something to the
// protocol.
func checkParameters(p map[string]any) error {
	for key, v := range p {
		switch {
		case strings.HasPrefix(key, reserved):
			return fmt.Errorf("parameter %q: names that begin with %q are reserved", key, reserved)
		case key == binaryDataOutput:
			if err := isBool(key, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkOutputParameters does the same for an output that is asked for.
func checkOutputParameters(p map[string]any) error {
	if v, ok := p[binaryData]; ok {
		if err := isBool(binaryData, v); err != nil {
			return err
		}
	}
	if _, ok := p[sharedMemory]; ok {
		return serve.Errorf(serve.NotOffered, "", "%s: shared memory is not offered", sharedMemory)
	}
	return nil
}

func isBool(key string, v any) error {
	if _, ok := v.(bool); !ok {
		return fmt.Errorf("parameter %q is %s, neither true nor false", key, shown(v))
	}
	return nil
}

// shown is the value of a parameter as errors have it: what was sent as a string is
// told from what was not.
func shown(v any) string {
	const most = 300
	if text, ok := v.(string); ok {
		if len(text) > most {
			return strconv.Quote(text[:most]) + "…"
		}
		return strconv.Quote(text)
	}
	if n, ok := v.(serve.Number); ok && len(n) > most {
		return string(n[:most]) + "…"
	}
	return fmt.Sprint(v)
}
