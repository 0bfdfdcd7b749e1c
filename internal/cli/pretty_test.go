package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPretty(t *testing.T) {
	long := strings.Repeat("x", 90)
	for _, tt := range []struct{ name, src, want string }{
		{"short", `{"a":[1,2],"b":"c,d:e"}`, `{"a": [1, 2], "b": "c,d:e"}`},
		{"scalar", `12.50`, `12.50`},
		{"not JSON", `Model m is ready`, `Model m is ready`},
		{"empty", ``, ``},
		{"long", `{"id":"` + long + `","outputs":[[1,2],[3,4]],"e":{}}`,
			"{\n  \"id\": \"" + long + "\",\n  \"outputs\": [[1, 2], [3, 4]],\n  \"e\": {}\n}"},
		{"nested", `[["` + long + `",1],"\"],["]`, "[\n  [\"" + long + "\", 1],\n  \"\\\"],[\"\n]"},
		{"long rows", `[["` + long + `","` + long + `"]]`, "[\n  [\n    \"" + long + "\",\n    \"" + long + "\"\n  ]\n]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, string(pretty([]byte(tt.src)))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// FuzzPretty checks that the layout is all that changes.
func FuzzPretty(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\\\""}],"c":null}`, `[]`, strings.Repeat("[", 100) + strings.Repeat("]", 100), `"x`, ` [1 , 2 ] `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got := pretty(src)
		var want, compact bytes.Buffer
		if json.Compact(&want, src) != nil {
			if !bytes.Equal(got, src) {
				t.Errorf("text that is not JSON was changed: %q", got)
			}
			return
		}
		if err := json.Compact(&compact, got); err != nil {
			t.Fatalf("%q is not JSON: %v", got, err)
		}
		if !bytes.Equal(compact.Bytes(), want.Bytes()) {
			t.Errorf("%q became %q", want.Bytes(), compact.Bytes())
		}
	})
}
