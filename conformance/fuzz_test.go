package conformance

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// FuzzInfer sends hostile paths and bodies through the whole server: whatever
// is sent, the models that do not fail by themselves are never at fault, and
// every answer is JSON.
func FuzzInfer(f *testing.F) {
	spec := graph.NewRouter()
	models := oipModels()
	for _, name := range []string{"any", "typed", "two", "batch", "scalar", "half"} {
		spec.AddRoute(name, graph.StepSpec{New: v2.Object(models[name])})
	}
	srv, err := leat.New(spec, nil)
	if err != nil {
		f.Fatal(err)
	}
	if err := srv.Start(context.Background()); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = srv.Close(context.Background()) })
	for path, body := range map[string]string{
		"/v2/models/typed/infer":          `{"id":"1","inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"n"}]}`,
		"/v2/models/two/predict":          `{"inputs":[[1,2,3],[4,5,6]]}`,
		"/v2/models/batch/versions/1":     `{"inputs":[{"a":1}]}`,
		"/v2/models/half/infer_dict":      `{"inputs":{"x":1.5}}`,
		"/v2/models/scalar/explain":       `{"inputs":[7]}`,
		"/":                               `{"model":"any","operation":"infer","inputs":["a",[1]]}`,
		"/v2/models/%61ny/infer/../ready": `{"inputs":[18446744073709551616,null,true]}`,
		"/v2/models/half/infer":           `{"inputs":[65504,1e-8,null]}`,
		"/v2/models//versions//infer":     `{}`,
		"/v2/models/any/versions/1/a/b/c": `[]`,
	} {
		f.Add("POST", path, []byte(body))
		f.Add("GET", path, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		ev, err := srv.Serve(t.Context(), serve.NewEvent(serve.Target{Method: method, Path: path}, body))
		if err != nil {
			if code := serve.CodeOf(err); code == serve.Internal || code == serve.Unwritable {
				t.Fatalf("%s %q %q: %v", method, path, body, err)
			}
			return
		}
		out, err := oip.AppendBody(nil, ev.Body)
		if err != nil {
			t.Fatal(err)
		}
		if ev.Reply == nil && !json.Valid(out) {
			t.Fatalf("%s %q %q: the answer is %q", method, path, body, out)
		}
	})
}
