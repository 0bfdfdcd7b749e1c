package rest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// streamSuffix ends the paths of operations that are answered with events.
const streamSuffix = "_stream"

var (
	eventType  = []string{"text/event-stream; charset=utf-8"}
	noCache    = []string{"no-cache"}
	notBuffers = []string{"no"}
)

// errGone ends a stream whose client does not take what is written.
var errGone = serve.Errorf(serve.Canceled, "", "the client has gone")

// events is a call's answer as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html): each is one
// line "data: <JSON>" and an empty one, sent as soon as it is there.
type events struct {
	began bool
	gone  bool      // a write has failed
	taken time.Time // by when the client must have taken what was written; a little early
}

// streams says whether the request is to be answered with events, if with success.
func (c *call) streams() bool {
	return c.r.Method == http.MethodPost && !c.h.opts.MLRun && strings.HasSuffix(c.r.URL.Path, streamSuffix)
}

// Send implements [serve.Sink]: it writes one event, and waits until the connection
// has room for it.
func (c *call) Send(b serve.Body) error {
	if !c.began && c.disarm() {
		return errLate
	}
	if v, _ := b.Value(); v != nil {
		if failed, ok := v.(error); ok {
			return c.sendFailure(failed)
		}
	}
	out, err := oip.AppendBody(append(c.out[:0], "data: "...), b)
	if err != nil {
		return &serve.Error{Code: serve.Unwritable, Err: fmt.Errorf("encode the answer: %w", err)}
	}
	if err := c.writeEvent(out); err != nil {
		return err
	}
	return c.ctx.Err()
}

// sendFailure writes an event of an answer that is an error, which is not the last.
func (c *call) sendFailure(err error) error {
	rep := c.h.failure(nil, c.r, err)
	if rep.abort {
		return errGone
	}
	if err := c.writeEvent(append([]byte("data: "), bytes.TrimSpace(rep.body)...)); err != nil {
		return err
	}
	return c.ctx.Err()
}

// writeEvent writes an event of which everything is there but its end.
func (c *call) writeEvent(out []byte) error {
	oneLine(out)
	out = append(out, "\n\n"...)
	c.out = out
	if !c.began {
		c.beginEvents()
	}
	c.hurry(len(out))
	n, err := c.w.Write(out)
	c.sent += n
	if err == nil {
		err = http.NewResponseController(c.w).Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		c.gone = true
		return errGone
	}
	return nil
}

// oneLine has a document be one line: what is between its members may be a space.
func oneLine(doc []byte) {
	for _, end := range []byte{'\n', '\r'} {
		for rest := doc; ; {
			i := bytes.IndexByte(rest, end)
			if i < 0 {
				break
			}
			rest[i] = ' '
			rest = rest[i+1:]
		}
	}
}

// beginEvents writes the head of the answer.
func (c *call) beginEvents() {
	c.began = true
	c.conn.sends(true)
	c.status = http.StatusOK
	head := c.w.Header()
	head["Content-Type"], head["Cache-Control"], head["X-Accel-Buffering"] = eventType, noCache, notBuffers
	c.echo(head)
	if c.h.state.Load() != open {
		head["Connection"] = closeConn
	}
	c.w.WriteHeader(http.StatusOK)
}

// hurry sets the time by which the client must have taken n bytes more. A client
// that reads slowly holds up the model; one that does not read at all loses its
// answer. The time is set anew once a second at most.
func (c *call) hurry(n int) {
	now := time.Now()
	if at := now.Add(allowance(int64(n))); at.Sub(c.taken) > time.Second {
		// Not every ResponseWriter can; then there is no such time.
		_ = http.NewResponseController(c.w).SetWriteDeadline(at)
		c.taken = at
	}
}

// endEvents ends the answer: rep is what a failure would have been answered with,
// had there been no event before.
func (c *call) endEvents(rep reply) {
	c.err = rep.err
	switch {
	case c.gone, rep.abort:
		c.aborted, c.status = true, statusGone
	case rep.err != nil:
		c.failed = rep.status
		_ = c.writeEvent(append([]byte("data: "), bytes.TrimSpace(rep.body)...)) // fails when the client has gone
	}
	c.hurry(0) // for the end, which may come long after the last event
}
