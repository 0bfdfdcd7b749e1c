package v2

import "context"

// Await notes that a request waits for the loaded model, in a queue before it that
// has it serve so many calls at a time (0 is any number), until leave is called, where the
// model wants to know. The error is that it would wait for ever.
func (f *FileModel) Await(ctx context.Context, calls int) (leave func(), err error) {
	if m, ok := f.model.(interface {
		Await(ctx context.Context, calls int) (leave func(), err error)
	}); ok {
		return m.Await(ctx, calls)
	}
	return func() {}, nil
}
