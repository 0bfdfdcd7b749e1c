package repo

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var background = context.Background()

// A change is one step in the life of a repository: files written (or removed,
// where the content is empty), a model loaded or unloaded, what that said, and
// the answers afterwards.
type change struct {
	put    map[string]string
	load   string
	unload string
	want   string // "" if it must succeed
	then   map[string]string
}

func (c change) run(t *testing.T, r *Repository, root string) {
	t.Helper()
	for path, content := range c.put {
		if content == "" {
			remove(t, root, path)
			continue
		}
		put(t, root, path, content)
	}
	var err error
	switch {
	case c.load != "":
		err = r.Load(background, c.load)
	case c.unload != "":
		err = r.Unload(background, c.unload)
	}
	got := ""
	if err != nil {
		got = statusOf(err) + ": " + strings.ReplaceAll(err.Error(), root, "ROOT")
	}
	if diff := cmp.Diff(c.want, got); diff != "" {
		t.Errorf("load %s, unload %s: %s", c.load, c.unload, diff)
	}
	for model, want := range c.then {
		if got := answer(t, r, model); !strings.HasPrefix(got, want) {
			t.Errorf("then %s answers %s, want %s", model, got, want)
		}
	}
}

func TestLoadAndUnload(t *testing.T) {
	const kept = "; what was loaded before goes on serving"
	for _, c := range []struct {
		name    string
		files   map[string]string
		changes []change
	}{
		{"a new model", nil, []change{
			{put: map[string]string{"a.fake": "FAKE good a"}, then: map[string]string{"a": "not found"}},
			{load: "a", then: map[string]string{"a": "a", "ok": "ok"}},
		}},
		{"a model that is not there", nil, []change{
			{load: "a", want: "not found: there is no model a in ROOT", then: map[string]string{"a": "not found"}},
			{load: "../ok", want: "not found: there is no model ../ok in ROOT"},
			{load: "", unload: "a", want: "not found: there is no model a"},
		}},
		{"another content", map[string]string{"a.fake": "FAKE good old"}, []change{
			{put: map[string]string{"a.fake": "FAKE good new"}, then: map[string]string{"a": "old"}},
			{load: "a", then: map[string]string{"a": "new"}},
		}},
		{"another version", map[string]string{"m/1/x": "FAKE good one"}, []change{
			{put: map[string]string{"m/2/x": "FAKE good two"}, load: "m", then: map[string]string{"m": "two", "m:1": "one"}},
			{put: map[string]string{"m/1": ""}, load: "m", then: map[string]string{"m": "two", "m:1": "not found"}},
			{put: map[string]string{"m/model.yaml": "labels: {best: 2}"}, load: "m", then: map[string]string{"m:best": "two"}},
			{put: map[string]string{"m/model.yaml": "labels: {other: 2}"}, load: "m", then: map[string]string{"m:best": "not found", "m:other": "two"}},
		}},
		{"a bare file becomes a folder", map[string]string{"m.fake": "FAKE good file"}, []change{
			{put: map[string]string{"m.fake": "", "m/3/x": "FAKE good three"}, load: "m", then: map[string]string{"m": "three", "m:1": "not found"}},
		}},
		{"a reload that fails", map[string]string{"m/1/x": "FAKE good one"}, []change{
			{put: map[string]string{"m/1/x": "FAKE bad torn"}, load: "m", want: "internal: model m:1 failed to load: x: torn" + kept, then: map[string]string{"m": "one"}},
			{put: map[string]string{"m/1": "", "m/2/x": "FAKE bad too"}, load: "m", want: "internal: model m:2 failed to load: x: too" + kept, then: map[string]string{"m": "one"}},
			{put: map[string]string{"m/model.yaml": "x: 1"}, load: "m", want: `internal: model m failed to load: m/model.yaml:1:1: unknown key "x"` + kept, then: map[string]string{"m": "one"}},
			{put: map[string]string{"m": ""}, load: "m", want: "not found: there is no model m in ROOT", then: map[string]string{"m": "one"}},
			{put: map[string]string{"m/1/x": "FAKE good again"}, load: "m", then: map[string]string{"m": "again"}},
		}},
		{"two versions that fail", map[string]string{"m/1/x": "FAKE good one"}, []change{
			{put: map[string]string{"m/2/x": "FAKE bad b", "m/3/": "-"}, load: "m", then: map[string]string{"m": "one"},
				want: "internal: model m:2 failed to load: x: b; model m:3 failed to load: folder m/3: there is no model in it that a runtime of this server knows (fake, other)" + kept},
		}},
		{"a model of which nothing serves", map[string]string{"m/1/x": "FAKE bad one"}, []change{
			{put: map[string]string{"m/1/x": "FAKE bad two"}, load: "m", want: "internal: model m:1 failed to load: x: two",
				then: map[string]string{"m": "unavailable: model m:1 is not ready yet: it has failed: x: two"}},
			{put: map[string]string{"m/1/x": "FAKE good three"}, load: "m", then: map[string]string{"m": "three"}},
		}},
		{"a version that failed before", map[string]string{"m/1/x": "FAKE good one", "m/2/x": "FAKE bad two"}, []change{
			{put: map[string]string{"m/1/x": "FAKE good eins"}, load: "m", want: "internal: model m:2 failed to load: x: two",
				then: map[string]string{"m:1": "eins", "m:2": "unavailable"}},
			{put: map[string]string{"m/1/x": "FAKE bad uno"}, load: "m", want: "internal: model m:1 failed to load: x: uno; model m:2 failed to load: x: two" + kept,
				then: map[string]string{"m:1": "eins"}},
		}},
		{"a default that would fail", map[string]string{"m/1/x": "FAKE good one", "m/2/x": "FAKE bad two", "m/model.yaml": "default: 1"}, []change{
			{put: map[string]string{"m/model.yaml": "default: 2"}, load: "m", want: "internal: model m:2 failed to load: x: two" + kept,
				then: map[string]string{"m": "one"}},
		}},
		{"an unloaded model", map[string]string{"m/1/x": "FAKE good one", "m/2/x": "FAKE good two"}, []change{
			{unload: "m", then: map[string]string{"m": "unavailable: model m:2 is not ready yet: it has been unloaded", "m:1": "unavailable", "m:3": "not found", "ok": "ok"}},
			{unload: "m"},
			{put: map[string]string{"m/1/x": "FAKE bad one"}, load: "m", want: "internal: model m:1 failed to load: x: one", then: map[string]string{"m": "two", "m:1": "unavailable"}},
			{unload: "m"},
			{put: map[string]string{"m/1": ""}, load: "m", then: map[string]string{"m": "two", "m:1": "not found"}},
		}},
		{"a broken model unloaded", map[string]string{"m/config.pbtxt": "x"}, []change{
			{unload: "m", then: map[string]string{"m": "unavailable: model m is not ready yet: it has been unloaded"}},
			{load: "m", want: "internal: model m failed to load: m/config.pbtxt:1:2: the end of the file stands in the place of a value", then: map[string]string{"m": "unavailable: model m is not ready yet: it has failed: m/config"}},
		}},
		{"a second model of the name", map[string]string{"m.fake": "FAKE good m"}, []change{
			{put: map[string]string{"m/1/x": "FAKE good n"}, load: "m", then: map[string]string{"m": "m"},
				want: "internal: model m failed to load: 2 models have this name: m.fake and m; rename all but one" + kept},
		}},
		{"a model that panics when it is closed", map[string]string{"m.fake": "FAKE good explosive"}, []change{
			{unload: "m", want: "internal: unload model m: the model panicked: boom", then: map[string]string{"m": "unavailable"}},
			{load: "m", then: map[string]string{"m": "explosive"}},
			{put: map[string]string{"m.fake": "FAKE good tame"}, load: "m", want: "internal: unload model m: the model panicked: boom", then: map[string]string{"m": "tame"}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := tree(t, c.files)
			put(t, root, "ok.fake", "FAKE good ok")
			r, _ := serving(t, root, nil)
			for _, change := range c.changes {
				change.run(t, r, root)
			}
		})
	}
}

// TestLoadWholeRoot has a root that is one model.
func TestLoadWholeRoot(t *testing.T) {
	root := tree(t, map[string]string{"fraud/1/x": "FAKE good one"}) + "/fraud"
	r, _ := serving(t, root, nil)
	change{put: map[string]string{"2/x": "FAKE good two"}, load: "fraud", then: map[string]string{"fraud": "two"}}.run(t, r, root)
	change{load: "2", want: "not found: there is no model 2 in ROOT"}.run(t, r, root)
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	change{load: "fraud", want: "internal: load model fraud: open the models: stat ROOT: no such file or directory",
		then: map[string]string{"fraud": "two"}}.run(t, r, root)
}
