package cli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alecthomas/kong"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/runtime/trees"
)

// serving is an environment with the tree runtimes and signals of its own.
func serving(signals chan os.Signal) (env Env, stopped *bool) {
	stopped = new(bool)
	return Env{
		Lookup:   func(string) (string, bool) { return "", false },
		Register: func(set *catalog.Set, _ Plugins) { trees.Register(set) },
		Signals:  func() (<-chan os.Signal, func()) { return signals, func() { *stopped = true } },
	}, stopped
}

func TestUntilSignal(t *testing.T) {
	errBroken := errors.New("broken")
	for _, tt := range []struct {
		name    string
		signals []os.Signal
		run     func(context.Context) error
		want    string // in the error; "" for none
	}{
		{"ends by itself", nil, func(context.Context) error { return nil }, ""},
		{"fails", nil, func(context.Context) error { return errBroken }, "broken"},
		{"panics", nil, func(context.Context) error { panic("oh no") }, "this is a bug in leat: oh no"},
		{"one signal", []os.Signal{syscall.SIGTERM}, func(ctx context.Context) error { <-ctx.Done(); return nil }, ""},
		{"one signal while it loads", []os.Signal{os.Interrupt}, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, ""},
		{"one signal and a failure", []os.Signal{os.Interrupt}, func(ctx context.Context) error { <-ctx.Done(); return errBroken }, "broken"},
		{"two signals", []os.Signal{syscall.SIGTERM, syscall.SIGTERM}, func(context.Context) error { time.Sleep(time.Hour); return nil }, "a second signal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { untilSignal(t, tt.signals, tt.run, tt.want) })
		})
	}
}

// A slowHandler takes its time to write a line.
type slowHandler struct{ slog.Handler }

func (slowHandler) Enabled(context.Context, slog.Level) bool { return true }

func (slowHandler) Handle(context.Context, slog.Record) error {
	time.Sleep(10 * sameSignal)
	return nil
}

// untilSignal sends each signal twice, as whoever ends a group of processes
// does, and the next one a second later.
func untilSignal(t *testing.T, send []os.Signal, run func(context.Context) error, want string) {
	signals := make(chan os.Signal, 2)
	for i, s := range send {
		time.AfterFunc(time.Duration(i)*time.Second, func() {
			signals <- s
			signals <- s
		})
	}
	env, stopped := serving(signals)
	err := env.untilSignal(t.Context(), slog.New(slowHandler{slog.DiscardHandler}), nil, run)
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("error %v, want %q", err, want)
	}
	if !*stopped {
		t.Error("signals are still delivered")
	}
	time.Sleep(2 * time.Hour) // until what was not waited for has ended
}

// TestServeUntilSIGTERM serves the project of init, and stops it.
func TestServeUntilSIGTERM(t *testing.T) {
	dir := t.TempDir()
	signals := make(chan os.Signal, 1)
	env, _ := serving(signals)
	if exit, _, errs := runOut(t, env, "init", dir); exit != Done {
		t.Fatal(errs)
	}
	started := &trigger{on: "curl ", fire: func() { signals <- syscall.SIGTERM }}
	var errs bytes.Buffer
	env.Stdout, env.Stderr = started, &errs
	exit := Run(t.Context(), []string{"serve", dir, "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--drain", "2m", "--access-log", "off"}, env)
	if exit != Done {
		t.Errorf("exit %d, want %d; stderr %s", exit, Done, errs.String())
	}
	if !strings.Contains(errs.String(), "signal=terminated") || !strings.Contains(errs.String(), "shut down") {
		t.Errorf("the log says nothing of the shutdown: %s", errs.String())
	}
	if !strings.Contains(started.out.String(), "houses  1        lightgbm  READY") {
		t.Errorf("no table: %s", started.out.String())
	}
}

// A trigger is a writer that fires at the first Write with a text in it.
type trigger struct {
	out  bytes.Buffer
	on   string
	fire func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if w.fire != nil && bytes.Contains(p, []byte(w.on)) {
		w.fire()
		w.fire = nil
	}
	return w.out.Write(p)
}

// TestServeConfig checks that the flags, the environment and the defaults reach
// the server, in this order.
func TestServeConfig(t *testing.T) {
	dir := t.TempDir()
	vars := map[string]string{}
	env, _ := serving(nil)
	env.Lookup = func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	if exit, _, errs := runOut(t, env, "init", dir); exit != Done {
		t.Fatal(errs)
	}
	type settings struct {
		HTTP, Admin    string
		MLRun, Any     bool
		Awake          bool
		Timeout, Drain time.Duration
		MaxBody        int64
	}
	defaults := settings{HTTP: "127.0.0.1:8080", Admin: "127.0.0.1:8082", Drain: 30 * time.Second, MaxBody: 64 << 20}
	inEnvironment := map[string]string{
		"LEAT_HTTP": "127.0.0.1:1", "LEAT_ADMIN": "127.0.0.1:2", "LEAT_MLRUN": "true", "LEAT_READY": "any", "LEAT_WAIT": "awake",
		"LEAT_TIMEOUT": "3s", "LEAT_DRAIN": "4s", "LEAT_MAX_BODY": "5kB",
	}
	fromVars := settings{"127.0.0.1:1", "127.0.0.1:2", true, true, true, 3 * time.Second, 4 * time.Second, 5000}
	for _, tt := range []struct {
		name string
		vars map[string]string
		args []string
		want settings
	}{
		{"defaults", nil, nil, defaults},
		{"environment", inEnvironment, nil, fromVars},
		{"empty variables", map[string]string{"LEAT_HTTP": "", "LEAT_MLRUN": "", "LEAT_DRAIN": ""}, nil, defaults},
		{"flags", inEnvironment, []string{
			"--http", "127.0.0.1:8080", "--admin=127.0.0.1:8082", "--mlrun=false", "--ready", "all", "--wait", "asleep",
			"--timeout", "0s", "--drain", "30s", "--max-body", "64MiB",
		}, defaults},
	} {
		t.Run(tt.name, func(t *testing.T) {
			vars = tt.vars
			var cli verbs
			parser, err := kong.New(&cli, kong.Resolvers(&environment{lookup: env.Lookup}))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(append([]string{"serve", dir}, tt.args...)); err != nil {
				t.Fatal(err)
			}
			env.Stderr = &bytes.Buffer{}
			rc, err := cli.Serve.config(t.Context(), &env, datadir.Temporary())
			if err != nil {
				t.Fatal(err)
			}
			got := settings{rc.HTTP, rc.Admin, rc.MLRun, rc.ReadyAny, rc.Awake, rc.Timeout, rc.Drain, rc.MaxBody}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]size{
		"1": 1, "512": 512, "10B": 10, "2kB": 2000, "2KB": 2000, "2KiB": 2048, "1.5MiB": 3 << 19, "64 MiB": 64 << 20, "1GB": 1e9, "1TiB": 1 << 40,
	} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "MiB", "1PiB", "1e300GB", "NaN", "Inf", "64mib", "0x10", "1 2"} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %d, want an error", text, s)
		}
	}
}
