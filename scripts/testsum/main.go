// Command testsum reads the output of go test -json and prints what a reader
// wants of it: a line a package, the output of tests that failed or were
// skipped, and, last, how many passed, failed and were skipped. It exits with 1
// when anything failed, a package did not build, or no test ran.
//
//	go test -json ./... | go run ./scripts/testsum
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Stdin, os.Stdout))
}

func run(in io.Reader, out io.Writer) int {
	s := newSummary(out)
	if err := s.readAll(in); err != nil {
		fmt.Fprintf(out, "testsum: read test events: %v\n", err)
		return 1
	}
	return s.close()
}
