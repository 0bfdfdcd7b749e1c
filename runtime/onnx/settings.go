package onnx

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/serve"
)

// settings are how a model is run.
type settings struct {
	intraOp, interOp int
	optimization     int // ONNX Runtime's number of the level
	parallel         bool
}

var optimizations = map[string]int{"off": 0, "basic": 1, "extended": 2, "all": 99}

const maxThreads = 1024

// readSettings takes the parameters that are the runtime's. A user's own
// parameters share the map and are left alone.
func readSettings(parameters map[string]any) (settings, error) {
	s := settings{intraOp: 1, interOp: 1, optimization: optimizations["all"]}
	if err := threads(parameters, "intra_op_threads", &s.intraOp); err != nil {
		return s, err
	}
	if err := threads(parameters, "inter_op_threads", &s.interOp); err != nil {
		return s, err
	}
	if v, ok := parameters["graph_optimization"]; ok {
		name, _ := v.(string)
		if s.optimization, ok = optimizations[name]; !ok {
			return s, fmt.Errorf("parameter graph_optimization is %v; it takes all, extended, basic or off", v)
		}
	}
	// Branches of a graph run side by side only in parallel mode.
	s.parallel = s.interOp != 1
	switch v := parameters["execution_mode"]; v {
	case nil:
	case "sequential", "parallel":
		s.parallel = v == "parallel"
	default:
		return s, fmt.Errorf("parameter execution_mode is %v; it takes sequential or parallel", v)
	}
	return s, nil
}

func threads(parameters map[string]any, key string, n *int) error {
	v, ok := parameters[key]
	if !ok || v == nil {
		return nil
	}
	f, ok := serve.Number64(v)
	if !ok || f != math.Trunc(f) || f < 0 || f > maxThreads {
		return fmt.Errorf("parameter %s is %v; it takes a whole number from 0 (as many as there are processors) to %d", key, v, maxThreads)
	}
	*n = int(f)
	return nil
}
