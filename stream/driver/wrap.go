package driver

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/leat-ml/leat/oip/jsontext"
)

// The wrapper is how MLRun's queues write an event whose id and key have no
// place beside the body: {"full_event_wrapper":true,"body":…,"key":…,"id":…}.
// time and headers are ours, and so is encoding, which says how a body that is
// not JSON is written: "text", or "base64" where it is not UTF-8 either.
const wrapperKey = `"full_event_wrapper"`

type wrapper struct {
	Full     *bool               `json:"full_event_wrapper"`
	Body     json.RawMessage     `json:"body"`
	Encoding string              `json:"encoding"`
	Key      loose               `json:"key"`
	ID       loose               `json:"id"`
	Time     time.Time           `json:"time"`
	Headers  map[string][]string `json:"headers"`
}

// loose is a text that others may write as a number.
type loose string

// UnmarshalJSON takes a string without its quotes and anything else as it is.
func (l *loose) UnmarshalJSON(text []byte) error {
	var s string
	switch {
	case string(text) == "null":
	case json.Unmarshal(text, &s) == nil:
		*l = loose(s)
	default:
		*l = loose(text)
	}
	return nil
}

// Wrap appends a message to dst in the wrapper, as one line of JSON without its
// end. Line ends between the tokens of a JSON body become spaces.
func Wrap(dst []byte, m *Message) []byte {
	dst = append(dst, '{')
	dst = append(dst, wrapperKey...)
	dst = append(dst, `:true,"body":`...)
	switch {
	case json.Valid(m.Body):
		dst = AppendLine(dst, m.Body)
	case utf8.Valid(m.Body):
		dst = jsontext.AppendString(dst, string(m.Body))
		dst = append(dst, `,"encoding":"text"`...)
	default:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, m.Body)
		dst = append(dst, `","encoding":"base64"`...)
	}
	if m.Key != "" {
		dst = jsontext.AppendString(append(dst, `,"key":`...), m.Key)
	}
	if m.ID != "" {
		dst = jsontext.AppendString(append(dst, `,"id":`...), m.ID)
	}
	if !m.Time.IsZero() {
		dst = m.Time.UTC().AppendFormat(append(dst, `,"time":"`...), time.RFC3339Nano)
		dst = append(dst, '"')
	}
	if len(m.Header) > 0 {
		dst = appendHeaders(append(dst, `,"headers":`...), m.Header)
	}
	return append(dst, '}')
}

// AppendLine appends a valid JSON text without its line ends, which can only be
// between tokens.
func AppendLine(dst, text []byte) []byte {
	from := len(dst)
	dst = append(dst, text...)
	for i, c := range dst[from:] {
		if c == '\n' || c == '\r' {
			dst[from+i] = ' '
		}
	}
	return dst
}

func appendHeaders(dst []byte, h map[string][]string) []byte {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		dst = append(dst, "{,"[min(i, 1)])
		dst = append(jsontext.AppendString(dst, name), ':')
		dst = append(jsontext.AppendStrings(append(dst, '['), h[name]), ']')
	}
	return append(dst, '}')
}

// IsWrapped says whether a record looks as Wrap writes it, so that a body which
// does must be wrapped itself.
func IsWrapped(record []byte) bool {
	record = bytes.TrimLeft(record, " \t\r\n")
	return len(record) > 0 && record[0] == '{' && bytes.Contains(record, []byte(wrapperKey))
}

var errWrapper = errors.New("not an event in MLRun's wrapper")

// Unwrap reads what Wrap, or MLRun, has written. The message refers to record,
// which must not change any more. A record without the wrapper is an error.
func Unwrap(record []byte) (*Message, error) {
	var w wrapper
	if !IsWrapped(record) {
		return nil, errWrapper
	}
	if err := json.Unmarshal(record, &w); err != nil {
		return nil, err
	}
	if w.Full == nil || !*w.Full {
		return nil, errWrapper
	}
	m := &Message{Key: string(w.Key), ID: string(w.ID), Time: w.Time, Header: w.Headers}
	return m, w.decode(m)
}

func (w *wrapper) decode(m *Message) error {
	var text string
	switch w.Encoding {
	case "":
		m.Body = w.Body
		return nil
	case "text", "base64":
		if err := json.Unmarshal(w.Body, &text); err != nil {
			return err
		}
	default:
		return errors.New("a body in an unknown encoding")
	}
	m.Body = []byte(text)
	if w.Encoding == "text" {
		return nil
	}
	var err error
	m.Body, err = base64.StdEncoding.DecodeString(text)
	return err
}
