package rest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestMalformed has requests that net/http refuses answered with a document, as all
// others that fail.
func TestMalformed(t *testing.T) {
	large := "GET / HTTP/1.1\r\nHost: x\r\nX: "
	large += strings.Repeat("y", maxHeader+4096-len(large)) // all that is read: what is left unread would reset the connection
	for _, tt := range []struct {
		name, request string
		status        int
		has           string
	}{
		{"no HTTP", "hello\r\n\r\n", 400, "malformed"},
		{"a path that cannot be read", "GET /v2/models/%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", 400, "missing required Host header"},
		{"a negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400, "malformed"},
		{"a field with a space", "GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400, "invalid header name"},
		{"a large header", large, 431, "too large"},
		{"another encoding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "use chunked"},
		{"another version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "unsupported protocol version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := overSocket(t, New(handlerFunc(echo), Options{}), tt.request)
			resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var doc struct{ Error string }
			if err := json.Unmarshal(body, &doc); err != nil || resp.StatusCode != tt.status || !strings.Contains(doc.Error, tt.has) {
				t.Errorf("%q: want %d with %q: %v", text, tt.status, tt.has, err)
			}
			if resp.Header.Get("Content-Type") != "application/json" || !resp.Close {
				t.Errorf("the header is %v", resp.Header)
			}
			if old := overSocket(t, New(handlerFunc(echo), Options{MLRun: true}), tt.request); !strings.Contains(old, "text/plain") {
				t.Errorf("by MLRun's contract: %q", old)
			}
		})
	}
}

// TestNotRefusals has nothing else taken for a refusal of net/http.
func TestNotRefusals(t *testing.T) {
	for _, text := range []string{
		"", "HTTP/1.1 400 Bad Request", "HTTP/1.1 200 OK" + malformedHead + "x",
		"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nDate: x\r\nConnection: close\r\n\r\n400 Bad Request",
		"HTTP/1.1 400 Bad Request\r\nDate: x" + malformedHead + "400 Bad Request",
		"HTTP/1.1 400 Bad Request" + malformedHead + "400 Bad Request\r\n", "POST / 1.1 400" + malformedHead,
		"HTTP/1.1 400 Bad Request" + malformedHead + strings.Repeat("x", 1<<10),
	} {
		if isRefusal([]byte(text)) {
			t.Errorf("%q is taken for a refusal", text)
		}
	}
}
