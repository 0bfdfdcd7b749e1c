package python

import (
	"bytes"
	"context"

	"github.com/leat-ml/leat/serve"
)

// Stream implements [serve.Streamer]: what the class yields, or sends, one by one. A
// class that does not, answers once.
func (m *Model) Stream(ctx context.Context, req *serve.Request, send func(any) error) error {
	f := frame{kind: kindCall, object: modelObject}
	var about meta
	about.text("op", req.Op)
	about.number("stream", window)
	if m.post || m.logs {
		m.respondable(&about, req, req.Op)
	}
	if err := m.fill(&f, &about, req); err != nil {
		return err
	}
	f.meta = about.end()
	pass := func(f *frame) error {
		outputs, err := m.read(f)
		if err != nil {
			return err
		}
		return send(outputs)
	}
	last, err := m.pool.stream(ctx, &f, m.decoupled, pass)
	if err != nil || bytes.HasPrefix(last.meta, streamed) {
		return err
	}
	return pass(&last)
}

// streamed begins the metadata of the frame behind the parts of a stream, which is no
// answer of its own.
var streamed = []byte(`{"streamed":`)
