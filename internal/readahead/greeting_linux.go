package readahead

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"time"
)

// preface is what clients of HTTP/2 begin with (RFC 9113, section 3.4), as far as ahead has
// room for it.
const preface = "PRI * HTTP"

// Who asks by HTTP/1.1 would get frames of HTTP/2, which clients call garbage. As a request
// of HTTP/2 is at the port of HTTP/1.1, it is answered in its own language.
const (
	wrongPort = `{"error":"this port speaks gRPC, over HTTP/2 only: HTTP/1.1 has a port of its own (--http)"}`
	listening = 500 * time.Millisecond // until the client has closed: an answer is lost otherwise
)

var errHTTP1 = errors.New("the client speaks HTTP/1.1")

// greet looks at what a client begins with, which c then has to be read: clients do not wait
// for the server. One that begins with a request of HTTP/1.1 is answered, and is an error.
func greet(c net.Conn) error {
	k, ok := c.(*Conn)
	if !ok {
		return nil
	}
	n, err := k.TCPConn.Read(k.ahead[:])
	if err != nil {
		return err
	}
	if k.kept = n; isHTTP1(k.ahead[:n]) {
		k.refuse()
		return errHTTP1
	}
	return nil
}

// isHTTP1 says whether a client begins with a method and a space, or with so much of a
// method that it is none of HTTP/2's.
func isHTTP1(begin []byte) bool {
	if bytes.HasPrefix([]byte(preface), begin) {
		return false
	}
	method, _, _ := bytes.Cut(begin, []byte{' '})
	for _, b := range method {
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	return len(method) > 0
}

// refuse answers a request of HTTP/1.1.
func (c *Conn) refuse() {
	head := "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
	if _, err := io.WriteString(c.TCPConn, head+strconv.Itoa(len(wrongPort))+"\r\n\r\n"+wrongPort); err != nil {
		return
	}
	if c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(listening)) == nil {
		_, _ = io.Copy(io.Discard, c.TCPConn)
	}
}
