package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A testCase is one line of a file of cases.
type testCase struct {
	Name    string          `json:"name"`
	Spec    json.RawMessage `json:"spec"`
	Request json.RawMessage `json:"request"` // one caseRequest, or a list
	Expect  json.RawMessage `json:"expect"`  // one expectation, or a list
	// For people.
	Note   any `json:"note"`
	Source any `json:"source"`
	Models any `json:"models"`

	line     int
	requests []caseRequest
	expects  []expectation
}

// A caseRequest is an event as a case writes it.
type caseRequest struct {
	request
	Body        json.RawMessage `json:"body"` // text as it is, anything else as JSON
	ContentType *string         `json:"content_type"`
	EventID     string          `json:"event_id"`
	TriggerKind string          `json:"trigger_kind"`
}

const maxCase = 64 << 20 // bytes of a line

// readCases reads a file of cases. The error names the line.
func readCases(path string) ([]testCase, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, withoutPath(err))
	}
	defer func() { _ = f.Close() }() // only read
	var cases []testCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxCase)
	line := 0
	for lines.Scan() {
		line++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		c, err := readCase(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		c.line = line
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, line+1, err)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s: there is no case in it", path)
	}
	return cases, nil
}

// readCase reads a line. A key that is not known is an error, since a check
// that is misspelt would never fail.
func readCase(line []byte) (c testCase, err error) {
	if err := strict(line, &c); err != nil {
		return c, err
	}
	if c.expects, err = oneOrMore[expectation](c.Expect); err != nil {
		return c, fmt.Errorf("expect: %w", err)
	}
	if len(c.expects) == 0 {
		return c, errors.New("the case expects nothing")
	}
	if c.uncheckable() != "" {
		return c, nil
	}
	if c.requests, err = oneOrMore[caseRequest](c.Request); err != nil {
		return c, fmt.Errorf("request: %w", err)
	}
	for i := range c.requests {
		if err := c.requests[i].prepare(); err != nil {
			return c, fmt.Errorf("request: %w", err)
		}
	}
	if len(c.requests) != len(c.expects) && !c.expects[0].ofBuild() {
		return c, fmt.Errorf("there are %s, but %s", plural(len(c.requests), "request"), plural(len(c.expects), "expectation"))
	}
	return c, nil
}

func strict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value in the line")
	}
	return nil
}

// oneOrMore reads one T or a list of them; null is none.
func oneOrMore[T any](raw json.RawMessage) ([]T, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] == '[' {
		var many []T
		err := strict(raw, &many)
		return many, err
	}
	one := make([]T, 1)
	err := strict(raw, &one[0])
	return one, err
}

// prepare makes the request what goes over the wire.
func (r *caseRequest) prepare() error {
	if r.Method == "" {
		r.Method = "POST"
	}
	if r.Headers == nil {
		r.Headers = map[string]string{}
	}
	if r.ContentType != nil {
		r.Headers["Content-Type"] = *r.ContentType
	}
	if r.EventID != "" {
		r.Headers["Mlrun-Event-Id"] = r.EventID
	}
	switch {
	case len(r.Body) == 0 || string(r.Body) == "null":
	case r.Body[0] == '"':
		var text string
		if err := json.Unmarshal(r.Body, &text); err != nil {
			return err
		}
		r.body = []byte(text)
	default:
		r.body = r.Body
	}
	return nil
}
