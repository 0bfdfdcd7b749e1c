package drivertest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing" //nolint:depguard // a suite for tests
	"time"

	"github.com/google/go-cmp/cmp" //nolint:depguard // a suite for tests

	"github.com/leat-ml/leat/stream/driver"
)

func testRoundTrip(t *testing.T, h Harness) {
	s := open(t, h.Open)
	binary := make([]byte, 512)
	for i := range binary {
		binary[i] = byte(i)
	}
	when := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)
	headers := map[string][]string{"Content-Type": {"application/json"}, "X-Two": {"a", `b"\ ü`}}
	ms := []*driver.Message{
		{Body: []byte(`{"a": 1}`)},
		{Body: []byte(`12`)},
		{Body: []byte(`null`)},
		{Body: []byte{}},
		{Body: []byte("text\nin lines\r\n")},
		{Body: []byte("   ")},
		{Body: binary},
		{Body: []byte(`{"full_event_wrapper": true, "body": 1, "key": "not mine"}`)},
		{Body: []byte(`{"full_event_wrapper": 1}`)},
		{Key: "key ü\n", ID: "id\x00", Header: headers, Time: when, Body: []byte(`[1,2]`)},
		{Key: "k", Body: []byte{}},
		{ID: "i", Body: binary},
		{ID: "big", Body: append(append([]byte{'"'}, bytes.Repeat([]byte("0123456789abcdef"), 1<<16)...), '"')},
	}
	publish(t, s, ms...)
	m := subscribe(t, s, "g")
	got := m.take(len(ms))
	last := int64(-1 << 62)
	for i, d := range got {
		want := ms[i]
		if !bytes.Equal(d.Body, want.Body) {
			t.Errorf("message %d: body %.80q, want %.80q", i, d.Body, want.Body)
		}
		if d.Key != want.Key || d.ID != want.ID || !cmp.Equal(d.Header, want.Header) {
			t.Errorf("message %d: key %q, id %q, headers %v, want %q, %q, %v", i, d.Key, d.ID, d.Header, want.Key, want.ID, want.Header)
		}
		if !want.Time.IsZero() && !d.Time.Equal(want.Time) {
			t.Errorf("message %d: time %v, want %v", i, d.Time, want.Time)
		}
		if d.Partition == got[0].Partition && d.Offset <= last {
			t.Errorf("message %d: offset %d after %d", i, d.Offset, last)
		}
		last = d.Offset
		if d.Attempt > 1 {
			t.Errorf("message %d: attempt %d, want the first", i, d.Attempt)
		}
	}
	m.ack(got...)
	m.nothing()
}

func testOrder(t *testing.T, h Harness) {
	s := open(t, h.Open)
	var batch []*driver.Message
	want := map[string][]string{}
	for i := range 60 {
		key := fmt.Sprintf("k%d", i%3)
		m := texts(key, fmt.Sprint(i))[0]
		want[key] = append(want[key], string(m.Body))
		if batch = append(batch, m); len(batch) == 7 {
			publish(t, s, batch...)
			batch = nil
		}
	}
	publish(t, s, batch...)
	m := subscribe(t, s, "g")
	got := map[string][]string{}
	for range 60 {
		d := m.take(1)[0]
		got[d.Key] = append(got[d.Key], string(d.Body))
		m.ack(d)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of keys (-want +got):\n%s", diff)
	}
}

// testKeyAtOneMember wants the messages of a key to be at one member at a time,
// and in their order all the same when another has the next.
func testKeyAtOneMember(t *testing.T, h Harness) {
	s := open(t, h.Open)
	a, b := subscribe(t, s, "g"), subscribe(t, s, "g")
	publish(t, s, texts("k", "1", "2")...)
	publish(t, s, texts("other", "3", "4")...)
	var mu sync.Mutex
	var got []string
	work := map[string]int{} // of each key, at members
	var all sync.WaitGroup
	for _, m := range []member{a, b} {
		all.Go(func() {
			buf := make([]driver.Delivery, 1)
			for {
				n, err := m.Receive(within(t), buf)
				if err != nil || n == 0 {
					return
				}
				mu.Lock()
				if work[buf[0].Key]++; work[buf[0].Key] > 1 {
					t.Errorf("key %s is at two members", buf[0].Key)
				}
				got = append(got, string(buf[0].Body))
				done := len(got) == 4
				mu.Unlock()
				time.Sleep(time.Millisecond) // in which the other could get the next
				mu.Lock()
				work[buf[0].Key]--
				mu.Unlock()
				m.ack(buf[0])
				if done {
					for _, m := range []member{a, b} {
						if err := m.Close(within(t)); err != nil {
							t.Errorf("close: %v", err)
						}
					}
				}
			}
		})
	}
	all.Wait()
	if slices.Index(got, `"1"`) > slices.Index(got, `"2"`) || slices.Index(got, `"3"`) > slices.Index(got, `"4"`) || len(got) != 4 {
		t.Errorf("received %v, want 1 before 2 and 3 before 4", got)
	}
}

