package serve_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// ended fails the test unless nothing is left of a flight, which was filtered.
func ended(t *testing.T, f *serve.Flight) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if answer, err := f.Wait(ctx); answer != nil || err != nil {
		t.Fatalf("the outcome is %v, %v, and not that it was filtered", answer, err)
	}
	if err := f.WaitAll(ctx); err != nil {
		t.Fatalf("a part of the flight is left: %v", err)
	}
}

// TestJoinedFiltered filters what events have become together: nothing is left of any.
func TestJoinedFiltered(t *testing.T) {
	landed := 0
	f := serve.NewFlight(func() { landed++ })
	ev := &serve.Event{}
	f.Begin(ev, false)
	all := serve.Join([]*serve.Event{ev})
	all.Flight().End(all)
	ended(t, f)
	if landed != 1 {
		t.Errorf("the flight has landed %d times", landed)
	}
}

// TestJoinedParts ends the parts of what events have become at the same time.
func TestJoinedParts(t *testing.T) {
	for range 2000 {
		f := serve.NewFlight(nil)
		ev := &serve.Event{}
		f.Begin(ev, false)
		all := serve.Join([]*serve.Event{ev})
		side := all.Clone()
		all.Flight().Begin(side, true)
		var parts sync.WaitGroup
		for _, part := range []*serve.Event{all, side} {
			parts.Go(func() { part.Flight().End(part) })
		}
		parts.Wait()
		ended(t, f)
	}
}
