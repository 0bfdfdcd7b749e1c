//go:build race

package python

// raced says that the race detector runs, which sees nothing of what workers do.
const raced = true
