package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A repeater answers with its text as often as it is asked to, and fails behind that
// if it is asked to.
type repeater struct{ serve.OnlyStreams }

func (repeater) Describe() serve.Description {
	return serve.Description{
		Streams: true,
		Inputs: []serve.TensorSpec{
			{Name: "PROMPT", Datatype: serve.Bytes, Shape: []int{1}},
			{Name: "STREAM", Datatype: serve.Bool, Shape: []int{1}},
			{Name: "BIAS", Datatype: serve.FP32, Shape: []int{-1}, Optional: true},
		},
		Outputs: []serve.TensorSpec{{Name: "TEXT", Datatype: serve.Bytes, Shape: []int{1}}},
	}
}

func (repeater) Stream(_ context.Context, req *serve.Request, send func(any) error) error {
	times, _ := serve.Number64(req.Parameters["REPETITION"])
	for range int(times) {
		if err := send(req.Input("PROMPT").Named("TEXT")); err != nil {
			return err
		}
	}
	switch req.Parameters["END"] {
	case "error":
		return errors.New("an error occurred")
	case "panic":
		panic("of the model")
	}
	return nil
}

// plainly answers once, by the name of its input.
type plainly struct{}

func (plainly) Predict(_ context.Context, req *serve.Request) (any, error) { return req.Inputs[0], nil }

// serveStreams is a router with a model that streams and one that does not.
func serveStreams(t *testing.T) (*leat.Server, string) {
	t.Helper()
	set := catalog.Default.Clone()
	set.Add(v2.Class("Repeater", func() serve.Model { return repeater{} }))
	set.Add(v2.Class("Plainly", func() serve.Model { return plainly{} }))
	srv, err := leat.New(graph.NewRouter().AddModel("llm", "Repeater", "", nil).AddModel("plain", "Plainly", "", nil), &leat.Options{Catalog: set})
	if err != nil {
		t.Fatal(err)
	}
	url, _ := startServer(t, srv)
	return srv, url
}

