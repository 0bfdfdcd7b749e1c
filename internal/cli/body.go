package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// readBody is the text that a flag stands for: itself, the content of a file
// after @, or stdin for -.
func (e *Env) readBody(flag, arg string) ([]byte, error) {
	name, isFile := strings.CutPrefix(arg, "@")
	switch {
	case arg == "-":
		if e.Stdin == nil {
			return nil, fmt.Errorf("%s -: there is no stdin", flag)
		}
		data, err := io.ReadAll(e.Stdin)
		if err != nil {
			return nil, fmt.Errorf("%s -: read stdin: %w", flag, err)
		}
		return data, nil
	case isFile:
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("%s @%s: %w", flag, name, withoutPath(err))
		}
		return data, nil
	}
	return []byte(arg), nil
}
