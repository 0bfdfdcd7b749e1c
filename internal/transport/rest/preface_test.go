package rest

import (
	"context"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// TestHTTP2IsRefused has a client that begins with HTTP/2 told at once that it is wrong
// here, even where it has sent more than is read, and the handler told of nothing.
func TestHTTP2IsRefused(t *testing.T) {
	const (
		preface  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
		settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	)
	never := handlerFunc(func(context.Context, *serve.Event) (*serve.Event, error) {
		t.Error("the preface is taken for a request")
		return nil, context.Canceled
	})
	for _, tt := range []struct {
		name    string
		options Options
		sent    string
	}{
		{"the preface", Options{}, preface},
		{"by MLRun's contract", Options{MLRun: true}, preface + settings},
		{"with more behind it", Options{}, preface + settings + strings.Repeat("x", 3_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := overSocket(t, New(never, tt.options), tt.sent)
			head, body, _ := strings.Cut(got, "\r\n\r\n")
			if !strings.HasPrefix(head, "HTTP/1.1 505 ") || !strings.Contains(head, "\r\nConnection: close") || body != onlyOne {
				t.Errorf("the answer is %q", got)
			}
		})
	}
}
