package rest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

func TestEvent(t *testing.T) {
	type want struct{ Method, Path, ID, Body string }
	tests := []struct {
		name, method, target, body string
		header                     []string
		want                       want // Path of the default contract
		mlrun                      string
	}{
		{"infer", "POST", "/v2/models/m/infer?a=b", "{}", nil, want{"POST", "/v2/models/m/infer", "", "{}"}, "/v2/models/m/infer"},
		{"no body", "GET", "/", "", nil, want{"GET", "/", "", ""}, "/"},
		{"HEAD", "HEAD", "/v2", "", nil, want{"GET", "/v2", "", ""}, "/v2"},
		{"other verbs", "OPTIONS", "/v2", "", nil, want{"OPTIONS", "/v2", "", ""}, "/v2"},
		{"escaped", "POST", "/v2/models/a%20b/infer", "", nil, want{"POST", "/v2/models/a%20b/infer", "", ""}, "/v2/models/a b/infer"},
		{"escaped slash", "POST", "/v2/models/a%2Fb", "", nil, want{"POST", "/v2/models/a%2Fb", "", ""}, "/v2/models/a/b"},
		{"slashes", "POST", "//v2//x/", "", nil, want{"POST", "//v2//x/", "", ""}, "//v2//x/"},
		{"id", "POST", "/", "", []string{"X-Request-ID", "r-1"}, want{"POST", "/", "r-1", ""}, "/"},
		{"MLRun's id wins", "POST", "/", "", []string{"X-Request-Id", "r-1", "MLRUN-EVENT-ID", "e-1"}, want{"POST", "/", "e-1", ""}, "/"},
		{"case", "POST", "/", "", []string{"mlrun-event-id", "e-2"}, want{"POST", "/", "e-2", ""}, "/"},
		{"id of other bytes", "POST", "/", "", []string{"X-Request-Id", "a\tb"}, want{"POST", "/", "", ""}, "/"},
		{"id not ASCII", "POST", "/", "", []string{"X-Request-Id", "é"}, want{"POST", "/", "", ""}, "/"},
		{"longest id", "POST", "/", "", []string{"X-Request-Id", strings.Repeat("x", 128)}, want{"POST", "/", strings.Repeat("x", 128), ""}, "/"},
		{"id too long", "POST", "/", "", []string{"X-Request-Id", strings.Repeat("x", 129)}, want{"POST", "/", "", ""}, "/"},
		{"path of a header", "POST", "/a", "", []string{"Mlrun-Event-Path", "/v2/models/m%2F/infer"}, want{"POST", "/v2/models/m%2F/infer", "", ""}, "/v2/models/m%2F/infer"},
		{"path without its slash", "POST", "/a", "", []string{"MLRUN-EVENT-PATH", "infer"}, want{"POST", "/infer", "", ""}, "/infer"},
		{"empty path", "POST", "/a", "", []string{"MLRUN-EVENT-PATH", ""}, want{"POST", "/a", "", ""}, "/a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, mlrun := range []bool{false, true} {
				var seen *serve.Event
				h := handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
					seen = ev
					return nil, nil
				})
				ask(New(h, Options{MLRun: mlrun}), tt.method, tt.target, tt.body, append(tt.header, "X-Other", "o")...)
				raw, _ := seen.Body.Raw()
				w := tt.want
				if mlrun {
					w.Path = tt.mlrun
				}
				if d := cmp.Diff(w, want{seen.Target.Method, seen.Target.Path, seen.ID, string(raw)}); d != "" {
					t.Error(d)
				}
				if seen.Trigger.Waits() || seen.Time.IsZero() || seen.Header.Value("x-other") != "o" {
					t.Errorf("trigger %v, time %v, header %v", seen.Trigger, seen.Time, seen.Header)
				}
			}
		})
	}
}

func TestServerWideOptions(t *testing.T) {
	h := New(handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		return nil, &serve.Error{Code: serve.WrongMethod, Allow: "GET", Err: http.ErrNotSupported}
	}), Options{})
	resp := overSocket(t, h, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(resp, "HTTP/1.1 405 ") || !strings.Contains(resp, "\r\nAllow: GET\r\n") {
		t.Errorf("got %s", resp)
	}
}
