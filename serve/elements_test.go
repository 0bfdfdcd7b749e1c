package serve_test

import (
	"math"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// TestElements has lengths whose product is no number refused wherever a 0 stands among them.
func TestElements(t *testing.T) {
	const half = math.MaxInt/2 + 1
	for _, tt := range []struct {
		shape []int
		n     int
		ok    bool
	}{
		{nil, 1, true},
		{[]int{}, 1, true},
		{[]int{2, 3, 4}, 24, true},
		{[]int{0, 2}, 0, true},
		{[]int{2, 0}, 0, true},
		{[]int{0, math.MaxInt}, 0, true},
		{[]int{math.MaxInt}, math.MaxInt, true},
		{[]int{half, 4}, 0, false},
		{[]int{0, half, 4}, 0, false},
		{[]int{half, 0, 4}, 0, false},
		{[]int{half, 4, 0}, 0, false},
		{[]int{-1}, 0, false},
		{[]int{0, -1}, 0, false},
		{[]int{-1, 0}, 0, false},
		{[]int{-1, -1}, 0, false},
	} {
		if n, ok := serve.Elements(tt.shape); n != tt.n || ok != tt.ok {
			t.Errorf("%v: %d, %v, want %d, %v", tt.shape, n, ok, tt.n, tt.ok)
		}
	}
}
