package textformat

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/oip/inference"
)

// right are texts that are read, by what they are about.
var right = []string{
	"",
	"name: \"m\"\n# a comment\nmax_batch_size: 8",
	`name: 'a' "b" 'c\n\x41\101\u00e9\U0001F600\ud83d\ude00\?' backend: ""`,
	`input { name: "x" data_type: TYPE_FP32 dims: [ -1, 3 ] dims: 4 dims: [] } input: < name: "y"; data_type: 13, >`,
	`input [ { name: "x" }, < name: "y" > ] output []`,
	`parameters { key: "a" value: { string_value: "b" } } parameters: [ { key: "c" value { } }, { value { string_value: "d" } } ]`,
	`dynamic_batching { preferred_batch_size: [ 0x10, 010, 4 ] priority_queue_policy { key: 1 value { timeout_action: DELAY } } }`,
	`sequence_batching { direct { minimum_slot_utilization: 1.5e-3f } control_input [ { name: "S" control [ { fp32_false_true: [ 0, -inf, .5, 1., 2f ] } ] } ] }`,
	`response_cache { enable: True } model_transaction_policy { decoupled: 0 } instance_group [ { passive: t kind: KIND_CPU } ]`,
	`version_policy: { specific: { versions: [ 1, 3 ] } };`,
	`optimization { execution_accelerators { gpu_execution_accelerator : [ { name : 'tensorrt' parameters { key: "precision_mode", value: "FP16" } } ] } cuda: { graphs: true } }`,
	`model_metrics { metric_control { histogram_options { buckets: [ 1, .5, 2e1 ] buckets: 1e300 } } } batch_input: [] cc_model_filenames: {}`,
	`ensemble_scheduling { step [ { model_name: "a" model_version: - 1 input_map { key: "A" value: "B" } } ] }`,
}

