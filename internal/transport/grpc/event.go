package grpc

import (
	"net/textproto"
	"net/url"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/leat-ml/leat/serve"
)

// maxRequestID is the longest X-Request-Id that becomes an event's ID.
const maxRequestID = 128

// headerOf is the metadata of a call as the header of an event, which need not
// know what gRPC has in it for itself.
func headerOf(md metadata.MD) serve.Header {
	header := make(serve.Header, len(md))
	for name, values := range md {
		if name == "content-type" || name == "te" || name[0] == ':' || strings.HasPrefix(name, "grpc-") {
			continue
		}
		header[textproto.CanonicalMIMEHeaderKey(name)] = values
	}
	return header
}

func eventID(h serve.Header) string {
	if id := h.Value("Mlrun-Event-Id"); id != "" {
		return id
	}
	if id := h.Value("X-Request-Id"); printable(id) && len(id) <= maxRequestID {
		return id
	}
	return ""
}

// printable says whether s is printable ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// target is what a call asks of a model: the same as the URL that its path is.
func target(method, model, version, operation string) serve.Target {
	path := "/v2/models/" + url.PathEscape(model)
	if version != "" {
		path += "/versions/" + url.PathEscape(version)
	}
	if operation != "" {
		path += "/" + operation
	}
	return serve.Target{Method: method, Path: path, Model: model, Version: version, Operation: operation}
}
