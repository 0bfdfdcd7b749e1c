//go:build race

package v2_test

// raced says that the race detector runs, under which pools drop what they get.
const raced = true
