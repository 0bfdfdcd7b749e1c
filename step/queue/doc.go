// Package queue holds the queue step of graphs: it appends events to a stream,
// and has those that come out of it processed by the steps behind it, when these
// run in this process. [Register] adds it to a catalog.
//
// Whoever fills a queue has done with the event: a synchronous flow answers
// null, an asynchronous one by its responder. Where the responder is behind the
// queue and the stream stays in this process, the request stays open and is
// answered from there. A full queue makes Do wait until the caller's context
// ends.
//
// An event whose way fails is tried again, with longer and longer pauses, and is
// a dead letter in the end.
package queue
