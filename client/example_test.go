package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A flower says of each row of four measurements which of two species it is.
type flower struct{}

func (flower) Predict(_ context.Context, req *serve.Request) (any, error) {
	x, columns, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	labels := make([]int64, 0, len(x))
	for i := 2; i < len(x); i += columns {
		label := int64(0)
		if x[i] > 2.5 {
			label = 1
		}
		labels = append(labels, label)
	}
	return serve.NewTensor("label", labels), nil
}

// A talker says a text word by word.
type talker struct{ serve.OnlyStreams }

func (talker) Stream(_ context.Context, _ *serve.Request, send func(any) error) error {
	for _, word := range []string{"water", " to", " the", " mill"} {
		if err := send([]*serve.Tensor{serve.NewBytes("text_output", []string{word})}); err != nil {
			return err
		}
	}
	return nil
}

// start serves both models until stop is called.
func start() (address string, stop func()) {
	set := catalog.Default.Clone()
	set.Add(v2.Class("Flower", func() serve.Model { return flower{} }))
	set.Add(v2.Class("Talker", func() serve.Model { return talker{} }))
	srv, err := leat.New(graph.NewRouter().AddModel("iris", "Flower", "", nil).AddModel("talker", "Talker", "", nil), &leat.Options{Catalog: set})
	check(err)
	check(srv.Start(context.Background()))
	web := httptest.NewServer(srv.Handler())
	return web.URL, func() {
		web.Close()
		check(srv.Close(context.Background()))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func Example() {
	address, stop := start()
	defer stop()
	ctx := context.Background()
	c, err := client.New(address, nil) // "http://127.0.0.1:8080"
	check(err)
	defer c.Close()

	resp, err := c.Infer(ctx, &client.Request{
		Model:  "iris",
		Inputs: []*client.Tensor{client.NewTensor("measurements", []float32{5.1, 3.5, 1.4, 0.2, 6.7, 3.0, 5.2, 2.3}, 2, 4)},
	})
	check(err)
	labels, err := client.Data[int64](resp, "label")
	check(err)
	fmt.Println(labels)
	// Output: [0 1]
}

// What went wrong is told by the kind of failure and in the server's words.
func ExampleError() {
	address, stop := start()
	defer stop()
	c, err := client.New(address, &client.Options{Timeout: time.Minute})
	check(err)
	defer c.Close()

	_, err = c.ModelMetadata(context.Background(), "rose", "")
	var failure *client.Error
	switch {
	case client.CodeOf(err) == serve.NotFound:
		fmt.Println("there is no such model")
	case errors.As(err, &failure):
		fmt.Println(failure.Status, failure.Message)
	}
	// Output: there is no such model
}

// Rows are what models are asked in MLRun's dialect.
func ExampleClient_InferRows() {
	address, stop := start()
	defer stop()
	c, err := client.New(address, nil)
	check(err)
	defer c.Close()

	answer, err := c.InferRows(context.Background(), &client.Rows{Model: "iris", Inputs: [][]float64{{5.1, 3.5, 1.4, 0.2}}})
	check(err)
	var labels []int
	check(answer.Decode(&labels))
	fmt.Println(answer.Model, labels)
	// Output: iris [0]
}

// A model that generates answers bit by bit.
func ExampleClient_GenerateStream() {
	address, stop := start()
	defer stop()
	c, err := client.New(address, nil)
	check(err)
	defer c.Close()

	prompt := &client.Prompt{Model: "talker", Fields: map[string]any{"text_input": "what is a leat?"}}
	for part, err := range c.GenerateStream(context.Background(), prompt) {
		check(err)
		fmt.Print(part.Text())
	}
	fmt.Println()
	// Output: water to the mill
}

// Header, token and trace context go with every call, or with those of a context.
func ExampleWithHeader() {
	address, stop := start()
	defer stop()
	c, err := client.New(address, &client.Options{Token: client.StaticToken(os.Getenv("TOKEN"))})
	check(err)
	defer c.Close()

	ctx := client.WithRequestID(context.Background(), "order-7")
	ctx = client.WithHeader(ctx, "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	ready, err := c.ModelReady(ctx, "iris", "")
	check(err)
	fmt.Println(ready)
	// Output: true
}
