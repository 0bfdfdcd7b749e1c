package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// TestCalls has each call that is no inference with what it sends and reads.
func TestCalls(t *testing.T) {
	for _, tt := range []struct {
		name   string
		call   func(ctx context.Context, c *Client) (any, error)
		asked  string
		answer string
		want   any
	}{
		{"live", func(ctx context.Context, c *Client) (any, error) { return c.ServerLive(ctx) }, "GET /v2/health/live", ``, true},
		{"ready", func(ctx context.Context, c *Client) (any, error) { return c.ServerReady(ctx) }, "GET /v2/health/ready", `{"ready":true}`, true},
		{"model ready", func(ctx context.Context, c *Client) (any, error) { return c.ModelReady(ctx, "m", "3") }, "GET /v2/models/m/versions/3/ready", `x`, true},
		{"server", func(ctx context.Context, c *Client) (any, error) { return c.ServerMetadata(ctx) }, "GET /v2", `{"name":"leat","version":"1","extensions":["a"]}`,
			&ServerMetadata{Name: "leat", Version: "1", Extensions: []string{"a"}}},
		{"model", func(ctx context.Context, c *Client) (any, error) { return c.ModelMetadata(ctx, "m", "") }, "GET /v2/models/m",
			`{"name":"m","versions":["1"],"platform":"p","inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}],"outputs":[],"more":1}`,
			&ModelMetadata{Name: "m", Versions: []string{"1"}, Platform: "p", Inputs: []TensorMetadata{{"x", "FP32", []int64{-1, 4}}}, Outputs: []TensorMetadata{}}},
		{"config", func(ctx context.Context, c *Client) (any, error) { return c.ModelConfig(ctx, "m", "") }, "GET /v2/models/m/config",
			`{"name":"m","max_batch_size":8,"input":[{"name":"x","data_type":"TYPE_FP32","dims":["4",-1]}]}`,
			&ModelConfig{Name: "m", MaxBatchSize: 8, Inputs: []ConfigTensor{{"x", "TYPE_FP32", []int64{4, -1}}}, Raw: []byte(`{"name":"m","max_batch_size":8,"input":[{"name":"x","data_type":"TYPE_FP32","dims":["4",-1]}]}`)}},
		{"statistics", func(ctx context.Context, c *Client) (any, error) { return c.Statistics(ctx, "m", "1") }, "GET /v2/models/m/versions/1/stats",
			`{"model_stats":[{"name":"m","version":"1","last_inference":5,"inference_count":64,"execution_count":1,"inference_stats":{"success":{"count":2,"ns":10}},"batch_stats":[{"batch_size":64,"compute_infer":{"count":1,"ns":5}}]}]}`,
			[]ModelStatistics{{Name: "m", Version: "1", LastInference: 5, InferenceCount: 64, ExecutionCount: 1, Inference: InferenceStatistics{Success: Duration{2, 10}}, Batches: []BatchStatistics{{Size: 64, ComputeInfer: Duration{1, 5}}}}}},
		{"statistics of all", func(ctx context.Context, c *Client) (any, error) { return c.Statistics(ctx, "", "") }, "GET /v2/models/stats", `{"model_stats":[]}`, []ModelStatistics{}},
		{"index", func(ctx context.Context, c *Client) (any, error) { return c.Index(ctx, true) }, `POST /v2/repository/index {"ready":true}`,
			`[{"name":"m","version":"1","state":"READY","reason":""}]`, []ModelState{{"m", "1", "READY", ""}}},
		{"load", func(ctx context.Context, c *Client) (any, error) { return nil, c.Load(ctx, "m/n", nil) }, `POST /v2/repository/models/m%2Fn/load {}`, ``, nil},
		{"load from elsewhere", func(ctx context.Context, c *Client) (any, error) {
			return nil, c.Load(ctx, "m", &LoadOptions{Config: "{}", Files: map[string][]byte{"1/model.onnx": []byte("abc")}})
		}, `POST /v2/repository/models/m/load {"parameters":{"config":"{}","file:1/model.onnx":"YWJj"}}`, ``, nil},
		{"unload", func(ctx context.Context, c *Client) (any, error) { return nil, c.Unload(ctx, "m", true) }, `POST /v2/repository/models/m/unload {"parameters":{"unload_dependents":true}}`, ``, nil},
		{"rows", func(ctx context.Context, c *Client) (any, error) {
			a, err := c.InferRows(ctx, &Rows{Model: "m", ID: "7", Inputs: [][]float64{{1, 2}}, Parameters: map[string]any{"output": "margin"}})
			if err != nil {
				return nil, err
			}
			var rows []float64
			err = a.Decode(&rows)
			return []any{rows, a.ID, a.Model, a.Version}, err
		}, `POST /v2/models/m/infer {"id":"7","inputs":[[1,2]],"parameters":{"output":"margin"}}`, `{"id":"7","model_name":"m","outputs":[3],"model_version":"1"}`, []any{[]float64{3}, "7", "m", "1"}},
		{"explain", func(ctx context.Context, c *Client) (any, error) {
			_, err := c.InferRows(ctx, &Rows{Model: "m", Version: "2", Operation: "explain", Inputs: []int{1}})
			return nil, err
		}, `POST /v2/models/m/versions/2/explain {"inputs":[1]}`, `{"outputs":[3]}`, nil},
		{"event", func(ctx context.Context, c *Client) (any, error) {
			r, err := c.Post(ctx, "a/b", map[string]int{"x": 1})
			if err != nil {
				return nil, err
			}
			var v []int
			err = r.Decode(&v)
			return v, err
		}, `POST /a/b {"x":1}`, `[5]`, []int{5}},
		{"event as it is", func(ctx context.Context, c *Client) (any, error) {
			_, err := c.Post(ctx, "", []byte("[ 1]"))
			return nil, err
		}, `POST / [ 1]`, ``, nil},
		{"message", func(ctx context.Context, c *Client) (any, error) {
			_, err := c.Do(ctx, &Message{Path: "/x"})
			return nil, err
		}, `GET /x`, ``, nil},
		{"generate", func(ctx context.Context, c *Client) (any, error) {
			g, err := c.Generate(ctx, &Prompt{Model: "m", Fields: map[string]any{"text_input": "a", "max_tokens": 3}})
			if err != nil {
				return nil, err
			}
			return g.Text(), nil
		}, `POST /v2/models/m/generate {"max_tokens":3,"text_input":"a"}`, `{"model_name":"m","text_output":"b"}`, "b"},
	} {
		c, asked := serveWith(t, nil, says(http.StatusOK, tt.answer))
		got, err := tt.call(t.Context(), c)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		s := (*asked)[0]
		if ask := strings.TrimSpace(s.method + " " + s.path + " " + s.body); ask != tt.asked {
			t.Errorf("%s: asked %s, want %s", tt.name, ask, tt.asked)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		code   serve.Code
		err    string
	}{
		{404, `{"error":"no m"}`, serve.NotFound, "404 Not Found: no m"},
		{400, "ValueError: no\n", serve.BadRequest, "400 Bad Request: ValueError: no"},
		{422, `{"detail":[{"loc":["body"],"msg":"field required"}]}`, serve.BadRequest, `422 Unprocessable Entity: [{"loc":["body"],"msg":"field required"}]`},
		{500, `{"detail":"gone"}`, serve.Internal, "500 Internal Server Error: gone"},
		{500, `{"error":{"message":"x"}}`, serve.Internal, `{"message":"x"}`},
		{501, ``, serve.NotOffered, "501 Not Implemented: the answer has no text"},
		{413, strings.Repeat("x", 1<<20), serve.TooLarge, strings.Repeat("x", 300) + " …"},
		{599, "\xff", serve.Internal, "599: ?"},
	} {
		c, _ := serveWith(t, nil, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", "r1")
			says(tt.status, tt.body)(w, r)
		})
		_, err := c.ModelMetadata(t.Context(), "m", "")
		var own *Error
		if !errors.As(err, &own) || CodeOf(err) != tt.code || own.RequestID != "r1" || !strings.HasSuffix(err.Error(), tt.err) {
			t.Errorf("%d %.50s: got %v", tt.status, tt.body, err)
		}
		if want := "GET " + c.URL() + "/v2/models/m"; own != nil && own.Op != want {
			t.Errorf("got %s, want %s", own.Op, want)
		}
	}
}

