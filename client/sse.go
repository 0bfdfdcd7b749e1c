package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
)

// events sends a call and returns the data of the events that it is answered with
// (https://html.spec.whatwg.org/multipage/server-sent-events.html). Each is the
// caller's. An error is an [*Error], and the last.
func (c *Client) events(ctx context.Context, k *call) iter.Seq2[[]byte, error] {
	k.accept = "text/event-stream"
	return func(yield func([]byte, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // before the body is closed, which would read on
		var resp *http.Response
		if err := c.tries(ctx, k, func() (err *Error) {
			resp, err = c.roundTrip(ctx, k) //nolint:bodyclose // closed below
			return err
		}); err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		defer cancel()
		body, err := c.eventBody(resp)
		if err != nil {
			yield(nil, unreadable(k.op(c), err))
			return
		}
		c.eachEvent(k, bufio.NewReader(body), yield)
	}
}

func (c *Client) eventBody(resp *http.Response) (io.Reader, error) {
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/event-stream" {
		return nil, fmt.Errorf("its Content-Type is %q, not text/event-stream", resp.Header.Get("Content-Type"))
	}
	return c.decoded(resp)
}

func (c *Client) eachEvent(k *call, r *bufio.Reader, yield func([]byte, error) bool) {
	for {
		data, err := readEvent(r, c.opts.MaxAnswer)
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.Is(err, errTooLong):
			yield(nil, unreadable(k.op(c), err))
			return
		case err != nil:
			yield(nil, failed(k.op(c), fmt.Errorf("read the stream: %w", err)))
			return
		case bytes.Equal(data, []byte("[DONE]")): // as OpenAI's streams end
			return
		}
		if !yield(data, nil) {
			return
		}
	}
}

// readEvent reads the data of the next event that has any, of at most limit bytes. An
// event that the stream ends within is none.
func readEvent(r *bufio.Reader, limit int64) ([]byte, error) {
	var data []byte
	has := false
	for left := limit; ; {
		line, err := readLine(r, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(line)) + 1
		if len(line) == 0 && has {
			return data, nil
		}
		if len(line) == 0 {
			left = limit
			continue
		}
		if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			if has {
				data = append(data, '\n')
			}
			data, has = append(data, bytes.TrimPrefix(value, []byte(" "))...), true
		}
	}
}

// readLine reads a line of at most limit bytes, without its end.
func readLine(r *bufio.Reader, limit int64) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if int64(len(line)+len(part)) > limit {
			return nil, errTooLong
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimRight(line, "\r\n"), err
		}
	}
}
