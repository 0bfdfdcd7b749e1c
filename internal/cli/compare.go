package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// maxWrong is how many differences of one answer are told.
const maxWrong = 10

// A comparison collects the differences between JSON values.
type comparison struct {
	tolerance float64 // between numbers
	wrong     []string
}

func (c *comparison) complain(format string, args ...any) {
	if len(c.wrong) < maxWrong {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// raw compares with a value that is not decoded yet.
func (c *comparison) raw(at string, want json.RawMessage, got any) {
	v, err := decode(want)
	if err != nil {
		c.complain("%s: what the case expects is not JSON: %v", at, err)
		return
	}
	c.value(at, v, got)
}

func (c *comparison) value(at string, want, got any) {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			c.objects(at, want, got)
			return
		}
	case []any:
		if got, ok := got.([]any); ok {
			c.lists(at, want, got)
			return
		}
	case json.Number:
		if got, ok := got.(json.Number); ok && c.sameNumber(want, got) {
			return
		}
	default:
		if want == got {
			return
		}
	}
	c.complain("%s is %s, want %s", at, text(got), text(want))
}

func (c *comparison) objects(at string, want, got map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if v, ok := got[key]; ok {
			c.value(at+"."+key, want[key], v)
		} else {
			c.complain("%s has no %q", at, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			c.complain("%s has a %q that is not expected", at, key)
		}
	}
}

func (c *comparison) lists(at string, want, got []any) {
	if len(want) != len(got) {
		c.complain("%s has %s, want %d", at, plural(len(got), "item"), len(want))
		return
	}
	for i := range want {
		c.value(fmt.Sprintf("%s[%d]", at, i), want[i], got[i])
	}
}

// sameNumber compares numbers by their values, whole ones exactly.
func (c *comparison) sameNumber(want, got json.Number) bool {
	if want == got {
		return true
	}
	w, errW := want.Int64()
	g, errG := got.Int64()
	if errW == nil && errG == nil && c.tolerance == 0 {
		return w == g
	}
	x, errX := want.Float64()
	y, errY := got.Float64()
	return errX == nil && errY == nil && (x == y || math.Abs(x-y) <= c.tolerance)
}

// text is a value as a message quotes it.
func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return brief(data)
}
