package main

import (
	"context"
	"testing"
)

// TestScale asks the server in process, without a port.
func TestScale(t *testing.T) {
	srv, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close(context.Background()) }()
	got, err := srv.Test(t.Context(), "/v2/models/scale/infer", `{"id": "1", "inputs": [[1, 2, 3]]}`)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"1","model_name":"scale","outputs":[[2,4,6]]}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
