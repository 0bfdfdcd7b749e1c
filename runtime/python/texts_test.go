package python

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTexts writes elements that are UTF-8 or not, and reads them back.
func TestTexts(t *testing.T) {
	for _, elems := range []texts{
		{}, {""}, {"a", "é漢😀", "\"\\\n\x00"}, {"\xff"}, {"\xff\xfe", "b"}, {"a\x80é\xc3", "\\u\xedc80"}, {"\xed\xb2\x80"}, {"😀\xf0\x9f"},
	} {
		text := append(appendTexts([]byte{'['}, elems), ']')
		if !json.Valid(text) {
			t.Fatalf("%s is no JSON", text)
		}
		var got texts
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if d := cmp.Diff(elems, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

func FuzzTexts(f *testing.F) {
	for _, text := range []string{`["\udcff"]`, `["\ud83d\ude00\udc80x"]`, `["\ud83d\udc80"]`, `["\\udcff", "é"]`, `[1,"\udc80"]`, `["\ud83d"]`, `null`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got, again texts
		if !json.Valid(text) || json.Unmarshal(text, &got) != nil {
			return
		}
		if err := json.Unmarshal(append(appendTexts([]byte{'['}, got), ']'), &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(got) > 0 {
			if d := cmp.Diff(got, again); d != "" {
				t.Errorf("%s (-read +written and read):\n%s", text, d)
			}
		}
	})
}
