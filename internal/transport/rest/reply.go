package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Field values are shared between answers; net/http does not change them.
var (
	jsonType  = []string{"application/json"}
	textType  = []string{"text/plain; charset=utf-8"}
	plainType = []string{"text/plain"} // as MLRun writes it
)

var null = []byte("null")

// A reply is an answer ready to be sent.
type reply struct {
	status      int
	err         error // why the request failed; nil if it did not
	contentType []string
	header      serve.Header // further fields
	body        []byte
	tail        [][]byte // of the body, behind body: the elements of outputs
	document    int      // bytes of the document before the tail, uncoded
	coding      []string // content coding of body; nil is none
	vary        bool     // whether it is coded depends on what the client accepts
	closes      bool     // the connection is not used again
	early       bool     // it is sent before the handler returns
	abort       bool     // nobody is there to read it
}

// success returns the answer that ev is; nil stands for a filtered event.
func (c *call) success(ev *serve.Event) reply {
	if ev == nil {
		return c.filtered()
	}
	rep := reply{status: http.StatusOK}
	if r := ev.Reply; r != nil {
		rep.header = r.Header
		if r.Status != 0 {
			rep.status = r.Status
		}
	}
	if rep.status < 200 || rep.status > 599 {
		return c.broken(ev, fmt.Errorf("the status %d is not one to answer with", rep.status))
	}
	if err := c.encode(&rep, ev); err != nil {
		return c.broken(ev, err)
	}
	if r := ev.Reply; r != nil && r.ContentType != "" {
		rep.contentType = []string{r.ContentType}
	}
	if ev.Streamed() && !c.began { // there were no events
		rep.header = serve.Header{"Cache-Control": noCache, "X-Accel-Buffering": notBuffers}
	}
	return rep
}

func (c *call) filtered() reply {
	if c.h.opts.MLRun {
		return reply{status: http.StatusOK, contentType: jsonType, body: null}
	}
	return reply{status: http.StatusNoContent}
}

// broken logs an answer that cannot be sent and returns what is sent instead.
func (c *call) broken(ev *serve.Event, err error) reply {
	c.h.opts.Logger.Error("answer cannot be encoded", slog.String("id", ev.Identify()),
		slog.String("path", c.r.URL.EscapedPath()), slog.Any("error", err))
	return c.failure(&hostFailure{fmt.Errorf("encode the answer: %w", err)})
}

// encode sets the body and its type: text and bytes go out as they are, every
// other value as JSON.
func (c *call) encode(rep *reply, ev *serve.Event) (err error) {
	rep.contentType = textType
	if c.h.opts.MLRun {
		rep.contentType = plainType
	}
	if raw, ok := ev.Body.Raw(); ok {
		c.passOn(rep, ev, raw)
		return nil
	}
	v, _ := ev.Body.Value()
	if r, ok := v.(*serve.Response); ok && oip.WantsBinary(r) {
		return c.binary(rep, r)
	}
	switch v := v.(type) {
	case string:
		c.out = append(c.out[:0], v...)
	case []byte:
		rep.body = v
		return nil
	default:
		rep.contentType = jsonType
		var out []byte
		if out, err = oip.AppendBody(c.out[:0], ev.Body); err != nil {
			return err
		}
		c.out = out
	}
	rep.body = c.out
	return nil
}

// passOn answers with raw bytes. Those that came with the request are JSON again
// if they were. Where there are none MLRun has null.
func (c *call) passOn(rep *reply, ev *serve.Event, raw []byte) {
	rep.body = raw
	switch {
	case len(raw) == 0 && c.h.opts.MLRun:
		rep.contentType, rep.body = jsonType, null
	case ev.Body == c.came && c.cameAsJSON(raw):
		rep.contentType = jsonType
	}
}

// cameAsJSON says whether the body that came with the request was JSON: by its
// type, or, where it had none, because it reads as JSON. What curl sends with -d
// by itself counts as none. A JSON string without a type stays the text that it
// is, as in MLRun.
func (c *call) cameAsJSON(raw []byte) bool {
	t := first(c.r.Header, "Content-Type")
	if t != "" && t != "application/x-www-form-urlencoded" {
		return isJSON(t)
	}
	if text := bytes.TrimLeft(raw, " \t\r\n"); len(text) == 0 || text[0] == '"' {
		return false
	}
	return json.Valid(raw)
}

// isJSON says whether a content type is JSON, parameters aside.
func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	return strings.EqualFold(media, "application/json") || strings.EqualFold(media, "json") // the second is MLRun's
}
