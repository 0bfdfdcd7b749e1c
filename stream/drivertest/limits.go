package drivertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing" //nolint:depguard // a suite for tests
	"time"

	"github.com/google/go-cmp/cmp" //nolint:depguard // a suite for tests

	"github.com/leat-ml/leat/stream/driver"
)

func testLag(t *testing.T, h Harness) {
	s := open(t, h.Open)
	want := func(want int64) { // in the end: what is on its way to a server may count in both places
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			got, err := s.Lag(within(t), "g")
			if err != nil {
				t.Fatal(err)
			}
			if got == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("lag %d, want %d", got, want)
			}
		}
	}
	if _, err := s.Lag(within(t), "g"); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("the backend does not know")
	}
	want(0)
	publish(t, s, texts("", "a", "b", "c")...)
	m := subscribe(t, s, "g")
	want(3)
	got := m.take(2)
	want(3)
	m.ack(got[1])
	want(2)
	m.ack(got[0])
	want(1)
}

func testBackPressure(t *testing.T, h Harness) {
	if h.Small == nil {
		t.Skip("the backend is unbounded")
	}
	s := open(t, h.Small)
	m := subscribe(t, s, "g")
	publish(t, s, sized(0)...) // the first may take as long as it takes
	published, full := 1, false
	for !full && published < 100 {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		err := s.Publish(ctx, sized(published))
		cancel()
		switch {
		case err == nil:
			published++
		case errors.Is(err, context.DeadlineExceeded):
			full = true
		default:
			t.Fatal(err)
		}
	}
	if !full {
		t.Fatalf("%d messages went in without an acknowledgement, want some and an end", published)
	}
	more := make(chan error, 1)
	go func() { more <- s.Publish(within(t), sized(published)) }()
	for i := range published + 1 {
		d := m.take(1)[0]
		if want := sized(i)[0].Body; !bytes.Equal(d.Body, want) {
			t.Fatalf("message %d is %.20s, want %.20s", i, d.Body, want)
		}
		m.ack(d)
	}
	if err := <-more; err != nil {
		t.Errorf("publish once there is room: %v", err)
	}
}

// sized is a message of 1 KiB.
func sized(i int) []*driver.Message {
	return []*driver.Message{{Body: fmt.Appendf(nil, `"%04d%s"`, i, bytes.Repeat([]byte("x"), 1018))}}
}

func testContexts(t *testing.T, h Harness) {
	s := open(t, h.Open)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Publish(over, texts("", "never")); !errors.Is(err, context.Canceled) {
		t.Errorf("publish when it is too late: error %v", err)
	}
	m := subscribe(t, s, "g")
	m.nothing()
	if _, err := m.Receive(over, make([]driver.Delivery, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("receive when it is too late: error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := m.Receive(ctx, make([]driver.Delivery, 1))
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("receive that waits: error %v", err)
	}
	publish(t, s, texts("", "a")...)
	if diff := cmp.Diff([]string{`"a"`}, bodies(m.take(1))); diff != "" {
		t.Errorf("after a canceled receive (-want +got):\n%s", diff)
	}
}

func testClosing(t *testing.T, h Harness) {
	s := h.Open(t)
	m := subscribe(t, s, "g")
	done := make(chan error)
	go func() {
		_, err := m.Receive(within(t), make([]driver.Delivery, 1))
		done <- err
	}()
	m.leaveWhile(done)
	for range 2 {
		if err := s.Close(within(t)); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	if err := s.Publish(within(t), texts("", "never")); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("publish after close: error %v", err)
	}
	if _, err := s.Subscribe(within(t), "g", driver.ReadOptions{}); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("subscribe after close: error %v", err)
	}
}

func (m member) leaveWhile(receive <-chan error) {
	m.t.Helper()
	if err := m.Close(within(m.t)); err != nil {
		m.t.Fatal(err)
	}
	if err := <-receive; !errors.Is(err, io.EOF) {
		m.t.Errorf("receive while the reader is closed: error %v, want io.EOF", err)
	}
}

func testSettledTwice(t *testing.T, h Harness) {
	s := open(t, h.Open)
	publish(t, s, texts("", "a", "b")...)
	m := subscribe(t, s, "g")
	first := m.take(1)
	m.ack(first...)
	second := m.take(1)
	m.ack(first...)
	m.settle(true, 0, first...)
	m.nothing()
	m.ack(second...)
	m.nothing()
}

// testPublishers wants what several publish at the same time to be there once,
// and in the order of each.
func testPublishers(t *testing.T, h Harness) {
	const publishers, each = 8, 50
	s := open(t, h.Open)
	m := subscribe(t, s, "g")
	var all sync.WaitGroup
	for p := range publishers {
		all.Go(func() {
			for i := range each {
				if err := s.Publish(within(t), texts(fmt.Sprint(p), fmt.Sprintf("%03d", i))); err != nil {
					t.Errorf("publish: %v", err)
					return
				}
			}
		})
	}
	got := map[string][]string{}
	for range publishers * each {
		d := m.take(1)[0]
		got[d.Key] = append(got[d.Key], string(d.Body))
		m.ack(d)
	}
	all.Wait()
	m.nothing()
	for key, list := range got {
		if len(list) != each || !slices.IsSorted(list) {
			t.Errorf("publisher %s: received %v", key, list)
		}
	}
}

// testCrash wants everything that was published, and nothing twice of what was
// acknowledged and safe.
func testCrash(t *testing.T, h Harness) {
	if h.Crash == nil {
		t.Skip("nothing outlives the process")
	}
	s := h.Open(t)
	publish(t, s, texts("", "a", "b", "c")...)
	r, err := s.Subscribe(within(t), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m := member{t, r}
	m.ack(m.take(1)...)
	m.leave() // makes it durable
	m = subscribe(t, s, "g")
	m.take(1)
	publish(t, s, texts("", "d")...)
	h.Crash(t)
	m = subscribe(t, open(t, h.Open), "g")
	if diff := cmp.Diff([]string{`"b"`, `"c"`, `"d"`}, bodies(m.take(3))); diff != "" {
		t.Errorf("after a crash (-want +got):\n%s", diff)
	}
	m.nothing()
}
