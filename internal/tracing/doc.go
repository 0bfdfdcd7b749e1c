// Package tracing follows requests through a server as OpenTelemetry spans,
// which it sends to a collector over OTLP/HTTP.
//
// [Configure] reads what a user has set, [Start] starts to send, and the
// [Tracing] that it returns is what a transport tells of requests, and a graph
// of steps. Nothing else of leat knows OpenTelemetry.
//
// A request has one span of kind server, each step that gets it a child, and
// each part of a step, such as a model of an ensemble, a child of that. The
// trace context travels in the [context.Context] and, for what goes on without
// that of the request, in the header of the event.
//
// Sending never holds up a request: spans wait in a bounded queue, and what
// does not fit is counted and lost.
package tracing
