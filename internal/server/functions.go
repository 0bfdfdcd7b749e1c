package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// endpoint finds the URL of a function that a spec names: ".child" or "child" for
// one of its functions, with the spec's project in front or without. MLRun asks
// its platform where a function runs; here the spec says so, by a URL in the
// place of the function's URI.
func (c *Config) endpoint(function string) (string, error) {
	functions, project := c.Spec.Functions, projectOf(c.Spec.FunctionURI)
	name := strings.TrimPrefix(function, ".")
	if project != "" {
		name = strings.TrimPrefix(name, project+"/")
	}
	uri, ok := functions[name]
	switch {
	case ok && isURL(uri):
		return uri, nil
	case ok:
		return "", fmt.Errorf("functions says that %s is %s, and not where it runs: write its http URL there", name, uri)
	case len(functions) == 0:
		return "", fmt.Errorf("the spec says of no function where it runs: write functions: {%s: http://…}, or the URL here", name)
	}
	return "", fmt.Errorf("the spec has no such function, only %s", strings.Join(slices.Sorted(maps.Keys(functions)), ", "))
}

func isURL(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// projectOf is the project in a function's URI; "" if there is none.
func projectOf(uri string) string {
	project, _, ok := strings.Cut(uri, "/")
	if !ok {
		return ""
	}
	return project
}
