package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// A raised error has a traceback.
type raised struct{ error }

func (raised) Traceback() string { return "Traceback (most recent call last):\n  line 1\n" }

// TestTraceback: where a spec is verbose, the error of a record is followed by the
// traceback of the code that failed, if there is one, as in MLRun.
func TestTraceback(t *testing.T) {
	deep := &serve.Error{Op: "model m", Err: &serve.Error{Op: "m.py:3", Class: "ValueError", Err: raised{errors.New("no")}}}
	for _, tt := range []struct {
		verbose bool
		err     error
		want    string
	}{
		{true, deep, "no\nTraceback (most recent call last):\n  line 1\n"},
		{false, deep, "no"},
		{true, fmt.Errorf("model m failed: %w", deep), "no\nTraceback (most recent call last):\n  line 1\n"},
		{true, errors.New("plain"), "plain"},
		{true, raised{errors.New("")}, "\nTraceback (most recent call last):\n  line 1\n"},
	} {
		s := &sink{}
		p := start(t, Options{Open: s.open})
		r := infer(t, 1)
		r.Err = tt.err
		p.Log(LogOptions{Function: "p/f", Verbose: tt.verbose}).Record(r)
		shut(t, p)
		var got struct{ Error string }
		if all := s.all(); len(all) != 1 || json.Unmarshal([]byte(all[0]), &got) != nil || got.Error != tt.want {
			t.Errorf("verbose=%v: %q, want %q", tt.verbose, all, tt.want)
		}
	}
}
