// Package version holds what the build stamps into the program.
package version

// Version and Commit are set by the linker; a plain go build has neither.
var (
	Version = "dev"
	Commit  = ""
)
