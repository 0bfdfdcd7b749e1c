// Package drivertest is the suite that every driver of a stream passes: [Run] it
// from a test of the driver, against the real thing it speaks to.
package drivertest

import (
	"context"
	"errors"
	"io"
	"testing" //nolint:depguard // a suite for tests
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A Harness is a stream to test, new for every test.
type Harness struct {
	// Open opens the stream; the second time too it is the same one.
	Open func(t *testing.T) driver.Stream
	// Small opens a stream that has room for some messages of 1 KiB for a group
	// that does not acknowledge any, and not for a hundred. nil means that the
	// backend is unbounded.
	Small func(t *testing.T) driver.Stream
	// Limited opens a stream that refuses a record of 1 MiB, and takes small ones.
	// nil means that there is no such limit.
	Limited func(t *testing.T) driver.Stream
	// Crash ends all open streams as kill -9 would. nil means that nothing
	// outlives the process.
	Crash func(t *testing.T)
}

// Run runs the suite.
func Run(t *testing.T, harness func(t *testing.T) Harness) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, h Harness)
	}{
		{"round trip", testRoundTrip},
		{"order of keys", testOrder},
		{"a key at one member", testKeyAtOneMember},
		{"given back", testGivenBack},
		{"later", testLater},
		{"left behind", testLeftBehind},
		{"groups", testGroups},
		{"acknowledged", testAcknowledged},
		{"gaps", testGaps},
		{"latest", testLatest},
		{"lag", testLag},
		{"back-pressure", testBackPressure},
		{"contexts", testContexts},
		{"closing", testClosing},
		{"settled twice", testSettledTwice},
		{"publishers", testPublishers},
		{"crash", testCrash},
		{"restart", testRestart},
		{"poison", testPoison},
		{"oversize", testOversize},
		{"two members", testTwoMembers},
		{"close while publishing", testCloseWhilePublishing},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, harness(t)) })
	}
}

// patience bounds what must not take for ever; nothing is measured with it.
const patience = 2 * time.Minute

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// open opens the stream until the test ends.
func open(t *testing.T, open func(*testing.T) driver.Stream) driver.Stream {
	t.Helper()
	s := open(t)
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func publish(t *testing.T, s driver.Stream, ms ...*driver.Message) {
	t.Helper()
	if err := s.Publish(within(t), ms); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

func texts(key string, bodies ...string) []*driver.Message {
	var out []*driver.Message
	for _, b := range bodies {
		out = append(out, &driver.Message{Key: key, Body: []byte(`"` + b + `"`)})
	}
	return out
}

// A member reads for a group.
type member struct {
	t *testing.T
	driver.Reader
}

func subscribe(t *testing.T, s driver.Stream, group string) member {
	t.Helper()
	return subscribeWith(t, s, group, driver.ReadOptions{})
}

func subscribeWith(t *testing.T, s driver.Stream, group string, o driver.ReadOptions) member {
	t.Helper()
	r, err := s.Subscribe(within(t), group, o)
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Errorf("close reader: %v", err)
		}
	})
	return member{t, r}
}

// take receives n messages.
func (m member) take(n int) []driver.Delivery {
	m.t.Helper()
	var out []driver.Delivery
	buf := make([]driver.Delivery, n)
	for len(out) < n {
		got, err := m.Receive(within(m.t), buf[:n-len(out)])
		if err != nil {
			m.t.Fatalf("receive message %d of %d: %v", len(out)+1, n, err)
		}
		if got == 0 {
			m.t.Fatal("receive returned no message and no error")
		}
		out = append(out, buf[:got]...)
	}
	return out
}

// nothing wants no message to be there. That takes a moment, in which one that
// is wrongly there would have come.
func (m member) nothing() {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	buf := make([]driver.Delivery, 1)
	n, err := m.Receive(ctx, buf)
	if n != 0 {
		m.t.Fatalf("received %s, want nothing", buf[0].Body)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		m.t.Fatalf("receive: error %v, want the context's", err)
	}
}

func (m member) ack(ds ...driver.Delivery) {
	m.t.Helper()
	m.settle(false, 0, ds...)
}

func (m member) settle(again bool, after time.Duration, ds ...driver.Delivery) {
	m.t.Helper()
	batch := make([]driver.Settlement, len(ds))
	for i, d := range ds {
		batch[i] = driver.Settlement{Delivery: d, Again: again, After: after}
	}
	if err := m.Settle(within(m.t), batch); err != nil {
		m.t.Fatalf("settle: %v", err)
	}
}

func (m member) leave() {
	m.t.Helper()
	if err := m.Close(within(m.t)); err != nil {
		m.t.Fatalf("close reader: %v", err)
	}
	if _, err := m.Receive(within(m.t), make([]driver.Delivery, 1)); !errors.Is(err, io.EOF) {
		m.t.Fatalf("receive after close: error %v, want io.EOF", err)
	}
}

func bodies(ds []driver.Delivery) []string {
	out := make([]string, len(ds))
	for i, d := range ds {
		out[i] = string(d.Body)
	}
	return out
}
