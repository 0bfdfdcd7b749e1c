// Package clientgrpc asks servers of the Open Inference Protocol over gRPC: leat,
// Triton, KServe, MLServer and others. [New] makes a [Client], which has the methods
// of [client.Client] that gRPC has calls for, with the same types and errors, and
// streams besides.
//
// Tensors travel as the memory of their elements. The messages are those of
// [github.com/leat-ml/leat/oip/inference], which see about programs that also link
// Triton's.
package clientgrpc
