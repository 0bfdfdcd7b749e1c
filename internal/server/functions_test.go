package server

import (
	"strings"
	"testing"

	"github.com/leat-ml/leat/graph"
)

func TestEndpoint(t *testing.T) {
	c := &Config{Spec: &graph.Spec{FunctionURI: "shop/front:v1", Functions: map[string]string{
		"pricing": "http://pricing:8080", "stock": "shop/front-stock",
	}}}
	for name, want := range map[string]string{
		".pricing": "http://pricing:8080", "pricing": "http://pricing:8080", "shop/pricing": "http://pricing:8080",
	} {
		if got, err := c.endpoint(name); err != nil || got != want {
			t.Errorf("%s is at %s, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		".stock":        "functions says that stock is shop/front-stock, and not where it runs",
		"other/pricing": "the spec has no such function, only pricing, stock",
		"":              "the spec has no such function",
	} {
		if got, err := c.endpoint(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is at %s, %v, want %s", name, got, err, want)
		}
	}
	if _, err := (&Config{Spec: &graph.Spec{}}).endpoint(".a"); err == nil || !strings.Contains(err.Error(), "functions: {a: http://") {
		t.Errorf("without functions: %v", err)
	}
}
