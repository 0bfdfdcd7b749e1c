package rest

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/oip/jsontext"
)

// What net/http itself answers to a request that it cannot read it writes as text, in
// one piece that begins like this and has no field besides. Answers of a Handler always
// have a date.
const (
	malformedProtocol = "HTTP/1.1 "
	malformedHead     = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
)

// Write implements net.Conn. A refusal of net/http becomes one with a document, like
// all other errors of a server.
func (c *conn) Write(b []byte) (int, error) {
	if !c.from.documents || !isRefusal(b) {
		return c.Conn.Write(b)
	}
	if _, err := c.Conn.Write(refusal(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// isRefusal says whether b is a refusal of net/http: of a status from 400 on, with
// nothing but its words behind the header.
func isRefusal(b []byte) bool {
	const status = len(malformedProtocol)
	if len(b) < status+len(malformedHead) || len(b) > 1<<10 || b[status] < '4' {
		return false
	}
	line, words, found := bytes.Cut(b, []byte(malformedHead))
	return found && bytes.HasPrefix(line, []byte(malformedProtocol)) &&
		!bytes.Contains(line, []byte("\r")) && !bytes.Contains(words, []byte("\r"))
}

// refusals are the words of net/http that say little.
var refusals = map[string]string{
	"400 Bad Request":                     "the request is malformed: its line, its header or its length",
	"431 Request Header Fields Too Large": "the header of the request is too large",
	"Unsupported transfer encoding":       "the transfer encoding of the request is not supported; use chunked",
}

// refusal is a refusal of net/http as a document.
func refusal(b []byte) []byte {
	line, words, _ := bytes.Cut(b, []byte(malformedHead))
	what, known := refusals[string(words)]
	if !known { // the status, and what is wrong
		_, text, _ := strings.Cut(string(words), ": ")
		what = "the request is malformed: " + text
	}
	body := append(jsontext.AppendString([]byte(`{"error":`), what), '}')
	out := slices.Concat(line, []byte("\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "))
	out = append(strconv.AppendInt(out, int64(len(body)), 10), "\r\n\r\n"...)
	return append(out, body...)
}