// TestGenerateChecklist has statements 98 to 100: Triton's generate extension, its
// mapping, its events, its mistakes, and MLServer's form of the same paths.
func TestGenerateChecklist(t *testing.T) {
	_, url := serveStreams(t)
	const events = "text/event-stream; charset=utf-8"
	answer := `{"model_name":"llm","TEXT":"hi"}`
	for _, c := range []struct {
		n                int // of the statement; 0 is none of the checklist's
		name, path, body string
		status           int
		content, want    string // all of the body, or a part of it behind "…"
	}{
		{98, "one", "llm/generate", `{"PROMPT":"hi","STREAM":true,"REPETITION":1}`, 200, "application/json", answer},
		{98, "a list of one", "llm/generate", `{"PROMPT":["hi"],"STREAM":[true],"REPETITION":1}`, 200, "application/json", answer},
		{98, "id", "llm/generate", `{"id":"7","PROMPT":"hi","STREAM":true,"REPETITION":1}`, 200, "application/json", `{"id":"7","model_name":"llm","TEXT":"hi"}`},
		{98, "none", "llm/generate", `{"PROMPT":"hi","STREAM":true}`, 500, "application/json", "…generate expects model to produce exactly 1 response"},
		{98, "two", "llm/generate", `{"PROMPT":"hi","STREAM":true,"REPETITION":2}`, 500, "application/json", "…generate expects model to produce exactly 1 response"},
		{99, "events", "llm/generate_stream", `{"PROMPT":"hi","STREAM":true,"parameters":{"REPETITION":3}}`, 200, events, strings.Repeat("data: "+answer+"\n\n", 3)},
		{99, "no events", "llm/generate_stream", `{"PROMPT":"hi","STREAM":true}`, 200, events, ""},
		{99, "failure before the start", "llm/generate_stream", `{"PROMPT":"hi","STREAM":true,"END":"error"}`, 500, "application/json", "…an error occurred"},
		{99, "failure behind an event", "llm/generate_stream", `{"PROMPT":"hi","STREAM":true,"END":"error","REPETITION":1}`, 200, events,
			"data: " + answer + "\n\n" + `data: {"error":"model llm: generate_stream: an error occurred"}` + "\n\n"},
		{99, "panic behind an event", "llm/generate_stream", `{"PROMPT":"hi","STREAM":true,"END":"panic","REPETITION":1}`, 200, events,
			"data: " + answer + "\n\n" + `data: {"error":"model llm: generate_stream: the model panicked; the log has the details"}` + "\n\n"},
		{0, "MLServer's request", "llm/infer_stream", `{"id":"8","parameters":{"REPETITION":2},"inputs":[{"name":"PROMPT","shape":[1],"datatype":"BYTES","data":["hi"]},{"name":"STREAM","shape":[1],"datatype":"BOOL","data":[true]}]}`, 200, events,
			strings.Repeat(`data: {"id":"8","model_name":"llm","outputs":[{"name":"TEXT","shape":[1],"datatype":"BYTES","data":["hi"]}]}`+"\n\n", 2)},
		{0, "MLServer's generate_stream", "llm/generate_stream", `{"id":"8","parameters":{"REPETITION":1},"inputs":[{"name":"PROMPT","shape":[1],"datatype":"BYTES","data":["hi"]},{"name":"STREAM","shape":[1],"datatype":"BOOL","data":[true]}]}`, 200, events,
			`data: {"id":"8","model_name":"llm","outputs":[{"name":"TEXT","shape":[1],"datatype":"BYTES","data":["hi"]}]}` + "\n\n"},
		{0, "infer of what only streams", "llm/infer", `{"inputs":[{"name":"PROMPT","shape":[1],"datatype":"BYTES","data":["hi"]},{"name":"STREAM","shape":[1],"datatype":"BOOL","data":[true]}]}`, 501, "application/json", "…any number of times"},
		{99, "a model that answers once", "plain/generate_stream", `{"x":[1,2.5]}`, 200, events, "data: " + `{"model_name":"plain","x":[1,2.5]}` + "\n\n"},
		{0, "and by infer_stream", "plain/infer_stream", `{"id":"i","inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}`, 200, events,
			`data: {"id":"i","model_name":"plain","outputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}` + "\n\n"},
		{98, "and by generate", "plain/generate", `{"x":9007199254740993}`, 200, "application/json", `{"model_name":"plain","x":9007199254740993}`},
		{98, "a list of floats", "llm/generate", `{"PROMPT":"hi","STREAM":false,"BIAS":[1,2.5],"REPETITION":1}`, 200, "application/json", answer},
		{100, "number for text", "llm/generate", `{"PROMPT":1,"STREAM":true}`, 400, "application/json", "…PROMPT"},
		{100, "text for a boolean", "llm/generate_stream", `{"PROMPT":"hi","STREAM":"false"}`, 400, "application/json", "…STREAM"},
		{100, "an object for an input", "llm/generate", `{"PROMPT":{"a":1},"STREAM":true}`, 400, "application/json", "…PROMPT"},
		{100, "null for an input", "llm/generate", `{"PROMPT":null,"STREAM":true}`, 400, "application/json", "…PROMPT"},
		{100, "lists in lists", "llm/generate", `{"PROMPT":[["hi"]],"STREAM":true}`, 400, "application/json", "…PROMPT"},
		{100, "an object for a parameter", "llm/generate", `{"PROMPT":"hi","STREAM":true,"p":{"a":1}}`, 400, "application/json", "…parameter 'p' has invalid type"},
		{100, "parameters are no object", "llm/generate", `{"PROMPT":"hi","STREAM":true,"parameters":1}`, 400, "application/json", "…Expected JSON object for keyword: 'parameters'"},
		{100, "an object in parameters", "llm/generate", `{"PROMPT":"hi","STREAM":true,"parameters":{"nested":{"twice":1}}}`, 400, "application/json", "…Converting keyword: 'parameters': parameter 'nested' has invalid type"},
		{100, "a key twice", "llm/generate", `{"PROMPT":"hi","STREAM":true,"PROMPT":"ho"}`, 400, "application/json", "…there twice"},
		{100, "a parameter twice", "llm/generate", `{"PROMPT":"hi","STREAM":true,"a":1,"parameters":{"a":2}}`, 400, "application/json", "…twice"},
		{100, "a number as id", "llm/generate", `{"id":7,"PROMPT":"hi","STREAM":true}`, 400, "application/json", `…\"id\" is not a string`},
		{100, "no inputs", "llm/generate", `{"abc":123}`, 400, "application/json", `…\"BIAS\" (optional) but got 0 inputs`},
		{100, "an input is missing", "llm/generate_stream", `{"PROMPT":"hi"}`, 400, "application/json", "…STREAM"},
		{100, "a list", "llm/generate", `[1]`, 400, "application/json", "…"},
		{100, "no body", "llm/generate", ``, 400, "application/json", "…"},
		{100, "cut", "llm/generate_stream", `{"PROMPT":`, 400, "application/json", "…"},
		{0, "an unknown model", "nobody/generate_stream", `{}`, 404, "application/json", "…nobody"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.Post(url+"/v2/models/"+c.path, "application/json", strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Body.Close() }()
			got, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			part, isPart := strings.CutPrefix(c.want, "…")
			if r.StatusCode != c.status || r.Header.Get("Content-Type") != c.content || (isPart && !strings.Contains(string(got), part)) || (!isPart && string(got) != c.want) {
				t.Errorf("%d: got %d, %s, %q; want %d, %s, %q", c.n, r.StatusCode, r.Header.Get("Content-Type"), got, c.status, c.content, c.want)
			}
		})
	}
}

// TestStreamsInFlows has a model in a flow answer once, and say so to who wants more.
func TestStreamsInFlows(t *testing.T) {
	set := pythonSet()
	set.Add(v2.Class("Both", func() serve.Model { return both{} }))
	flow := graph.NewFlow("sync")
	flow.To("m", graph.StepSpec{Class: "Both"}).To("after", graph.StepSpec{Handler: "(event)"}).Respond()
	_, url := start(t, flow, &leat.Options{Catalog: set})
	for path, want := range map[string]string{
		"/generate":                 `200 {"id":"i","model_name":"m","outputs":["once"]}`, // a path of the flow's
		"/":                         `200 {"id":"i","model_name":"m","outputs":["once"]}`,
		"/v2/models/m/infer":        `200 {"id":"i","model_name":"m","outputs":["once"]}`,
		"/v2/models/m/infer_stream": "501 ",
	} {
		r := post(path, `{"id":"i","inputs":[1]}`).do(t, url)
		if got := fmt.Sprintf("%d %s", r.status, r.body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// both answers once, or twice in a stream.
type both struct{}

func (both) Predict(context.Context, *serve.Request) (any, error) { return []string{"once"}, nil }

func (both) Stream(_ context.Context, _ *serve.Request, send func(any) error) error {
	return errors.Join(send([]string{"one"}), send([]string{"two"}))
}
