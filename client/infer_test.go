package client

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

const small = `{"id":"7","model_name":"m","model_version":"1","parameters":{"p":{"q":1}},"outputs":[{"name":"y","shape":[2],"datatype":"INT64","data":[1,2]},{"name":"s","shape":[1],"datatype":"BYTES","data":["a"]}]}`

func TestInferJSON(t *testing.T) {
	c, asked := serveWith(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "r1")
		_, _ = io.WriteString(w, small)
	})
	req := &Request{
		Model: "a b/c", Version: "2", ID: "7", Parameters: map[string]any{"priority": 1, "b": true, "s": "x"},
		Inputs:  []*Tensor{NewTensor("x", []float32{1, 2.5}, 1, 2), NewTensor("s", []string{"ä"})},
		Outputs: []Output{{Name: "y", Classes: 2}, {Name: "s", Parameters: map[string]any{"content_type": "str"}}},
	}
	resp, err := c.Infer(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	got := (*asked)[0]
	want := `{"id":"7","parameters":{"b":true,"priority":1,"s":"x"},"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2.5]},{"name":"s","shape":[1],"datatype":"BYTES","data":["ä"]}],"outputs":[{"name":"y","parameters":{"classification":2}},{"name":"s","parameters":{"content_type":"str"}}]}`
	if diff := cmp.Diff([]string{"POST", "/v2/models/a%20b%2Fc/versions/2/infer", "application/json", want}, []string{got.method, got.path, got.header.Get("Content-Type"), got.body}); diff != "" {
		t.Error(diff)
	}
	y, err := Data[int64](resp, "y")
	s, err2 := Data[string](resp, "s")
	if err = errors.Join(err, err2); err != nil || !slices.Equal(y, []int64{1, 2}) || !slices.Equal(s, []string{"a"}) {
		t.Errorf("got %v, %v, %v", y, s, err)
	}
	if resp.ID != "7" || resp.Model != "m" || resp.Version != "1" || resp.RequestID != "r1" || len(resp.Parameters) != 1 {
		t.Errorf("got %+v", resp)
	}
	if _, err := Data[float32](resp, "y"); err == nil || err.Error() != `output "y" is INT64, whose elements are no float32` {
		t.Errorf("got %v", err)
	}
	if _, err := Data[float32](resp, ""); err == nil || err.Error() != `the answer has no output "": it has y, s` {
		t.Errorf("got %v", err)
	}
}

// about answers what a server is.
func about(w http.ResponseWriter, extensions string) {
	_, _ = io.WriteString(w, `{"name":"x","version":"1","extensions":[`+extensions+`]}`)
}

// TestOffersAgain has a server that cannot tell for now what it takes asked again, and
// one that never does asked once.
func TestOffersAgain(t *testing.T) {
	for status, again := range map[int]bool{500: true, 503: true, 401: true, 404: false, 405: false, 200: false} {
		tells := false
		c, asked := serveWith(t, &Options{Retries: -1}, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path != "/v2":
				_, _ = io.WriteString(w, `{"model_name":"m","outputs":[]}`)
			case tells:
				about(w, `"binary_tensor_data"`)
			default:
				says(status, "<html>")(w, r)
			}
		})
		req := &Request{Model: "m", Inputs: []*Tensor{NewTensor("x", make([]float32, 1000))}}
		for range 3 {
			if _, err := c.Infer(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			tells = true
		}
		want := map[bool]int{true: 5, false: 4}[again] // three inferences, and questions
		if last := (*asked)[len(*asked)-1]; len(*asked) != want || (last.header.Get("Inference-Header-Content-Length") != "") != again {
			t.Errorf("%d: %d requests, want %d; the last has %d bytes", status, len(*asked), want, len(last.body))
		}
	}
}

