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
	groups, ran := pythonGroups(t)
	if ran < 85 {
		t.Errorf("%d cases, want at least 85", ran)
	}
	for _, g := range groups {
		t.Run(g.cases[0].Name, func(t *testing.T) {
			t.Parallel()
			g.run(t, code)
		})
	}
}

// A pythonGroup is cases of one spec, which are put to one server: to start one takes
// longer than all of them.
type pythonGroup struct {
	function string
	cases    []testCase
}

// pythonGroups are the cases that are about code, by their specs. Those of models that
// are still loading have a server each.
func pythonGroups(t *testing.T) (groups []*pythonGroup, cases int) {
	t.Helper()
	functions := map[string]string{}
	for _, c := range flowConcerns {
		functions[c.name] = c.function
	}
	bySpec := map[string]*pythonGroup{}
	for _, c := range readCases(t) {
		function, concerned := functions[c.Name]
		for _, prefix := range slices.Concat(concerns, ensembleConcerns) {
			concerned = concerned || strings.HasPrefix(c.Name, prefix)
		}
		if !concerned || c.Name == "router_max_steps" { // which is about a number
			continue
		}
		cases++
		key := function + " " + string(c.Spec)
		if strings.HasPrefix(c.Name, "async_") {
			key = c.Name
		}
		if bySpec[key] == nil {
			bySpec[key] = &pythonGroup{function: function}
			groups = append(groups, bySpec[key])
		}
		bySpec[key].cases = append(bySpec[key].cases, c)
	}
	return groups, cases
}

func (g *pythonGroup) run(t *testing.T, code *python.Loaded) {
	rec := &tape{}
	srv, told := g.build(t, code, rec)
	if want := lists[expect](t, g.cases[0].Expect)[0].BuildError; want != "" || told != "" {
		if want == "" || !strings.Contains(told, want) {
			t.Fatalf("problems %q, want %q", told, want)
		}
		return
	}
	url, _ := startServer(t, srv)
	for _, c := range g.cases {
		t.Run(c.Name, func(t *testing.T) { askPythonCase(t, srv, url, rec, c) })
	}
}

// build makes the server of a group, or tells what is wrong with the spec.
func (g *pythonGroup) build(t *testing.T, code *python.Loaded, rec *tape) (srv *leat.Server, told string) {
	t.Helper()
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(stillLoading(g.cases[0]), "${CASES}", folder)
	spec, problems := config.ParseSpec("spec.json", []byte(text), config.Options{MLRun: true})
	var errs []string
	for _, p := range problems {
		if !p.Warning {
			errs = append(errs, p.String())
		}
	}
	if len(errs) > 0 {
		return nil, strings.Join(errs, "\n")
	}
	srv, err = leat.New(spec, &leat.Options{Catalog: pythonSet(), Code: code, MLRun: true, Function: g.function, Recorder: rec})
	if err != nil {
		return nil, err.Error()
	}
	return srv, ""
}

func askPythonCase(t *testing.T, srv *leat.Server, url string, rec *tape, c testCase) {
	expects := lists[expect](t, c.Expect)
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
