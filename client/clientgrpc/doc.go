// Package clientgrpc asks servers of the Open Inference Protocol over gRPC: leat,
// Triton, KServe, MLServer and others. [New] makes a [Client], which has the methods
// of [client.Client] that gRPC has calls for, with the same types and errors, and
// streams besides.
//
// Tensors travel as the memory of their elements, which is sent from where it is, and
// received with one copy at most: see [Client.Infer] for what that asks of the caller.
// The messages are those of [github.com/leat-ml/leat/oip/inference], which see about
// programs that also link Triton's; interceptors in [Options.Dial] see them as ever.
package clientgrpc
