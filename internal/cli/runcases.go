package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/internal/config"
)

// A result is what came of a case.
type result struct {
	Name    string   `json:"name"`
	Line    int      `json:"line"`
	Result  string   `json:"result"` // "ok", "failed" or "skipped"
	Reasons []string `json:"reasons,omitempty"`
}

// A caseReport is all that came of a file of cases.
type caseReport struct {
	Cases   []result `json:"cases"`
	OK      int      `json:"ok"`
	Failed  int      `json:"failed"`
	Skipped int      `json:"skipped"`
}

// A caseRunner runs cases on the server of the command line, or on one of their
// own.
type caseRunner struct {
	*tester
	src    *source
	folder string // of the cases, for ${CASES} in their specs
	python []string
	shared *mock // of src, made by the first case that needs it
}

func (c *testCmd) runCases(ctx context.Context, t *tester, src *source) (err error) {
	cases, err := readCases(c.Cases)
	if err != nil {
		return err
	}
	folder, err := filepath.Abs(filepath.Dir(c.Cases))
	if err != nil {
		return fmt.Errorf("%s: %w", c.Cases, err)
	}
	r := &caseRunner{tester: t, src: src, folder: folder, python: c.Python}
	defer func() {
		if r.shared != nil {
			err = errors.Join(err, r.shared.stop(context.WithoutCancel(ctx)))
		}
	}()
	results := make([]result, 0, len(cases))
	for i := range cases {
		one, err := r.run(ctx, &cases[i])
		if err != nil {
			return err
		}
		results = append(results, one)
		if !c.json() {
			c.tell(t.env, one)
		}
	}
	return c.summary(t.env, results)
}

// run runs one case. The error is of the server, not of the case.
func (r *caseRunner) run(ctx context.Context, c *testCase) (result, error) {
	res := result{Name: c.Name, Line: c.line, Result: "ok"}
	if key := c.uncheckable(); key != "" {
		res.Result, res.Reasons = "skipped", []string{key + " cannot be checked here"}
		return res, nil
	}
	m, own, err := r.server(ctx, c)
	if c.expects[0].ofBuild() {
		res.Reasons = wrongBuild(err, c.expects[0].BuildError)
	} else if err != nil && len(c.Spec) == 0 {
		return res, err
	} else if err != nil {
		res.Reasons = strings.Split(err.Error(), "\n")
	} else {
		res.Reasons = ask(ctx, m, c)
	}
	if own && m != nil {
		if err := m.stop(ctx); err != nil {
			res.Reasons = append(res.Reasons, err.Error())
		}
	}
	if len(res.Reasons) > 0 {
		res.Result = "failed"
	}
	return res, nil
}

// ask runs the requests of a case and says what is wrong with the answers.
func ask(ctx context.Context, m *mock, c *testCase) (wrong []string) {
	for i, r := range c.requests {
		a, err := m.ask(ctx, r.request)
		if err != nil {
			return append(wrong, err.Error())
		}
		for _, w := range c.expects[i].check(a) {
			if len(c.requests) > 1 {
				w = fmt.Sprintf("request %d: %s", i+1, w)
			}
			wrong = append(wrong, w)
		}
	}
	return wrong
}

func wrongBuild(err error, want string) []string {
	switch {
	case err == nil:
		return []string{fmt.Sprintf("the spec has no problem, want %q", want)}
	case !strings.Contains(err.Error(), want):
		return []string{fmt.Sprintf("the spec's problem is %q, want %q", err, want)}
	}
	return nil
}

// uncheckable is a key of the case that cannot be checked here; "" if all can.
func (c *testCase) uncheckable() string {
	for i := range c.expects {
		if key := c.expects[i].uncheckable(); key != "" {
			return key
		}
	}
	for _, r := range c.requests {
		if r.TriggerKind != "" {
			return "trigger_kind"
		}
	}
	return ""
}

// server starts the server that a case is for; own says that it is the case's.
func (r *caseRunner) server(ctx context.Context, c *testCase) (m *mock, own bool, err error) {
	if len(c.Spec) > 0 && string(c.Spec) != "null" {
		m, err := r.ofCase(ctx, c)
		return m, true, err
	}
	if r.shared == nil {
		r.shared, err = r.start(ctx, r.src)
	}
	return r.shared, false, err
}

// ofCase starts a server for the spec of a case.
func (r *caseRunner) ofCase(ctx context.Context, c *testCase) (*mock, error) {
	o := &opener{env: r.env, set: r.set, mlrun: r.src.mlrun, python: r.python}
	opts := o.options()
	opts.Lookup = func(name string) (string, bool) {
		if name == "CASES" {
			return r.folder, true
		}
		return r.env.Lookup(name)
	}
	spec, problems := config.ParseSpec("spec of "+c.Name, c.Spec, opts)
	if err := problemsError(problems); err != nil {
		return nil, err
	}
	src := o.ofSpec(filepath.Join(r.folder, "spec"), spec)
	if err := problemsError(o.load(ctx, src)); err != nil {
		return nil, err
	}
	return r.start(ctx, src)
}

// tell prints the line of a case, and what is wrong below it.
func (c *testCmd) tell(env *Env, r result) {
	switch r.Result {
	case "ok":
		fmt.Fprintf(env.Stdout, "ok       %s\n", r.Name)
	case "skipped":
		fmt.Fprintf(env.Stdout, "skipped  %s: %s\n", r.Name, strings.Join(r.Reasons, "; "))
	default:
		fmt.Fprintf(env.Stdout, "FAILED   %s (%s:%d)\n", r.Name, c.Cases, r.Line)
		for _, reason := range r.Reasons {
			fmt.Fprintf(env.Stdout, "         %s\n", reason)
		}
	}
}

func (c *testCmd) summary(env *Env, results []result) error {
	count := map[string]int{}
	for _, r := range results {
		count[r.Result]++
	}
	ok, failed, skipped := count["ok"], count["failed"], count["skipped"]
	if c.json() {
		if err := printJSON(env.Stdout, caseReport{results, ok, failed, skipped}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(env.Stdout, "%s: %d ok, %d failed, %d skipped\n", plural(len(results), "case"), ok, failed, skipped)
	}
	if failed > 0 {
		return errReported
	}
	return nil
}
