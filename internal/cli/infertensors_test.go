package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// other is a server of the Open Inference Protocol that takes no rows, as Triton,
// MLServer and KServe take none. It answers with the inputs, and keeps what it was asked.
type other struct {
	name    string // of the server
	status  int    // of what it cannot read
	inputs  string // of every model's metadata
	refuses string // of every inference, be it read
	asked   []string
	bearer  map[string]bool
}

func (o *other) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.asked = append(o.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body)))
	o.bearer[r.Header.Get("Authorization")] = true
	var req struct{ Inputs []json.RawMessage }
	switch {
	case r.URL.Path == "/v2":
		_, _ = io.WriteString(w, `{"name":"`+o.name+`","version":"1","extensions":[]}`)
	case !strings.HasSuffix(r.URL.Path, "/infer"):
		_, _ = io.WriteString(w, `{"name":"m","versions":[],"platform":"","inputs":`+o.inputs+`,"outputs":[]}`)
	case o.refuses != "":
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"error":"`+o.refuses+`"}`)
	case json.Unmarshal(body, &req) != nil || len(req.Inputs) == 0 || !strings.Contains(string(req.Inputs[0]), `"datatype"`):
		w.WriteHeader(o.status)
		_, _ = io.WriteString(w, `{"detail":[{"msg":"Input should be a valid dictionary"}]}`)
	default:
		inputs, _ := json.Marshal(req.Inputs)
		_, _ = io.WriteString(w, `{"model_name":"m","outputs":`+string(inputs)+`}`)
	}
}

func (o *other) start(t *testing.T) string {
	t.Helper()
	o.bearer = map[string]bool{}
	if o.status == 0 {
		o.status = http.StatusUnprocessableEntity
	}
	web := httptest.NewServer(o)
	t.Cleanup(web.Close)
	return web.URL
}

// Rows become the tensors that the metadata of another server's model describes.
func TestRowsElsewhere(t *testing.T) {
	one := `[{"name":"x","datatype":"FP32","shape":[-1,2]}]`
	for _, tt := range []struct {
		name   string
		server other
		data   string
		want   string // outputs, or a part of stderr when it fails
		exit   int
		calls  int // that the server gets; 0 is not looked at
	}{
		{name: "rows, 422 as MLServer", server: other{inputs: one}, data: `[[1, 2.5], [3, null]]`,
			want: `[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2.5,3,null]}]`},
		{name: "rows, 400 as Triton", server: other{inputs: one, status: 400}, data: `[[1, 2]]`, calls: 4, want: `[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]`},
		{name: "rows, 500 as KServe", server: other{inputs: one, status: 500}, data: `[[1, 2]]`, want: `[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]`},
		{name: "one row", server: other{inputs: one}, data: `[1, 2]`, want: `[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]`},
		{name: "integers", server: other{inputs: `[{"name":"x","datatype":"INT64","shape":[-1,1]}]`}, data: `[7, 8]`, want: `[{"name":"x","shape":[2,1],"datatype":"INT64","data":[7,8]}]`},
		{name: "texts", server: other{inputs: `[{"name":"x","datatype":"BYTES","shape":[-1]}]`}, data: `["a", "b"]`, want: `[{"name":"x","shape":[2],"datatype":"BYTES","data":["a","b"]}]`},
		{name: "no shape", server: other{inputs: `[{"name":"x","datatype":"FP64","shape":[]}]`}, data: `[[1], [2]]`, want: `[{"name":"x","shape":[2,1],"datatype":"FP64","data":[1,2]}]`},
		{name: "a column an input", server: other{inputs: `[{"name":"n","datatype":"BYTES","shape":[-1,1]},{"name":"k","datatype":"INT32","shape":[-1,1]}]`}, data: `[["a", 1], ["b", 2]]`,
			want: `[{"name":"n","shape":[2,1],"datatype":"BYTES","data":["a","b"]},{"name":"k","shape":[2,1],"datatype":"INT32","data":[1,2]}]`},
		{name: "dictionaries", server: other{inputs: `[{"name":"n","datatype":"BYTES","shape":[-1]},{"name":"k","datatype":"INT32","shape":[-1]}]`}, data: `[{"k": 1, "n": "a"}]`,
			want: `[{"name":"n","shape":[1],"datatype":"BYTES","data":["a"]},{"name":"k","shape":[1],"datatype":"INT32","data":[1]}]`},
		{name: "within a request", server: other{inputs: one}, data: `{"inputs": [[1, 2]]}`, want: `[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]`},

		{name: "another width", server: other{inputs: one}, data: `[[1]]`, exit: BadUsage, want: "-d: the inputs have shape [1 1], but the model takes [-1 2]"},
		{name: "a fraction", server: other{inputs: `[{"name":"x","datatype":"INT32","shape":[-1]}]`}, data: `[1.5]`, exit: BadUsage, want: `input "x": element 0 is 1.5, not an integer`},
		{name: "no metadata", server: other{inputs: `[]`}, data: `[[1]]`, exit: BadUsage, want: "-d: the model does not say what it takes, which rows alone need here: give a whole request"},
		{name: "another datatype", server: other{inputs: `[{"name":"x","datatype":"str","shape":[1]}]`}, data: `[[1]]`, exit: BadUsage, want: `the model takes "x" of datatype "str", which rows cannot become`},
		{name: "a whole request", server: other{inputs: one, refuses: "the model is ill"}, data: `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}`, exit: Failed, want: "500 Internal Server Error: the model is ill", calls: 1},
		{name: "leat takes rows", server: other{name: "leat", inputs: one, refuses: "the model is ill"}, data: `[[1, 2]]`, exit: Failed, want: "500 Internal Server Error: the model is ill", calls: 2},
		{name: "no such model", server: other{inputs: one, status: 404}, data: `[[1, 2]]`, exit: Failed, want: "404 Not Found", calls: 1},
		{name: "busy", server: other{inputs: one, status: 503}, data: `[[1, 2]]`, exit: Failed, want: "503 Service Unavailable", calls: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.server.name == "" {
				tt.server.name = "another"
			}
			exit, out, errs := runOut(t, Env{}, "infer", "m", "-d", tt.data, "--url", tt.server.start(t))
			want := tt.want
			if tt.exit == Done {
				want = `{"id":"","model_name":"m","outputs":` + want + "}\n"
			}
			if exit != tt.exit || exit == Done && out != want || exit != Done && !strings.Contains(errs, want) {
				t.Errorf("exit %d, stdout %q, stderr %q; want %q", exit, out, errs, want)
			}
			if tt.calls != 0 && len(tt.server.asked) != tt.calls {
				t.Errorf("asked %q", tt.server.asked)
			}
		})
	}
}

// Triton says that a model is ready by the status alone.
func TestReadyWithoutText(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(web.Close)
	if exit, out, errs := runOut(t, Env{}, "infer", "m", "--operation", "ready", "--url", web.URL); exit != Done || out != "{\"name\":\"m\",\"ready\":true}\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", exit, out, errs)
	}
}

// A token goes with every call, from wherever it is said, and into no error.
func TestToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	inputs := `[{"name":"x","datatype":"FP32","shape":[-1]}]`
	variables := func(name string) (string, bool) { return "s3cret", name == "LEAT_TOKEN" }
	for _, tt := range []struct {
		name    string
		args    []string
		lookup  func(string) (string, bool)
		refuses string
		exit    int
		want    string
	}{
		{name: "flag", args: []string{"--token", "s3cret"}, want: `"data":[1]`},
		{name: "variable", lookup: variables, want: `"data":[1]`},
		{name: "file", args: []string{"--token", "@" + file}, want: `"data":[1]`},
		{name: "flag before variable", args: []string{"--token", "@" + file}, lookup: func(string) (string, bool) { return "", false }, want: `"data":[1]`},
		{name: "told again", lookup: variables, refuses: "s3cret is too old", exit: Failed, want: "500 Internal Server Error: … is too old"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := &other{name: "another", inputs: inputs, refuses: tt.refuses}
			exit, out, errs := runOut(t, Env{Lookup: tt.lookup}, append([]string{"infer", "m", "-d", "[1]", "--url", server.start(t)}, tt.args...)...)
			if exit != tt.exit || !strings.Contains(out+errs, tt.want) || strings.Contains(errs, "s3cret") {
				t.Errorf("exit %d, stdout %q, stderr %q", exit, out, errs)
			}
			if len(server.bearer) != 1 || !server.bearer["Bearer s3cret"] {
				t.Errorf("the server got %v", server.bearer)
			}
		})
	}
	for _, tt := range []struct{ token, want string }{
		{"two s3cret", "--token: a token is letters, digits and signs of ASCII without a space"},
		{"s3cret\nX-Other: 1", "--token: a token is letters, digits and signs of ASCII without a space"},
		{"@" + file + ".none", "--token @" + file + ".none: no such file or directory"},
		{"@" + os.DevNull, "--token @" + os.DevNull + ": the file is empty"},
	} {
		exit, _, errs := runOut(t, Env{}, "infer", "m", "-d", "[1]", "--token", tt.token, "--url", "http://127.0.0.1:1")
		if exit != BadUsage || !strings.Contains(errs, tt.want) || strings.Contains(errs, "s3cret") {
			t.Errorf("%q: exit %d, stderr %q", tt.token, exit, errs)
		}
	}
	if exit, out, errs := runOut(t, Env{Lookup: variables}, "infer", "--help"); exit != Done || !strings.Contains(out, "$LEAT_TOKEN") || strings.Contains(out+errs, "s3cret") {
		t.Errorf("exit %d, %s%s", exit, out, errs)
	}
}
