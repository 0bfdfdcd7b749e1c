//go:build race

package readahead

// raceEnabled is whether the race detector is at work, which knows of the calls of package
// syscall that one end of a connection has written what the other reads.
const raceEnabled = true