func TestInferBinary(t *testing.T) {
	floats := make([]float32, 1000)
	for i := range floats {
		floats[i] = float32(i) / 3
	}
	head := `{"model_name":"m","outputs":[{"name":"y","shape":[10,100],"datatype":"FP32","parameters":{"binary_data_size":4000}}]}`
	raw := serve.NewTensor("", floats).Raw()
	for _, compress := range []bool{false, true} {
		c, asked := serveWith(t, &Options{Compress: compress}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2" {
				about(w, `"binary_tensor_data"`)
				return
			}
			w.Header().Set("Inference-Header-Content-Length", strconv.Itoa(len(head)))
			out := io.Writer(w)
			if r.Header.Get("Accept-Encoding") == "gzip" {
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				defer func() { _ = z.Close() }()
				out = z
			}
			_, _ = io.WriteString(out, head+string(raw))
		})
		req := &Request{Model: "m", Inputs: []*Tensor{NewTensor("x", floats, 10, 100), NewTensor("s", []string{"ab", "\xff"})}, Outputs: []Output{{Name: "y"}}}
		for range 2 {
			resp, err := c.Infer(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if y, err := Data[float32](resp, ""); err != nil || !slices.Equal(y, floats) {
				t.Errorf("got %v, %v", y, err)
			}
		}
		if len(*asked) != 3 || (*asked)[0].path != "/v2" {
			t.Fatalf("%d requests", len(*asked))
		}
		got := (*asked)[1]
		body := unzip(t, got)
		n, err := strconv.Atoi(got.header.Get("Inference-Header-Content-Length"))
		if err != nil {
			t.Fatal(err)
		}
		in, err := oip.BinaryRequest([]byte(body), n)
		if err != nil {
			t.Fatalf("%v: %s", err, body[:n])
		}
		x, _ := serve.Data[float32](in.Input("x"))
		if !slices.Equal(x, floats) || !slices.Equal(in.Input("s").Strings(), []string{"ab", "\xff"}) || in.Parameters["binary_data_output"] != true || in.Outputs[0].Parameters["binary_data"] != true {
			t.Errorf("sent %s", body[:n])
		}
	}
}

func unzip(t *testing.T, s seen) string {
	t.Helper()
	if s.header.Get("Content-Encoding") != "gzip" {
		return s.body
	}
	z, err := gzip.NewReader(strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// TestBeyondJSON: what JSON cannot say is never said otherwise.
func TestBeyondJSON(t *testing.T) {
	half, err := RawTensor("x", serve.FP16, []byte{0, 0x3c}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		tensor *Tensor
		json   string // as JSON where bytes are not taken; "" for an error
	}{
		{half, ""},
		{NewTensor("x", []float64{math.Inf(1)}), ""},
		{NewTensor("x", []float32{1, float32(math.NaN())}), `"data":[1,null]`},
		{NewTensor("x", []string{"\xff"}), ""},
		{NewTensor("x", []string{"\u0000"}), `"data":["\u0000"]`},
		{NewTensor("x", []bool{true}), `"data":[true]`},
	} {
		for _, extension := range []string{"", `"binary_tensor_data"`} {
			c, asked := serveWith(t, nil, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2" {
					about(w, extension)
					return
				}
				_, _ = io.WriteString(w, small)
			})
			_, err := c.Infer(t.Context(), &Request{Model: "m", Inputs: []*Tensor{tt.tensor}})
			last := seen{}
			if len(*asked) > 0 {
				last = (*asked)[len(*asked)-1]
			}
			binary := last.header.Get("Inference-Header-Content-Length") != ""
			switch {
			case extension == "" && tt.json == "":
				if err == nil || CodeOf(err) != serve.BadRequest || !strings.Contains(err.Error(), "which JSON cannot say") {
					t.Errorf("%s: got %v", tt.tensor.Datatype, err)
				}
			case err != nil:
				t.Errorf("%s: %v", tt.tensor.Datatype, err)
			case binary != (extension != "" && len(*asked) == 2):
				t.Errorf("%s: sent %s", tt.tensor.Datatype, last.body)
			case !binary && !strings.Contains(last.body, tt.json):
				t.Errorf("%s: sent %s, want %s", tt.tensor.Datatype, last.body, tt.json)
			}
		}
	}
}

func TestNewTensor(t *testing.T) {
	for _, tt := range []struct {
		tensor *Tensor
		want   Datatype
	}{
		{NewTensor("x", []bool{true}), serve.Bool},
		{NewTensor("x", []uint8{1}), serve.Uint8},
		{NewTensor("x", []uint16{1}), serve.Uint16},
		{NewTensor("x", []uint32{1}), serve.Uint32},
		{NewTensor("x", []uint64{1}), serve.Uint64},
		{NewTensor("x", []int8{1}), serve.Int8},
		{NewTensor("x", []int16{1}), serve.Int16},
		{NewTensor("x", []int32{1}), serve.Int32},
		{NewTensor("x", []int64{1}), serve.Int64},
		{NewTensor("x", []float32{1}), serve.FP32},
		{NewTensor("x", []float64{1}), serve.FP64},
		{NewTensor("x", []string{"1"}), serve.Bytes},
	} {
		if tt.tensor.Datatype != tt.want {
			t.Errorf("got %s, want %s", tt.tensor.Datatype, tt.want)
		}
		r := &Response{Outputs: []*Tensor{tt.tensor}}
		_, isBool := elements[bool](tt.tensor)
		_, isString := elements[string](tt.tensor)
		if isBool != (tt.want == serve.Bool) || isString != (tt.want == serve.Bytes) {
			t.Errorf("%s is seen as something else", tt.want)
		}
		reads := map[Datatype]func() error{
			serve.Bool: read[bool](r), serve.Uint8: read[uint8](r), serve.Uint16: read[uint16](r), serve.Uint32: read[uint32](r),
			serve.Uint64: read[uint64](r), serve.Int8: read[int8](r), serve.Int16: read[int16](r), serve.Int32: read[int32](r),
			serve.Int64: read[int64](r), serve.FP32: read[float32](r), serve.FP64: read[float64](r), serve.Bytes: read[string](r),
		}
		for dt, f := range reads {
			if err := f(); (err == nil) != (dt == tt.want) {
				t.Errorf("%s as %s: %v", tt.want, dt, err)
			}
		}
	}
	if _, err := RawTensor("x", serve.FP32, make([]byte, 5), 1); err == nil {
		t.Error("5 bytes are an FP32")
	}
}

