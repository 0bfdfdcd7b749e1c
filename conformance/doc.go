// Package conformance holds the cases that pin down MLRun's contract,
// mlrun.jsonl, and the user code that they name. Its tests run them against a
// server whose classes are written in Go.
package conformance
