package config

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestSniff(t *testing.T) {
	tests := []struct {
		name, text string
		want       Kind
	}{
		{"spec", "graph:\n  kind: router\n", Spec},
		{"spec with comments", "# my server\n---\nload_mode: sync # c\n\"graph\": {}\n", Spec},
		{"spec with a typo", "grahp: {}\nmodels: .\n", Spec},
		{"spec that is not YAML", "graph:\n\tkind: router\n", Spec},
		{"JSON spec", `{"version": "v2", "graph": {"kind": "router"}}`, Spec},
		{"JSON spec that breaks off", `{"function_uri": "p/f", "graph": {"kind": "rou`, Spec},
		{"BOM, CRLF", "\ufeffgraph:\r\n  kind: router\r\nversion: v2\r\n", Spec},
		{"function", "kind: serving\nmetadata:\n  name: f\nspec:\n  graph: {}\n", Function},
		{"JSON function", `{"kind": "serving", "metadata": {}, "spec": {}}`, Function},
		{"function in quotes", "kind: \"serving\" # c\nspec: {}\n", Function},
		{"function of another kind", "kind: nuclio\nspec: {}\n", Other},
		{"model artifact", "kind: model\nmetadata: {}\nspec: {}\n", Other},
		{"XGBoost", `{"learner": {"attributes": {}}, "version": [1, 7, 6]}`, Other},
		{"CatBoost", `{"features_info": {}, "model_info": {}, "oblivious_trees": []}`, Other},
		{"ONNX in JSON", `{"irVersion": "8", "producerName": "x", "graph": {"node": []}, "opsetImport": []}`, Other},
		{"only common keys", "version: v2\nparameters: {}\n", Other},
		{"not on top", "a:\n  graph: {}\n", Other},
		{"LightGBM", "tree\nversion=v3\nnum_class=1\n", Other},
		{"list", "- graph: x\n", Other},
		{"binary", "graph: {}\n\x00", Other},
		{"empty", "", Other},
	}
	for _, tt := range tests {
		if got := Sniff([]byte(tt.text)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// No real model is taken for a spec.
func TestSniffModels(t *testing.T) {
	shared := os.Getenv("LEAT_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	models := filepath.Join(shared, "models")
	if _, err := os.Stat(models); err != nil {
		t.Skipf("no models at %s; LEAT_SHARED names another place", models)
	}
	seen := 0
	err := filepath.WalkDir(models, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		head, err := io.ReadAll(io.LimitReader(f, 1<<20))
		if err != nil {
			return err
		}
		if kind := Sniff(head); kind != Other {
			t.Errorf("%s is taken for %v", path, kind)
		}
		seen++
		return nil
	})
	if err != nil || seen < 50 {
		t.Errorf("saw %d files: %v", seen, err)
	}
}
