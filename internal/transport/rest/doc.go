// Package rest serves a [serve.Handler] over HTTP/1.1: it decodes a request
// into an event, has it served, and encodes the answer. What paths mean, which
// models there are and what a body says is the handler's business.
//
// [New] makes the http.Handler, [NewServer] a server with its limits and its
// shutdown, [NewAccessLog] a log of requests that never holds one up.
//
// There are two contracts. In the default one errors are JSON
// {"error": "<text>"} with a true status; with [Options.MLRun] they are text
// "<Class>: <text>" with status 400, as MLRun has them.
package rest
