package inproc

import (
	"errors"
	"testing"
)

var sink []byte

func TestMeasure(t *testing.T) {
	ran := 0
	cost, err := Measure(1000, func() error { ran++; sink = make([]byte, 1024); return nil })
	if err != nil || ran != 1101 {
		t.Fatalf("ran %d times, %v", ran, err)
	}
	if cost.Allocs < 1 || cost.Allocs >= 2 || cost.Bytes < 1024 || cost.Bytes >= 2048 {
		t.Errorf("1 KiB in one allocation was measured as %.2f bytes in %.2f", cost.Bytes, cost.Allocs)
	}
	failed := errors.New("failed")
	if _, err := Measure(10, func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

func TestReferenceReadsTheBody(t *testing.T) {
	body := []byte(`{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1,2.5]}]}`)
	if err := Reference(body)(); err != nil {
		t.Error(err)
	}
	if err := Reference(body[1:])(); err == nil {
		t.Error("half a body: no error")
	}
}

// TestFlows has every graph that is measured answer, and has one compared.
func TestFlows(t *testing.T) {
	for _, f := range append(Flows(), Peers()...) {
		op, last, stop, err := GraphAnswer(t.Context(), f, Rows)
		if err != nil {
			t.Fatal(err)
		}
		if err := op(); err != nil || len(last()) == 0 {
			t.Errorf("%s answers %q, %v", f.Name, last(), err)
		}
		if err := stop(); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	nop := func() error { return nil }
	ours, refs, err := Compare(3, 0, nop, nop)
	if err != nil || len(ours) != 3 || len(refs) != 3 {
		t.Errorf("got %d and %d costs, %v", len(ours), len(refs), err)
	}
}
