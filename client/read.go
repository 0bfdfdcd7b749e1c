package client

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unsafe"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// errUnreadable is what is wrong with an answer that cannot be understood.
var errUnreadable = errors.New("the answer cannot be read")

// unreadable is the error of such an answer.
func unreadable(op string, err error) *Error {
	return &Error{Op: op, Code: serve.Internal, Err: fmt.Errorf("%w: %w", errUnreadable, err)}
}

func (c *Client) readReply(k *call, resp *http.Response) (*reply, *Error) {
	r := &reply{status: resp.StatusCode, header: resp.Header, head: -1}
	if said := resp.Header.Get(headLengthHeader); said != "" {
		n, err := strconv.Atoi(said)
		if err != nil || n < 0 || int64(n) > c.opts.MaxAnswer {
			return nil, unreadable(k.op(c), fmt.Errorf("%s is %q", headLengthHeader, said))
		}
		r.head = n
	}
	body, err := c.decoded(resp)
	if err != nil {
		return nil, unreadable(k.op(c), err)
	}
	r.body, err = readAll(body, max(r.head, 0), resp.ContentLength, c.opts.MaxAnswer)
	switch {
	case errors.Is(err, errTooLong), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return nil, unreadable(k.op(c), err)
	case err != nil:
		return nil, failed(k.op(c), fmt.Errorf("read the answer: %w", err))
	case r.head > len(r.body):
		return nil, unreadable(k.op(c), fmt.Errorf("%s is %d, but the answer has %d bytes", headLengthHeader, r.head, len(r.body)))
	case r.head < 0:
		r.head = len(r.body)
	}
	return r, nil
}

// decoded is the body of an answer without its coding.
func (c *Client) decoded(resp *http.Response) (io.Reader, error) {
	switch coding := resp.Header.Get("Content-Encoding"); coding {
	case "", "identity":
		return resp.Body, nil
	case "gzip":
		resp.ContentLength = -1 // of what is not decoded yet
		return gzip.NewReader(resp.Body)
	default:
		return nil, fmt.Errorf("its Content-Encoding is %q, which was not asked for", coding)
	}
}

const (
	firstRead = 64 << 10 // bytes that an answer may have before more are trusted
	growth    = 4
)

var errTooLong = errors.New("it is longer than Options.MaxAnswer")

// readAll reads up to limit bytes, so that those from head on are aligned for the
// elements of tensors. It believes what the server says of the size only as far as
// that much has come: memory is at most growth times what has, and firstRead.
func readAll(r io.Reader, head int, said, limit int64) ([]byte, error) {
	size := int64(firstRead)
	if said >= 0 {
		size = min(size, said)
	}
	if said > limit {
		return nil, fmt.Errorf("%w, which is %d: %d bytes", errTooLong, limit, said)
	}
	buf := alignedAt(head, int(size)+1) // one more tells the end
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return nil, fmt.Errorf("%w, which is %d", errTooLong, limit)
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		case len(buf) == cap(buf):
			next := min(int64(len(buf))*growth, limit)
			if said >= 0 {
				next = min(next, max(said, int64(len(buf))))
			}
			buf = append(alignedAt(head, int(next)+1), buf...)
		}
	}
}

// alignedAt is empty memory for n bytes, of which the one at head has an address
// that is good for elements of any datatype.
func alignedAt(head, n int) []byte {
	mem := make([]byte, n+oip.BinaryAlignment)
	at := uintptr(unsafe.Pointer(&mem[0])) + uintptr(head)
	pad := int(-at % oip.BinaryAlignment)
	return mem[pad : pad : pad+n]
}

// mostOfError is what is read of an answer that tells of an error.
const mostOfError = 64 << 10

// refusal is the error that an answer tells of.
func (c *Client) refusal(k *call, resp *http.Response) *Error {
	e := &Error{
		Op: k.op(c), Code: codeOfStatus(resp.StatusCode), Status: resp.StatusCode, StatusText: statusText(resp.StatusCode),
		RequestID: resp.Header.Get(requestIDHeader), RetryAfter: retryAfter(resp.Header),
	}
	text := []byte{}
	if body, err := c.decoded(resp); err == nil {
		text, _ = io.ReadAll(io.LimitReader(body, mostOfError)) // what there is of it
	}
	e.Message = message(text)
	return e
}

func statusText(status int) string {
	return strings.TrimRight(strconv.Itoa(status)+" "+http.StatusText(status), " ")
}

// message is what the body of an error says: as the protocol has it, as FastAPI
// has it where MLServer and KServe leave it to that, or as it is.
func message(body []byte) string {
	var doc struct {
		Error  any
		Detail any
	}
	if json.Unmarshal(body, &doc) == nil {
		for _, v := range []any{doc.Error, doc.Detail} {
			if text := said(v); text != "" {
				return text
			}
		}
	}
	if text := strings.TrimSpace(strings.ToValidUTF8(string(body), "?")); text != "" {
		return brief(text)
	}
	return "the answer has no text"
}

func said(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return brief(string(text))
}

// brief is the start of a text that may be a page.
func brief(text string) string {
	const most = 300
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " …"
}

// answered says whether the server answered, be it with an error.
func answered(err error) bool {
	var own *Error
	return err == nil || errors.As(err, &own) && (own.Status > 0 || errors.Is(err, errUnreadable))
}
