package main

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	server "github.com/leat-ml/leat/bench/target"
)

// contestant has the cells of a server that nobody started.
func contestant(name string, peer bool, cpu time.Duration, rates ...int) *entrant {
	e := &entrant{pythonServer: &pythonServer{name: name, peer: peer, srv: &server.Server{PID: 1 << 30}}}
	e.cells = cells(cpu, rates...)
	e.python = make([]time.Duration, len(e.cells))
	return e
}

func TestJudgeContest(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ours  *entrant
		conns int
		says  []string
		fail  bool
	}{
		{"cheap and fast", contestant("leat", false, 50*time.Microsecond, 500, 500), 16,
			[]string{"CPU <= 60 us PASS", "req/s >= 4.0 PASS"}, true}, // as slow at the 99th percentile
		{"dear", contestant("leat", false, 61*time.Microsecond, 500, 500), 16, []string{"CPU <= 60 us FAIL"}, true},
		{"slow", contestant("leat", false, 50*time.Microsecond, 390, 390), 16, []string{"req/s >= 4.0 FAIL", "p99 <= 0.33 FAIL"}, true},
		{"no goals at other numbers of connections", contestant("leat", false, 70*time.Microsecond, 100, 100), 1, nil, false},
	} {
		var out strings.Builder
		b := &bench{out: &out, config: config{rounds: 2}, proc: fstest.MapFS{}}
		c := &contest{name: "echo", goal: true, entrants: []*entrant{
			contestant("floor", false, 10*time.Microsecond, 1000, 1000), tt.ours, contestant("MLServer", true, 300*time.Microsecond, 100, 100),
		}}
		if err := b.printContest(c, tt.conns); err != nil {
			t.Fatal(err)
		}
		if b.failed != tt.fail || (tt.says == nil) == strings.Contains(out.String(), "goal") {
			t.Errorf("%s: failed is %v\n%s", tt.name, b.failed, out.String())
		}
		for _, s := range tt.says {
			if !strings.Contains(out.String(), s) {
				t.Errorf("%s: no %q\n%s", tt.name, s, out.String())
			}
		}
	}
}

// Where each of leat's is judged, all stand in the table of goals; else only the first.
func TestJudgeEach(t *testing.T) {
	for each, want := range map[bool][]string{false: {"leat to nuclio"}, true: {"leat to nuclio", "leat, file to nuclio"}} {
		var out strings.Builder
		b := &bench{out: &out, config: config{rounds: 2}, proc: fstest.MapFS{}}
		c := &contest{name: "iris", each: each, entrants: []*entrant{
			contestant("leat", false, 50*time.Microsecond, 300, 300), contestant("leat, file", false, 50*time.Microsecond, 500, 500),
			contestant("nuclio", true, 300*time.Microsecond, 100, 100),
		}}
		if err := b.printContest(c, pythonConns); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range b.goals {
			if what, ok := strings.CutSuffix(strings.TrimPrefix(g.what, "iris, "), ": req/s"); ok {
				got = append(got, what)
			}
		}
		if told := strings.Contains(out.String(), "leat, file to it: req/s 5.00"); told == each || !slices.Equal(got, want) {
			t.Errorf("%v: judged %q, want %q\n%s", each, got, want, out.String())
		}
	}
}

func TestPythonRequests(t *testing.T) {
	for _, tt := range []struct {
		w    workload
		body string
		ok   bool
	}{
		{rowsRequest("echo", iris[:4]), `{"id":"1","outputs":[[5.1,3.5,1.4,0.2]]}`, true},
		{rowsRequest("iris", setosa), `{"id":"1","outputs":[0]}`, true},
		{rowsRequest("iris", setosa), `{"id":"1","outputs":[1]}`, false},
		{tensorRequest("echo", iris[:4]), `{"outputs":[{"name":"x","datatype":"FP64","shape":[1,4],"data":[[5.099999904632568,3.5,1.4,0.2]]}]}`, true},
		{tensorRequest("iris", setosa), `{"outputs":[{"name":"predict","shape":[1,1],"datatype":"INT64","data":[2]}]}`, false},
	} {
		if err := tt.w.verifier(target{})([]byte(tt.body)); (err == nil) != tt.ok {
			t.Errorf("%s of %s: %v", tt.body, tt.w.name, err)
		}
	}
}

func TestQuietest(t *testing.T) {
	of := func(n int, d time.Duration) []time.Duration { return slices.Repeat([]time.Duration{d}, n) }
	for _, tt := range []struct {
		took []time.Duration
		want time.Duration
	}{
		{of(1, 5), 5},
		{slices.Concat(of(stretch, 9), of(stretch, 4), of(stretch, 7)), 4},
		{slices.Concat(of(stretch, 9), of(10, 1)), 9}, // too few to say anything
		{slices.Concat(of(stretch/4, 1), of(stretch, 6)), 6},
	} {
		if got := quietest(tt.took); got != tt.want {
			t.Errorf("%d calls: %v, want %v", len(tt.took), got, tt.want)
		}
	}
}
