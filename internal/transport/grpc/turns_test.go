package grpc

import (
	"errors"
	"testing"

	"google.golang.org/grpc/test/bufconn"
)

// TestTurns has connections accepted by one after the other, and all end with one.
func TestTurns(t *testing.T) {
	l := bufconn.Listen(1 << 10)
	parts := turns(l, 3)
	for i := range 7 {
		go func() {
			if c, err := l.DialContext(t.Context()); err == nil {
				_ = c.Close()
			}
		}()
		c, err := parts[i%3].Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	if err := errors.Join(parts[2].Close(), parts[0].Close()); err != nil {
		t.Error(err)
	}
	for i, p := range parts {
		if _, err := p.Accept(); err == nil {
			t.Errorf("part %d accepts after the end", i)
		}
	}
}
