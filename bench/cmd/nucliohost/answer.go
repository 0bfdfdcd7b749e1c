package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
)

// An answer is what a worker says in JSON: the response that nuclio-sdk makes of what
// a handler returns (nuclio_sdk/response.py).
type answer struct {
	Status   int            `json:"status_code"`
	Type     string         `json:"content_type"`
	Headers  map[string]any `json:"headers"`
	Body     string         `json:"body"`
	Encoding string         `json:"body_encoding"` // "text" or "base64"
}

func parseAnswer(line []byte) (a answer, err error) {
	if err := json.Unmarshal(line, &a); err != nil {
		return a, fmt.Errorf("read an answer: %w", err)
	}
	if a.Status < 200 || a.Status > 999 {
		return a, fmt.Errorf("read an answer: status %d", a.Status)
	}
	if a.Encoding == "base64" {
		body, err := base64.StdEncoding.DecodeString(a.Body)
		if err != nil {
			return a, fmt.Errorf("read an answer: %w", err)
		}
		a.Body = string(body)
	}
	return a, nil
}

// appendTo appends the response to a client.
func (a answer) appendTo(to []byte) []byte {
	to = append(to, "HTTP/1.1 "...)
	to = strconv.AppendInt(to, int64(a.Status), 10)
	to = append(to, " -\r\nContent-Length: "...)
	to = strconv.AppendInt(to, int64(len(a.Body)), 10)
	to = appendField(to, "Content-Type", a.Type)
	for name, value := range a.Headers {
		to = appendField(to, name, fmt.Sprint(value))
	}
	to = append(to, "\r\n\r\n"...)
	return append(to, a.Body...)
}

// appendField appends a field of a head without what would end it.
func appendField(to []byte, name, value string) []byte {
	to = append(to, "\r\n"...)
	for i, text := range []string{name, ": ", value} {
		for _, c := range []byte(text) {
			if c == '\r' || c == '\n' || i == 0 && c == ':' {
				c = '_'
			}
			to = append(to, c)
		}
	}
	return to
}
