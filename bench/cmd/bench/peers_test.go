package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/bench/backend"
	"github.com/leat-ml/leat/bench/inproc"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/step/remote"
)

// TestRelays wants of leat's half of the comparison with KServe the answers that
// both are held to.
func TestRelays(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go new(backend.Server).Serve(l)
	set := catalog.Default.Clone()
	expr.Register(set)
	step.Register(set)
	remote.Register(set)
	for _, r := range relays() {
		path := filepath.Join(t.TempDir(), "graph.yaml")
		if err := os.WriteFile(path, []byte(regexp.MustCompile("HOST[123]").ReplaceAllString(r.leat, "http://"+l.Addr().String())), 0o600); err != nil {
			t.Fatal(err)
		}
		spec, err := leat.ReadSpec(path)
		if err != nil {
			t.Fatal(err)
		}
		srv, err := leat.New(spec, &leat.Options{Catalog: set})
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := srv.Test(t.Context(), "/", string(inproc.Rows))
		var x, y any
		if err != nil || json.Unmarshal(got, &x) != nil || json.Unmarshal([]byte(r.answer(string(inproc.Rows))), &y) != nil || !reflect.DeepEqual(x, y) {
			t.Errorf("%s: %s, %v", r.name, got, err)
		}
		if err := srv.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if !json.Valid([]byte(r.kserve)) {
			t.Errorf("%s: KServe's graph is no JSON", r.name)
		}
	}
}

func TestPeersAnswer(t *testing.T) {
	for _, f := range inproc.Peers() {
		f.MLRun = true
		op, last, stop, err := inproc.GraphAnswer(t.Context(), f, inproc.Rows)
		if err != nil {
			t.Fatal(err)
		}
		if err := op(); err != nil || !strings.Contains(string(last()), `"outputs":[`) {
			t.Errorf("%s: %s, %v", f.Name, last(), err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestSameAnswer(t *testing.T) {
	for _, tt := range []struct {
		theirs, ours string
		ok           bool
	}{
		{`{"id": "a", "outputs": [1.0], "timestamp": "x"}`, `{"id":"b","outputs":[1]}`, true},
		{`{"outputs": [1]}`, `{"outputs":[2]}`, false},
		{`{"outputs": [1]}`, `{"outputs":[1],"more":1}`, false},
		{`no`, `{}`, false},
		{`{}`, `no`, false},
	} {
		if err := sameAnswer(tt.theirs, tt.ours); (err == nil) != tt.ok {
			t.Errorf("%s and %s: %v", tt.theirs, tt.ours, err)
		}
	}
}

func TestJudgeRouters(t *testing.T) {
	theirs := &router{name: "KServe", cells: cells(300*time.Microsecond, 100, 100), dialed: []int64{9, 9}}
	for _, tt := range []struct {
		ours *router
		fail bool
	}{
		{&router{name: "leat", cells: cells(90*time.Microsecond, 300, 210), dialed: []int64{0, 0}}, true}, // as slow at the 99th percentile
		{&router{name: "leat", cells: cells(150*time.Microsecond, 300, 300), dialed: []int64{0, 1}}, true},
	} {
		var out strings.Builder
		b := &bench{out: &out, config: config{rounds: 2}}
		if err := b.printRouters(relays()[0], 16, theirs, tt.ours); err != nil {
			t.Fatal(err)
		}
		if b.failed != tt.fail || !strings.Contains(out.String(), "req/s >= 2.0 PASS") || !strings.Contains(out.String(), "p99 <= 0.5 FAIL") {
			t.Errorf("failed is %v\n%s", b.failed, out.String())
		}
	}
}
