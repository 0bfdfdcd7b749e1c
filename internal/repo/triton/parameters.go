package triton

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A parameter is one that a backend knows: what it becomes for our runtime, which
// "" says is nothing.
type parameter struct {
	key   string
	value func(text string) (any, bool)
	want  string // what the value is, for people
}

func whole(text string) (any, bool) {
	n, err := strconv.ParseInt(text, 10, 32)
	return n, err == nil && n >= 0
}

func number(text string) (any, bool) {
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

func truth(text string) (any, bool) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return nil, false
}

func oneOf(words ...string) func(string) (any, bool) {
	return func(text string) (any, bool) { return text, slices.Contains(words, text) }
}

func execution(text string) (any, bool) {
	switch text {
	case "0":
		return "sequential", true
	case "1":
		return "parallel", true
	}
	return nil, false
}

// known are the parameters of the backends.
var known = map[Kind]map[string]parameter{
	ONNX: {
		"intra_op_thread_count": {"intra_op_threads", whole, "a number of threads"},
		"inter_op_thread_count": {"inter_op_threads", whole, "a number of threads"},
		"execution_mode":        {"execution_mode", execution, "0 or 1"},
	},
	Trees: {
		"model_type":                     {"", oneOf("xgboost", "xgboost_json", "xgboost_ubj", "lightgbm"), "xgboost, xgboost_json, xgboost_ubj or lightgbm"},
		"predict_proba":                  {"", truth, "true or false"},
		"output_class":                   {"", truth, "true or false"},
		"is_classifier":                  {"", truth, "true or false"},
		"threshold":                      {"", number, "a number"},
		"xgboost_allow_unknown_field":    {"", truth, "true or false"},
		"use_experimental_optimizations": {"", nil, ""}, "threads_per_tree": {"", nil, ""}, "storage_type": {"", nil, ""}, "algo": {"", nil, ""},
		"blocks_per_sm": {"", nil, ""}, "transfer_threshold": {"", nil, ""}, "chunk_size": {"", nil, ""}, "layout": {"", nil, ""}, "precision": {"", nil, ""},
	},
}

// parameters checks those that are the backend's. Python code knows its own.
func (r *reader) parameters() {
	all := known[r.Kind]
	for _, key := range slices.Sorted(maps.Keys(r.Parameters)) {
		at, text := "parameters["+key+"]", r.Parameters[key].GetStringValue()
		p, ok := all[key]
		switch {
		case r.Kind == Python && key == "EXECUTION_ENV_PATH":
			r.at(at, "EXECUTION_ENV_PATH is not supported: activate the environment before the server starts, or name its interpreter")
		case r.Kind == Python || r.Kind == ByFile:
		case r.Kind == Trees && key == "model_type" && text == "treelite_checkpoint":
			r.at(at, "model_type treelite_checkpoint is not supported: save the model itself, as xgboost_json, xgboost_ubj or lightgbm")
		case key == "" && text == "": // the entry that {} is
		case !ok && r.Kind == Ensemble:
			r.warn(at, "parameter %q has no effect: an ensemble has none", key)
		case !ok:
			r.warn(at, "parameter %q has no effect: it is none of backend %s", key, backends[r.Kind])
		case p.value == nil: // of how fast other implementations are
		default:
			if _, ok := p.value(text); !ok {
				r.at(at, "parameter %q is %q, and not %s", key, text, p.want)
			}
		}
	}
	if l := r.GetOptimization().GetGraph().GetLevel(); (l < -1 || l > 2) && (r.Kind == ONNX || r.Kind == ByFile) {
		r.at("optimization.graph.level", "level is -1, 1 or 2, found %d", l)
	}
}

// RuntimeParameters are the parameters of our runtime.
func (c *Config) RuntimeParameters() map[string]any {
	out := map[string]any{}
	for key, v := range c.Parameters {
		if p, ok := known[c.Kind][key]; ok && p.key != "" {
			out[p.key], _ = p.value(v.GetStringValue())
		}
	}
	if c.Kind == ONNX || c.Kind == ByFile {
		if level, ok := map[int32]string{-1: "basic", 1: "extended", 2: "off"}[c.GetOptimization().GetGraph().GetLevel()]; ok {
			out["graph_optimization"] = level
		}
	}
	return out
}

// Flag is a parameter that is true or false.
func (c *Config) Flag(key string) bool {
	v, _ := truth(c.Parameters[key].GetStringValue())
	on, _ := v.(bool)
	return on
}

// Number is a parameter that is a number; ok is false where it is not there.
func (c *Config) Number(key string) (f float64, ok bool) {
	p, ok := c.Parameters[key]
	if !ok {
		return 0, false
	}
	v, ok := number(p.GetStringValue())
	f, _ = v.(float64)
	return f, ok
}

// Files are the names that the model's file may have, the first first; nil leaves
// it to the content.
func (c *Config) Files() []string {
	if c.DefaultModelFilename != "" {
		return []string{c.DefaultModelFilename}
	}
	switch c.Kind {
	case ONNX:
		return []string{"model.onnx"}
	case Python:
		return []string{"model.py"}
	case Trees:
		switch c.Parameters["model_type"].GetStringValue() {
		case "xgboost_json":
			return []string{"xgboost.json"}
		case "xgboost_ubj":
			return []string{"xgboost.ubj"}
		case "lightgbm":
			return []string{"model.txt"}
		}
		return []string{"xgboost.model"}
	}
	return nil
}
