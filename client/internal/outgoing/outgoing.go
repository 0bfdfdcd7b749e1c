// Package outgoing is what calls of either protocol are sent with besides what they ask.
package outgoing

import (
	"context"
	"fmt"
	"net/http"
)

// A Header makes the header of calls, of what options have for them.
type Header struct {
	Fixed  http.Header
	Inject func(context.Context, http.Header)
	Token  func(context.Context) (string, error)
}

// Fill adds to h what is fixed, in its place what own has, then what is injected, and a
// token. Names are made canonical, so that none is there twice; values are copied, so
// that nobody adds to those of another call.
func (f *Header) Fill(ctx context.Context, h, own http.Header) error {
	for _, from := range []http.Header{f.Fixed, own} {
		for name, values := range from {
			h[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
		}
	}
	if f.Inject != nil {
		f.Inject(ctx, h)
	}
	if f.Token == nil {
		return nil
	}
	token, err := f.Token(ctx)
	if err != nil {
		return fmt.Errorf("get a token: %w", err)
	}
	h.Set("Authorization", "Bearer "+token)
	return nil
}
