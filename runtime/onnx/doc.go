// Package onnx runs ONNX models with ONNX Runtime, a library that is opened
// when the first model is loaded: without it everything else works.
// [Register] adds the runtime to a set, [Options] say where the library is.
//
// A model describes its inputs and outputs as the file declares them, with -1
// for a length that the file leaves open and a nil shape where it leaves open
// even the number of dimensions. Inputs that the file has a value for are weights;
// where they are declared beside the file, requests may send them. Tensors of all of the protocol's datatypes go in and out, those of no
// dimension and of no elements included. Beside tensors, a model may answer
//   - with a ZipMap, as scikit-learn's classifiers exported to ONNX do: it
//     becomes an FP32 tensor with a row for each row and a column for each class,
//     in the order of the model's class labels;
//   - with a sequence of tensors of one shape, which becomes one tensor with one
//     more dimension at the front.
//
// Everything else (optional values, maps, sparse tensors, sequences as inputs,
// and elements of 4 or 8 bits that no datatype stands for) is refused by name
// when the model is loaded.
//
// A model of trees that Options.Trees takes runs without the library; a
// parameter of the model, engine (onnxruntime, trees), chooses.
//
// A model runs on the goroutine that calls it, with one thread, unless its
// parameters say otherwise: intra_op_threads, inter_op_threads (0 stands for as
// many as there are processors), execution_mode (sequential, parallel) and
// graph_optimization (all, extended, basic, off).
//
// The library is called through cgo, with declarations of our own (capi.h).
// Without cgo the package builds too; its runtime then refuses every model.
// Reports that newer libraries make to their maker are switched off.
package onnx
