package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// An expectation is what a case wants of one answer.
type expectation struct {
	Status      int                        `json:"status"`
	ContentType string                     `json:"content_type"` // the beginning of it
	Body        json.RawMessage            `json:"body"`
	BodySubset  map[string]json.RawMessage `json:"body_subset"`
	BodyText    string                     `json:"body_text"`
	BodyRegex   string                     `json:"body_regex"`
	KeysOrder   []string                   `json:"keys_order"`
	Absent      []string                   `json:"absent"`
	Tolerance   float64                    `json:"tolerance"` // of numbers in a body
	// BuildError is what the problems of the case's spec say.
	BuildError string `json:"build_error"`
	// What needs code to be checked.
	Predicate       string `json:"predicate"`
	StreamPredicate any    `json:"stream_predicate"`
	Serialized      any    `json:"serialized"`
	Value           any    `json:"value"`
}

func (e *expectation) ofBuild() bool { return e.BuildError != "" }

// uncheckable is the key that cannot be checked here; "" if all can.
func (e *expectation) uncheckable() string {
	switch {
	case e.Predicate != "":
		return "predicate"
	case e.StreamPredicate != nil:
		return "stream_predicate"
	case e.Serialized != nil:
		return "serialized"
	case e.Value != nil:
		return "value"
	}
	return ""
}

// check is everything in which an answer is not as expected.
func (e *expectation) check(a answer) (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if e.Status != 0 && a.status != e.Status {
		complain("status %d, want %d; body %s", a.status, e.Status, brief(a.body))
	}
	if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, e.ContentType) {
		complain("content type %q, want %q", got, e.ContentType)
	}
	if e.BodyText != "" && string(a.body) != e.BodyText {
		complain("body %s, want the text %q", brief(a.body), e.BodyText)
	}
	if e.BodyRegex != "" {
		switch re, err := regexp.Compile(e.BodyRegex); {
		case err != nil:
			complain("body_regex: %v", err)
		case !re.Match(a.body):
			complain("body %s does not match %s", brief(a.body), e.BodyRegex)
		}
	}
	return append(wrong, e.checkJSON(a.body)...)
}

// checkJSON is what is wrong with a body that should be JSON.
func (e *expectation) checkJSON(body []byte) []string {
	members := len(e.BodySubset) > 0 || len(e.Absent) > 0 || len(e.KeysOrder) > 0
	if len(e.Body) == 0 && !members {
		return nil
	}
	got, err := decode(body)
	if err != nil {
		return []string{fmt.Sprintf("body %s is not JSON: %v", brief(body), err)}
	}
	c := comparison{tolerance: e.Tolerance}
	if len(e.Body) > 0 {
		c.raw("body", e.Body, got)
	}
	if !members {
		return c.wrong
	}
	o, ok := got.(map[string]any)
	if !ok {
		return append(c.wrong, fmt.Sprintf("body %s is not an object", brief(body)))
	}
	for _, key := range slices.Sorted(maps.Keys(e.BodySubset)) {
		c.raw(key, e.BodySubset[key], o[key])
	}
	for _, key := range e.Absent {
		if _, ok := o[key]; ok {
			c.complain("there is a %q", key)
		}
	}
	if keys := keysOf(body); len(e.KeysOrder) > 0 && !slices.Equal(keys, e.KeysOrder) {
		c.complain("the keys are %s, want %s", strings.Join(keys, ", "), strings.Join(e.KeysOrder, ", "))
	}
	return c.wrong
}

func decode(data []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// keysOf are the keys of a JSON object in their order.
func keysOf(body []byte) (keys []string) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return keys
		}
		keys = append(keys, fmt.Sprint(key))
		var skip json.RawMessage
		if dec.Decode(&skip) != nil {
			return keys
		}
	}
	return keys
}

// brief is a body as a message quotes it.
func brief(body []byte) string {
	const shown = 500
	if len(body) == 0 {
		return "(empty)"
	}
	if len(body) > shown {
		return string(body[:shown]) + " …"
	}
	return string(body)
}
