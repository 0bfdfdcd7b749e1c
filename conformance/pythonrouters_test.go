package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/v2"
)

// routerAnswers is what MLRun answered with the routers of routers.py.
const routerAnswers = "verify/routeranswers.jsonl"

// TestPythonRouters has routers of a user's own route in worker processes, and
// wants the answers that MLRun gave with the same code.
func TestPythonRouters(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	code := pythonCode(t, "user_code.py", "routers.py")
	all := readVerified(t, routerAnswers)
	if len(all) < 20 {
		t.Fatalf("%d specs, want at least 19", len(all)-1)
	}
	for _, v := range all[1:] {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			routersCase(t, code, v)
		})
	}
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

func routersCase(t *testing.T, code *python.Loaded, v verified) {
	set := &catalog.Set{}
	expr.Register(set)
	step.Register(set)
	spec, problems := config.ParseSpec("spec.json", []byte(v.Spec), config.Options{MLRun: true})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	srv, err := leat.New(spec, &leat.Options{Catalog: set, Code: code, MLRun: true, Function: v.Function, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	url, stop := startServer(t, srv)
	defer stop()
	for i, r := range v.Requests {
		a := askVerified(t, srv, url, r)
		a.body = []byte(moment.ReplaceAllString(strings.ReplaceAll(string(a.body), folder, "${CASES}"), "TIMESTAMP"))
		if c := compareAnswers(place(v.Name, i), v.Answers[i], a); !c.same {
			t.Errorf("%s: MLRun answers %s\nand this %s", c.place, c.mlrun, c.got)
		}
	}
}
