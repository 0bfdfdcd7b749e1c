package drivertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing" //nolint:depguard // a suite for tests
	"time"

	"github.com/google/go-cmp/cmp" //nolint:depguard // a suite for tests

	"github.com/leat-ml/leat/stream/driver"
)

// testPoison wants a message that always fails to stay, and to hold up nothing but
// its key.
func testPoison(t *testing.T, h Harness) {
	s := open(t, h.Open)
	publish(t, s, texts("bad", "poison", "behind")...)
	publish(t, s, texts("good", "1", "2")...)
	m := subscribe(t, s, "g")
	failed := 0
	var got []string
	for len(got) < 2 || failed < 5 {
		d := m.take(1)[0]
		switch body := string(d.Body); {
		case body == `"poison"`:
			failed++
			m.settle(true, 5*time.Millisecond, d)
		case body == `"behind"`: // it came along: it must not be done before
			m.settle(true, 0, d)
		default:
			got = append(got, body)
			m.ack(d)
		}
		if failed > 10_000 {
			t.Fatalf("after %d attempts of one message only %v of others came", failed, got)
		}
	}
	if diff := cmp.Diff([]string{`"1"`, `"2"`}, got); diff != "" {
		t.Errorf("beside a message that fails (-want +got):\n%s", diff)
	}
	for _, want := range []string{`"poison"`, `"behind"`} {
		d := m.take(1)[0]
		if string(d.Body) != want {
			t.Errorf("received %s, want %s", d.Body, want)
		}
		m.ack(d)
	}
	m.nothing()
}

// testOversize wants a record that is too large to be refused for good, by name,
// and the others of its batch to be published.
func testOversize(t *testing.T, h Harness) {
	if h.Limited == nil {
		t.Skip("records have no limit of their own")
	}
	s := open(t, h.Limited)
	large := &driver.Message{Body: fmt.Appendf(nil, `"%s"`, bytes.Repeat([]byte("x"), 1<<20))}
	batch := append(texts("", "a"), large)
	batch = append(batch, texts("", "b")...)
	err := s.Publish(within(t), batch)
	var partly *driver.BatchError
	if !errors.As(err, &partly) || len(partly.Errs) != len(batch) {
		t.Fatalf("error %v, want a BatchError", err)
	}
	for i, err := range partly.Errs {
		if large := i == 1; (err != nil) != large || large && !driver.IsPermanent(err) {
			t.Errorf("message %d: error %v", i, err)
		}
	}
	if err := s.Publish(within(t), []*driver.Message{large}); !driver.IsPermanent(errorOf(err)) {
		t.Errorf("alone: error %v, want one that trying again cannot change", err)
	}
	m := subscribe(t, s, "g")
	if diff := cmp.Diff([]string{`"a"`, `"b"`}, bodies(m.take(2))); diff != "" {
		t.Errorf("beside a record that is too large (-want +got):\n%s", diff)
	}
}

// errorOf is the error of a message that was published alone.
func errorOf(err error) error {
	var partly *driver.BatchError
	if errors.As(err, &partly) && len(partly.Errs) == 1 {
		return partly.Errs[0]
	}
	return err
}

// testCloseWhilePublishing wants those who publish to come back when the stream is
// closed, and what they were told is safe to be there where it outlives the process.
func testCloseWhilePublishing(t *testing.T, h Harness) {
	s := h.Open(t)
	if h.Crash != nil { // nothing is forgotten that a group has not read, however much comes before the end
		r, err := s.Subscribe(within(t), "g", driver.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		member{t, r}.leave()
	}
	publish(t, s, texts("", "first")...)
	var all sync.WaitGroup
	var mu sync.Mutex
	safe := map[string]bool{`"first"`: true}
	began := make(chan struct{}, 4)
	for p := range 4 {
		all.Go(func() {
			for i := range 100_000 {
				m := texts("", fmt.Sprintf("%d-%d", p, i))
				if err := s.Publish(within(t), m); err != nil {
					return
				}
				mu.Lock()
				safe[string(m[0].Body)] = true
				mu.Unlock()
				if i == 0 {
					began <- struct{}{}
				}
			}
		})
	}
	<-began
	if err := s.Close(within(t)); err != nil {
		t.Errorf("close: %v", err)
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("those who publish do not come back")
	}
	if h.Crash == nil {
		return // one that nobody reads may forget what does not fit
	}
	m := subscribe(t, open(t, h.Open), "g")
	missing := func() int { return len(safe) }
	buf := make([]driver.Delivery, 256)
	for missing() > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		n, err := m.Receive(ctx, buf)
		cancel()
		if err != nil {
			t.Fatalf("%d messages are missing that were published: %v", missing(), err)
		}
		for _, d := range buf[:n] {
			delete(safe, string(d.Body))
		}
		m.ack(buf[:n]...)
	}
}

// testTwoMembers wants two members of a group that read at the same time to get
// every message once between them, each key in order.
func testTwoMembers(t *testing.T, h Harness) {
	const count = 300
	s := open(t, h.Open)
	members := []member{subscribe(t, s, "g"), subscribe(t, s, "g")}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var mu sync.Mutex
	got := map[string][]string{}
	left := count
	var all sync.WaitGroup
	for _, m := range members {
		all.Go(func() {
			for buf := make([]driver.Delivery, 7); ; {
				n, err := m.Receive(ctx, buf)
				if err != nil {
					return
				}
				mu.Lock()
				for _, d := range buf[:n] {
					got[d.Key] = append(got[d.Key], string(d.Body))
				}
				left -= n
				if left <= 0 {
					cancel()
				}
				mu.Unlock()
				m.ack(buf[:n]...)
			}
		})
	}
	want := map[string][]string{}
	for i := 0; i < count; i += 10 {
		var batch []*driver.Message
		for j := range 10 {
			m := texts(fmt.Sprint("k", (i+j)%7), fmt.Sprintf("%03d", i+j))[0]
			want[m.Key] = append(want[m.Key], string(m.Body))
			batch = append(batch, m)
		}
		publish(t, s, batch...)
	}
	all.Wait()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shared by two members (-want +got):\n%s", diff)
	}
}

// testRestart wants a stream that is closed and opened again to have what was in
// it, for groups that were there and for new ones.
func testRestart(t *testing.T, h Harness) {
	if h.Crash == nil {
		t.Skip("nothing outlives the process")
	}
	for round := range 3 {
		s := h.Open(t)
		publish(t, s, texts("k", fmt.Sprint(2*round), fmt.Sprint(2*round+1))...)
		r, err := s.Subscribe(within(t), "g", driver.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m := member{t, r}
		d := m.take(1)
		if want := fmt.Sprintf("%q", fmt.Sprint(round)); string(d[0].Body) != want {
			t.Errorf("round %d: received %s, want %s", round, d[0].Body, want)
		}
		m.ack(d...)
		m.leave()
		if err := s.Close(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	m := subscribe(t, open(t, h.Open), "g")
	if diff := cmp.Diff([]string{`"3"`, `"4"`, `"5"`}, bodies(m.take(3))); diff != "" {
		t.Errorf("after three restarts (-want +got):\n%s", diff)
	}
}
