package ensemble_test

import (
	"testing"

	"github.com/leat-ml/leat/ensemble"
	"github.com/leat-ml/leat/serve"
)

func BenchmarkCombine(b *testing.B) {
	p, err := ensemble.NewPanel([]string{"a", "b", "c"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, bm := range []struct {
		name    string
		vote    ensemble.Vote
		answers tensors
	}{
		{"mean", ensemble.Regression, tensors{f64(1), f64(2), f64(3)}},
		{"majority", ensemble.Classification, tensors{i64(1), i64(2), i64(1)}},
		{"1000 probabilities", ensemble.Soft, tensors{many(1000), many(1000), many(1000)}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			answers := values(bm.answers)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Combine(bm.vote, answers, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func many(n int) *serve.Tensor {
	return serve.NewTensor("p", make([]float32, n), n/2, 2)
}
