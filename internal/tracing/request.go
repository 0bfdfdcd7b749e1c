package tracing

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/leat-ml/leat/serve"
)

// Request begins the span of an HTTP request, which continues the trace of its
// header if there is one. The request is to be served under ctx, and its header
// names the span from here on, so that an event that leaves the request behind
// still has its trace. end ends the span: with the status of the answer, where
// 499 stands for a caller that went away, and with the failure if it failed. What
// watches over the server has no span: its
// questions for readiness would be most of the traces.
func (t *Tracing) Request(r *http.Request) (ctx context.Context, end func(status int, err error)) {
	if isHealth(r) {
		return r.Context(), func(int, error) {}
	}
	header := propagation.HeaderCarrier(r.Header)
	route, model, version := routeOf(r.URL.EscapedPath())
	ctx, follows := t.follows(r.Context(), header, request{model: plain(model), serves: serves(r, route)})
	if !follows {
		return ctx, func(int, error) {}
	}
	ctx, span := t.tracer.Start(ctx, spanName(r.Method, route), trace.WithSpanKind(trace.SpanKindServer))
	w3c.Inject(ctx, header)
	if !span.IsRecording() {
		return ctx, func(int, error) { span.End() }
	}
	span.SetAttributes(requestAttributes(r, route)...)
	noteModel(span, model, version)
	return ctx, func(status int, err error) { answered(span, status, err) }
}

// gone is the status of a request whose caller went away, which nobody is sent.
const gone = 499

// answered ends the span of a request. A request that was refused is no error of
// the server's.
func answered(span trace.Span, status int, err error) {
	defer span.End()
	switch {
	case status == gone:
		span.SetAttributes(semconv.ErrorTypeKey.String(kinds[serve.Canceled]))
	case status >= 500:
		span.SetAttributes(semconv.HTTPResponseStatusCode(status), semconv.ErrorTypeKey.String(strconv.Itoa(status)))
		span.SetStatus(codes.Error, message(err))
	case err != nil && status == http.StatusOK: // of a stream, which had begun
		span.SetAttributes(semconv.HTTPResponseStatusCode(status), semconv.ErrorTypeKey.String(kind(err)))
		span.SetStatus(codes.Error, message(err))
	default:
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
}

func isHealth(r *http.Request) bool {
	path := r.URL.Path
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (path == "/v2/health/live" || path == "/v2/health/ready")
}

// serves says whether a request asks for an inference or something of a graph.
func serves(r *http.Request, route string) bool {
	path := r.URL.Path
	switch {
	case strings.HasSuffix(path, "/trace/setting"), path == "/v2/logging", strings.HasPrefix(path, "/v2/repository/"):
		return false
	}
	return route == "" || r.Method != http.MethodGet && r.Method != http.MethodHead
}

// spanName is the name of a request's span: as the semantic conventions have it,
// one of few.
func spanName(method, route string) string {
	if !knownMethods[method] {
		method = "HTTP"
	}
	if route == "" {
		return method
	}
	return method + " " + route
}

// knownMethods are those of RFC 9110, and PATCH.
var knownMethods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "CONNECT": true, "OPTIONS": true, "TRACE": true, "PATCH": true,
}

// operations are those that many models have, and that routes therefore name.
var operations = map[string]bool{
	"infer": true, "predict": true, "explain": true, "infer_dict": true, "predict_dict": true, "ready": true,
}

// routeOf is the template of a path, with the model that it names: "" for paths
// that are a graph's own, of which there may be any number.
func routeOf(path string) (route, model, version string) {
	rest, ok := strings.CutPrefix(path, "/v2/models/")
	if !ok {
		switch path {
		case "/", "/v2", "/v2/models":
			return path, "", ""
		}
		return "", "", ""
	}
	route = "/v2/models/{model}"
	model, rest, _ = strings.Cut(rest, "/")
	if after, ok := strings.CutPrefix(rest, "versions/"); ok {
		route += "/versions/{version}"
		version, rest, _ = strings.Cut(after, "/")
	}
	switch rest = strings.TrimRight(rest, "/"); {
	case rest == "":
	case operations[rest]:
		route += "/" + rest
	default:
		route += "/{operation}"
	}
	return route, model, version
}

// requestAttributes are those of the semantic conventions for HTTP servers that
// are known when a request comes. The query is not among them: nothing here
// reads it.
func requestAttributes(r *http.Request, route string) []attribute.KeyValue {
	all := make([]attribute.KeyValue, 0, 12)
	if knownMethods[r.Method] {
		all = append(all, semconv.HTTPRequestMethodKey.String(r.Method))
	} else {
		all = append(all, semconv.HTTPRequestMethodOther, semconv.HTTPRequestMethodOriginal(clean(r.Method)))
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	all = append(all, semconv.URLScheme(scheme), semconv.URLPath(clean(r.URL.EscapedPath())),
		semconv.NetworkProtocolVersion(strconv.Itoa(r.ProtoMajor)+"."+strconv.Itoa(r.ProtoMinor)))
	if route != "" {
		all = append(all, semconv.HTTPRoute(route))
	}
	all = append(all, serverAttributes(r.Host)...)
	if host, port, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		all = append(all, semconv.ClientAddress(clean(host)))
		if n, err := strconv.Atoi(port); err == nil {
			all = append(all, semconv.ClientPort(n))
		}
	}
	if agent := r.Header.Get("User-Agent"); agent != "" {
		all = append(all, semconv.UserAgentOriginal(clean(agent)))
	}
	return all
}

// serverAttributes are those of the field Host.
func serverAttributes(host string) []attribute.KeyValue {
	if host == "" {
		return nil
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return []attribute.KeyValue{semconv.ServerAddress(clean(host))}
	}
	all := []attribute.KeyValue{semconv.ServerAddress(clean(name))}
	if n, err := strconv.Atoi(port); err == nil {
		all = append(all, semconv.ServerPort(n))
	}
	return all
}

func noteModel(span trace.Span, model, version string) {
	if model != "" {
		span.SetAttributes(attribute.String("leat.model.name", clean(model)))
	}
	if version != "" {
		span.SetAttributes(attribute.String("leat.model.version", clean(version)))
	}
}
