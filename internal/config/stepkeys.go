package config

import (
	"slices"
	"strings"

	"github.com/leat-ml/leat/internal/config/document"
)

// The keys of each kind of step in MLRun's server spec, those of its newer
// versions among them.
var (
	commonKeys = []string{"name", "kind", "comment", "after", "on_error", "max_iterations", "cycle_from"}
	taskKeys   = append([]string{
		"class_name", "class_args", "handler", "skip_context", "function", "shape", "full_event", "responder",
		"input_path", "result_path", "model_endpoint_creation_strategy", "endpoint_type",
	}, commonKeys...)
	flowKeys = append([]string{"steps", "engine", "final_step", "default_final_step"}, commonKeys...)

	stepKeys = map[string][]string{
		"task":                   taskKeys,
		"router":                 append([]string{"routes"}, taskKeys...),
		"error_step":             append([]string{"before", "base_step"}, taskKeys...),
		"monitoring_application": taskKeys,
		"model_runner":           taskKeys,
		"hub_task":               taskKeys,
		"flow":                   flowKeys,
		"root":                   append([]string{"allow_cyclic", "track_models", "shared_models", "shared_max_processes", "shared_max_threads", "pool_factor"}, flowKeys...),
		"queue":                  append([]string{"path", "shards", "retention_in_hours", "trigger_args", "options", "responder"}, commonKeys...),
	}
)

// stepKinds are the kinds that have the key, sorted.
func stepKinds(key string) []string {
	var kinds []string
	for kind, known := range stepKeys {
		if slices.Contains(known, key) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// checkStepKeys finds the keys that a step of the kind does not have.
func (r *reader) checkStepKeys(n *document.Node, kind string) {
	known := stepKeys[kind]
	for _, f := range n.Fields {
		if slices.Contains(known, f.Key) {
			continue
		}
		if kinds := stepKinds(f.Key); len(kinds) > 0 {
			r.complain(f.Pos, "key %q belongs to a step of kind %s, this is a %s", f.Key, strings.Join(kinds, " or "), kind)
			continue
		}
		r.complain(f.Pos, "unknown key %q%s", f.Key, didYouMean(f.Key, known))
	}
}
