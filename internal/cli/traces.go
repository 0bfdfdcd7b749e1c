package cli

import (
	"github.com/leat-ml/leat/internal/tracing"
	"github.com/leat-ml/leat/internal/version"
)

// traces says where traces go, by the flag or by what the environment has for
// all programs; nil is nowhere.
func (c *serveCmd) traces(env *Env) (*tracing.Config, error) {
	to, err := tracing.Configure(c.Traces, env.Lookup)
	if err != nil {
		by := ""
		if v, _ := env.Lookup(variable("traces")); c.Traces != "" && v == c.Traces {
			by = " (set by " + variable("traces") + " in the environment)"
		}
		return nil, badUsage("%v%s", err, by)
	}
	if to != nil {
		to.Version = version.Version
	}
	return to, nil
}
