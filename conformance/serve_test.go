package conformance

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/graph"
)

// start serves a spec over HTTP until the test ends, and returns the server and
// its URL.
func start(t *testing.T, spec *graph.Spec, o *leat.Options) (*leat.Server, string) {
	t.Helper()
	srv, err := leat.New(spec, o)
	if err != nil {
		t.Fatal(err)
	}
	url, _ := startServer(t, srv)
	return srv, url
}

// startServer serves until the test ends, or stop is called, which returns when
// nothing is left of any request.
func startServer(t *testing.T, srv *leat.Server) (url string, stop func()) {
	t.Helper()
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv.Handler())
	stop = func() {
		web.Close()
		if err := srv.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return web.URL, stop
}
