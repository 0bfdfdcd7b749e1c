package leat_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
)

// TestFunctions serves a graph over two functions, each by a server of its own:
// the one fills a queue in a file, the other reads it. Killed over an event, the
// reader loses none: the next one has that event again, and no other twice.
func TestFunctions(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "orders.yaml")
	text := fmt.Sprintf(`
functions: {pricing: shop/pricing}
graph:
  steps:
    clean: {handler: "({'id': event['id'], 'of': 'clean'})", responder: true}
    orders: {kind: queue, path: "file://%[1]s/orders.jsonl", after: [clean]}
    price: {handler: price, after: [orders], function: pricing}
    prices: {kind: queue, path: "file://%[1]s/prices.jsonl", after: [price]}
`, dir)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const first, all, stuck = 50, 100, 10
	at := make(chan struct{}, 1)
	streams := withQueues()
	serve := func(function string, price catalog.Func) *leat.Server {
		set := streams.Clone()
		set.AddFunc("price", price)
		spec, err := leat.ReadSpec(path)
		if err != nil {
			t.Fatal(err)
		}
		srv, err := leat.New(spec, &leat.Options{Catalog: set, Function: function})
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		return srv
	}
	same := func(_ context.Context, x any) (any, error) { return x, nil }
	parent := serve("", func(context.Context, any) (any, error) { return nil, errors.New("not here") })
	order := func(from, to int) {
		for i := from; i < to; i++ {
			if _, err := parent.Test(t.Context(), "/", fmt.Sprintf(`{"id":%d}`, i)); err != nil {
				t.Error(err)
			}
		}
	}
	order(0, first)
	n := 0
	child := serve("pricing", func(ctx context.Context, x any) (any, error) {
		if n++; n <= stuck {
			return x, nil
		}
		at <- struct{}{}
		<-ctx.Done() // at work until it is killed
		return nil, ctx.Err()
	})
	<-at
	killed, cancel := context.WithCancel(t.Context())
	cancel()
	if err := child.Close(killed); err == nil {
		t.Error("the reader was closed in the middle of an event, and says nothing")
	}
	order(first, all)
	child = serve("pricing", same)
	prices := filepath.Join(dir, "prices.jsonl")
	for late := time.Now().Add(2 * time.Minute); lines(prices) < all && time.Now().Before(late); {
		time.Sleep(time.Millisecond)
	}
	if err := errors.Join(child.Close(t.Context()), parent.Close(t.Context())); err != nil {
		t.Error(err)
	}
	once(t, prices, all)
	// A request to the reader begins with the reader's first step.
	child = serve("pricing", same)
	if _, err := child.Test(t.Context(), "/", fmt.Sprintf(`{"id":%d}`, all)); err != nil {
		t.Error(err)
	}
	if err := child.Close(t.Context()); err != nil {
		t.Error(err)
	}
	got, err := os.ReadFile(prices)
	if last := regexp.MustCompile(`"id":(\d+)}\n$`).FindSubmatch(got); err != nil || last == nil || string(last[1]) != strconv.Itoa(all) {
		t.Errorf("the last price is not that of the request: %v", err)
	}
}
