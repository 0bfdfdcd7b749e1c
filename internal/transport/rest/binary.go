package rest

import (
	"context"
	"net/http"
	"strconv"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// binaryHead is the field of the binary tensor extension, in requests and in
// answers: how many bytes of the body are JSON; the elements of tensors follow.
const binaryHead = "Inference-Header-Content-Length"

var binaryType = []string{"application/octet-stream"}

// padding is how far into its memory the body should begin, so that what follows
// the JSON is aligned. What is wrong with the field is said later.
func padding(h http.Header) int {
	field := h[binaryHead]
	if field == nil {
		return 0
	}
	n, err := strconv.ParseUint(field[0], 10, 31)
	if err != nil {
		return 0
	}
	return int(-n % oip.BinaryAlignment)
}

// binaryBody is the request in a body whose elements are behind the JSON, or which
// has no JSON at all.
func binaryBody(field []string, raw []byte) (serve.Body, error) {
	n, err := strconv.ParseUint(field[0], 10, 31)
	if err != nil || len(field) > 1 || n > uint64(len(raw)) {
		return serve.Body{}, serve.Errorf(serve.BadRequest, "ValueError",
			"%s is %q, not how many of the %d bytes of the body are JSON", binaryHead, field, len(raw))
	}
	if n == 0 {
		return serve.ValueBody(oip.RawRequest(raw)), nil
	}
	req, err := oip.BinaryRequest(raw, int(n))
	switch {
	case err == nil:
		return serve.ValueBody(req), nil
	case serve.CodeOf(err) == serve.Internal:
		err = serve.Errorf(serve.BadRequest, "ValueError", "Unrecognized request format, caused by: %w", err)
	}
	return serve.Body{}, err
}

// A namer is a handler that knows what requests are for.
type namer interface {
	Unreadable(ctx context.Context, path string, err error) error
}

// unreadable is why the request cannot be read, with the model that it is for, if the
// handler knows; of a model that there is not, that.
func (c *call) unreadable(err error) error {
	if n, ok := c.h.next.(namer); ok {
		return n.Unreadable(c.ctx, c.ev.Target.Path, err)
	}
	return err
}

// binary answers with the outputs that are wanted as bytes behind the JSON. Where
// there is not a byte of them the answer is JSON, as Triton's is.
func (c *call) binary(rep *reply, r *serve.Response) (err error) {
	var behind [][]byte
	if c.out, behind, err = oip.AppendBinary(c.out[:0], r); err != nil {
		return err
	}
	rep.contentType, rep.body, rep.document = jsonType, c.out, len(c.out)
	for _, part := range behind {
		if len(part) > 0 {
			rep.contentType, rep.tail = binaryType, behind
		}
	}
	return nil
}
