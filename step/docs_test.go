package step

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/step/expr"
)

// sections are the parts of docs/steps.md by their headings.
func sections(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../docs/steps.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		heading, body, _ := strings.Cut(part, "\n")
		out[heading] = body
	}
	return out
}

// TestDocumentedArguments wants every argument of every class in its table.
func TestDocumentedArguments(t *testing.T) {
	parts := sections(t)
	for _, c := range classes {
		if c.config == nil {
			continue
		}
		part, ok := parts[c.name]
		if !ok {
			t.Errorf("docs/steps.md has no part on %s", c.name)
			continue
		}
		known := map[string]bool{}
		for _, names := range append(args.Names(c.config), nested(c.config)...) {
			for _, name := range names {
				if name == "long_running" || name == "pass_context" {
					continue
				}
				known[name], known["_"+name] = true, true
				if !strings.Contains(part, "`"+name+"`") && !strings.Contains(part, "`_"+name+"`") {
					t.Errorf("%s: %s is not documented", c.name, name)
				}
			}
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `([^|]*)` \\|").FindAllStringSubmatch(part, -1) {
			for _, name := range strings.Split(row[1], "`, `") {
				if !known[name] {
					t.Errorf("%s: %s is documented and is no argument", c.name, name)
				}
			}
		}
	}
}

// nested are the arguments within those of a class.
func nested(c any) [][]string {
	if _, ok := c.(aggregateConfig); ok {
		return args.Names(aggregateSpec{})
	}
	return nil
}

// TestDocumentedExamples makes a step of each example.
func TestDocumentedExamples(t *testing.T) {
	set := &catalog.Set{}
	expr.Register(set)
	Register(set)
	for _, name := range []string{"lookup", "count_words"} {
		set.AddFunc(name, func(_ context.Context, x any) (any, error) { return x, nil })
	}
	seen := map[string]bool{}
	for heading, part := range sections(t) {
		for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(part, -1) {
			var example map[string]struct {
				Class  string         `yaml:"class_name"`
				Args   map[string]any `yaml:"class_args"`
				Input  string         `yaml:"input_path"`
				Result string         `yaml:"result_path"`
				Kind   string         `yaml:"kind"`
				After  []string       `yaml:"after"`
			}
			if err := yaml.Unmarshal([]byte(block[1]), &example); err != nil {
				t.Fatalf("%s: %v", heading, err)
			}
			for name, step := range example {
				entry := set.Lookup(step.Class)
				if entry == nil || entry.Name != heading {
					t.Errorf("%s: %s is of class %q", heading, name, step.Class)
					continue
				}
				seen[heading] = true
				values := map[string]any{}
				for key, v := range step.Args {
					if strings.HasPrefix(key, "_") {
						f, err := set.Func(v.(string))
						if err != nil {
							t.Errorf("%s: %s: %v", heading, key, err)
						}
						key, v = key[1:], any(f)
					}
					values[key] = v
				}
				_, err := entry.New(catalog.Args{Name: name, Class: step.Class, Values: values, InputPath: step.Input, ResultPath: step.Result, Func: set.Func})
				if err != nil {
					t.Errorf("%s: %v\n%s", heading, err, block[1])
				}
			}
		}
	}
	for _, c := range classes {
		if !seen[c.name] && c.config != nil {
			t.Errorf("docs/steps.md has no example of %s", c.name)
		}
	}
}
