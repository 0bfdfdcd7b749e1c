package floor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func post(t *testing.T, path, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h := new(Handler)
	for range 2 { // the second time in used buffers
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	}
	return w.Code, w.Body.String()
}

func TestInfer(t *testing.T) {
	const out = `{"model_name":"%s","outputs":[{"name":"output","datatype":"FP32","shape":%s,"data":%s}]}`
	tests := []struct{ name, model, body, want string }{
		{"flat", "echo", `{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}]}`, fmt.Sprintf(out, "echo", "[1,4]", "[5.1,3.5,1.4,0.2]")},
		{"double", "double", `{"inputs":[{"shape":[2],"datatype":"FP32","data":[-1.5,1e20]}]}`, fmt.Sprintf(out, "double", "[2]", "[-3,2e+20]")},
		{"nested, spaces, other members", "echo", ` { "id" : "a\"]}" , "parameters":{"a":[1,{"b":null}],"c":true}, "inputs" : [ { "data" : [ [ 1 , 2 ] , [ 3 , 4 ] ] , "datatype":"FP32", "shape" : [ 2 , 2 ] } ] , "outputs":[] } `, fmt.Sprintf(out, "echo", "[2,2]", "[1,2,3,4]")},
		{"empty", "echo", `{"inputs":[{"shape":[0,4],"datatype":"FP32","data":[]}]}`, fmt.Sprintf(out, "echo", "[0,4]", "[]")},
		{"scalar", "echo", `{"inputs":[{"shape":[],"datatype":"FP32","data":[7]}]}`, fmt.Sprintf(out, "echo", "[]", "[7]")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, got := post(t, "/v2/models/"+tt.model+"/infer", tt.body)
			if code != 200 || got != tt.want {
				t.Errorf("got %d %s\nwant %s", code, got, tt.want)
			}
		})
	}
}

func TestInferRefuses(t *testing.T) {
	bodies := []string{
		``, `[]`, `{}`, `{"inputs":[]}`, `{"inputs":[{"shape":[1],"datatype":"FP32","data":[1]}]`,
		`{"inputs":[{"shape":[1],"datatype":"FP32","data":[1]}]} x`,
		`{"inputs":[{"shape":[1],"datatype":"INT64","data":[1]}]}`,
		`{"inputs":[{"shape":[2],"datatype":"FP32","data":[1]}]}`,
		`{"inputs":[{"shape":[4294967296,4294967296],"datatype":"FP32","data":[]}]}`,
		`{"inputs":[{"shape":[1],"datatype":"FP32","data":[1e39]}]}`,
		`{"inputs":[{"shape":[1],"datatype":"FP32","data":[-]}]}`,
		`{"inputs":[{"shape":[1],"datatype":"FP32","data":[1e]}]}`,
		`{"inputs":[{"shape":[1],"datatype":"FP32","data":["1"]}]}`,
		`{"inputs":[{"shape":[1],"datatype":"FP32","data":[1]},{}]}`,
		`{"inputs":[{"shape":[1],"datatype":"FP32","data":[1]}],"inputs":[{}]}`,
		`{"inputs":` + strings.Repeat("[", 250_000),
		`{"a":` + strings.Repeat("[", 250_000),
	}
	for _, body := range bodies {
		if code, got := post(t, "/v2/models/echo/infer", body); code != 400 {
			t.Errorf("%.80s: got %d %s, want 400", body, code, got)
		}
	}
	if code, got := post(t, "/v2/models/double/infer", `{"inputs":[{"shape":[1],"datatype":"FP32","data":[3e38]}]}`); code != 400 {
		t.Errorf("overflow: got %d %s, want 400", code, got)
	}
}

