package server

import (
	"sync"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A witness is the recorder that one generation knows. It passes on how the
// models of that generation are while it is the one that serves: nobody hears
// how those load that may never serve, nor how those go that others have
// replaced. It keeps what names were heard of, so that they can be forgotten.
type witness struct {
	next   serve.Recorder // nil records nothing
	log    *record.Log    // likewise
	models v2.Observer    // nil if the recorder is none
	steps  graphWatcher   // likewise
	queues queueWatcher   // likewise

	mu        sync.Mutex
	serving   bool
	over      bool // nothing is heard of it any more
	seen      map[modelName]bool
	seenSteps map[string]bool
	// seenQueues are steps too.
	seenQueues map[string]bool
}

type modelName struct{ name, version string }

// A graphWatcher counts the events of steps until they are gone.
type graphWatcher interface {
	graph.Observer
	StepGone(name string)
}

func newWitness(r serve.Recorder) *witness {
	w := &witness{next: r, seen: map[modelName]bool{}, seenSteps: map[string]bool{}, seenQueues: map[string]bool{}}
	w.models, _ = r.(v2.Observer)
	w.steps, _ = r.(graphWatcher)
	w.queues, _ = r.(queueWatcher)
	return w
}

// recorder is what the steps are given: nil if nobody listens.
func (w *witness) recorder() serve.Recorder {
	if w.next == nil && w.log == nil {
		return nil
	}
	return w
}

// Record implements [serve.Recorder].
func (w *witness) Record(r serve.Record) {
	if w.log != nil {
		w.log.Record(r)
	}
	if w.next != nil {
		w.next.Record(r)
	}
}

// observer is the observer of the graph's steps; nil if nobody listens.
func (w *witness) observer() graph.Observer {
	if w.steps == nil {
		return nil
	}
	return w
}

// Model implements [v2.Observer].
func (w *witness) Model(name, version string) v2.Metrics {
	if w.models == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return nil
	}
	w.seen[modelName{name, version}] = true
	return w.models.Model(name, version)
}

// Step implements [graph.Observer].
func (w *witness) Step(name string) graph.StepMetrics {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seenSteps[name] = true
	return w.steps.Step(name)
}

// ModelState implements [v2.Observer].
func (w *witness) ModelState(name, version string, s v2.Status) {
	if w.models == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.serving {
		w.models.ModelState(name, version, s)
	}
}

// speak has the states heard from now on, beginning with how the models are.
func (w *witness) speak(infos []v2.Info) {
	if w.models == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serving = true
	for _, m := range infos {
		w.models.ModelState(m.Name, m.Version, v2.Status{Phase: m.Phase, Err: m.Err, Since: m.Since, LoadTime: m.LoadTime})
	}
}

// hush has no more states heard.
func (w *witness) hush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serving = false
}

// forget has those models and steps forgotten that stays does not have, and
// hears of no more.
func (w *witness) forget(stays *witness) {
	models, steps := stays.names()
	queues := stays.queueNames()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	for m := range w.seen {
		if !models[m] {
			w.models.ModelState(m.name, m.version, v2.Status{Phase: v2.Closed})
		}
	}
	for s := range w.seenSteps {
		if !steps[s] {
			w.steps.StepGone(s)
		}
	}
	w.forgetQueues(queues)
}

// names are those that were heard of until now.
func (w *witness) names() (models map[modelName]bool, steps map[string]bool) {
	models, steps = map[modelName]bool{}, map[string]bool{}
	w.mu.Lock()
	defer w.mu.Unlock()
	for m := range w.seen {
		models[m] = true
	}
	for s := range w.seenSteps {
		steps[s] = true
	}
	return models, steps
}
