package endpoint_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/leat-ml/leat/endpoint"
)

// TestUID: the names are what sha1sum says of the text.
func TestUID(t *testing.T) {
	for _, c := range []struct{ function, model, want string }{
		{"proj/serving:latest", "model1:v1", "b1bcdac544d7742afe8904e58443fdacb92c584d"},
		{"p/f@abc", "m", "a204cd456cf208efa48455a74cb2d7d9843b4c8b"},     // p_f_abc_m_N/A
		{"p/f:tag@abc", "m", "e579852877dfe964390f2209489d3c2f04f58b62"}, // p_f_tag@abc_m_N/A
		{"p/f", "a:b:c", "1ec81095cacc5bab095b77b5f337ca13f734a7bd"},     // p_f_N/A_a:b:c_N/A
		{"default/func", "m1:latest", "ea98a32a6936589ce10a25ff43be0295d5c0fa0d"},
	} {
		if got, err := endpoint.UID(c.function, c.model); got != c.want || err != nil {
			t.Errorf("%s %s: %s, error %v; want %s", c.function, c.model, got, err, c.want)
		}
	}
}

func TestNoUID(t *testing.T) {
	for _, c := range []struct{ function, model, want string }{
		{"", "m", "names no project"},
		{"serving:latest", "m", "names no project"},
		{"/serving", "m", "names no project"},
		{"p/", "m", "names no function"},
		{"p/:latest", "m", "names no function"},
		{"p/@hash", "m", "names no function"},
		{"p/f", "", "has no name"},
		{"p/f", ":v1", "has no name"},
	} {
		if got, err := endpoint.UID(c.function, c.model); got != "" || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %s, error %v; want %s", c.function, c.model, got, err, c.want)
		}
		if _, err := endpoint.New(c.function, c.model); err == nil {
			t.Errorf("%s %s: a record", c.function, c.model)
		}
	}
	if _, err := endpoint.New("My_Project/f", "m:1"); err == nil || !strings.Contains(err.Error(), `project "My_Project" is not`) {
		t.Errorf("error %v", err)
	}
}

// TestConformanceCases runs the cases about uids of MLRun's contract.
func TestConformanceCases(t *testing.T) {
	f, err := os.Open("../conformance/mlrun.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct {
			Name   string
			Spec   json.RawMessage
			Expect json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(c.Name, "uid_") {
			continue
		}
		found++
		var in struct {
			FunctionURI string `json:"function_uri"`
			Model       string
		}
		if err := json.Unmarshal(c.Spec, &in); err != nil {
			t.Fatal(err)
		}
		var want struct{ Value string }
		if err := json.Unmarshal(c.Expect, &want); err != nil {
			t.Fatal(err)
		}
		if got, err := endpoint.UID(in.FunctionURI, in.Model); got != want.Value || err != nil {
			t.Errorf("%s: %s, error %v; want %s", c.Name, got, err, want.Value)
		}
	}
	if found < 2 || lines.Err() != nil {
		t.Errorf("found %d cases, error %v", found, lines.Err())
	}
}

func TestModelOf(t *testing.T) {
	for version, want := range map[string]string{"": "m:latest", "v1": "m:v1"} {
		if got := endpoint.ModelOf("m", version); got != want {
			t.Errorf("%q: %s", version, got)
		}
	}
	if name, version := endpoint.ParseModel("a:b"); name != "a" || version != "b" {
		t.Errorf("%s, %s", name, version)
	}
}

// FuzzQuery: what comes from outside is refused or can be asked for.
func FuzzQuery(f *testing.F) {
	f.Add("p/f:t@h", "m:1", "k=v", "", "x")
	f.Add("/", ":", "=", "bm90aGluZw", "")
	f.Fuzz(func(t *testing.T, function, model, label, after, uid string) {
		if e, err := endpoint.New(function, model); err == nil {
			if endpoint.CheckUID(e.Metadata.UID) != nil || e.Validate() != nil {
				t.Errorf("%+v", e)
			}
		}
		if l, err := endpoint.ParseLabel(label); err == nil && l.Key == "" {
			t.Error("a label without key")
		}
		_ = endpoint.CheckURL(model)
		q := endpoint.Query{After: after, UIDs: []string{uid}, Function: function}
		if q.Validate() == nil && endpoint.CheckUID(uid) != nil {
			t.Errorf("%q is a uid", uid)
		}
	})
}
