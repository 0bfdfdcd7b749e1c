package args_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// word is a value with a form of its own.
type word struct{ Text string }

func (w *word) DecodeArg(_ args.Decoder, v any) error {
	s, ok := v.(string)
	if !ok || s == "" {
		return errors.New("must be a word")
	}
	w.Text = s
	return nil
}

type inner struct {
	Name string   `arg:"name,required"`
	Ops  []string `arg:"operations"`
}

type shared struct {
	Long bool `arg:"long_running"`
}

type config struct {
	shared
	Count   int               `arg:"max_events"`
	Share   float64           `arg:"share"`
	After   time.Duration     `arg:"flush_after_seconds"`
	Key     string            `arg:"key_field,key"`
	Any     any               `arg:"initial_value"`
	Fn      catalog.Func      `arg:"fn"`
	Words   []word            `arg:"words"`
	Mapping map[string]string `arg:"mapping"`
	Inner   []inner           `arg:"inner"`
	Maybe   *int              `arg:"maybe"`
	own     int
}

func named(string) (catalog.Func, error) {
	return func(context.Context, any) (any, error) { return "called", nil }, nil
}

func TestDecode(t *testing.T) {
	three := 3
	got := config{Count: 1, Share: 0.5, own: 7}
	err := args.Decoder{Func: named}.Decode(map[string]any{
		"max_events": 4.0, "flush_after_seconds": 1.5, "key": "user", "initial_value": []any{nil},
		"words": "one", "mapping": map[string]string{"a": "b"}, "maybe": int64(3), "long_running": true,
		"inner": []map[string]any{{"name": "n", "operations": []string{"sum"}}}, "share": nil,
	}, &got)
	if err != nil {
		t.Fatal(err)
	}
	want := config{
		shared: shared{Long: true}, Count: 4, Share: 0.5, After: 1500 * time.Millisecond, Key: "user", Any: []any{nil},
		Words: []word{{"one"}}, Mapping: map[string]string{"a": "b"}, Maybe: &three, own: 7,
		Inner: []inner{{Name: "n", Ops: []string{"sum"}}},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(config{}, shared{})); d != "" {
		t.Errorf("decoded (-want +got):\n%s", d)
	}
}

func TestFunctions(t *testing.T) {
	direct := func(context.Context, any) (any, error) { return "direct", nil }
	for _, c := range []struct {
		value any
		find  func(string) (catalog.Func, error)
		want  string
	}{
		{catalog.Func(direct), nil, "direct"},
		{direct, nil, "direct"},
		{"(event)", named, "called"},
	} {
		var got config
		if err := (args.Decoder{Func: c.find}).Decode(map[string]any{"fn": c.value}, &got); err != nil {
			t.Fatal(err)
		}
		if v, _ := got.Fn(t.Context(), nil); v != c.want {
			t.Errorf("%T: called %v, want %v", c.value, v, c.want)
		}
	}
}

// TestProblems wants an error that names the argument for every mistake.
func TestProblems(t *testing.T) {
	unknown := func(name string) (catalog.Func, error) { return nil, errors.New("unknown function " + name) }
	for want, values := range map[string]map[string]any{
		"max_event is not an argument of this class (did you mean max_events?)":   {"max_event": 1},
		"_key is not an argument of this class under that name (did you mean key": {"_key": 1},
		"zzz is not an argument of this class":                                    {"zzz": 1},
		`max_events must be a whole number, found "4"`:                            {"max_events": "4"},
		"max_events must be a whole number, found 1.5":                            {"max_events": 1.5},
		"max_events must be a whole number, found 1e+300":                         {"max_events": 1e300},
		"share must be a number, found true":                                      {"share": true},
		"flush_after_seconds must be a number of seconds, found -1":               {"flush_after_seconds": -1},
		"flush_after_seconds must be a number of seconds, found 1e+20":            {"flush_after_seconds": 1e20},
		"key_field is the same as key, which is given too":                        {"key": "a", "key_field": "b"},
		"key must be text, found a list":                                          {"key": []any{1}},
		"long_running must be true or false, found 1":                             {"long_running": 1},
		"fn must be a function, found 7":                                          {"fn": 7},
		"fn must be a function: unknown function nosuch":                          {"fn": "nosuch"},
		"words[1] must be a word":                                                 {"words": []any{"a", 2}},
		"words[0] is null":                                                        {"words": []any{nil}},
		"mapping must be a mapping, found a list":                                 {"mapping": []any{}},
		"mapping.a must be text, found a mapping":                                 {"mapping": map[string]any{"a": map[string]any{}}},
		"mapping.a is null":                                                       {"mapping": map[string]any{"a": nil}},
		"inner[0].name is missing":                                                {"inner": map[string]any{}},
		"inner[0].operation is not an argument of this class (did you mean oper":  {"inner": map[string]any{"name": "n", "operation": 1}},
	} {
		err := args.Decoder{Func: unknown}.Decode(values, new(config))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: error %v, want %s", values, err, want)
		}
	}
	err := args.Decoder{}.Decode(map[string]any{"fn": "f", "share": "x"}, new(config))
	var all args.Error
	if !errors.As(err, &all) || len(all) != 2 || all[0].Arg != "fn" || all[1].Arg != "share" {
		t.Errorf("problems %v, want those of fn and share", all)
	}
}

func TestDescribe(t *testing.T) {
	for want, v := range map[string]any{
		"null": nil, `"a"`: "a", "1": int64(1), "a function": catalog.Func(nil), "a list": serve.NewTensor("", []int64{1}),
		"a mapping": serve.NewObject(), "a value of type struct {}": struct{}{},
		`"` + strings.Repeat("é", 40) + `"…`: strings.Repeat("é", 1000),
	} {
		if got := args.Describe(v); got != want {
			t.Errorf("%v is described as %s, want %s", v, got, want)
		}
	}
}

// FuzzDecode wants no panic, and no error text much larger than what it is about.
func FuzzDecode(f *testing.F) {
	f.Add(`{"max_events": 3, "words": ["a"], "inner": [{"name": "x", "operations": "sum"}]}`)
	f.Add(`{"flush_after_seconds": 1e400, "mapping": {"a": [[[]]]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var values map[string]any
		if json.Unmarshal([]byte(text), &values) != nil {
			return
		}
		var c config
		if err := (args.Decoder{Func: named}).Decode(values, &c); err != nil && len(err.Error()) > 1000+100*len(text) {
			t.Errorf("an error of %d bytes about %d bytes", len(err.Error()), len(text))
		}
	})
}

func TestNames(t *testing.T) {
	want := [][]string{
		{"long_running"}, {"max_events"}, {"share"}, {"flush_after_seconds"}, {"key_field", "key"}, {"initial_value"},
		{"fn"}, {"words"}, {"mapping"}, {"inner"}, {"maybe"},
	}
	if d := cmp.Diff(want, args.Names(config{})); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
}
