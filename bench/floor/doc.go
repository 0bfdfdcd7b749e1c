// Package floor is the server that a Go inference server over net/http can
// hardly beat: a path compare, a hand-written scanner for an Open Inference
// Protocol request with one FP32 tensor, and an answer of the same size, in
// reused buffers. Every speed target of the project is a ratio to it, measured
// in the same run, so it stays as it is: standard library only, nothing shared
// with the server it is compared with, and no change without measuring the
// targets again.
//
// It is a yardstick, not a product: it validates only what it needs in order to
// answer rightly (commas and nesting inside data are not checked, strings are
// not unescaped, other inputs of a request are refused).
//
// [Handler] answers POST /v2/models/NAME/infer, where the model named "double"
// multiplies by two and every other name echoes, and GET /v2/health/live.
package floor
