//go:build race

package conformance

// raced says that the race detector runs, which sees nothing of what workers do.
const raced = true
