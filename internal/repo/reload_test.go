package repo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// inside sends a request whose model waits in it; the request goes on when the
// function is called, which returns its answer.
func inside(r *Repository, model string) (goOn func() string) {
	gate := make(chan struct{})
	got := make(chan string, 1)
	go func() {
		answer, err := ask(context.WithValue(background, gateKey{}, gate), r, model)
		if err != nil {
			answer = err.Error()
		}
		got <- answer
	}()
	<-gate
	return func() string { gate <- struct{}{}; return <-got }
}

// TestUnloadWaits has Unload wait for the request inside, which is answered.
func TestUnloadWaits(t *testing.T) {
	r, f := serving(t, tree(t, map[string]string{"m.fake": "FAKE good m"}), nil)
	goOn := inside(r, "m")
	unloaded := make(chan error, 1)
	go func() { unloaded <- r.Unload(background, "m") }()
	for answer(t, r, "m") == "m" { // still found
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-unloaded:
		t.Fatalf("Unload returned with a request inside: %v", err)
	default:
	}
	if f.open.Load() != 1 {
		t.Error("the model is closed with a request inside")
	}
	if got := goOn(); got != "m" {
		t.Errorf("the request got %s", got)
	}
	if err := <-unloaded; err != nil {
		t.Error(err)
	}
	if f.open.Load() != 0 {
		t.Error("the model is open after Unload")
	}
}

// TestReloadDoesNotDisturb has a request inside across two reloads. Load waits
// for it no longer than its context.
func TestReloadDoesNotDisturb(t *testing.T) {
	root := tree(t, map[string]string{"m.fake": "FAKE good old"})
	r, f := serving(t, root, nil)
	goOn := inside(r, "m")
	put(t, root, "m.fake", "FAKE good new")
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	loaded := make(chan error, 1)
	go func() { loaded <- r.Load(ctx, "m") }()
	for answer(t, r, "m") != "new" {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-loaded:
		t.Errorf("got %v, want that a request is still inside", err)
	default:
	}
	cancel()
	if err := <-loaded; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that a request is still inside", err)
	}
	put(t, root, "m.fake", "FAKE good newer")
	if err := r.Load(background, "m"); err != nil {
		t.Error(err)
	}
	if got := answer(t, r, "m"); got != "newer" {
		t.Errorf("after the second reload: got %s", got)
	}
	if n := f.open.Load(); n != 2 {
		t.Errorf("%d models are open, want the newest and the one with a request inside", n)
	}
	if got := goOn(); got != "old" {
		t.Errorf("the request got %s", got)
	}
}

// TestStepOutlivesInstance has steps that were found before a reload and are
// used after it.
func TestStepOutlivesInstance(t *testing.T) {
	root := tree(t, map[string]string{"m/1/x": "FAKE good one"})
	r, _ := serving(t, root, nil)
	do := func(step serve.Step) string {
		ev := serve.NewEvent(serve.Target{Method: "POST"}, []byte(`{"inputs":[1]}`))
		if _, err := step.Do(background, ev); err != nil {
			return statusOf(err) + ": " + err.Error()
		}
		return text(ev)
	}
	latest, first := r.Find("m", ""), r.Find("m", "1")
	put(t, root, "m/2/x", "FAKE good two")
	for range 2 {
		if err := r.Load(background, "m"); err != nil {
			t.Fatal(err)
		}
	}
	if got := []string{do(latest), do(first)}; got[0] != "two" || got[1] != "one" {
		t.Errorf("got %v", got)
	}
	remove(t, root, "m/1")
	if err := r.Load(background, "m"); err != nil {
		t.Fatal(err)
	}
	want := "unavailable: model m:1 is not ready yet: it has been unloaded"
	if got := []string{do(latest), do(first)}; got[0] != "two" || got[1] != want {
		t.Errorf("got %v", got)
	}
	if err := r.Unload(background, "m"); err != nil {
		t.Fatal(err)
	}
	if got, want := do(latest), "unavailable: model m:2 is not ready yet: it has been unloaded"; got != want {
		t.Errorf("got %s", got)
	}
}

