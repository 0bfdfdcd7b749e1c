// Package record keeps what was served: a [Log] is a [serve.Recorder] that takes
// one record of every inference, and a [Pusher] brings the records to a stream,
// beside the requests, as MLRun's servers write them there.
//
// On the way of a request a record is copied into a few dozen bytes of a compact
// code (see [Decode]) behind others, and nothing of the request is held on to. A
// goroutine takes what has gathered, writes it out as JSON and publishes it. While
// the stream does not take it, records go to files in a [Folder], from where they
// are delivered in their order when the stream is back, be it for another process.
// Memory and files are bounded in bytes: what does not fit is dropped and counted.
// No request waits for a stream, and none fails for one.
//
// What became of every record is in the [Ledger]: those that were accepted are
// delivered, dropped or pending, at any time.
package record
