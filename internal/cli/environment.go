package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// environment gives flags that the command line leaves out the values that the
// environment has for them: LEAT_HTTP for --http. Only flags that are marked as
// settings have one, and an empty variable is as good as none.
type environment struct {
	lookup func(string) (string, bool)
	used   []*kong.Flag
}

// settingTag marks a flag that LEAT_<FLAG> sets too.
const settingTag = "setting"

func variable(flag string) string {
	return "LEAT_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Validate implements [kong.Resolver].
func (s *environment) Validate(*kong.Application) error { return nil }

// Resolve implements [kong.Resolver].
func (s *environment) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !flag.Tag.Has(settingTag) {
		return nil, nil
	}
	value, ok := s.lookup(variable(flag.Name))
	if !ok || value == "" {
		return nil, nil
	}
	s.used = append(s.used, flag)
	return value, nil
}

// blame names the variable if the error is about a flag that one set.
func (s *environment) blame(err error) string {
	for _, flag := range s.used {
		if strings.Contains(err.Error(), "--"+flag.Name) {
			return fmt.Sprintf(" (set by %s in the environment)", variable(flag.Name))
		}
	}
	return ""
}
