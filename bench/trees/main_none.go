//go:build !cgo || !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "trees: the libraries are called through cgo, on Linux")
	os.Exit(1)
}
