package repo

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// observer is a recorder that remembers the last state of every version, and
// what was counted.
type observer struct {
	mu     sync.Mutex
	states map[string][]v2.Phase
	counts map[string]int
}

func newObserver() *observer {
	return &observer{states: map[string][]v2.Phase{}, counts: map[string]int{}}
}

func (o *observer) Record(r serve.Record) { o.count("record " + r.Model + ":" + r.Version) }

func (o *observer) count(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts[what]++
}

func (o *observer) Model(name, version string) v2.Metrics { return counter{o, name + ":" + version} }

func (o *observer) ModelState(name, version string, st v2.Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states[name+":"+version] = append(o.states[name+":"+version], st.Phase)
}

// heard takes what was heard of a version.
func (o *observer) heard(label string) []v2.Phase {
	o.mu.Lock()
	defer o.mu.Unlock()
	got := o.states[label]
	delete(o.states, label)
	return got
}

type counter struct {
	o     *observer
	label string
}

func (c counter) Begin() {}

func (c counter) End(_ string, code serve.Code, _ time.Duration) {
	c.o.count(fmt.Sprintf("%s %d", c.label, code))
}

// TestObserver has an observer hear of what serves, not of what replaces it.
func TestObserver(t *testing.T) {
	root := tree(t, map[string]string{"m/1/x": "FAKE good one"})
	o := newObserver()
	r, _ := serving(t, root, func(e *catalog.Env) { e.Recorder = o })
	expect := func(label string, want ...v2.Phase) {
		t.Helper()
		if diff := cmp.Diff(want, o.heard(label)); diff != "" {
			t.Errorf("%s: %s", label, diff)
		}
	}
	expect("m:1", v2.Pending, v2.Loading, v2.Ready)
	answer(t, r, "m")
	put(t, root, "m/2/x", "FAKE bad no")
	if err := r.Load(context.Background(), "m"); err == nil {
		t.Error("a version that does not load is no error")
	}
	expect("m:1")
	expect("m:2")
	put(t, root, "m/2/x", "FAKE good two")
	remove(t, root, "m/1")
	if err := r.Load(context.Background(), "m"); err != nil {
		t.Error(err)
	}
	expect("m:1", v2.Closed)
	expect("m:2", v2.Ready)
	answer(t, r, "m")
	if err := r.Unload(context.Background(), "m"); err != nil {
		t.Error(err)
	}
	expect("m:2", v2.Closed)
	answer(t, r, "m")
	want := map[string]int{
		"record m:1": 1, "m:1 -1": 1, "record m:2": 2, "m:2 -1": 1, fmt.Sprintf("m:2 %d", serve.Unavailable): 1,
	}
	if diff := cmp.Diff(want, o.counts); diff != "" {
		t.Error(diff)
	}
}
