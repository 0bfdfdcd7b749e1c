package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// answerOf is what a model answers, as JSON.
func answerOf(m *Model, body string) (string, error) {
	v, err := m.Predict(context.Background(), rows(body))
	if err != nil {
		return "", err
	}
	raw, ok := v.(json.RawMessage)
	if !ok {
		return "", fmt.Errorf("the answer is %T", v)
	}
	return string(raw), nil
}

// wantError checks that an error has a text and a kind.
func wantError(t *testing.T, err error, code serve.Code, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	if got := serve.CodeOf(err); got != code {
		t.Errorf("code %v, want %v: %v", got, code, err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q, want %q in it", err, text)
		}
	}
}

// alive says whether there is a process, other than as a zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// pidOf is the number in a list of one.
func pidOf(t *testing.T, answer string) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.Trim(strings.TrimSpace(answer), "[]"))
	if err != nil {
		t.Fatalf("%q is no process", answer)
	}
	return pid
}

func TestExceptions(t *testing.T) {
	m := startModel(t, testCode(t), "BrokenPredict", nil)
	_, err := answerOf(m, `{"inputs": [1]}`)
	wantError(t, err, serve.Internal, "models.py:", "in deeper", "KeyError")
	if got := serve.Classic(err); got != "KeyError: 'missing'" {
		t.Errorf("in MLRun's contract: %q", got)
	}

	m = startModel(t, testCode(t), "Unwritable", nil)
	_, err = answerOf(m, `{"inputs": [1]}`)
	wantError(t, err, serve.Unwritable, "TypeError", "models.py:", "in predict")

	_, err = answerOf(m, `{"inputs": 1}`)
	wantError(t, err, serve.BadRequest, `Expected "inputs" to be a list`)

	_, err = tryModel(t, testCode(t), "BrokenLoad", nil)
	wantError(t, err, serve.Internal, "models.py:", "in load", "OSError: no file")

	_, err = tryModel(t, testCode(t), "BrokenInit", nil)
	wantError(t, err, serve.Internal, "models.py:", "in __init__", "ValueError: cannot be made")
}

