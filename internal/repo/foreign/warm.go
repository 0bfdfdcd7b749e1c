package foreign

import (
	"context"
	"fmt"
	"slices"

	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
)

// Warm implements [serve.Warmer]: it has each copy of the model answer the plan's
// requests.
func (m *Model) Warm(ctx context.Context) error {
	for _, c := range m.copies {
		if err := m.warm(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// warm has a copy answer, with what the plan makes of shapes, and not by what counts or
// remembers requests. To a model with sequences each request is a sequence; what a
// warm-up says of that itself, as Triton's do, gives way to it.
func (m *Model) warm(ctx context.Context, to schedule.Predictor) error {
	if m.plan.Adapt != nil {
		to = &adapted{next: to, by: m.plan.Adapt}
	}
	if m.plan.Sequence == nil {
		return Warm(ctx, to, m.plan.Warmups)
	}
	seq := schedule.NewSequencer([]schedule.Predictor{to}, *m.plan.Sequence)
	defer seq.Close()
	warmups := slices.Clone(m.plan.Warmups)
	for i := range warmups {
		warmups[i].Inputs = slices.DeleteFunc(slices.Clone(warmups[i].Inputs), func(t *serve.Tensor) bool { return m.hiddenInput(t.Name) })
	}
	return Warm(ctx, whole{seq}, warmups)
}

// whole makes a sequence of each request.
type whole struct{ next schedule.Predictor }

// Predict implements [schedule.Predictor].
func (w whole) Predict(ctx context.Context, req *serve.Request) (any, error) {
	with := *req
	with.Parameters = map[string]any{"sequence_id": int64(1), "sequence_start": true, "sequence_end": true}
	return w.next.Predict(ctx, &with)
}

// Warm has a model answer requests.
func Warm(ctx context.Context, to schedule.Predictor, warmups []Warmup) error {
	for _, w := range warmups {
		req := (&serve.Request{Op: "infer", Dialect: serve.OIP}).WithInputs(w.Inputs...)
		for range max(1, w.Count) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := to.Predict(ctx, req); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
	}
	return nil
}
