package expr

import (
	"context"
	"testing"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// FuzzCompile wants neither panic nor endless work from any text, and values
// that can be written.
func FuzzCompile(f *testing.F) {
	for i, x := range expressions {
		f.Add(x, events[i%len(events)])
	}
	f.Fuzz(func(t *testing.T, text, doc string) {
		fn, err := Compile(text)
		if err != nil {
			_ = err.Error()
			return
		}
		event, err := oip.ParseValue([]byte(doc))
		if err != nil {
			event = doc
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		v, err := fn(ctx, event)
		if ctx.Err() != nil {
			t.Fatalf("%q takes longer than a minute", text)
		}
		if err != nil {
			_ = serve.Classic(err)
			return
		}
		if _, err := oip.AppendValue(nil, v); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