// TestStartOfSteps has a class that raises in its constructor.
func TestStartOfSteps(t *testing.T) {
	g, set := join(t, load(t, testCode(t)))
	if _, err := set.Lookup("Broken").New(catalog.Args{Name: "a", Class: "Broken"}); err != nil {
		t.Fatal(err)
	}
	wantError(t, g.Start(t.Context()), serve.Internal, "step a: ", "models.py:", "ValueError: cannot be made")
	if err := g.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCodeThatCannotBeLoaded(t *testing.T) {
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	syntax := write("syntax.py", "import os\n\ndef f(:\n    pass\n")
	_, err := testCode(t, syntax).Load(t.Context(), nil)
	var f *Failure
	if !errors.As(err, &f) || f.Class != "SyntaxError" || f.File != syntax || f.Line != 3 {
		t.Errorf("syntax error: %#v", err)
	}
	missing := write("missing.py", "import os\nimport no_such_module_anywhere\n")
	_, err = testCode(t, missing).Load(t.Context(), nil)
	if !errors.As(err, &f) || f.Class != "ModuleNotFoundError" || f.File != missing || f.Line != 2 {
		t.Errorf("missing module: %#v", err)
	}
	exits := write("exits.py", "import os\nos._exit(3)\n")
	_, err = testCode(t, exits).Load(t.Context(), nil)
	wantError(t, err, serve.Internal, "it ended with status 3")

	_, err = testCode(t, "no_such_file.py").Load(t.Context(), nil)
	wantError(t, err, serve.Internal, "no_such_file.py: there is no such file")
}

func TestInterpreters(t *testing.T) {
	fake := func(text string) string {
		path := filepath.Join(t.TempDir(), "python")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct{ name, path, want string }{
		{"not there", "/no/such/python", "the Python interpreter /no/such/python (python.interpreter of the spec) does not exist"},
		{"no such command", "no-such-python-anywhere", "is not found"},
		{"old", fake("echo 3.8.1; echo /x"), "is version 3.8.1: at least 3.9 is needed"},
		{"no interpreter", fake("echo hello"), "is no Python interpreter"},
		{"fails", fake("echo broken >&2; exit 4"), "does not run: exit status 4: broken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := testCode(t)
			c.Interpreter = tt.path
			_, err := c.Load(t.Context(), nil)
			wantError(t, err, serve.Internal, tt.want)
		})
	}
}

// TestCrash has workers end in a call: it is answered, and the next worker
// answers the next.
func TestCrash(t *testing.T) {
	for what, want := range map[string]string{"exit": "it ended with status 7, at models.py:29 in predict", "kill": "it was ended by the signal SIGKILL"} {
		t.Run(what, func(t *testing.T) {
			m := startModel(t, testCode(t), "Exits", nil)
			_, err := answerOf(m, `{"inputs": ["`+what+`"]}`)
			wantError(t, err, serve.Unwritable, "the Python worker crashed: "+want, "models.py:")
			if m.Down() != nil {
				if _, err = answerOf(m, `{"inputs": [1]}`); m.Workers().Restarts == 0 { // else it is there already, or was within the call
					wantError(t, err, serve.Unavailable, "is being started again", want)
				}
			}
			await(t, "another worker", func() bool { return m.Down() == nil })
			if got, err := answerOf(m, `{"inputs": [1]}`); err != nil || got != "[1]" {
				t.Errorf("the next worker answers %s, error %v", got, err)
			}
			if w := m.Workers(); w != (serve.Workers{Alive: 1, Wanted: 1, Restarts: 1}) {
				t.Errorf("workers %+v", w)
			}
		})
	}
}

// TestCrashUnderLoad has a worker killed with a thousand requests in flight. Each
// is answered.
func TestCrashUnderLoad(t *testing.T) {
	m := startModel(t, testCode(t), "Exits", nil)
	answer, err := answerOf(m, `{"inputs": ["pid"]}`)
	if err != nil {
		t.Fatal(err)
	}
	pid := pidOf(t, answer)
	var calls sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]int{}
	for i := range 1000 {
		calls.Go(func() {
			_, err := answerOf(m, `{"inputs": [1]}`)
			what := "answered"
			if err != nil {
				what = fmt.Sprint(serve.CodeOf(err))
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[what]++
			if i == 500 {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		})
	}
	calls.Wait()
	for what := range outcomes {
		if what != "answered" && what != fmt.Sprint(serve.Unwritable) && what != fmt.Sprint(serve.Unavailable) {
			t.Errorf("outcomes %v", outcomes)
		}
	}
	await(t, "another worker", func() bool { return m.Down() == nil })
}

// TestHang has a call that sleeps on after its deadline: its worker is killed,
// and the log has the line that it slept in.
func TestHang(t *testing.T) {
	c := testCode(t)
	said := &logBook{}
	c.Logger = slog.New(slog.NewTextHandler(said, nil))
	c.Grace = 2 * time.Second
	m := startModel(t, c, "Sleeper", nil)
	pid := 0
	// Whoever waits gives a worker 50 ms to say where it is, in which one on a busy
	// machine may not have its turn; or it has not come to the code yet. Who asks a
	// second later is told what it has said since.
	await(t, "an error that says where the code is", func() bool {
		await(t, "a worker", func() bool { return m.Down() == nil })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		w := m.pool.pick()
		_, err := m.Predict(ctx, rows(`{"inputs": [600]}`))
		if w == nil || m.pool.pick() != w { // another has the call
			return false
		}
		pid = w.cmd.Process.Pid
		return errors.Is(err, context.DeadlineExceeded) && strings.Contains(err.Error(), "the Python code is at models.py:22 in predict")
	})
	await(t, "the end of the worker", func() bool { return !alive(pid) })
	await(t, "another worker", func() bool {
		w := m.pool.pick()
		return m.Down() == nil && w != nil && w.cmd.Process.Pid != pid
	})
	if got, err := answerOf(m, `{"inputs": [0]}`); err != nil || got != "[0]" {
		t.Errorf("the next worker answers %s, error %v", got, err)
	}
	await(t, "the line in the log", func() bool { return said.has(`models.py\", line 22 in predict`) })
}

// TestPrints has a model print 200 MB, which neither block it nor stay in memory.
func TestPrints(t *testing.T) {
	m := startModel(t, testCode(t), "Prints", nil)
	if got, err := answerOf(m, `{"inputs": [200]}`); err != nil || got != `["printed"]` {
		t.Errorf("answer %s, error %v", got, err)
	}
}

func TestMemoryLimit(t *testing.T) {
	if !canMeasure {
		t.Skip("memory cannot be limited on this system")
	}
	c := testCode(t)
	c.Memory = 400 << 20
	m := startModel(t, c, "Hoards", nil)
	await(t, "an error that says where the code is", func() bool { // for which it has quickWord
		_, err := answerOf(m, `{"inputs": [600, 600]}`)
		wantError(t, err, serve.Unwritable, "of memory, more than the limit of 400 MiB")
		await(t, "another worker", func() bool { return m.Down() == nil })
		return strings.Contains(err.Error(), "models.py:")
	})

	before, err := answerOf(m, `{"inputs": [350, 0]}`) // nearly as much: another takes its place
	if err != nil {
		t.Fatal(err)
	}
	await(t, "a worker without the leak", func() bool {
		now, err := answerOf(m, `{"inputs": [0, 0]}`)
		return err == nil && now != before
	})
}

// TestForks has a model leave a child behind, which ends with the worker.
func TestForks(t *testing.T) {
	c := testCode(t)
	_, set := join(t, load(t, c))
	s, err := set.Lookup("Forks").New(catalog.Args{Name: "m", Class: "Forks"})
	if err != nil {
		t.Fatal(err)
	}
	m := s.(served).Model
	mc := serve.NewModelContext(serve.ModelOptions{})
	mc.Name = "m"
	if err := m.Load(t.Context(), mc); err != nil {
		t.Fatal(err)
	}
	answer, err := answerOf(m, `{"inputs": [1]}`)
	if err != nil {
		t.Fatal(err)
	}
	child := pidOf(t, answer)
	if !alive(child) {
		t.Fatal("there is no child")
	}
	if err := m.Close(t.Context()); err != nil {
		t.Error(err)
	}
	await(t, "the end of the child", func() bool { return !alive(child) })
}

// TestWorkers has two processes serve one model, of which one is killed.
func TestWorkers(t *testing.T) {
	c := testCode(t)
	c.Workers = 2
	m := startModel(t, c, "Sleeper", nil)
	var calls sync.WaitGroup
	start := time.Now()
	for range 2 {
		calls.Go(func() {
			if _, err := answerOf(m, `{"inputs": [0.5]}`); err != nil {
				t.Error(err)
			}
		})
	}
	await(t, "a call in each", func() bool {
		return m.pool.slots[0].live.Load().load.Load() == 1 && m.pool.slots[1].live.Load().load.Load() == 1 || time.Since(start) > time.Second
	})
	calls.Wait()
	_ = syscall.Kill(m.pool.slots[0].live.Load().cmd.Process.Pid, syscall.SIGKILL)
	await(t, "its end", func() bool { return m.pool.alive() == 1 || m.Workers().Restarts > 0 })
	if got, err := answerOf(m, `{"inputs": [0]}`); err != nil || got != "[0]" {
		t.Errorf("the other answers %s, error %v", got, err)
	}
	await(t, "two workers", func() bool { return m.pool.alive() == 2 })
}
