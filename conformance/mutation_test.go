package conformance

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/step/queue"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/file"
)

// A mutation is one mistake in a spec.
type mutation struct{ what, text string }

// valid are specs without a mistake: that of docs/graphs.md, the quickstart's,
// and one with what those two lack.
func valid(t *testing.T) map[string]string {
	t.Helper()
	guide, err := os.ReadFile("../docs/graphs.md")
	if err != nil {
		t.Fatal(err)
	}
	quickstart, err := os.ReadFile("../examples/quickstart/server.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	return map[string]string{"docs": example, "quickstart": string(quickstart), "nested": nestedSpec}
}

const nestedSpec = `
parameters: {limit: 3}
graph:
  engine: async
  steps:
    start: {handler: "(event)", on_error: rescue}
    split:
      class_name: storey.Choice
      class_args:
        choice_array: [[big, "(event['n'] > 3)"]]
        default: small
      after: [start]
    big: {class_name: storey.Extend, class_args: {_fn: "({'size': 'big'})"}, after: [split]}
    small:
      kind: flow
      after: [split]
      steps:
        one: {handler: "({'n': event['n'], 'size': 'small'})"}
        two: {class_name: storey.DropColumns, class_args: {columns: [x]}, after: [one]}
    models:
      kind: router
      class_name: ModelRouter
      after: [big, small]
      input_path: request
      result_path: answer
      routes:
        m1: {class_name: ScalarMul1, class_args: {model_path: "", multiplier: 2}}
        m2: {class_name: ScalarMul1, class_args: {model_path: "", multiplier: 3}}
    done: {class_name: Echo, after: [models], responder: true}
    tail: {class_name: storey.Batch, class_args: {max_events: 2, flush_after_seconds: 1}, after: [done]}
    rescue: {kind: error_step, handler: "({'failed': event['n']})", before: [done]}
`

// mutate seeds every mistake of its kinds at every place where it can be made.
func mutate(text string) []mutation {
	var all []mutation
	at := func(what, pattern string, change func(match string) string) {
		re := regexp.MustCompile(pattern)
		for i, loc := range re.FindAllStringIndex(text, -1) {
			old := text[loc[0]:loc[1]]
			if mutated := change(old); mutated != old {
				all = append(all, mutation{fmt.Sprintf("%s %d: %s -> %s", what, i+1, strings.TrimSpace(old), strings.TrimSpace(mutated)), text[:loc[0]] + mutated + text[loc[1]:]})
			}
		}
	}
	swap := func(old, with string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, with, 1) }
	}
	at("misspelt class", `class_name: [\w.]+`, func(s string) string { return s[:len(s)-2] + "qq" })
	at("misspelt step in a link", `(after|before): \[\w+`, func(s string) string { return s + "x" })
	at("misspelt handler of errors", `on_error: \w+`, func(s string) string { return s + "x" })
	at("misspelt key", `(?m)(class_name|class_args|handler|after|on_error|responder|input_path|result_path|full_event|kind|engine|steps|routes): ?`, func(s string) string { return s[:2] + "z" + s[2:] })
	at("unknown kind", `kind: \w+`, func(s string) string { return s + "y" })
	at("text for a list", `after: \[[\w, ]+\]`, func(string) string { return "after: {a: 1}" })
	at("number for text", `(input_path|result_path): \w+`, func(s string) string {
		key, _, _ := strings.Cut(s, ":")
		return key + ": 5"
	})
	at("text for a boolean", `(responder|full_event): true`, swap("true", `"sometimes"`))
	at("broken expression", `"\([^"]*\)"`, func(s string) string { return strings.Replace(s, "(", "(((", 1) })
	at("unknown variable", `event\[`, swap("event", "evnt"))
	at("a step after itself", `(?m)^    (\w+):\n((?:      .*\n)*?)      after: \[`, func(s string) string {
		name, _, _ := strings.Cut(s, ":")
		return s + strings.TrimSpace(name) + ", "
	})
	at("no argument", `class_args: \{[^{}]*\}`, func(s string) string {
		if strings.Contains(s, "multiplier") || strings.Contains(s, "soft") {
			return s
		}
		return "class_args: {}"
	})
	at("misspelt argument", `class_args: \{_?\w+`, func(s string) string { return s + "zz" })
	at("a file that is not there", `model_path: wine`, swap("wine", "vine"))
	at("two responders", `after: \[(square|enrich|split)\]`, func(s string) string { return s + "\n      responder: true" })
	at("a sync engine for branches", `engine: async`, swap("async", "sync"))
	at("a root of another kind", `graph:\n`, func(s string) string { return s + "  kind: flow\n" })
	at("a step twice", `(?m)^    (clean|start):`, func(s string) string { return "    " + strings.TrimSpace(s) + " {handler: \"(event)\"}\n" + s })
	at("an end that leads to the start", `(?m)^    (clean|start):(\n| \{)`, func(s string) string {
		if strings.HasSuffix(s, "{") {
			return s + "after: [done], "
		}
		return s + "      after: [clean]\n"
	})
	at("a tab", `(?m)^    (clean|start):`, func(s string) string { return "\t" + s })
	return all
}

// A folder is one that nobody else uses.
type folder string

func (f folder) Path() string { return string(f) }

func (folder) Claim() error { return nil }

// problemsOf is what leat check does with a spec, its models loaded.
func problemsOf(t *testing.T, text string) []string {
	t.Helper()
	set := classes()
	addFlowClasses(set, &board{visits: map[string]int{}})
	trees.Register(set)
	streams := &stream.Mux{}
	streams.Register("file", (&file.Files{Folder: folder(t.TempDir())}).Open)
	queue.Register(set, streams)
	var found []string
	spec, problems := config.ParseSpec("../examples/quickstart/spec.yaml", []byte(text), config.Options{})
	for _, p := range problems {
		if !p.Warning {
			found = append(found, p.String())
		}
	}
	if spec == nil || spec.Graph == nil {
		if len(found) == 0 {
			found = append(found, "there is no graph")
		}
		return found
	}
	srv, err := leat.New(spec, &leat.Options{Catalog: set})
	if err != nil {
		return append(found, err.Error())
	}
	if err := srv.Start(t.Context()); err != nil {
		found = append(found, err.Error())
	}
	if err := srv.Close(context.Background()); err != nil {
		t.Error(err)
	}
	return found
}

// TestMistakes seeds mistakes in valid specs. At least 95 in 100 are found
// without serving, and the valid specs pass.
func TestMistakes(t *testing.T) {
	total, missed := 0, []string(nil)
	for name, text := range valid(t) {
		if found := problemsOf(t, text); len(found) > 0 {
			t.Errorf("%s is refused: %q", name, found)
		}
		for _, m := range mutate(text) {
			total++
			if len(problemsOf(t, m.text)) == 0 {
				missed = append(missed, name+": "+m.what)
			}
		}
	}
	t.Logf("%d mistakes, missed: %q", total, missed)
	if total < 100 || len(missed)*20 > total {
		t.Errorf("of %d mistakes, %d were missed:\n%s", total, len(missed), strings.Join(missed, "\n"))
	}
}
