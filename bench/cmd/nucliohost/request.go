package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxLine   = 16 << 10 // bytes of a line of a request's head
	maxFields = 100
	maxBody   = 64 << 20
)

var errRequest = errors.New("malformed request")

// A request is one of HTTP/1.1, with Content-Length or without a body.
type request struct {
	method, path, contentType string
	fields                    []field
	body                      []byte // used again by the next one
}

type field struct{ name, value string }

// read reads the next request.
func (r *request) read(in *bufio.Reader) error {
	line, err := readLine(in)
	if err != nil {
		return err
	}
	method, rest, _ := strings.Cut(line, " ")
	target, version, _ := strings.Cut(rest, " ")
	if method == "" || target == "" || !strings.HasPrefix(version, "HTTP/1.") {
		return errRequest
	}
	r.method, r.contentType, r.fields = method, "", r.fields[:0]
	r.path, _, _ = strings.Cut(target, "?")
	length, err := r.readFields(in)
	if err != nil {
		return err
	}
	return r.readBody(in, length)
}

// readFields reads up to the empty line, and returns the length of the body.
func (r *request) readFields(in *bufio.Reader) (length int, err error) {
	for len(r.fields) <= maxFields {
		line, err := readLine(in)
		if err != nil || line == "" {
			return length, err
		}
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok:
			return 0, errRequest
		case strings.EqualFold(name, "Content-Type"):
			r.contentType = value
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(value); err != nil || length < 0 || length > maxBody {
				return 0, fmt.Errorf("content length %q: %w", value, errRequest)
			}
		case strings.EqualFold(name, "Transfer-Encoding"):
			return 0, errRequest
		}
		r.fields = append(r.fields, field{name, value})
	}
	return 0, errRequest
}

// readBody makes room as bytes arrive, so that a lie about the length costs nothing.
func (r *request) readBody(in *bufio.Reader, length int) error {
	body := bytes.NewBuffer(r.body[:0])
	_, err := io.CopyN(body, in, int64(length))
	r.body = body.Bytes()
	return err
}

// readLine returns a line without its end.
func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
}
