package forest

import "fmt"

// Iterations chooses which rounds of boosting count, of those that a file has.
// The zero value is what the library that wrote the file uses by default.
type Iterations struct {
	// From is the first round and To the one after the last, which is chosen
	// without regard to All; 0 chooses no end.
	From, To int
	// All chooses all rounds, also those after the best one that early
	// stopping found.
	All bool
}

// Check says what is wrong with the choice, for a model of n rounds.
func (i Iterations) Check(n int) error {
	to := i.To
	if to == 0 {
		to = n
	}
	if i.From < 0 || to > n || (i.From >= to && i != (Iterations{All: i.All})) {
		return fmt.Errorf("iterations [%d, %d) are not in the model, which has %d", i.From, to, n)
	}
	return nil
}