func TestReadsWhatTheLibraryReads(t *testing.T) {
	for _, text := range right {
		var got, want inference.ModelConfig
		if err := prototext.Unmarshal([]byte(text), &want); err != nil {
			t.Errorf("%s: the library says %v", text, err)
			continue
		}
		if _, problems := Unmarshal([]byte(text), &got); len(problems) > 0 {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		if d := cmp.Diff(&want, &got, protocmp.Transform()); d != "" {
			t.Errorf("%s (-library +ours):\n%s", text, d)
		}
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"name: \"m\"\nmax_batch_siz: 8\nx: 1": `2:1: unknown field "max_batch_siz" in ModelConfig (did you mean "max_batch_size"?)` +
			"\n3:1: unknown field \"x\" in ModelConfig",
		"input [ { nam: \"x\" },\n  { dims: \"3\" } ]": `1:11: unknown field "nam" in ModelInput (did you mean "name"?)` + "\n2:11: dims is a whole number, found a string",
		"name: m":                           `1:7: name is a string in quotes, found "m"`,
		"name \"m\"":                        `1:1: name has no ":" behind it`,
		"name: \"a\"\nname: \"b\"":          `2:1: name is set twice`,
		"name: \"a":                         `1:7: the string does not end`,
		"name: \"a\nb\"":                    `1:7: the string does not end in its line`,
		`name: "\X41"`:                      `1:7: the escape "\\X" is not known`,
		`name: "\ud83d"`:                    `1:7: the escape "\\u" is not known`,
		`name: "\ud83d\u0041"`:              `1:7: the escape "\\u" is not known`,
		`name: "\q"`:                        `1:7: the escape "\\q" is not known`,
		"max_batch_size: 99999999999":       `1:17: max_batch_size is 99999999999, and not a whole number of type int32`,
		"max_batch_size: 1.5":               `1:17: max_batch_size is 1.5, and not a whole number of type int32`,
		"max_batch_size: [1]":               `1:1: max_batch_size is a list, but there is one of it`,
		"max_batch_size:":                   `1:16: the end of the file stands in the place of a value`,
		"input { data_type: TYPE_FLOAT32 }": `1:20: "TYPE_FLOAT32" is none of DataType (did you mean TYPE_FP32?)`,
		"input { data_type: 99 }":           `1:20: "99" is none of DataType (it is one of TYPE_INVALID, TYPE_BOOL, TYPE_UINT8, TYPE_UINT16, TYPE_UINT32, TYPE_UINT64, TYPE_INT8, TYPE_INT16, TYPE_INT32, TYPE_INT64, TYPE_FP16, TYPE_FP32, TYPE_FP64, TYPE_STRING, TYPE_BF16)`,
		"input: 3":                          `1:8: input is a message in braces, found "3"`,
		"input {\n name: \"é\" }}":          `2:13: "}" stands in the place of a field's name`,
		"input {":                           `1:8: "}" is missing`,
		"input [ { }, ]":                    `1:14: a value is missing behind the comma`,
		"input [ { }\n{ } ]":                `2:1: "{" stands in the place of "," or "]": the list begins in line 1`,
		"dynamic_batching { }\nsequence_batching { }":                  `2:1: sequence_batching and dynamic_batching exclude each other`,
		"parameters { key: \"a\" }\nparameters { key: \"a\" }":         `2:12: parameters has the key "a" twice: what stands here counts`,
		"parameters { key: \"a\" key: \"b\" }":                         `1:23: key is set twice`,
		"max_batch_size: 0 max_batch_size: 0":                          `1:19: max_batch_size is set twice`,
		"max_batch_size: ${rows}":                                      `1:17: '$' is not understood: is this a template that has not been filled in?`,
		"// what it is":                                                `1:1: '/' is not understood: comments begin with #`,
		"parameters { key: \"a\" wert: 1 }":                            `1:23: unknown field "wert": an entry of parameters has a key and a value`,
		"parameters: \"a\"":                                            `1:13: parameters has entries { key: … value: … }, found a string`,
		"response_cache { enable: 2 }":                                 `1:26: enable is true or false, found "2"`,
		"response_cache { enable: -1 }":                                `1:26: enable is true or false, found "-1"`,
		"[a.b/c]: 1":                                                   `1:1: extensions are not read`,
		"max_batch_size:\ninput [ ]":                                   `2:7: "[" stands in the place of a field's name: is a value missing in front? (extensions are not read)`,
		"name: \"a\" %":                                                `1:11: '%' is not understood`,
		"name: - \"a\"":                                                `1:9: a string stands in the place of a number`,
		"name: \"\xff\"":                                               `1:7: name is no text in UTF-8`,
		strings.Repeat("input {", 99):                                  `1:358: messages are nested deeper than 50`,
		"sequence_batching { direct { minimum_slot_utilization: x } }": `1:56: minimum_slot_utilization is a number, found "x"`,
	} {
		_, problems := Unmarshal([]byte(text), &inference.ModelConfig{})
		if d := cmp.Diff(want, list(problems)); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	_, problems := Unmarshal(make([]byte, maxSize+1), &inference.ModelConfig{})
	if want := "0:0: the file is 4194305 bytes long, 4194304 are allowed"; list(problems) != want {
		t.Errorf("problems %s, want %s", list(problems), want)
	}
	if _, problems = Unmarshal([]byte(strings.Repeat("x: 1 ", 1000)), &inference.ModelConfig{}); len(problems) != maxProblems+1 {
		t.Errorf("%d problems", len(problems))
	}
}

func list(problems []Problem) string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, strings.TrimSpace(strings.Join([]string{itoa(p.Pos.Line), itoa(p.Pos.Col), " " + p.Msg}, ":")))
	}
	return strings.Join(lines, "\n")
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// TestTheLastOfAKeyCounts: as it does in the library of C++, which Triton reads with.
func TestTheLastOfAKeyCounts(t *testing.T) {
	const text = `model_warmup { inputs { key: "x" value { data_type: TYPE_FP32 dims: 1 zero_data: true } } inputs { key: "x" value { data_type: TYPE_FP64 dims: [ 2, 3 ] random_data: true } } }`
	var got, want inference.ModelConfig
	_, problems := Unmarshal([]byte(text), &got)
	if len(problems) != 1 || !problems[0].Warning {
		t.Errorf("%v, want one warning", problems)
	}
	if err := prototext.Unmarshal([]byte(`model_warmup { inputs { key: "x" value { data_type: TYPE_FP64 dims: [ 2, 3 ] random_data: true } } }`), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&want, &got, protocmp.Transform()); d != "" {
		t.Error(d)
	}
}

