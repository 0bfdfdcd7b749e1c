package python

import (
	"errors"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// TestAnswersOfSeveral reads what a worker answers to two requests at once, right and
// wrong.
func TestAnswersOfSeveral(t *testing.T) {
	const one = `{"tensors":[{"name":"y","datatype":"INT8","shape":[1]}],"responses":`
	for meta, works := range map[string]bool{
		one + `[{"tensors":1},{"failed":true,"error":"no"}]}`: true,
		one + `[{"tensors":1}]}`:                              false,
		one + `[{"tensors":-1},{"tensors":1}]}`:               false,
		one + `[{"tensors":1},{"tensors":1}]}`:                false,
		one + `7}`:                                            false,
		`{"tensors":[{"name":"y","datatype":"INT8","shape":[9]}],"responses":[{"tensors":1},{}]}`: false,
		``: false,
	} {
		each, err := (&Model{}).answers(&frame{meta: []byte(meta), body: []byte{7}}, 2)
		if (err == nil) != works {
			t.Errorf("%s: %v, %v", meta, each, err)
		}
		if !works {
			continue
		}
		var told *serve.Error
		if len(each[0].Outputs) != 1 || each[0].Err != nil || !errors.As(each[1].Err, &told) {
			t.Errorf("%s: %+v", meta, each)
		}
	}
}
