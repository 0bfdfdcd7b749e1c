package serve

import "context"

// togetherKey is where a context has the requests that were put together.
type togetherKey struct{}

type together struct {
	reqs []*Request
	ctxs []context.Context //nolint:containedctx // of those who wait for the answers meanwhile
}

// WithTogether returns the context for a request that was made of several, whose rows
// stand one behind another in it, and which came with the contexts. They must not change
// while a model has it.
func WithTogether(ctx context.Context, reqs []*Request, ctxs []context.Context) context.Context {
	return context.WithValue(ctx, togetherKey{}, together{reqs, ctxs})
}

// Together are the requests of which the request that came with ctx was made; nil where
// it was not. A model that wants to answer each of them returns []Answer, one for each,
// in place of outputs with the rows of all.
func Together(ctx context.Context) []*Request {
	all, _ := ctx.Value(togetherKey{}).(together)
	return all.reqs
}

// TogetherContexts are the contexts with which the requests came; nil where the request
// was not made of several.
func TogetherContexts(ctx context.Context) []context.Context {
	all, _ := ctx.Value(togetherKey{}).(together)
	return all.ctxs
}

// An Answer is that to one of the requests which a model got together: outputs, of any
// number of rows, or an error, which is that request's alone.
type Answer struct {
	Outputs []*Tensor
	Err     error
}
