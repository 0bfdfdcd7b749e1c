package conformance

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/runtime/python"
)

// TestPythonCases runs the cases of mlrun.jsonl with the classes and functions
// that they name, in worker processes of Python.
func TestPythonCases(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	code := pythonCode(t, "user_code.py")
	functions := map[string]string{}
	for _, c := range flowConcerns {
		functions[c.name] = c.function
	}
	ran := 0
	for _, c := range readCases(t) {
		function, isFlow := functions[c.Name]
		concerned := isFlow
		for _, prefix := range slices.Concat(concerns, ensembleConcerns) {
			concerned = concerned || strings.HasPrefix(c.Name, prefix)
		}
		if !concerned || c.Name == "router_max_steps" { // which is about a number
			continue
		}
		ran++
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			runPythonCase(t, code, c, function)
		})
	}
	if ran < 85 {
		t.Errorf("ran %d cases, want at least 85", ran)
	}
}

func runPythonCase(t *testing.T, code *python.Loaded, c testCase, function string) {
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
	rec := &tape{}
	var srv *leat.Server
	if len(told) == 0 {
		srv, err = leat.New(spec, &leat.Options{Catalog: pythonSet(), Code: code, MLRun: true, Function: function, Recorder: rec})
		if err != nil {
			told = append(told, err.Error())
		}
	}
	expects := lists[expect](t, c.Expect)
	if want := expects[0].BuildError; want != "" || len(told) > 0 {
		if got := strings.Join(told, "\n"); want == "" || !strings.Contains(got, want) {
			t.Fatalf("problems %q, want %q", got, want)
		}
		return
	}
	url, _ := startServer(t, srv)
	streams := lists[struct {
		Stream string `json:"stream_predicate"`
	}](t, c.Expect)
	var seen []answer
	for i, r := range lists[request](t, c.Request) {
		before := len(rec.records)
		a := pythonAsk(t, srv, url, c.Name, r)
		seen = append(seen, a)
		want := expects[i]
		if want.Status == 0 { // a prose predicate
			want.Status = 200
		}
		check(t, want, a)
		if want.Predicate != "" && (i == len(expects)-1 || c.Name == "metadata_from_artifact") {
			pythonPredicate(t, c.Name, i, seen)
		}
		if streams[i].Stream != "" && slices.ContainsFunc(ensembleConcerns, func(p string) bool { return strings.HasPrefix(c.Name, p) }) {
			recorded(t, c.Name, i, rec.records[before:])
		}
	}
}

func pythonAsk(t *testing.T, srv *leat.Server, url, name string, r request) answer {
	t.Helper()
	if r.EventID != "" && r.TriggerKind == "" && slices.ContainsFunc(ensembleConcerns, func(p string) bool { return strings.HasPrefix(name, p) }) {
		return askAs(t, srv, r)
	}
	return ask(t, srv, url, r)
}

// pythonPredicate is what the prose of a case asks for. What a step keeps on its
// context is in the worker, out of sight here.
func pythonPredicate(t *testing.T, name string, i int, seen []answer) {
	t.Helper()
	switch name {
	case "metadata_from_artifact", "infer_dict_reorders":
		predicate(t, name, i, seen)
	case "path_control_ensemble":
		placed(t, seen[i].body)
	case "flow_async_branches", "split_no_merge":
	case "flow_on_error_async", "flow_on_error_sync":
		o := decode(t, seen[i].body).(map[string]any)
		origin, _ := o["origin_state"].(string)
		if d := cmp.Diff(map[string]any{origin: " this is an error, ['s1']"}, o["error"]); d != "" || !strings.EqualFold(origin, "raiser") {
			t.Errorf("error (-want +got):\n%s", d)
		}
	default:
		flowPredicate(t, name, seen, &board{})
	}
}
