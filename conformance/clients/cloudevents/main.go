// Command cloudevents is CloudEvents' own package for Go against a server of
// examples/quickstart: events in both modes, with attributes that a header has to encode.
//
//	cloudevents 127.0.0.1:8080
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
)

func main() {
	for name, mode := range map[string]func(context.Context) context.Context{"binary": binding.WithForceBinary, "structured": binding.WithForceStructured} {
		for _, contentType := range []string{cloudevents.ApplicationJSON, "application/octet-stream"} {
			if err := ask(mode(context.Background()), contentType); err != nil {
				log.Fatalf("cloudevents for Go: %s, %s: %v", name, contentType, err)
			}
		}
	}
	fmt.Println("cloudevents for Go: 4 events")
}

func ask(ctx context.Context, contentType string) error {
	client, err := cloudevents.NewClientHTTP(cloudevents.WithTarget("http://" + os.Args[1] + "/v1/models/iris:predict"))
	if err != nil {
		return err
	}
	e := cloudevents.NewEvent()
	e.SetID("7")
	e.SetType("rows")
	e.SetSource("urn:a")
	e.SetSubject(`grün € 100% "x"`)
	e.SetDataSchema("https://example.com/schema")
	e.SetTime(time.Now())
	e.SetExtension("extension", "wört")
	if err := e.SetData(contentType, []byte(`{"instances": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]}`)); err != nil {
		return err
	}
	answer, result := client.Request(ctx, e)
	if !cloudevents.IsACK(result) || answer == nil {
		return fmt.Errorf("answered with %v, %w", answer, result)
	}
	var data struct{ Predictions []int }
	if err := answer.DataAs(&data); err != nil {
		return err
	}
	if err := answer.Validate(); err != nil {
		return err
	}
	if answer.Type() != "io.kserve.inference.response" || answer.Source() != "io.kserve.inference.iris" || answer.ID() == "7" ||
		answer.Time().IsZero() || len(answer.Extensions()) > 0 || fmt.Sprint(data.Predictions) != "[0 2]" {
		return fmt.Errorf("answered with %v", answer)
	}
	return nil
}