func TestPaths(t *testing.T) {
	h := new(Handler)
	for path, want := range map[string]int{livePath: 200, "/": 404, "/v2/models/a/b/infer": 404, "/v2/models//infer": 404, "/v2/models/a/infer": 404} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("GET %s: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestReadBody(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 100_000)
	for _, declared := range []int64{-1, 10, int64(len(body)), 1 << 29} {
		got, err := readBody(nil, bytes.NewReader(body), declared)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("declared %d: got %d bytes, %v", declared, len(got), err)
		}
	}
	if got, err := readBody(nil, strings.NewReader("x"), 1<<30); err != nil || cap(got) > 1<<20 {
		t.Errorf("one byte declared as 1 GiB: reserved %d, %v", cap(got), err)
	}
	if _, err := readBody(nil, strings.NewReader("x"), 1<<40); err == nil {
		t.Error("1 TiB: no error")
	}
	if _, err := readBody(nil, io.MultiReader(strings.NewReader("x"), &broken{}), 5); err == nil {
		t.Error("broken reader: no error")
	}
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// checkNumber compares parseNumber with strconv, bit for bit.
func checkNumber(t *testing.T, text string) {
	t.Helper()
	want, wantErr := strconv.ParseFloat(text, 32)
	got, end, err := parseNumber([]byte(text), 0)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%s: error %v, strconv %v", text, err, wantErr)
	}
	if err == nil && (math.Float32bits(got) != math.Float32bits(float32(want)) || end != len(text)) {
		t.Fatalf("%s: got %v up to %d, strconv %v", text, got, end, want)
	}
}

func TestNumbersAgreeWithStrconv(t *testing.T) {
	for _, text := range []string{"0", "-0", "0.0", "1", "-1.5", "16777217", "16777219", "1.00000005960464477539", "1.000000059604644775391", "12345678", "0.12345678", "3.4028235e38", "3.4028236e38", "1e-45", "1e22", "1e23", "1e-22", "9999999999999999999", "99999999999999999999", "1E5", "1e+5", "0e999", "0.30000000000000004"} {
		checkNumber(t, text)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	for range n {
		f := math.Float32frombits(rng.Uint32())
		if f != f || math.IsInf(float64(f), 0) {
			continue
		}
		up := math.Nextafter32(f, math.MaxFloat32)
		mid := (float64(f) + float64(up)) / 2
		checkNumber(t, strconv.FormatFloat(float64(f), 'g', -1, 32))
		checkNumber(t, strconv.FormatFloat(float64(f), 'g', -1, 64)) // what Python's tolist() sends
		checkNumber(t, strconv.FormatFloat(mid, 'e', 16+rng.IntN(4), 64))
		checkNumber(t, strconv.FormatFloat(float64(rng.Float32()), 'f', 1+rng.IntN(20), 64))
	}
}

func FuzzInfer(f *testing.F) {
	f.Add(`{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[[1,-2.5],[3e2,0.1]]}]}`)
	f.Add(`{"id":"a","parameters":{"x":[]},"inputs":[{"shape":[0],"datatype":"FP32","data":[]}],"outputs":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		var x tensor
		if x.parse([]byte(body)) != nil {
			return
		}
		if out, err := x.answer(nil, "echo"); err != nil || !json.Valid(out) {
			t.Errorf("%q: answer %q, %v", body, out, err)
		}
	})
}

func BenchmarkInfer(b *testing.B) {
	for _, n := range []int{4, 128, 3 * 224 * 224} {
		body := fmt.Appendf(nil, `{"inputs":[{"name":"x","shape":[%d],"datatype":"FP32","data":[`, n)
		rng := rand.New(rand.NewPCG(1, 2))
		for range n {
			body = append(strconv.AppendFloat(body, float64(rng.Float32()), 'g', -1, 32), ',')
		}
		body = append(trimComma(body), `]}]}`...)
		var j job
		b.Run(fmt.Sprint("parse-", n), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := j.tensor.parse(body); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint("answer-", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				j.out, _ = j.tensor.answer(j.out[:0], "echo")
			}
		})
	}
}
