package rest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/leat-ml/leat/serve"
)

const (
	// autoLength is the size of a body up to which net/http finds its length out
	// by itself.
	autoLength = 2048
	// smallAnswer is what a connection takes at once, so that nobody has to wait
	// for the client to read.
	smallAnswer = 64 << 10
)

var (
	closeConn   = []string{"close"}
	varyAccept  = []string{"Accept-Encoding"}
	gzipCoding  = []string{"gzip"}
	zlibCoding  = []string{"deflate"}
	ownedFields = map[string]bool{"Content-Length": true, "Content-Type": true, "Transfer-Encoding": true, "Trailer": true, binaryHead: true}
)

// send answers the request, unless the watchdog has.
func (c *call) send(rep reply) {
	if c.began {
		c.endEvents(rep)
		return
	}
	if c.disarm() {
		return
	}
	c.compress(&rep)
	c.write(rep)
}

func (c *call) write(rep reply) {
	c.status, c.err = rep.status, rep.err
	if rep.abort {
		c.aborted = true
		return
	}
	c.head(&rep)
	if rep.status != http.StatusOK {
		c.w.WriteHeader(rep.status)
	}
	if !hasBody(rep.status) {
		return
	}
	if size := rep.size(); size > smallAnswer {
		// Not every ResponseWriter can; then there is no such time.
		_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(allowance(int64(size))))
	}
	n, err := c.w.Write(rep.body) // fails when the client has gone
	for i := 0; i < len(rep.tail) && err == nil; i++ {
		var m int
		m, err = c.w.Write(rep.tail[i])
		n += m
	}
	if c.r.Method != http.MethodHead {
		c.sent = n
	}
}

// size is the length of the whole body.
func (rep *reply) size() int {
	n := len(rep.body)
	for _, part := range rep.tail {
		n += len(part)
	}
	return n
}

func (c *call) head(rep *reply) {
	head := c.w.Header()
	c.echo(head)
	if rep.header != nil {
		further(head, rep.header)
	}
	if rep.contentType != nil && hasBody(rep.status) {
		head["Content-Type"] = rep.contentType
	}
	if size := rep.size(); (size > autoLength || rep.early) && hasBody(rep.status) {
		head["Content-Length"] = []string{strconv.Itoa(size)}
	}
	if rep.tail != nil && hasBody(rep.status) {
		head[binaryHead] = []string{strconv.Itoa(rep.document)}
	}
	if rep.coding != nil {
		head["Content-Encoding"] = rep.coding
	}
	if rep.vary {
		head["Vary"] = append(varyAccept, head["Vary"]...)
	}
	if rep.closes || c.h.state.Load() != open {
		head["Connection"] = closeConn
	}
}

// further sets the fields that a step of the graph asked for. The length and
// the type of the body are not its to say here.
func further(head http.Header, fields serve.Header) {
	for name, values := range fields {
		if name = http.CanonicalHeaderKey(name); !ownedFields[name] {
			head[name] = values[:len(values):len(values)]
		}
	}
}

func hasBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
