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
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv.Handler())
	t.Cleanup(func() {
		web.Close()
		if err := srv.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return srv, web.URL
}
