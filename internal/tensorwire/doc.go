// Package tensorwire reads and writes messages of gRPC that carry tensors, whose
// elements stay where they are, or are copied once: a [Cursor] reads a message as it
// lies in the buffers of the connection, [Parts] write one, and a [Codec] does both
// for the messages of generated code. [Frames] and [Adjacent] are the memory that
// messages come in.
//
// It is of use to servers and clients, and knows nothing of either.
package tensorwire
