package remote

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// batch is BatchHttpRequests.
type batch struct {
	*base
	workers int // that call at a time for one event
}

func newBatch(b *base) *batch {
	workers := batchInFlight
	if b.MaxInFlight > 0 {
		workers = b.MaxInFlight
	}
	if b.mlrun {
		b.client.data = 500
	}
	return &batch{b, workers}
}

// Do implements [serve.Step]: the answers are in the order of the items. The
// first call that fails ends the others.
func (s *batch) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := s.selected(ev)
	if err != nil {
		return serve.Pass, err
	}
	items, ok := args.List(v)
	if !ok {
		return serve.Pass, serve.Errorf(serve.BadRequest, "TypeError", "the body must be a list, found %s", describe(v))
	}
	results, err := s.all(ctx, ev, items)
	if err != nil {
		return serve.Pass, err
	}
	return serve.Pass, s.place(ev, results)
}

func (s *batch) all(ctx context.Context, ev *serve.Event, items []any) ([]any, error) {
	method, header := s.method(ev), s.header(ctx, ev)
	sub, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]any, len(items))
	room := budget{left: s.MaxResponse, most: s.MaxResponse}
	var (
		next  atomic.Int64
		wg    sync.WaitGroup
		once  sync.Once
		first error // the others are of calls that it ended
	)
	for range min(s.workers, len(items)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(items) && sub.Err() == nil; i = int(next.Add(1)) - 1 {
				var err error
				if results[i], err = s.one(sub, ev, method, header, items[i], &room); err != nil {
					once.Do(func() { first = err })
					cancel()
				}
			}
		})
	}
	wg.Wait()
	if first == nil { // the event may have ended between two calls
		first = ctx.Err()
	}
	if first != nil {
		return nil, first
	}
	return results, nil
}

// one makes the call for an item.
func (s *batch) one(ctx context.Context, ev *serve.Event, method string, header http.Header, item any, room *budget) (any, error) {
	u, err := s.target(ctx, ev, item)
	if err != nil {
		return nil, err
	}
	body, contentType, err := s.payload(ctx, method, item)
	if err != nil {
		return nil, err
	}
	r := &request{method: method, url: u, header: header.Clone(), body: body}
	typed(r.header, contentType)
	a, err := s.call(ctx, r)
	if a != nil && a.status < s.client.data {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if err := room.take(len(a.body)); err != nil {
		return nil, serve.Errorf(serve.Internal, "ValueError", "%s %s: all answers together: %w", s.client.class, s.client.name, err)
	}
	return s.result(a)
}

// A budget bounds the answers of one event together.
type budget struct {
	mu         sync.Mutex
	left, most int64
}

func (b *budget) take(n int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left -= int64(n); b.left < 0 {
		return &largeError{b.most}
	}
	return nil
}
