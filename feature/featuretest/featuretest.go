// Package featuretest is the suite that every source of features passes. A source
// is filled with [Customers] and [Readings], and given to [Run].
package featuretest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing" //nolint:depguard // it is for tests
	"time"

	"github.com/google/go-cmp/cmp" //nolint:depguard // it is for tests

	"github.com/leat-ml/leat/feature"
)

// Customers are rows of features by the whole number id. A source has the columns
// in any order, and further ones. What is nil is missing.
var Customers = map[int64]feature.Row{
	7:   {int64(30), 1000.5, true, "Bonn"},
	8:   {nil, 3000.25, false, nil},
	9:   {int64(9007199254740993), -0.5, nil, "Saint-Étienne, \"Loire\" \\ 'x'"},
	-10: {int64(-3), nil, nil, nil},
}

// Columns are the names of the features of [Customers], with their kinds.
var Columns = []feature.Column{
	{Name: "age", Kind: feature.Int}, {Name: "income", Kind: feature.Float}, {Name: "active", Kind: feature.Bool}, {Name: "city", Kind: feature.Text},
}

// Readings are rows of one feature, value, by the texts country and device.
var Readings = map[[2]string]feature.Row{
	{"DE", "a"}: {1.5}, {"DE", "b"}: {2.5}, {"FR", "a"}: {3.5}, {"FR", "it's"}: {4.5},
}

// A Harness is a source to test.
type Harness struct {
	// Customers and Readings open the sources with them. They are not started.
	Customers, Readings func(t testing.TB, features ...string) feature.Source
	// Untyped says that the source has no kinds of columns.
	Untyped bool
	// Down stops the server that the source asks, and Up starts it again; nil
	// where there is none.
	Down, Up func(t testing.TB)
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Run("present and absent", h.present)
	t.Run("several entities", h.several)
	t.Run("keys of other types", h.otherTypes)
	t.Run("many keys", h.many)
	t.Run("chosen features", h.chosen)
	t.Run("cancelled", h.cancelled)
	t.Run("concurrent", h.concurrent)
	t.Run("wrong features", h.wrong)
	if h.Down != nil {
		t.Run("down and back", h.downAndBack)
	}
}

var names = []string{"age", "income", "active", "city"}

func started(t testing.TB, s feature.Source) feature.Source {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// found wants rows for keys.
func found(t *testing.T, s feature.Source, keys []feature.Key, want []feature.Row) {
	t.Helper()
	got, err := s.Lookup(t.Context(), keys)
	if err != nil {
		t.Error(err)
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows for %v (-want +got):\n%s", keys, d)
	}
}

// present looks up what is there, partly null, absent and asked for twice.
func (h Harness) present(t *testing.T) {
	s := started(t, h.Customers(t, names...))
	for i, c := range s.Columns() {
		want := Columns[i]
		if h.Untyped {
			want.Kind = feature.Any
		}
		if c.Name != want.Name || c.Kind != want.Kind {
			t.Errorf("column %d is %s of kind %d, want %s of %d", i, c.Name, c.Kind, want.Name, want.Kind)
		}
	}
	found(t, s, []feature.Key{{"8"}, {"7"}, {"1"}, {"9"}, {"7"}, {"-10"}},
		[]feature.Row{Customers[8], Customers[7], nil, Customers[9], Customers[7], Customers[-10]})
	found(t, s, []feature.Key{{"1"}}, []feature.Row{nil})
	found(t, s, []feature.Key{}, []feature.Row{})
}

func (h Harness) several(t *testing.T) {
	s := started(t, h.Readings(t, "value"))
	found(t, s, []feature.Key{{"FR", "a"}, {"DE", "c"}, {"DE", "b"}, {"a", "FR"}, {"FR", "it's"}, {"DE", ""}},
		[]feature.Row{{3.5}, nil, {2.5}, nil, {4.5}, nil})
}

// otherTypes: a key that cannot be one is not there, whatever it holds.
func (h Harness) otherTypes(t *testing.T) {
	s := started(t, h.Customers(t, names...))
	for _, key := range []string{"", "x", "7.5", "7.0", " 7", "07", "+7", "0x7", "7e0", "true", "null", "99999999999999999999", "7\x00", "\xff", "'; DROP TABLE customers; --", "7 OR 1=1", "*", "\u0667"} {
		found(t, s, []feature.Key{{key}, {"7"}}, []feature.Row{nil, Customers[7]})
	}
	readings := started(t, h.Readings(t, "value"))
	for _, key := range []string{"\x00", "\xff", "DE' OR '1'='1", `"`, `\`, "{}", "[1,2]", strings.Repeat("x", 1<<12)} {
		found(t, readings, []feature.Key{{"DE", key}, {key, "a"}, {"DE", "a"}}, []feature.Row{nil, nil, {1.5}})
	}
}

// many asks for more keys than a statement could have parameters.
func (h Harness) many(t *testing.T) {
	s := started(t, h.Customers(t, names...))
	const n = 10000
	keys, want := make([]feature.Key, n), make([]feature.Row, n)
	for i := range keys {
		id := int64(i%1000 - 20)
		keys[i], want[i] = feature.Key{strconv.FormatInt(id, 10)}, Customers[id]
	}
	found(t, s, keys, want)
}

func (h Harness) chosen(t *testing.T) {
	s := started(t, h.Customers(t, "city", "age"))
	found(t, s, []feature.Key{{"7"}}, []feature.Row{{"Bonn", int64(30)}})
}

func (h Harness) cancelled(t *testing.T) {
	s := started(t, h.Customers(t, names...))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if rows, err := s.Lookup(ctx, []feature.Key{{"7"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits, and it answers %v, error %v", rows, err)
	}
	found(t, s, []feature.Key{{"7"}}, []feature.Row{Customers[7]})
}

func (h Harness) concurrent(t *testing.T) {
	s := started(t, h.Customers(t, names...))
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			for i := range 20 {
				id := int64(7 + (g+i)%3)
				found(t, s, []feature.Key{{strconv.FormatInt(id, 10)}, {"1"}}, []feature.Row{Customers[id], nil})
			}
		})
	}
	wg.Wait()
}

// wrong: a feature that is not there is told at the start, where columns are known.
func (h Harness) wrong(t *testing.T) {
	if h.Untyped {
		return
	}
	for _, name := range []string{"height", `age" FROM customers; --`, "age, city", "*"} {
		s := h.Customers(t, name)
		if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("there is no column %q", name)) {
			t.Errorf("feature %s: error %v", name, err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// downAndBack: without the server a lookup fails soon, and works when it is back.
func (h Harness) downAndBack(t *testing.T) {
	s := started(t, h.Customers(t, names...))
	key := []feature.Key{{"7"}}
	found(t, s, key, []feature.Row{Customers[7]})
	h.Down(t)
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		if rows, err := s.Lookup(ctx, key); err == nil || ctx.Err() != nil {
			t.Errorf("the server is down, and it answers %v, error %v (%v)", rows, err, ctx.Err())
		}
		cancel()
	}
	h.Up(t)
	found(t, s, key, []feature.Row{Customers[7]})
}
