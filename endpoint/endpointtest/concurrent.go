package endpointtest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing" //nolint:depguard // it is for tests

	"github.com/leat-ml/leat/endpoint"
)

// testConcurrent: changes of one record by several stores at once all happen, one
// after the other, beside traffic and lists.
func testConcurrent(t *testing.T, open opener) {
	stores := []endpoint.Store{must(t, open), must(t, open)}
	e := add(t, stores[0], plain(t, "p/f", "m:1"))
	const each = 20
	var wg sync.WaitGroup
	run := func(do func(s endpoint.Store, i int) error) {
		for _, s := range stores {
			for range 2 {
				wg.Go(func() {
					for i := range each {
						if err := do(s, i); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
		}
	}
	run(func(s endpoint.Store, _ int) error {
		return endpoint.Update(t.Context(), s, e.Metadata.UID, func(e *endpoint.Endpoint) error {
			e.Spec.Algorithm += "x"
			return nil
		})
	})
	run(func(s endpoint.Store, _ int) error {
		return s.Record(t.Context(), []endpoint.Traffic{{UID: e.Metadata.UID, Requests: 1}})
	})
	run(func(s endpoint.Store, i int) error {
		_, err := s.List(t.Context(), endpoint.Query{Limit: i})
		return err
	})
	wg.Wait()
	got := find(t, stores[1], e.Metadata.UID)
	if want := 4 * each; len(got.Spec.Algorithm) != want || got.Status.RequestCount != int64(want) {
		t.Errorf("%d changes and %d requests, want %d of each", len(got.Spec.Algorithm), got.Status.RequestCount, want)
	}
}

// testRacing: of those who create a record at the same time one does.
func testRacing(t *testing.T, open opener) {
	stores := []endpoint.Store{must(t, open), must(t, open)}
	for round := range 5 {
		e := plain(t, "p/f", fmt.Sprintf("m:%d", round))
		var wg sync.WaitGroup
		var made atomic.Int32
		for _, s := range stores {
			for range 3 {
				wg.Go(func() {
					switch err := endpoint.Create(t.Context(), s, e); {
					case err == nil:
						made.Add(1)
					case !errors.Is(err, endpoint.ErrExists):
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if n := made.Load(); n != 1 {
			t.Errorf("%d have made the record", n)
		}
	}
}

// testStarting: servers that start with an empty database at the same time all
// get their tables.
func testStarting(t *testing.T, open opener) {
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := open()
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.List(t.Context(), endpoint.Query{}); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