// TestLoadGivenUp has a load that is given up: nothing changes.
func TestLoadGivenUp(t *testing.T) {
	root := tree(t, map[string]string{"m.fake": "FAKE good old"})
	r, f := serving(t, root, nil)
	put(t, root, "m.fake", "FAKE good new")
	defer f.hold("m:1")()
	ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	if err := r.Load(ctx, "m"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if got := answer(t, r, "m"); got != "old" {
		t.Errorf("got %s", got)
	}
	loads := f.loads.Load()
	if err := r.Load(ctx, "m"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a context that has ended: got %v", err)
	}
	if f.loads.Load() != loads {
		t.Error("a model was loaded though the context had ended")
	}
	if err := r.Unload(background, "m"); err != nil {
		t.Error(err)
	}
	ctx, cancel = context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	if err := r.Load(ctx, "m"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if got, want := answer(t, r, "m"), "unavailable: model m:1 is not ready yet: it has been unloaded"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestTurns has two loads of one model, of which the second waits for the
// first, and one of another model, which does not.
func TestTurns(t *testing.T) {
	root := tree(t, map[string]string{"m.fake": "FAKE good m", "n.fake": "FAKE good n"})
	r, f := serving(t, root, nil)
	letGo := f.hold("m:1")
	before := f.loads.Load()
	first := make(chan error, 1)
	go func() { first <- r.Load(background, "m") }()
	for f.loads.Load() == before {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	if err := r.Load(ctx, "m"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second load: got %v", err)
	}
	if n := f.loads.Load() - before; n != 1 {
		t.Errorf("%d loads at a time", n)
	}
	if err := r.Load(background, "n"); err != nil {
		t.Errorf("another model: %v", err)
	}
	letGo()
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// TestCloseEndsLoad has a load that is under way at Close, and one that waits
// for its turn.
func TestCloseEndsLoad(t *testing.T) {
	r, f := serving(t, tree(t, map[string]string{"m.fake": "FAKE good m"}), nil)
	defer f.hold("m:1")()
	before := f.loads.Load()
	loads := make(chan error, 2)
	for range 2 {
		go func() { loads <- r.Load(background, "m") }()
	}
	for f.loads.Load() == before {
		time.Sleep(time.Millisecond)
	}
	if err := r.Close(background); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-loads; serve.CodeOf(err) != serve.Unavailable {
			t.Errorf("got %v", err)
		}
	}
}

// TestLoadWhileStarting has an asynchronous start whose model is loaded again
// and unloaded while it loads.
func TestLoadWhileStarting(t *testing.T) {
	for _, unload := range []bool{false, true} {
		root := tree(t, map[string]string{"m.fake": "FAKE good old"})
		r, f := unstarted(t, root, func(e *catalog.Env) { e.Async = true })
		letGo := f.hold("m:1")
		if err := r.Start(background); err != nil {
			t.Fatal(err)
		}
		for f.loads.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		waiting := streamed(r, "m")
		want := "new"
		if unload {
			want = "unavailable: model m:1 is not ready yet: it has been unloaded"
			if err := r.Unload(background, "m"); err != nil {
				t.Fatal(err)
			}
		} else {
			f.mu.Lock()
			delete(f.held, "m:1")
			f.mu.Unlock()
			put(t, root, "m.fake", "FAKE good new")
			if err := r.Load(background, "m"); err != nil {
				t.Fatal(err)
			}
		}
		if got := answer(t, r, "m"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := <-waiting; got != want {
			t.Errorf("an event that waited: got %s, want %s", got, want)
		}
		letGo()
	}
}

// TestNoRequestFails has clients ask all the time while the model is replaced
// again and again. Every request is answered, and one that was sent after a
// load by the model of that load or a later one.
func TestNoRequestFails(t *testing.T) {
	const clients, reloads = 4, 100
	root := tree(t, map[string]string{"m/1/x": "FAKE good 0"})
	r, _ := serving(t, root, nil)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			last := 0
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				got, err := ask(background, r, []string{"m", "m:1"}[n%2])
				var now int
				if _, scanErr := fmt.Sscan(got, &now); err != nil || scanErr != nil || now < last {
					t.Errorf("got %q after %d: %v", got, last, err)
					return
				}
				last = now
			}
		})
	}
	for i := 1; i <= reloads; i++ {
		put(t, root, "m/1/x", fmt.Sprint("FAKE good ", i))
		if err := r.Load(background, "m"); err != nil {
			t.Error(err)
		}
		if got := answer(t, r, "m"); got != fmt.Sprint(i) {
			t.Errorf("got %s after reload %d", got, i)
		}
	}
	close(stop)
	wg.Wait()
}

// TestEverythingAtOnce has several load, unload, break, list and ask at a time.
// What they see is checked where it must hold whatever the others do.
func TestEverythingAtOnce(t *testing.T) {
	const workers, rounds = 6, 60
	root := tree(t, map[string]string{"a/1/x": "FAKE good a", "b/1/x": "FAKE good b", "b/2/x": "FAKE good b"})
	r, _ := serving(t, root, nil)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			name := []string{"a", "b"}[w%2]
			for i := range rounds {
				switch (w + i) % 4 {
				case 0:
					_ = r.Load(background, name)
				case 1:
					_ = r.Unload(background, name)
				case 2:
					if n := len(r.Status()); n != 3 {
						t.Errorf("%d versions listed", n)
					}
				}
				got, err := ask(background, r, name)
				if got != name && serve.CodeOf(err) != serve.Unavailable {
					t.Errorf("%s answers %q, %v", name, got, err)
				}
			}
		})
	}
	wg.Wait()
}
