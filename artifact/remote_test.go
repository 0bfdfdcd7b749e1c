package artifact

import (
	"crypto/sha1" //nolint:gosec // as MLRun has it
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sha1Of(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return sha256Prefix + hex.EncodeToString(sum[:])
}

// TestRemoteForms: the forms of get_model, in a bucket.
func TestRemoteForms(t *testing.T) {
	w := newWorld(t, map[string]string{
		"file.ubj": "model", "plain/b.ubj": "b", "plain/a.txt": "a", "plain/c.ubj": "c", "plain/sub/d.ubj": "d",
		"net/m.onnx": "graph", "net/m.weights": "weights",
		"spec/model_spec.yaml": "metadata: {key: k}\nspec: {model_file: sub/m.ubj, extra_data: {near: a.csv, gone: no.csv, far: 'gs://elsewhere/x', store: 'store://datasets/p/x'}, parameters: {p: 1}}",
		"spec/sub/m.ubj":       "described", "spec/a.csv": "near", "spec/other.yaml": "spec: {model_file: sub/m.ubj}",
		"renamed/model_spec.yaml": "spec: {model_file: m.ubj, model_target_file: abc.ubj}", "renamed/abc.ubj": "target",
		"logged/model_spec.yaml": "spec: {model_file: m.ubj, extra_data: {own: 'gs://testremoteforms/logged/own.csv'}}", "logged/m.ubj": "m", "logged/own.csv": "own",
	})
	s := newStore(t, "")
	for _, tt := range []struct {
		path, suffix, file, text string
		near                     map[string]string // extra data that has been brought
		far                      map[string]string
	}{
		{"file.ubj", ".ubj", "file.ubj", "model", nil, nil},
		{"file.ubj", "", "file.ubj", "model", nil, nil},
		{"plain", ".ubj", "b.ubj", "b", map[string]string{"b.ubj": "b"}, map[string]string{"a.txt": w.at("plain/a.txt"), "c.ubj": w.at("plain/c.ubj")}},
		{"plain/", ".txt", "a.txt", "a", map[string]string{"a.txt": "a"}, map[string]string{"b.ubj": w.at("plain/b.ubj"), "c.ubj": w.at("plain/c.ubj")}},
		{"net", ".onnx", "m.onnx", "graph", map[string]string{"m.onnx": "graph", "m.weights": "weights"}, nil},
		{"spec", ".ubj", "m.ubj", "described", map[string]string{"near": "near"}, map[string]string{"gone": w.at("spec/no.csv"), "far": "gs://elsewhere/x", "store": "store://datasets/p/x"}},
		{"spec/other.yaml", "", "m.ubj", "described", nil, nil},
		{"renamed", "", "abc.ubj", "target", nil, nil},
		{"logged", "", "m.ubj", "m", map[string]string{"own": "own"}, nil},
	} {
		a, err := s.Open(t.Context(), Request{Path: w.at(tt.path), Suffix: tt.suffix})
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		if filepath.Base(a.File) != tt.file || content(t, a.File) != tt.text {
			t.Errorf("%s: file %s", tt.path, a.File)
		}
		far := map[string]string{}
		for key, at := range a.Extra {
			if text, ok := tt.near[key]; ok {
				if content(t, at) != text {
					t.Errorf("%s: extra data %s is at %s", tt.path, key, at)
				}
				continue
			}
			far[key] = at
		}
		if tt.far == nil {
			tt.far = map[string]string{}
		}
		if diff := cmp.Diff(tt.far, far); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.path, diff)
		}
	}
	got, err := s.Fetch(t.Context(), w.at("plain/c.ubj"), "")
	if err != nil || content(t, got) != "c" {
		t.Errorf("fetched %s, error %v", got, err)
	}
	if got, err = s.Fetch(t.Context(), w.at("plain"), ""); err != nil || content(t, filepath.Join(got, "a.txt")) != "a" {
		t.Errorf("fetched %s, error %v", got, err)
	}
}

// TestRemoteErrors: what is wrong is said once, in one line, and nothing is kept of it.
func TestRemoteErrors(t *testing.T) {
	w := newWorld(t, map[string]string{
		"binary/model_spec.yaml": "\x80\x04\x95", "syntax/model_spec.yaml": "spec: [", "up/model_spec.yaml": "spec: {model_file: ../file.ubj}",
		"local/model_spec.yaml": "spec: {model_file: /etc/passwd}", "localurl/model_spec.yaml": "spec: {model_file: 'file:///etc/passwd'}",
		"extraup/model_spec.yaml": "spec: {model_file: m, extra_data: {x: a/../../b}}", "gone/model_spec.yaml": "spec: {model_file: m}",
		"sumup/model_spec.yaml": "spec: {model_file: m, checksums: {../x: " + sha256Of("x") + "}}",
		"lies/model_spec.yaml":  "metadata: {hash: " + sha1Of("another") + "}\nspec: {model_file: m}", "lies/m": "model",
		"two/a": "", "two/b": "", "file.ubj": "model",
	})
	s := newStore(t, "")
	for path, want := range map[string]string{
		w.at("nothing"): "there is neither a file nor a folder with files", w.at("nothing.ubj"): "there is neither a file nor a folder with files",
		w.at("no.yaml"): "gs://testremoteerrors/no.yaml: it is not there",
		w.at("binary"):  "model_spec.yaml:1:1: not YAML", w.at("syntax"): "model_spec.yaml:1:8: not YAML",
		w.at("up"): "../file.ubj: the name leads out of the folder", w.at("extraup"): "extra data x: a/../../b: the name leads out of the folder",
		w.at("sumup"): "../x: the name leads out of the folder",
		w.at("local"): "/etc/passwd: the name leads out of the folder", w.at("localurl"): "file:// is not supported",
		w.at("gone"): "gs://testremoteerrors/gone/m: it is not there",
		w.at("lies"): "the file has the checksum sha1:" + sha1Of("model") + ", and not sha1:" + sha1Of("another"),
		w.at("two"):  "the folder has 2 files and no model_spec.yaml", w.at("a/../b"): "there is a . or .. in the path",
		"gs:///x": "the URL names no host or bucket", "gs://b/x#y": "there is a # in the URL", "gs://b/%zz": "the URL cannot be read",
		"s3://b/x": "this program has no driver for s3://", "gs://other/x": "open gs://other: there is no such bucket",
	} {
		_, err := s.Open(t.Context(), Request{Path: path})
		wants(t, err, want)
	}
	_, err := s.Open(t.Context(), Request{Path: w.at("nothing.ubj"), Suffix: ".ubj"})
	wants(t, err, "nothing.ubj: it is not there")
	_, err = s.Open(t.Context(), Request{Path: "gs://user:s3cret@" + w.name + "/nothing?sig=s3cret"})
	wants(t, err, "neither a file")
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error has the password: %v", err)
	}
}
