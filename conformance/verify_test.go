package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/internal/config"
)

// recordedAnswers is what MLRun answered when verify/driver.py was last run with
// --record.
const recordedAnswers = "verify/answers.jsonl"

// A verified is a spec that the real MLRun ran: one line that verify/driver.py
// wrote.
type verified struct {
	Name       string
	Spec       json.RawMessage
	Function   string
	Requests   []request
	Answers    []mlrunAnswer
	BuildError *string `json:"build_error"`

	MLRun, Storey string // in the first line: who answered
}

// A mlrunAnswer is what MLRun's host would send.
type mlrunAnswer struct {
	Status      int
	ContentType string `json:"content_type"`
	Body        string
	Raised      string // what escaped: the host answers 500
	Hangs       bool
}

// TestVerifyMLRun wants the answers of the real MLRun, as recorded or, with
// LEAT_MLRUN_ANSWERS, from a run just now (make verify-mlrun), except where
// docs/mlrun-compatibility.md says otherwise, and wants those to be so.
func TestVerifyMLRun(t *testing.T) {
	file := os.Getenv("LEAT_MLRUN_ANSWERS")
	if file == "" {
		file = recordedAnswers
	}
	all := readVerified(t, file)
	if len(all) < 61 {
		t.Fatalf("%d specs, want at least 60", len(all)-1)
	}
	listed := readDeviations(t, all[0].MLRun)
	var count tally
	for _, v := range all[1:] {
		t.Run(v.Name, func(t *testing.T) {
			for _, c := range compare(t, v) {
				count.add(listed.judge(t, c))
			}
		})
	}
	listed.unused(t)
	t.Logf("MLRun %s, storey %s: %d specs, %d answers: %d the same, %d listed as different",
		all[0].MLRun, all[0].Storey, len(all)-1, count.same+count.different, count.same, count.different)
}

type tally struct{ same, different int }

func (c *tally) add(same bool) {
	if same {
		c.same++
	} else {
		c.different++
	}
}

func readVerified(t *testing.T, file string) []verified {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []verified
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var v verified
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
}

// A comparison is one answer of both.
type comparison struct {
	place      string // "name 2": the second request, or "name build"
	same       bool
	mlrun, got string // as the list of differences shows them
}

// compare runs a spec with Go classes and puts its answers beside MLRun's.
func compare(t *testing.T, v verified) []comparison {
	t.Helper()
	return compareIn(t, v, leat.Options{Catalog: verifyClasses()})
}

// compareIn is compare with the classes of the options.
func compareIn(t *testing.T, v verified, o leat.Options) []comparison {
	t.Helper()
	stub := upstream(t)
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("${CASES}", folder, "${UPSTREAM}", stub)
	srv, problems := buildVerified(v, fill.Replace(string(v.Spec)), o)
	if srv == nil || v.BuildError != nil {
		return []comparison{compareBuilds(v, problems)}
	}
	url, stop := startServer(t, srv)
	var out []comparison
	for i, r := range v.Requests {
		r.Body = json.RawMessage(fill.Replace(string(r.Body)))
		a := askVerified(t, srv, url, r)
		a.body = []byte(moment.ReplaceAllString(strings.NewReplacer(stub, "${UPSTREAM}", folder, "${CASES}").Replace(string(a.body)), "TIMESTAMP"))
		out = append(out, compareAnswers(place(v.Name, i), v.Answers[i], a))
	}
	stop()
	return out
}

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00:00`)

func buildVerified(v verified, spec string, o leat.Options) (*leat.Server, string) {
	parsed, problems := config.ParseSpec("spec.json", []byte(spec), config.Options{MLRun: true})
	var told []string
	for _, p := range problems {
		if !p.Warning {
			told = append(told, p.String())
		}
	}
	if len(told) > 0 {
		return nil, strings.Join(told, "; ")
	}
	o.MLRun, o.Function, o.Timeout = true, v.Function, 2*time.Minute
	srv, err := leat.New(parsed, &o)
	if err != nil {
		return nil, err.Error()
	}
	return srv, ""
}

// askVerified sends a request under the ID that MLRun's event had.
func askVerified(t *testing.T, srv *leat.Server, url string, r request) answer {
	t.Helper()
	if r.TriggerKind != "" {
		return askStream(t, srv, r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	path := r.Path
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, url+path, strings.NewReader(bodyText(t, r.Body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("MLRUN-EVENT-ID", r.EventID)
	return send(t, req, r)
}
