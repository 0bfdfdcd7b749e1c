// Package textformat reads the text format of protocol buffers, which Triton's
// config.pbtxt is in, into a message, and tells the place of everything that is
// wrong with it and of everything that it says.
//
// The format is that of https://protobuf.dev/reference/protobuf/textformat-spec/
// without extensions and Any, which no configuration has. The text is taken for
// hostile: its size and nesting are bounded, and what is made of it is no larger
// than a small multiple of it.
//
// google.golang.org/protobuf has a reader of its own, prototext. It tells the
// first problem only, and nothing of the places of what is right, which whoever
// finds fault with a value needs; the tests hold this reader against it.
package textformat
