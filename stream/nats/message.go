package nats

import (
	"net/url"
	"strings"
	"time"

	client "github.com/nats-io/nats.go"

	"github.com/leat-ml/leat/stream/driver"
)

// Header fields for what a message of NATS has no place for. Keys and ids are
// escaped as in a URL's query, since fields cannot hold every byte.
const (
	keyField   = "Leat-Key"
	idField    = "Leat-Id"
	timeField  = "Leat-Time"
	moreField  = "Leat-More" // header fields that cannot be one, as a URL's query
	packField  = "Leat-Pack" // the body is a pack: of so many records, behind so many others
	idOfServer = client.MsgIdHdr
)

// toNATS is a record as a message of its own.
func toNATS(subject string, m *driver.Message) *client.Msg {
	out := &client.Msg{Subject: subject, Data: m.Body, Header: client.Header{}}
	if m.Key != "" {
		out.Header[keyField] = []string{url.QueryEscape(m.Key)}
	}
	if m.ID != "" {
		out.Header[idField] = []string{url.QueryEscape(m.ID)}
	}
	if !m.Time.IsZero() {
		out.Header[timeField] = []string{m.Time.UTC().Format(time.RFC3339Nano)}
	}
	var more url.Values
	for name, values := range m.Header {
		if plain(name, values) {
			out.Header[name] = values
			continue
		}
		if more == nil {
			more = url.Values{}
		}
		more[name] = values
	}
	if more != nil {
		out.Header[moreField] = []string{more.Encode()}
	}
	return out
}

// plain says whether a header field can be one of NATS as it is. Those that the
// server obeys are not for whoever sent an event to set.
func plain(name string, values []string) bool {
	if len(name) >= 5 && strings.EqualFold(name[:5], "nats-") || strings.EqualFold(name, keyField) ||
		strings.EqualFold(name, idField) || strings.EqualFold(name, timeField) ||
		strings.EqualFold(name, moreField) || strings.EqualFold(name, packField) {
		return false
	}
	if name == "" || len(values) == 0 {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	for _, v := range values {
		if v != strings.TrimSpace(v) {
			return false
		}
		for _, c := range []byte(v) {
			if c < ' ' || c == 0x7f {
				return false
			}
		}
	}
	return true
}

// fromNATS is a message that is one record. What is not written as toNATS does,
// by others, stays as it is.
func fromNATS(in *client.Msg) *driver.Message {
	m := &driver.Message{Body: in.Data}
	for name, values := range in.Header {
		first := ""
		if len(values) > 0 {
			first = values[0]
		}
		switch name {
		case keyField:
			m.Key = unescape(first)
		case idField:
			m.ID = unescape(first)
		case timeField:
			if t, err := time.Parse(time.RFC3339Nano, first); err == nil {
				m.Time = t
			}
		case idOfServer:
		case moreField:
			more, _ := url.ParseQuery(first) // what can be read of it
			for name, values := range more {
				setHeader(m, name, values)
			}
		default:
			setHeader(m, name, values)
		}
	}
	return m
}

func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func setHeader(m *driver.Message, name string, values []string) {
	if m.Header == nil {
		m.Header = map[string][]string{}
	}
	m.Header[name] = values
}
