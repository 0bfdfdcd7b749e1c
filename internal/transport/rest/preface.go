package rest

import (
	"io"
	"net/http"
)

// What a client of HTTP/2 begins with reaches a handler as a request, PRI * HTTP/2.0. It
// would be an event of a graph that serves every path. It is answered by HTTP/1.1, which
// gRPC's clients know as the wrong port and fail on at once: they take frames of HTTP/2
// for a server that has gone, GOAWAY too, and some try again without end.
const onlyOne = `{"error":"this port speaks HTTP/1.1, without HTTP/2: gRPC has a port of its own"}`

// onlyHTTP1 hands on what is not HTTP/2.
type onlyHTTP1 struct{ next http.Handler }

// ServeHTTP implements http.Handler.
func (o onlyHTTP1) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 {
		o.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Connection", "close")
	w.WriteHeader(http.StatusHTTPVersionNotSupported)
	_, _ = io.WriteString(w, onlyOne) // who does not wait for it need not know
}
