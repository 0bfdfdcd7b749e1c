package python

import (
	"context"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// TestSecrets has a step ask for secrets: the server's, then those of the worker's
// environment, where Kubernetes puts a project's.
func TestSecrets(t *testing.T) {
	t.Setenv("MLRUN_K8S_SECRET__IN_CLUSTER", "c")
	t.Setenv("plain_one", "p")
	failed := make(chan catalog.Failure, 1)
	g, set := join(t, load(t, testCode(t)))
	g.env.Secret = func(name string) (string, bool) { return "s", name == "mine" }
	g.env.Failed = func(f catalog.Failure) { failed <- f }
	s, err := set.Lookup("Secrets").New(catalog.Args{Name: "s", Class: "Secrets"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := set.Lookup("Errs").New(catalog.Args{Name: "e", Class: "Errs"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	ev := serve.NewEvent(serve.Target{}, []byte(`["mine", "in_cluster", "plain_one", "none"]`))
	if _, err := s.Do(t.Context(), ev); err != nil || bodyText(t, ev.Body) != `["s","c","p",null]` {
		t.Errorf("secrets %s, error %v", bodyText(t, ev.Body), err)
	}
	ev = serve.NewEvent(serve.Target{}, []byte("1"))
	if _, err := e.Do(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if f := <-failed; f.Step != "Errs" || f.Err.Error() != "it went wrong" || f.Event != ev.ID {
		t.Errorf("the graph is told of %+v", f)
	}
}
