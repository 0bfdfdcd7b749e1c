// Package remote has the steps that call other services over HTTP: RemoteStep
// ($remote) for one call an event, and BatchHttpRequests for one call an item
// of the event. [Register] adds both.
//
// Every call is one of attempts within one budget, the deadline of the event. A
// failed attempt is repeated after a jittered, growing delay, where repeating is
// safe or the spec asks for it. A host whose attempts keep failing is left alone
// for a while: then calls fail at once with 503 (a circuit breaker). A slow
// attempt can be raced by a second one (a hedge). Connections are kept, TLS is
// verified, answers are bounded, and headers are each event's own.
package remote
