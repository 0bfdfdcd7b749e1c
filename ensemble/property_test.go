package ensemble_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/leat-ml/leat/ensemble"
	"github.com/leat-ml/leat/serve"
)

// A poll is an ensemble that was made up, with its answers.
type poll struct {
	vote    ensemble.Vote
	names   []string
	weights map[string]float64
	answers []*serve.Tensor
}

var polls = rapid.Custom(func(t *rapid.T) poll {
	p := poll{weights: map[string]float64{}, vote: rapid.SampledFrom([]ensemble.Vote{ensemble.Classification, ensemble.Regression}).Draw(t, "vote")}
	models, elements := rapid.IntRange(1, 12).Draw(t, "models"), rapid.IntRange(0, 4).Draw(t, "elements")
	strings := p.vote == ensemble.Classification && rapid.Bool().Draw(t, "strings")
	for i := range models {
		name := string(rune('a' + i))
		p.names = append(p.names, name)
		p.weights[name] = float64(rapid.IntRange(0, 3).Draw(t, "weight"))
		if i == 0 {
			p.weights[name]++
		}
		p.answers = append(p.answers, answer(t, p.vote, strings, elements))
	}
	return p
})

func answer(t *rapid.T, v ensemble.Vote, strings bool, n int) *serve.Tensor {
	switch {
	case strings:
		return serve.NewBytes("y", rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "z"}), n, n).Draw(t, "labels"))
	case v == ensemble.Classification:
		return serve.NewTensor("y", rapid.SliceOfN(rapid.Int64Range(-2, 2), n, n).Draw(t, "classes"))
	}
	return serve.NewTensor("y", rapid.SliceOfN(rapid.Float64Range(0, 1e6), n, n).Draw(t, "numbers"))
}

func (p *poll) combine(t *rapid.T) *serve.Tensor {
	panel, err := ensemble.NewPanel(p.names, p.weights)
	if err != nil {
		t.Fatal(err)
	}
	got, err := panel.Combine(p.vote, values(p.answers), false)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func equal(t *rapid.T, want, got *serve.Tensor) {
	for i := range want.Len() {
		x, isFloat := want.At(i).(float64)
		y, _ := got.At(i).(float64)
		if (!isFloat || x-y > 1e-12*x || y-x > 1e-12*x) && want.At(i) != got.At(i) {
			t.Fatalf("element %d is %v, want %v", i, got.At(i), want.At(i))
		}
	}
}

// TestOrderOfModels: who is asked first decides nothing.
func TestOrderOfModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := polls.Draw(t, "poll")
		want := p.combine(t)
		order := rapid.Permutation(p.names).Draw(t, "order")
		answers := make([]*serve.Tensor, len(order))
		for i, name := range order {
			answers[i] = p.answers[name[0]-'a']
		}
		p.names, p.answers = order, answers
		equal(t, want, p.combine(t))
	})
}

// TestScaleOfWeights: weights are relative.
func TestScaleOfWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := polls.Draw(t, "poll")
		want := p.combine(t)
		by := rapid.Float64Range(1e-6, 1e6).Draw(t, "by")
		for name := range p.weights {
			p.weights[name] *= by
		}
		equal(t, want, p.combine(t))
	})
}

// TestOneVoice: models that agree are right, and so is one alone.
func TestOneVoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := polls.Draw(t, "poll")
		for i := range p.answers {
			p.answers[i] = p.answers[0]
		}
		got := p.combine(t)
		for i := range got.Len() {
			if got.At(i) != p.answers[0].At(i) {
				t.Fatalf("element %d is %v, want %v exactly", i, got.At(i), p.answers[0].At(i))
			}
		}
	})
}

// TestBetweenTheAnswers: a result is one of the answers, or lies between them.
func TestBetweenTheAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := polls.Draw(t, "poll")
		got := p.combine(t)
		for i := range got.Len() {
			if p.vote == ensemble.Classification && !among(p.answers, i, got.At(i)) {
				t.Fatalf("element %d is %v, which nobody answered", i, got.At(i))
			}
			if p.vote == ensemble.Regression && !between(p.answers, i, got.At(i).(float64)) {
				t.Fatalf("element %d is %v, which is not between the answers", i, got.At(i))
			}
		}
	})
}

func among(answers []*serve.Tensor, i int, v any) bool {
	for _, a := range answers {
		if a.At(i) == v {
			return true
		}
	}
	return false
}

func between(answers []*serve.Tensor, i int, v float64) bool {
	lo, hi := answers[0].At(i).(float64), answers[0].At(i).(float64)
	for _, a := range answers {
		lo, hi = min(lo, a.At(i).(float64)), max(hi, a.At(i).(float64))
	}
	return v >= lo*(1-1e-12) && v <= hi*(1+1e-12)
}
