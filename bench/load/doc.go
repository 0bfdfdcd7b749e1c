// Package load is a load generator for HTTP/1.1 servers on the same machine: it
// writes bytes rendered once over keep-alive connections, reads the answers
// with a minimal reader, and checks them. [Run] drives one cell of a benchmark:
// closed loop (every connection sends as soon as it has its answer; for
// capacity and CPU a request) or, with a rate, open loop (requests are due at
// fixed instants and latency counts from the due instant, so that a stall of
// the server is paid by every request that it delays; for latency).
//
// On two cores the generator takes its time from the server, so it does as
// little as it can, and an answer that is wrong, late or missing is never
// counted as fast.
package load