func TestPlaces(t *testing.T) {
	const text = "name: \"m\"\ninput [\n  { name: \"a\" },\n  {\n    dims: [ 1,\n 2 ] }\n]\nparameters { key: \"k\" value { string_value: \"v\" } }"
	places, problems := Unmarshal([]byte(text), &inference.ModelConfig{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for path, want := range map[string]document.Pos{
		"name": {Line: 1, Col: 1}, "input": {Line: 2, Col: 1}, "input[0].name": {Line: 3, Col: 5}, "input[1]": {Line: 4, Col: 3},
		"input[1].dims": {Line: 5, Col: 5}, "input[1].dims[1]": {Line: 6, Col: 2},
		"parameters[k]": {Line: 8, Col: 12}, "parameters[k].string_value": {Line: 8, Col: 31},
	} {
		if places[path] != want {
			t.Errorf("%s is at %v, want %v", path, places[path], want)
		}
	}
}

// FuzzUnmarshal holds the reader against the library's: what ours takes the library
// takes, and makes the same of it.
// TestPlacesInALongLine: a file may be one line of any length, in which places are
// counted once, and not from its beginning for each token.
func TestPlacesInALongLine(t *testing.T) {
	const n = 30_000
	text := strings.Repeat(`input { name: "é" } `, n) + "x: 1"
	_, problems := Unmarshal([]byte(text), &inference.ModelConfig{})
	last := problems[len(problems)-1]
	if want := (document.Pos{Line: 1, Col: n*len(`input { name: "e" } `) + 1}); last.Pos != want {
		t.Errorf("%v, want it at %v", last, want)
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, text := range right {
		f.Add(text)
	}
	shared := os.Getenv("LEAT_SHARED")
	if shared == "" {
		shared = "../../../../shared"
	}
	files, _ := filepath.Glob(filepath.Join(shared, "models", "triton_repository", "*", "config.pbtxt"))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			f.Add(string(text))
		}
	}
	f.Add(`parameters { key: "a" value { string_value: "b" } } parameters { key: "a" value { } }`)
	f.Fuzz(func(t *testing.T, text string) {
		var ours, theirs inference.ModelConfig
		places, problems := Unmarshal([]byte(text), &ours)
		problems = slices.DeleteFunc(problems, func(p Problem) bool { return p.Warning })
		err := prototext.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &theirs)
		if len(places) > len(text)+1 {
			t.Fatalf("%d places in %d bytes", len(places), len(text))
		}
		if strings.ContainsAny(text, "\v\f") {
			return // space by the format's description, and not by the library
		}
		if len(problems) == 0 && err != nil {
			t.Fatalf("ours reads %q, of which the library says %v", text, err)
		}
		if len(problems) > 0 && err == nil && !stricter(problems) {
			t.Fatalf("the library reads %q, of which ours says %s", text, list(problems))
		}
		if len(problems) == 0 && !proto.Equal(&ours, &theirs) && !strings.Contains(strings.ToLower(text), "nan") {
			t.Fatalf("ours and the library's differ: %v, %v", &ours, &theirs)
		}
	})
}

// stricter says whether ours is so by intention: numbers of enums that nothing is called, extensions and deep nesting.
func stricter(problems []Problem) bool {
	for _, p := range problems {
		for _, word := range []string{" is none of ", "extensions are not read", "nested deeper"} {
			if strings.Contains(p.Msg, word) {
				return true
			}
		}
	}
	return false
}
