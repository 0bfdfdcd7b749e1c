package conformance

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/step/remote"
	"github.com/leat-ml/leat/v2"
)

// routerAnswers is what MLRun answered with the routers of routers.py.
const routerAnswers = "verify/routeranswers.jsonl"

// userAnswers is what MLRun answered with the code of users.py.
const userAnswers = "verify/useranswers.jsonl"

// TestPythonRouters has routers of a user's own route in worker processes, and
// wants the answers that MLRun gave with the same code.
func TestPythonRouters(t *testing.T) {
	wantVerified(t, routerAnswers, 20, "user_code.py", "routers.py")
}

// TestPythonUsers has code as users write it run in worker processes, and wants the
// answers that MLRun gave with it.
func TestPythonUsers(t *testing.T) {
	wantVerified(t, userAnswers, 11, "users.py")
}

// wantVerified runs specs in worker processes and wants MLRun's answers to them.
func wantVerified(t *testing.T, answers string, least int, files ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts many processes")
	}
	code := pythonCode(t, files...)
	all := readVerified(t, answers)
	if len(all) <= least {
		t.Fatalf("%d specs, want at least %d", len(all)-1, least)
	}
	for _, v := range all[1:] {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			for _, c := range compareIn(t, v, leat.Options{Catalog: pythonSet(), Code: code}) {
				if !c.same {
					t.Errorf("%s: MLRun answers %s\nand this %s", c.place, c.mlrun, c.got)
				}
			}
		})
	}
}

// TestPythonSpecs runs the specs that MLRun ran with the same Python code, in
// worker processes. Answers are MLRun's, or those of the server's own steps where
// the list of differences has them.
func TestPythonSpecs(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("starts many processes")
	}
	code := pythonCode(t, "user_code.py", "verify/more_user_code.py")
	all := readVerified(t, recordedAnswers)
	listed := readDeviations(t, all[0].MLRun)
	for _, v := range all[1:] {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			for _, c := range compareIn(t, v, leat.Options{Catalog: pythonSet(), Code: code}) {
				mlrun, got := cells(c.mlrun, c.got)
				r := listed.rows[c.place]
				switch {
				case c.same, r != nil && r.got == got, pythonDiffers[c.place] != nil && pythonDiffers[c.place].MatchString(got):
				case r != nil && strings.HasPrefix(r.got, notJSON) && strings.HasPrefix(got, notJSON):
				case fork.MatchString(c.place) && letters(c.mlrun) == letters(c.got):
				default:
					t.Errorf("%s: MLRun answers %s\nand this %s", c.place, mlrun, got)
				}
			}
		})
	}
}

// pythonDiffers are answers that differ from MLRun's, and from those of Go classes
// in the words of the class only.
var pythonDiffers = map[string]*regexp.Regexp{
	"ensemble_explain 1":    regexp.MustCompile(`^400 RuntimeError: model [ab] failed, caused by: NotImplementedError: NotImplementedError\(\)$`),
	"documents_kept 3":      regexp.MustCompile(`^200 {"big":12345678901234567890,"large":null}$`), // JSON knows no Infinity
	"flow_on_error_sync 1":  regexp.MustCompile(`^200 {"body":\["s1"],"origin_state":"raiser","error":{"raiser":" this is an error, \['s1']"}}$`),
	"flow_on_error_async 1": regexp.MustCompile(`^200 {"body":\["s1"],"origin_state":"Raiser","error":{"Raiser":" this is an error, \['s1']"}}$`),
}

// notJSON begins the answers to what cannot be read; how it goes on depends on who
// reads.
const notJSON = "400 ValueError: failed to json decode event, "

// fork are the specs that join branches, which come in any order: workers are
// asked beside each other.
var fork = regexp.MustCompile(`^merge_(objects|custom_key|by_event_id) \d$`)

// letters are those of a text, in the order of the alphabet.
func letters(text string) string {
	all := []byte(text)
	slices.Sort(all)
	return string(all)
}

// pythonCode loads files of code, with python3 or the interpreter that
// LEAT_PYTHON_BIN names: make verify-python names one that has the real MLRun.
func pythonCode(t *testing.T, files ...string) *python.Loaded {
	t.Helper()
	code := &python.Code{
		Paths: files, Interpreter: os.Getenv("LEAT_PYTHON_BIN"), Logger: (&testLog{t: t}).logger(),
		Serve: func(a catalog.Args, m serve.Model) (serve.Step, error) { return v2.FromArgs(a, m, "python") },
	}
	loaded, err := code.Load(t.Context(), []string{"json.dumps"})
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// pythonSet has what is there besides the code.
func pythonSet() *catalog.Set {
	set := &catalog.Set{}
	expr.Register(set)
	step.Register(set)
	remote.Register(set)
	return set
}
