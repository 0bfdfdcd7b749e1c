package python

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// ask measures one request at a time, and tells the median too: the mean has the
// pauses of a busy machine in it.
func ask(b *testing.B, m *Model, req *serve.Request) {
	b.Helper()
	b.ReportAllocs()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := m.Predict(context.Background(), req); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "median-ns")
	b.ReportMetric(float64(took[len(took)/10].Nanoseconds()), "p10-ns")
}

func BenchmarkEcho(b *testing.B) {
	m := startModel(b, testCode(b), "Echo", nil)
	ask(b, m, rows(`{"inputs": [[5.1, 3.5, 1.4, 0.2]]}`))
}

func BenchmarkTensor64K(b *testing.B) { askTensor(b, 64<<10) }

func BenchmarkTensor1M(b *testing.B) { askTensor(b, 1<<20) }

func BenchmarkTensor16M(b *testing.B) { askTensor(b, 16<<20) }

// BenchmarkCoroutine asks a class of MLServer's, whose methods are coroutines.
func BenchmarkCoroutine(b *testing.B) {
	m := startModel(b, testCode(b, "testdata/others.py"), "Threes", nil)
	ask(b, m, &serve.Request{Op: "infer", Dialect: serve.OIP, Inputs: []*serve.Tensor{serve.NewTensor("x", []int64{1, 2})}})
}

// askTensor sends and gets a tensor of so many bytes.
func askTensor(b *testing.B, size int) {
	b.Helper()
	c := testCode(b, "testdata/arrays.py")
	if _, err := os.Stat("../../.venv/bin/python"); err != nil {
		b.Skip("there is no .venv with numpy; make setup makes it")
	}
	c.Interpreter, c.Folder = "../../.venv/bin/python", "."
	m := startModel(b, c, "Arrays", nil)
	b.SetBytes(int64(size))
	ask(b, m, &serve.Request{Op: "infer", Dialect: serve.OIP, Inputs: []*serve.Tensor{serve.NewTensor("x", make([]float32, size/4))}})
}

// BenchmarkPing is one frame there and back without any of the user's code.
func BenchmarkPing(b *testing.B) {
	m := startModel(b, testCode(b), "Echo", nil)
	w := m.pool.pick()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, _, err := w.do(context.Background(), &frame{kind: kindPing}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "median-ns")
}
