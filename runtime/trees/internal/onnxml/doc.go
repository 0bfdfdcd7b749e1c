// Package onnxml reads ONNX files whose graph is tree ensembles of the domain
// ai.onnx.ml, and what exporters write around them, and evaluates them.
//
// [Parse] returns a [Program], or an error that says what of the graph is not
// understood: only a graph that is understood whole is run. The reference is
// ONNX Runtime: a program answers what it answers, in the same floating-point
// types and with the sums taken in the same order. The definitions of the
// operators are at https://onnx.ai/onnx/operators/ (ai.onnx.ml); where they
// leave something open, such as the scores of a classifier of two classes whose
// leaves have one weight, what ONNX Runtime 1.32 does counts. (1.26 and 1.27
// answer such classifiers of scikit-learn with wrong labels:
// https://github.com/microsoft/onnxruntime/issues/28557.) There is one
// difference: a number with a fraction is in no set of categories, whereas ONNX
// Runtime looks up its whole part in some sets, those of small numbers.
package onnxml
