// Package graph builds graphs from specs and runs events through them.
//
// A [Spec] is what a user wrote; [Build] checks it and makes a [Graph] of the
// steps that a catalog constructs. A graph is immutable: to change it, build
// another, start it, and close the old one, which waits for its last event.
//
// The engine is a plan run by a loop: the outcome of an event has one owner,
// the stack stays flat, and a plain request never leaves its goroutine.
package graph
