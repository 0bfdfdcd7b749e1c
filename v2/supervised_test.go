package v2

import (
	"context"
	"errors"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// supervised is a model whose processes may be gone.
type supervised struct{ err error }

func (m *supervised) Predict(context.Context, *serve.Request) (any, error) { return 1.0, nil }
func (m *supervised) Down() error                                          { return m.err }

func TestSupervisedModelIsNotReadyWhileItIsDown(t *testing.T) {
	m := &supervised{}
	s, err := New(Config{Name: "m", Model: m})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ready := func() error {
		_, err := s.Do(t.Context(), serve.NewEvent(serve.Target{Method: "GET", Operation: "ready"}, nil))
		return err
	}
	if err := ready(); err != nil || s.Status().Phase != Ready {
		t.Errorf("ready: %v, phase %v", err, s.Status().Phase)
	}
	m.err = errors.New("it crashed")
	if err := ready(); serve.CodeOf(err) != serve.NotYet || err.Error() != "model not ready: it has failed: it crashed" || s.Info().Phase != Failed {
		t.Errorf("while it is down: %v, phase %v", err, s.Info().Phase)
	}
	m.err = nil
	if err := ready(); err != nil {
		t.Errorf("once it is back: %v", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
