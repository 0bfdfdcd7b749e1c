package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/leat-ml/leat/internal/version"
)

type versionCmd struct {
	format `embed:""`
}

// Help implements [kong.HelpProvider].
func (versionCmd) Help() string {
	return `
Example:

    leat version -o json
`
}

// A build is what is known of how the program was built.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints the build.
func (c *versionCmd) Run(env *Env) error {
	b := build{version.Version, commit(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	if c.json() {
		return printJSON(env.Stdout, b)
	}
	_, err := fmt.Fprintf(env.Stdout, "leat %s\ncommit %s\n%s %s\n", b.Version, b.Commit, b.Go, b.Platform)
	return err
}

// commit is the one that the build was told, or that the go command found.
func commit() string {
	if version.Commit != "" {
		return version.Commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}
