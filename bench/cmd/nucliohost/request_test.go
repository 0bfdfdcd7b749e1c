package main

import (
	"bufio"
	"strings"
	"testing"
)

func TestReadRequest(t *testing.T) {
	for _, tt := range []struct {
		text, method, path, body string
		ok                       bool
	}{
		{"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/a", "", true},
		{"POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcd", "POST", "/a", "abc", true},
		{"POST /a HTTP/1.1\nContent-Length:3\n\nabc", "POST", "/a", "abc", true},
		{"POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", "", "", "", false},
		{"POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "", "", "", false},
		{"POST /a HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "", "", "", false},
		{"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "", "", "", false},
		{"POST /a HTTP/1.1\r\nno field\r\n\r\n", "", "", "", false},
		{"POST /a\r\n\r\n", "", "", "", false},
		{"GET /a HTTP/1.1\r\n" + strings.Repeat("a: b\r\n", 500) + "\r\n", "", "", "", false},
		{"GET /" + strings.Repeat("a", maxLine) + " HTTP/1.1\r\n\r\n", "", "", "", false},
		{"", "", "", "", false},
	} {
		var r request
		err := r.read(bufio.NewReaderSize(strings.NewReader(tt.text), maxLine))
		if (err == nil) != tt.ok || err == nil && (r.method != tt.method || r.path != tt.path || string(r.body) != tt.body) {
			t.Errorf("%.60q: %+v, %v", tt.text, r, err)
		}
	}
}

func TestParseAnswer(t *testing.T) {
	for _, tt := range []struct {
		line, want string
	}{
		{`{"status_code":200,"content_type":"a/b","body":"c","body_encoding":"text","headers":{}}`, "HTTP/1.1 200 -\r\nContent-Length: 1\r\nContent-Type: a/b\r\n\r\nc"},
		{`{"status_code":400,"body":"YQ==","body_encoding":"base64","headers":{"x:\r\ny":"1\r\n2"}}`, "HTTP/1.1 400 -\r\nContent-Length: 1\r\nContent-Type: \r\nx___y: 1__2\r\n\r\na"},
		{`{"status_code":200,"body":"%","body_encoding":"base64"}`, ""},
		{`{"status_code":0}`, ""},
		{`[]`, ""},
		{``, ""},
	} {
		a, err := parseAnswer([]byte(tt.line))
		if (err != nil) != (tt.want == "") || err == nil && string(a.appendTo(nil)) != tt.want {
			t.Errorf("%s: %q, %v", tt.line, a.appendTo(nil), err)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
	f.Add("GET / HTTP/1.1\r\nA: b\r\nContent-Type: c\r\n\r\nGET / HTTP/1.1\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := bufio.NewReaderSize(strings.NewReader(text), maxLine)
		for r := (request{}); r.read(in) == nil; {
			if len(r.body) > len(text) || len(r.fields) > maxFields+1 {
				t.Errorf("%q: %d bytes, %d fields", text, len(r.body), len(r.fields))
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"status_code":200,"content_type":"a","headers":{"b":1},"body":"YQ==","body_encoding":"base64"}`)
	f.Fuzz(func(t *testing.T, line string) {
		a, err := parseAnswer([]byte(line))
		if err != nil {
			return
		}
		head, _, ok := strings.Cut(string(a.appendTo(nil)), "\r\n\r\n")
		if !ok || strings.Count(head, "\n") != 2+len(a.Headers) {
			t.Errorf("%q: head %q", line, head)
		}
	})
}
