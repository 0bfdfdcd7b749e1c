package httpread

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestPart(t *testing.T) {
	for want, at := range map[string][2]int64{"": {0, -1}, "bytes=2-4": {2, 3}, "bytes=0-0": {0, 1}, "bytes=6-": {6, -1}} {
		if got := Part(at[0], at[1]); got != want {
			t.Errorf("%d bytes from %d: %q, want %q", at[1], at[0], got, want)
		}
	}
}

func TestReader(t *testing.T) {
	resp := &http.Response{
		Header: http.Header{"Content-Type": {"text/plain"}, "Last-Modified": {"Fri, 02 Jan 2026 03:04:05 GMT"}},
		Body:   io.NopCloser(strings.NewReader("text")), ContentLength: 4,
	}
	r := &Reader{resp}
	a := r.Attributes()
	if a.ContentType != "text/plain" || a.Size != 4 || !a.ModTime.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v", a)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != "text" || r.Close() != nil {
		t.Errorf("%q, error %v", text, err)
	}
	resp.Header.Set("Last-Modified", "yesterday")
	if at := Modified(resp); !at.IsZero() {
		t.Errorf("changed %v", at)
	}
}
