package config

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/leat-ml/leat/oip/jsontext"
)

// A Kind is what a file is, by its content.
type Kind int

// The kinds of files that [Sniff] tells apart.
const (
	Other    Kind = iota // anything else: a model, for example
	Spec                 // a server spec
	Function             // an MLRun function file of kind serving
)

// telling are the keys of a server spec that other files do not have;
// the rest of its keys count for it too.
var (
	telling = []string{"graph", "models", "load_mode", "function_uri"}
	others  = []string{
		"parameters", "version", "verbose", "functions", "graph_initializer", "error_stream", "track_models",
		"tracking_policy", "secret_sources", "default_content_type",
		"python", "database", "artifacts", "limits", "auth", "tls",
	}
)

// Sniff says what a file is by its first bytes, the more of them the better. It
// looks at the keys on top: a spec has a graph, models, load_mode or
// function_uri, and at least half of its keys are those of a spec; a function
// file has kind serving and a spec or metadata. Text that is not quite YAML or
// JSON still has a kind, so that its mistakes can be told.
func Sniff(head []byte) Kind {
	if bytes.IndexByte(head, 0) >= 0 {
		return Other
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	var keys []string
	var kind string
	if text := bytes.TrimLeft(head, " \t\r\n"); len(text) > 0 && text[0] == '{' {
		keys, kind = jsonKeys(text)
	} else {
		keys, kind = yamlKeys(head)
	}
	has := func(key string) bool { return slices.Contains(keys, key) }
	switch {
	case kind == "serving" && (has("spec") || has("metadata")):
		return Function
	case slices.ContainsFunc(telling, has) && mostlyOurs(keys):
		return Spec
	}
	return Other
}

func mostlyOurs(keys []string) bool {
	ours := 0
	for _, key := range keys {
		if slices.Contains(telling, key) || slices.Contains(others, key) {
			ours++
		}
	}
	return 2*ours >= len(keys)
}

// jsonKeys are the keys of a JSON object that may break off, and its "kind".
func jsonKeys(text []byte) (keys []string, kind string) {
	lx := jsontext.Lexer{Data: text}
	more, err := lx.ObjectStart()
	for more && err == nil {
		var key []byte
		if key, err = lx.ReadKey(nil); err != nil {
			break
		}
		keys = append(keys, string(key))
		start, end, skipped := lx.SkipValue()
		if skipped != nil {
			break
		}
		if string(key) == "kind" {
			kind = string(bytes.Trim(text[start:end], `"`))
		}
		more, err = lx.ObjectNext()
	}
	return keys, kind
}

// yamlKeys are the keys at the left edge of a YAML text, and its "kind".
func yamlKeys(text []byte) (keys []string, kind string) {
	for line := range bytes.Lines(text) {
		name, value, ok := bytes.Cut(line[:min(len(line), 80)], []byte(":"))
		if !ok || len(value) > 0 && !bytes.ContainsRune([]byte(" \t\r\n"), rune(value[0])) {
			continue
		}
		key := string(bytes.Trim(name, `"'`))
		if !keyName.MatchString(key) {
			continue
		}
		keys = append(keys, key)
		if key == "kind" {
			value, _, _ = bytes.Cut(value, []byte("#"))
			kind = string(bytes.Trim(value, "\"' \t\r\n"))
		}
	}
	return keys, kind
}

var keyName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
