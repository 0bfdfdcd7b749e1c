// Package grpc serves a [serve.Handler] over gRPC: the Open Inference Protocol
// with the calls that Triton, MLServer and KServe add. It reads a message into an
// event, has that served, and writes the answer. Which models there are and what
// they do is the handler's business; what is asked of the server itself goes to a
// [Host].
//
// Inferences are read and written without generated code, by a codec of this
// package: the elements of a tensor are copied once, out of the buffers of the
// connection into memory of their own, and go out from where the model has left
// them. All other messages are those of oip/inference.
package grpc
