package trees

import (
	"encoding/json"
	"fmt"
)

// iterationsOf reads the parameters "iterations" and "iteration_range".
func iterationsOf(parameters map[string]any) (of Iterations, err error) {
	switch v := parameters["iterations"]; v {
	case nil, "best":
	case "all":
		of.All = true
	default:
		return of, fmt.Errorf("iterations %#v is not \"best\" or \"all\"", v)
	}
	v, given := parameters["iteration_range"]
	if !given {
		return of, nil
	}
	if parameters["iterations"] != nil {
		return of, fmt.Errorf("either iterations or iteration_range, not both")
	}
	list, _ := v.([]any)
	if len(list) == 2 {
		from, fromOK := whole(list[0])
		to, toOK := whole(list[1])
		if fromOK && toOK && from >= 0 && to > from {
			return Iterations{From: from, To: to}, nil
		}
	}
	return of, fmt.Errorf("iteration_range %v is not a list of two numbers, the second the greater", v)
}

// whole is a number as a configuration or a request has it.
func whole(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case uint64:
		return int(v), v < 1<<31
	case float64:
		return int(v), v == float64(int(v))
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil
	}
	return 0, false
}