// TestNotReady: servers say no in several ways.
func TestNotReady(t *testing.T) {
	for _, status := range []int{400, 404, 408, 503} {
		c, asked := serveWith(t, nil, says(status, "no"))
		if ready, err := c.ModelReady(t.Context(), "m", ""); ready || err != nil || len(*asked) != 1 {
			t.Errorf("%d: got %t, %v after %d questions", status, ready, err, len(*asked))
		}
	}
	c, _ := serveWith(t, nil, says(http.StatusUnauthorized, "who?"))
	if _, err := c.ServerReady(t.Context()); CodeOf(err) != serve.Unauthenticated {
		t.Errorf("got %v", err)
	}
}

func TestHeader(t *testing.T) {
	c, asked := serveWith(t, &Options{
		Header: http.Header{"X-Own": {"a"}}, Token: StaticToken("secret"),
		Inject: func(ctx context.Context, h http.Header) {
			h.Set("Traceparent", "00-1-"+Header(ctx).Get("X-Request-Id"))
		},
	}, says(http.StatusOK, "{}"))
	ctx := WithHeader(WithRequestID(t.Context(), "7"), "x-more", "b", "c")
	if _, err := c.ServerMetadata(ctx); err != nil {
		t.Fatal(err)
	}
	h := (*asked)[0].header
	for name, want := range map[string][]string{
		"X-Own": {"a"}, "X-More": {"b", "c"}, "X-Request-Id": {"7"}, "Traceparent": {"00-1-7"}, "Authorization": {"Bearer secret"}, "Accept-Encoding": nil,
	} {
		if diff := cmp.Diff(want, h[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	c, asked = serveWith(t, &Options{Token: func(context.Context) (string, error) { return "", io.ErrUnexpectedEOF }}, says(http.StatusOK, "{}"))
	if _, err := c.ServerMetadata(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) || len(*asked) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8080":      "http://127.0.0.1:8080",
		"http://h/":           "http://h",
		"https://h:1/below/":  "https://h:1/below",
		"ftp://h":             "",
		"http://":             "",
		"http://h/?q=1":       "",
		"http://[::1":         "",
		"grpc://127.0.0.1:81": "",
	} {
		c, err := New(address, nil)
		if (err == nil) != (want != "") || err == nil && c.URL() != want {
			t.Errorf("%s: got %v, %v", address, c, err)
		}
	}
}
