package file

import (
	"bytes"
	"encoding/json"

	"github.com/leat-ml/leat/stream/driver"
)

// appendRecord appends a message as one line: its body alone where that says
// everything and cannot be taken for the wrapper, else in the wrapper.
func appendRecord(dst []byte, m *driver.Message) []byte {
	alone := m.Key == "" && m.ID == "" && len(m.Header) == 0
	switch {
	case alone && m.Line:
		dst = append(dst, m.Body...)
	case alone && !driver.IsWrapped(m.Body) && json.Valid(m.Body):
		dst = driver.AppendLine(dst, bytes.TrimSpace(m.Body))
	default:
		dst = driver.Wrap(dst, m)
	}
	return append(dst, '\n')
}

// parseRecord reads a line without its end. The message refers to it. ok is
// false for what is no record: an empty line, or one that was torn off.
func parseRecord(line []byte) (m *driver.Message, ok bool) {
	if driver.IsWrapped(line) {
		if m, err := driver.Unwrap(line); err == nil {
			return m, true
		}
	}
	if !json.Valid(line) {
		return nil, false
	}
	return &driver.Message{Body: line}, true
}
