//go:build !linux

package cli

// trimProgram is for Linux, which alone maps more of a program than it uses.
func trimProgram() {}
