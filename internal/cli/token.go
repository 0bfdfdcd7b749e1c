package cli

import (
	"context"
	"os"
	"strings"

	"github.com/leat-ml/leat/client"
)

// A token is what a client shows to be let in; "" is none.
type token string

// readToken is the token that a flag stands for: itself, or what is in the file after @.
func readToken(flag string) (token, error) {
	text := flag
	if name, isFile := strings.CutPrefix(flag, "@"); isFile {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", badUsage("--token @%s: %v", name, withoutPath(err))
		}
		if text = strings.TrimSpace(string(data)); text == "" {
			return "", badUsage("--token @%s: the file is empty", name)
		}
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", badUsage("--token: a token is letters, digits and signs of ASCII without a space")
	}
	return token(text), nil
}

// bearer is how clients get the token; nil where there is none.
func (t token) bearer() func(context.Context) (string, error) {
	if t == "" {
		return nil
	}
	return client.StaticToken(string(t))
}

// hidden is err with dots where its text has the token: servers may tell what they were
// sent.
func (t token) hidden(err error) error {
	if err == nil || t == "" || !strings.Contains(err.Error(), string(t)) {
		return err
	}
	return &hiddenError{strings.ReplaceAll(err.Error(), string(t), "…"), err}
}

type hiddenError struct {
	text string
	err  error
}

func (e *hiddenError) Error() string { return e.text }
func (e *hiddenError) Unwrap() error { return e.err }
