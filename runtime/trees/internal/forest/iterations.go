package forest

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
