package client

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// stream answers with events.
func stream(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		_, _ = io.WriteString(w, text)
	}
}

func TestGenerateStream(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"none", "", nil},
		{"several", "data: {\"text_output\":\"a\"}\n\ndata: {\"text_output\":\"b\"}\n\n", []string{"a", "b"}},
		{"other ends of lines", "data:{\"text_output\":\"a\"}\r\n\r\n", []string{"a"}},
		{"lines and other fields", ": hello\n\nevent: x\nid: 7\ndata: {\"text_output\":\ndata: \"a\"}\n\n\n", []string{"a"}},
		{"cut", "data: {\"text_output\":\"a\"}\n\ndata: {\"text_ou", []string{"a"}},
		{"as OpenAI ends", "data: {\"text_output\":\"a\"}\n\ndata: [DONE]\n\ndata: {}\n\n", []string{"a"}},
		{"an error on the way", "data: {\"error\":\"no\"}\n\ndata: {\"text_output\":\"b\"}\n\n", []string{"200 OK: no", "b"}},
		{"no JSON", "data: x\n\n", []string{"not JSON"}},
		{"too long", "data: " + strings.Repeat("x", 2000), []string{"longer than"}},
	} {
		c, asked := serveWith(t, &Options{MaxAnswer: 1000}, stream(tt.text))
		var got []string
		for g, err := range c.GenerateStream(t.Context(), &Prompt{Model: "m", Fields: map[string]any{"text_input": "x"}}) {
			if err != nil {
				got = append(got, err.Error())
			} else {
				got = append(got, g.Text())
			}
		}
		if !cmp.Equal(tt.want, got, cmp.Comparer(func(a, b string) bool { return strings.Contains(a, b) || strings.Contains(b, a) })) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		if s := (*asked)[0]; s.path != "/v2/models/m/generate_stream" || s.body != `{"text_input":"x"}` || s.header.Get("Accept") != "text/event-stream" {
			t.Errorf("asked %+v", s)
		}
	}
}

func TestGenerateRefused(t *testing.T) {
	c, _ := serveWith(t, nil, says(http.StatusNotFound, `{"error":"no m"}`))
	seen := 0
	for g, err := range c.GenerateStream(t.Context(), &Prompt{Model: "m"}) {
		if seen++; g != nil || CodeOf(err) != serve.NotFound {
			t.Errorf("got %v, %v", g, err)
		}
	}
	if seen != 1 {
		t.Errorf("%d answers", seen)
	}
	c, _ = serveWith(t, nil, says(http.StatusOK, `{}`))
	for _, err := range c.GenerateStream(t.Context(), &Prompt{Model: "m"}) {
		if err == nil || !strings.Contains(err.Error(), "not text/event-stream") {
			t.Errorf("got %v", err)
		}
	}
}

// TestGenerateStops: a server is told when nobody listens any more.
func TestGenerateStops(t *testing.T) {
	gone := make(chan struct{})
	c, _ := serveWith(t, nil, func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, "data: {\"text_output\":\"a\"}\n\n"); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	})
	for g, err := range c.GenerateStream(t.Context(), &Prompt{Model: "m"}) {
		if err != nil || g.Text() != "a" {
			t.Errorf("got %v, %v", g, err)
		}
		break
	}
	<-gone
}
