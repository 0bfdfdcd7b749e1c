package main

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat/bench/floor"
	"github.com/leat-ml/leat/bench/load"
)

func TestParse(t *testing.T) {
	c, err := parse([]string{"-suite", "http", "-rounds", "3", "-seconds", "0.5", "-target", "a=cmd x=y", "-post", `/p={"a":"="}`})
	if err != nil || c.rounds != 3 || c.length != 500*time.Millisecond || c.warmup != 100*time.Millisecond {
		t.Fatalf("got %+v, %v", c, err)
	}
	if c.targets[0].name != "a" || c.targets[0].command != "cmd x=y" || string(c.posts[0].body) != `{"a":"="}` {
		t.Errorf("targets %+v, posts %+v", c.targets, c.posts)
	}
	for _, args := range [][]string{{"-rounds", "0"}, {"-seconds", "-1"}, {"-target", "x"}, {"-post", "x=y"}, {"-part", "x"}, {"-nuclio", "x"}, {"extra"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestVerify(t *testing.T) {
	want := []float64{1, 2.5}
	tests := []struct {
		body string
		ok   bool
	}{
		{`{"outputs":[{"name":"y","shape":[1,2],"data":[1,2.5]}]}`, true},
		{`{"outputs":[{"data":[[1],[2.5]]},{"data":[7]}]}`, true},
		{`{"outputs":[[1,2.5]]}`, true},
		{`{"outputs":[1,2.5]}`, true},
		{`{"outputs":[1,2.6]}`, false},
		{`{"outputs":[1]}`, false},
		{`{"outputs":[]}`, false},
		{`{"error":"no"}`, false},
		{`no`, false},
	}
	w := workload{body: []byte("{}"), echo: want}
	for _, tt := range tests {
		if err := w.verifier(target{})([]byte(tt.body)); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.body, err)
		}
	}
}

func TestFloorAnswersEveryWorkload(t *testing.T) {
	srv := httptest.NewServer(new(floor.Handler))
	defer srv.Close()
	addr := strings.TrimPrefix(srv.URL, "http://")
	for _, w := range workloads() {
		if err := probe(t.Context(), addr, w, target{}); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
	}
	if err := probe(t.Context(), addr, treeRequest(), target{models: true}); err == nil {
		t.Error("the floor is no tree model")
	}
	if err := probe(t.Context(), addr, workload{path: "/none"}, target{}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("unknown path: %v", err)
	}
}

func TestOver(t *testing.T) {
	values := []float64{5, 1, 9, 3}
	if got := over(values, func(i int) float64 { return values[i] }); got != (spread{4, 1, 9}) {
		t.Errorf("got %+v", got)
	}
	if got := over(values[:3], func(i int) float64 { return values[i] }); got != (spread{5, 1, 9}) {
		t.Errorf("got %+v", got)
	}
}

// cells makes one cell a round, with n right answers a second and the CPU time
// of each.
func cells(cpu time.Duration, perSecond ...int) []cell {
	var list []cell
	for _, n := range perSecond {
		c := cell{Result: load.Result{Elapsed: time.Second}, serverCPU: cpu * time.Duration(n)}
		for range n {
			c.Latency.Record(time.Millisecond)
		}
		list = append(list, c)
	}
	return list
}

func TestInprocReports(t *testing.T) {
	var out strings.Builder
	b := &bench{out: &out, config: config{rounds: 1, length: time.Millisecond}}
	if err := b.inproc(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"echo-1x4", "echo-32x4", "allocs, ratio"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestReportTakesRatiosWithinARound(t *testing.T) {
	w := workload{name: "echo-1x4", goals: map[int]goal{16: {perSecond: 0.8, cpu: 1.3}}}
	floor := &row{target: target{name: "floor"}, cells: cells(10*time.Microsecond, 100, 1000, 1000)}
	tests := []struct {
		name string
		leat *row
		want []string
		fail bool
	}{
		{"good", &row{cells: cells(12*time.Microsecond, 90, 850, 900)}, []string{"0.90", "1.20", "PASS"}, false},
		{"slow", &row{cells: cells(12*time.Microsecond, 90, 700, 700)}, []string{"0.70", "FAIL"}, true},
		{"dear", &row{cells: cells(14*time.Microsecond, 90, 850, 900)}, []string{"1.40", "FAIL"}, true},
		{"wrong", &row{cells: cells(12*time.Microsecond, 90, 850, 900)}, []string{"1 failures", "1 wrong", "FAIL"}, true},
	}
	tests[3].leat.cells[2].Wrong = 1
	for _, tt := range tests {
		tt.leat.target.name = "leat-echo"
		var out strings.Builder
		b := &bench{out: &out, config: config{rounds: 3}}
		if err := b.printTable(w, 16, []*row{floor, tt.leat}); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, out.String())
			}
		}
		if b.failed != tt.fail {
			t.Errorf("%s: failed is %v\n%s", tt.name, b.failed, out.String())
		}
	}
	b := &bench{out: io.Discard}
	if err := b.printTable(w, 16, []*row{{skipped: io.EOF}, {skipped: io.EOF}}); err != nil {
		t.Errorf("nothing measured: %v", err)
	}
}