func testGivenBack(t *testing.T, h Harness) {
	s := open(t, h.Open)
	publish(t, s, texts("", "a", "b")...)
	m := subscribe(t, s, "g")
	first := m.take(2)
	m.settle(true, 0, first[0])
	m.ack(first[1])
	again := m.take(1)
	if diff := cmp.Diff([]string{`"a"`}, bodies(again)); diff != "" {
		t.Errorf("delivered again (-want +got):\n%s", diff)
	}
	if a := again[0].Attempt; a != 0 && a < 2 {
		t.Errorf("attempt %d, want the second", a)
	}
	m.ack(again...)
	m.nothing()
}

// testLater wants a message that has to wait to come all the same, and those of
// other keys before it to.
func testLater(t *testing.T, h Harness) {
	s := open(t, h.Open)
	publish(t, s, texts("slow", "a")...)
	publish(t, s, texts("fast", "b")...)
	m := subscribe(t, s, "g")
	for _, d := range m.take(2) {
		if d.Key == "slow" {
			m.settle(true, 20*time.Millisecond, d)
		} else {
			m.ack(d)
		}
	}
	got := m.take(1)
	if diff := cmp.Diff([]string{`"a"`}, bodies(got)); diff != "" {
		t.Errorf("delivered later (-want +got):\n%s", diff)
	}
	m.ack(got...)
	m.nothing()
}

func testLeftBehind(t *testing.T, h Harness) {
	s := open(t, h.Open)
	publish(t, s, texts("k", "a", "b", "c")...)
	one := subscribe(t, s, "g")
	got := one.take(3)
	one.ack(got[0])
	two := subscribe(t, s, "g")
	came := make(chan []driver.Delivery)
	go func() {
		buf := make([]driver.Delivery, 1)
		n, err := two.Receive(within(t), buf)
		if err != nil {
			t.Errorf("receive while another leaves: %v", err)
		}
		came <- buf[:n]
	}()
	time.Sleep(20 * time.Millisecond) // as a rule it waits by now
	one.leave()
	if err := one.Close(within(t)); err != nil {
		t.Errorf("close twice: %v", err)
	}
	rest := append(<-came, two.take(1)...)
	if diff := cmp.Diff([]string{`"b"`, `"c"`}, bodies(rest)); diff != "" {
		t.Errorf("what was left behind (-want +got):\n%s", diff)
	}
	two.leave()
	three := subscribe(t, s, "g")
	if diff := cmp.Diff(bodies(rest), bodies(three.take(2))); diff != "" {
		t.Errorf("left behind without another member (-want +got):\n%s", diff)
	}
}

func testGroups(t *testing.T, h Harness) {
	s := open(t, h.Open)
	a1, a2, b := subscribe(t, s, "a"), subscribe(t, s, "a"), subscribe(t, s, "b")
	var want []string
	for i := range 20 {
		m := texts("", fmt.Sprintf("%02d", i))
		want = append(want, string(m[0].Body))
		publish(t, s, m...)
	}
	var shared []driver.Delivery
	for len(shared) < 20 {
		shared = append(shared, a1.take(1)...)
		shared = append(shared, a2.take(1)...)
	}
	both := bodies(shared)
	slices.Sort(both)
	if diff := cmp.Diff(want, both); diff != "" {
		t.Errorf("shared by a group (-want +got):\n%s", diff)
	}
	own := bodies(b.take(20))
	slices.Sort(own)
	if diff := cmp.Diff(want, own); diff != "" {
		t.Errorf("another group (-want +got):\n%s", diff)
	}
}

func testAcknowledged(t *testing.T, h Harness) {
	s := h.Open(t)
	publish(t, s, texts("", "a", "b", "c")...)
	m := subscribe(t, s, "g")
	m.ack(m.take(2)...)
	m.leave()
	if err := s.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	again := open(t, h.Open)
	m = subscribe(t, again, "g")
	if diff := cmp.Diff([]string{`"c"`}, bodies(m.take(1))); diff != "" {
		t.Errorf("behind what was acknowledged (-want +got):\n%s", diff)
	}
}

// testGaps acknowledges out of order: nothing may be lost by that.
func testGaps(t *testing.T, h Harness) {
	s := open(t, h.Open)
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("%02d", i))
	}
	publish(t, s, texts("", names...)...)
	m := subscribe(t, s, "g")
	var want []string
	for i, d := range m.take(40) {
		if i%3 == 1 {
			want = append(want, string(d.Body))
			continue
		}
		m.ack(d)
	}
	m.leave()
	m = subscribe(t, s, "g")
	for _, body := range want {
		for {
			d := m.take(1)[0]
			if m.ack(d); string(d.Body) == body {
				break
			}
		}
	}
	if !strings.HasPrefix(want[0], `"01`) {
		t.Fatal("the test is wrong")
	}
}

func testLatest(t *testing.T, h Harness) {
	s := open(t, h.Open)
	publish(t, s, texts("", "old")...)
	m := subscribeWith(t, s, "late", driver.ReadOptions{Latest: true})
	publish(t, s, texts("", "new")...)
	if diff := cmp.Diff([]string{`"new"`}, bodies(m.take(1))); diff != "" {
		t.Errorf("from now on (-want +got):\n%s", diff)
	}
}
