package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/leat-ml/leat/bench/target"
	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/clientgrpc"
)

// useClients has the server asked by leat's own client, with tensors of numbers.
func (d *driver) useClients(s *target.Server, w *workload) error {
	d.answer = 0
	d.tensors = &client.Request{Model: w.request.ModelName, ID: w.request.Id}
	for i, in := range w.request.Inputs {
		shape := make([]int, len(in.Shape))
		for j, n := range in.Shape {
			shape[j] = int(n)
		}
		n := len(w.request.RawInputContents[i])
		d.answer += n
		d.tensors.Inputs = append(d.tensors.Inputs, client.NewTensor(in.Name, make([]float32, n/4), shape...))
	}
	for range w.conns {
		c, err := clientgrpc.New(s.Addr, nil)
		if err != nil {
			return errors.Join(err, d.close())
		}
		d.clients = append(d.clients, c)
	}
	return nil
}

// checkClients has every client answered rightly once.
func (d *driver) checkClients(ctx context.Context) error {
	for _, c := range d.clients {
		if err := d.infer(ctx, c); err != nil {
			return fmt.Errorf("check the server: %w", err)
		}
	}
	return nil
}

// infer sends one request by a client.
func (d *driver) infer(ctx context.Context, c *clientgrpc.Client) error {
	resp, err := c.Infer(ctx, d.tensors)
	if err != nil {
		return err
	}
	n := 0
	for _, out := range resp.Outputs {
		elems, err := client.Data[float32](resp, out.Name)
		if err != nil {
			return err
		}
		n += 4 * len(elems)
	}
	if n != d.answer {
		return fmt.Errorf("an answer has %d bytes of %d", n, d.answer)
	}
	return nil
}
