// Package oip is the JSON codec: of the Open Inference Protocol's requests and
// answers, of MLRun's, and of plain documents.
//
// [Request] reads the inference request in a body, [Value] the document in one
// as a tree whose rectangular arrays of numbers are dense tensors, and
// [AppendBody] writes what an event carries. [Rows] and [Tensors] convert
// between the two dialects.
//
// What was read and not changed is written back byte for byte. Integers are
// never rounded. The fields are those of the protocol's specification
// (https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol).
package oip
