package outgoing

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFill has names in any spelling, each once, and values that are nobody else's.
func TestFill(t *testing.T) {
	fixed := make([]string, 1, 8) // with room, into which adding would write
	fixed[0] = "a=1"
	f := Header{
		Fixed:  http.Header{"authorization": {"none"}, "x-own": {"fixed"}, "Baggage": fixed},
		Inject: func(_ context.Context, h http.Header) { h.Add("Baggage", "b=2") },
		Token:  func(context.Context) (string, error) { return "secret", nil },
	}
	h := http.Header{"Accept": {"text/plain"}}
	if err := f.Fill(t.Context(), h, http.Header{"X-OWN": {"call"}}); err != nil {
		t.Fatal(err)
	}
	want := http.Header{"Accept": {"text/plain"}, "Authorization": {"Bearer secret"}, "X-Own": {"call"}, "Baggage": {"a=1", "b=2"}}
	if d := cmp.Diff(want, h); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if fixed[:2][1] != "" {
		t.Errorf("what was injected is among what is fixed: %v", fixed[:2])
	}
}
