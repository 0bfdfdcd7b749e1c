package conformance

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/internal/config"
)

// flowConcerns are the cases of flows, and what they are run with.
var flowConcerns = []struct {
	name     string
	function string // the current function
}{
	{"model_step_input_result_path", ""}, {"flow_single_model_metadata", ""}, {"flow_single_model_ready", ""},
	{"flow_chain", ""}, {"flow_handler_expression", ""}, {"flow_handler_context", ""}, {"flow_class_gets_name", ""},
	{"flow_on_error_async", ""}, {"flow_on_error_sync", ""}, {"graph_error_handler_async", ""}, {"flow_unhandled_error", ""},
	{"flow_no_responder_returns_id", ""}, {"flow_async_branches", "*"}, {"flow_router_inside", ""},
	{"multi_function_all_local", "*"}, {"multi_function_child", "f2"},
	{"path_control_sync", ""}, {"path_control_async", ""}, {"path_control_router", ""},
	{"content_type_object", ""}, {"content_type_text_list", ""}, {"content_type_text_list_ct", ""},
	{"content_type_other_ct", ""}, {"content_type_bad_json", ""}, {"content_type_default", ""},
	{"flow_root_kind_flow_rejected", ""}, {"flow_loop_rejected", ""}, {"flow_two_responders_rejected", ""},
	{"flow_sync_two_starts_rejected", ""}, {"flow_sync_branch_rejected", ""},
	{"split_no_merge", ""}, {"merge_by_event_id", ""}, {"merge_custom_key_missing", ""}, {"merge_custom_key", ""},
	{"better_filtered_event_answers", ""}, {"better_error_handler_without_responder", ""},
}

func TestFlowCases(t *testing.T) {
	cases := map[string]testCase{}
	for _, c := range readCases(t) {
		cases[c.Name] = c
	}
	for _, concern := range flowConcerns {
		c, ok := cases[concern.name]
		if !ok {
			t.Errorf("there is no case %s", concern.name)
			continue
		}
		t.Run(c.Name, func(t *testing.T) { runFlowCase(t, c, concern.function) })
	}
}

func runFlowCase(t *testing.T, c testCase, function string) {
	b := &board{visits: map[string]int{}}
	set := classes()
	addFlowClasses(set, b)
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(c.Spec), "${CASES}", folder)
	spec, problems := config.ParseSpec("spec.json", []byte(text), config.Options{MLRun: true})
	var told []string
	for _, p := range problems {
		if !p.Warning {
			told = append(told, p.String())
		}
	}
	expects := lists[expect](t, c.Expect)
	var srv *leat.Server
	if len(told) == 0 {
		srv, err = leat.New(spec, &leat.Options{Catalog: set, MLRun: true, Function: function})
		if err != nil {
			told = append(told, err.Error())
		}
	}
	if want := expects[0].BuildError; want != "" || len(told) > 0 {
		if got := strings.Join(told, "\n"); want == "" || !strings.Contains(got, want) {
			t.Fatalf("problems %q, want %q", got, want)
		}
		return
	}
	url, stop := startServer(t, srv)
	defer stop()
	var seen []answer
	for i, r := range lists[request](t, c.Request) {
		a := ask(t, srv, url, r)
		seen = append(seen, a)
		want := expects[i]
		if want.Status == 0 { // a prose predicate
			want.Status = 200
		}
		check(t, want, a)
	}
	stop()
	flowPredicate(t, c.Name, seen, b)
}

// flowPredicate is what the prose of the case asks for; want says that there is
// some.
func flowPredicate(t *testing.T, name string, seen []answer, b *board) {
	t.Helper()
	last := seen[len(seen)-1].body
	equal := func(got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	switch name {
	case "model_step_input_result_path":
		o := decode(t, last).(map[string]any)
		equal(o["m1"].(map[string]any)["outputs"], 10.0)
		equal(o["m2"].(map[string]any)["outputs"], 15.0)
	case "flow_on_error_async", "flow_on_error_sync":
		o := decode(t, last).(map[string]any)
		origin := o["origin_state"].(string)
		equal(strings.ToLower(origin), "raiser")
		equal(o["error"], map[string]any{origin: " this is an error, [\"s1\"]"})
		equal(o["body"], []any{"s1"})
	case "flow_async_branches":
		equal(b.visits, map[string]int{"s1": 1, "s2": 1, "s3": 1, "s4": 1, "s5": 1})
	case "path_control_router":
		o := decode(t, last).(map[string]any)
		equal(o["x"], map[string]any{"inputs": []any{5.0}})
		equal(o["y"].(map[string]any)["outputs"], 5.0)
	case "merge_by_event_id":
		for i, want := range [][]float64{{12, 13}, {14, 15}} {
			equal(numbers(decode(t, seen[i].body)), want)
		}
	case "merge_custom_key":
		var got []float64
		for _, item := range decode(t, last).([]any) {
			got = append(got, item.(map[string]any)["x"].(float64))
		}
		slices.Sort(got)
		equal(got, []float64{10, 11})
	case "better_filtered_event_answers":
		equal(string(last), "null")
	case "split_no_merge":
		got := map[float64]int{}
		for _, v := range b.gathered {
			got[plain(v).(float64)]++
		}
		equal(got, map[float64]int{12: 1, 13: 1, 22: 1, 23: 1, 32: 1, 33: 1})
	}
}

// numbers are the numbers of a list, sorted.
func numbers(v any) []float64 {
	var out []float64
	for _, item := range v.([]any) {
		out = append(out, item.(float64))
	}
	slices.Sort(out)
	return out
}