func read[T Element](r *Response) func() error {
	return func() error {
		elems, err := Data[T](r, "")
		if err == nil && len(elems) != 1 {
			return errors.New("not one element")
		}
		return err
	}
}

// TestHostile has servers answer with what is not true.
func TestHostile(t *testing.T) {
	words := func(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
	for _, tt := range []struct {
		name   string
		header map[string]string
		body   string
		err    string
	}{
		{"no JSON", nil, "<html>", "the answer cannot be read"},
		{"no object", nil, "[]", "not a JSON object"},
		{"shape without data", nil, `{"outputs":[{"name":"y","shape":[99999999999],"datatype":"FP32","data":[]}]}`, "99999999999"},
		{"deep", nil, `{"outputs":[{"name":"y","shape":[1],"datatype":"FP32","data":` + strings.Repeat("[", 5000) + `}]}`, "the answer cannot be read"},
		{"head beyond the body", map[string]string{headLengthHeader: "900"}, `{}`, "is 900, but the answer has 2 bytes"},
		{"huge head", map[string]string{headLengthHeader: "99999999999999"}, `{}`, headLengthHeader},
		{"negative head", map[string]string{headLengthHeader: "-1"}, `{}`, headLengthHeader},
		{"no number", map[string]string{headLengthHeader: "x"}, `{}`, headLengthHeader},
		{"size beyond the body", map[string]string{headLengthHeader: "98"}, `{"outputs":[{"name":"y","shape":[4000000000],"datatype":"UINT8","parameters":{"binary_data_size":4000000000}}]}`[:98], "the answer cannot be read"},
		{"length of an element", map[string]string{headLengthHeader: "89"}, `{"outputs":[{"name":"y","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":4}}]}` + words(1<<31), "the answer cannot be read"},
		{"content length", map[string]string{"Content-Length": "999999999"}, small, "unexpected EOF"},
		{"content length beyond the limit", map[string]string{"Content-Length": "99999999999999"}, small, "longer than Options.MaxAnswer"},
		{"coding", map[string]string{"Content-Encoding": "br"}, small, `Content-Encoding is "br"`},
		{"no gzip", map[string]string{"Content-Encoding": "gzip"}, small, "the answer cannot be read"},
		{"too long", nil, small + strings.Repeat(" ", 1<<20), "longer than Options.MaxAnswer, which is 100000"},
	} {
		limit := int64(0)
		if tt.name == "too long" {
			limit = 100_000
		}
		c, asked := serveWith(t, &Options{MaxAnswer: limit}, func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range tt.header {
				w.Header().Set(k, v)
			}
			_, _ = io.WriteString(w, tt.body)
		})
		_, err := c.Infer(t.Context(), &Request{Model: "m", Inputs: []*Tensor{NewTensor("x", []int8{1})}})
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.err)
		}
		if len(*asked) != 1 {
			t.Errorf("%s: asked %d times", tt.name, len(*asked))
		}
	}
}

// TestBomb: what little text decompresses to is bounded.
func TestBomb(t *testing.T) {
	c, _ := serveWith(t, &Options{Compress: true, MaxAnswer: 1 << 20}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 8 {
			_, _ = z.Write(make([]byte, 1<<20))
		}
		_ = z.Close()
	})
	_, err := c.Infer(t.Context(), &Request{Model: "m", Inputs: []*Tensor{NewTensor("x", []int8{1})}})
	if err == nil || !strings.Contains(err.Error(), "longer than Options.MaxAnswer") {
		t.Errorf("got %v", err)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, asked := serveWith(t, nil, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := c.Infer(ctx, &Request{Model: "m", Inputs: []*Tensor{NewTensor("x", []int8{1})}})
	if CodeOf(err) != serve.Canceled || !errors.Is(err, context.Canceled) || len(*asked) != 1 {
		t.Errorf("got %v after %d requests", err, len(*asked))
	}
}
