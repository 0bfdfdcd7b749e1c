// Package client asks servers of the Open Inference Protocol over HTTP: leat,
// Triton, KServe, MLServer and others. [New] makes a [Client], [Client.Infer] asks
// a model, and [Data] reads what it answers without a copy:
//
//	c, err := client.New("http://127.0.0.1:8080", nil)
//	resp, err := c.Infer(ctx, &client.Request{
//		Model:  "iris",
//		Inputs: []*client.Tensor{client.NewTensor("measurements", []float32{5.1, 3.5, 1.4, 0.2}, 1, 4)},
//	})
//	labels, err := client.Data[int64](resp, "label")
//
// Package [github.com/leat-ml/leat/client/clientgrpc] does the same over gRPC, with
// the same types and methods, so that programs which speak HTTP do not link it.
// Package [github.com/leat-ml/leat/client/admin] asks the admin port of leat.
//
// Large tensors travel as bytes where the server offers that (Triton's extension
// binary_tensor_data), else as JSON. Failures are an [*Error], which has the
// server's words and the kind of failure. What a server answers is not trusted:
// memory is in proportion to what has come, up to a limit.
package client
