package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

const base = `{"class":"Iris","worker":0,"model":"iris","version":"v1","host":"h","function_uri":"p/f"`

const end = `,"when":"2026-01-02 03:04:05.678901+00:00","microsec":1234567`

// lines are the records of a chunk as JSON.
func lines(t testing.TB, chunk []byte) (all []string) {
	t.Helper()
	d := Decode(chunk)
	for {
		r, err := d.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(r.AppendJSON(nil)))
	}
}

func with(r serve.Record, change func(*serve.Record)) serve.Record {
	change(&r)
	return r
}

func TestJSON(t *testing.T) {
	resp := func(outputs string) string {
		return `"resp":{"id":"e1","model_name":"iris","outputs":` + outputs + `,"model_version":"v1"}`
	}
	oipBody := `{"id":"c1","inputs":[{"name":"a","shape":[2,1],"datatype":"FP64","data":[1,2.5]},{"name":"b","shape":[2,2],"datatype":"INT64","data":[1,2,3,4]}]}`
	for _, tt := range []struct {
		name string
		r    serve.Record
		want string
	}{
		{"as it came", inferBody(t, "{\"inputs\": [[1, 2.50]],\n \"x\": \"a\\nb\"}", []float64{3}),
			base + `,"request":{"inputs": [[1, 2.50]],  "x": "a\nb"},"op":"infer",` + resp("[3]") + end + `}`},
		{"an id", inferBody(t, `{"id": 7, "inputs": [1]}`, []int64{1, 2}),
			base + `,"request":{"id": 7, "inputs": [1]},"op":"infer","resp":{"id":7,"model_name":"iris","outputs":[1,2],"model_version":"v1"}` + end + `}`},
		{"no numbers", inferBody(t, `{"inputs": [NaN, -Infinity], "x": ["NaN", "\"Infinity"]}`, []float64{math.NaN()}),
			base + `,"request":{"inputs": [null, null], "x": ["NaN", "\"Infinity"]},"op":"infer",` + resp("[null]") + end + `}`},
		{"features", inferBody(t, `{"inputs": [{"a": 1}]}`, map[string]any{"b": []any{"x", nil}}),
			base + `,"request":{"inputs": [{"a": 1}]},"op":"infer",` + resp(`{"b":["x",null]}`) + end + `}`},
		{"tensors", inferBody(t, oipBody, []*serve.Tensor{serve.NewTensor("y", []float32{1, 0.1}, 2, 1), serve.NewBytes("z", []string{"p", "q"})}),
			base + `,"request":{"id":"c1","inputs":[[1,[1,2]],[2.5,[3,4]]]},"op":"infer","resp":{"id":"c1","model_name":"iris","outputs":[[1,"p"],[0.1,"q"]],"model_version":"v1"}` + end + `}`},
		{"notes", with(infer(t, 1), func(r *serve.Record) {
			r.Notes = &serve.Notes{Metrics: map[string]float64{"m": 1.5, "a": 2}, Labels: map[string]string{"l": "v\""}}
		}), base + `,"labels":{"l":"v\""},"request":{"inputs": [[1, 2]]},"op":"infer",` + resp("[2]") + end + `,"metrics":{"a":2,"m":1.5}}`},
		{"an ensemble", with(infer(t, 1), func(r *serve.Record) { r.Op = "" }),
			base + `,"request":{"inputs": [[1, 2]]},"op":null,` + resp("[2]") + end + `}`},
		{"chosen", with(infer(t, 1), func(r *serve.Record) { r.Chosen = &serve.Chosen{Inputs: []any{int64(5)}} }),
			base + `,"request":{"id":"e1","inputs":[5]},"op":"infer","resp":{"outputs":[]}` + end + `}`},
		{"nothing chosen", with(infer(t, 1), func(r *serve.Record) { r.Chosen = &serve.Chosen{} }),
			base + `,"request":{"inputs": [[1, 2]]},"op":"infer",` + resp("[2]") + end + `}`},
		{"preprocessed", with(infer(t, 1), func(r *serve.Record) { r.Request = r.Request.WithData([]any{"x"}) }),
			base + `,"request":{"inputs":["x"]},"op":"infer",` + resp("[2]") + end + `}`},
		{"preprocessed to numbers", with(infer(t, 1), func(r *serve.Record) { r.Request = r.Request.WithData(serve.NewTensor("", []int64{7, 8}, 1, 2)) }),
			base + `,"request":{"inputs":[[7,8]]},"op":"infer",` + resp("[2]") + end + `}`},
		{"a value", with(infer(t, 1), func(r *serve.Record) {
			r.Request.Body = serve.ValueBody(map[string]any{"inputs": []any{int64(1)}})
		}), base + `,"request":{"inputs":[1]},"op":"infer",` + resp("[2]") + end + `}`},
		{"unwritable", inferBody(t, `{"inputs": [1]}`, make(chan int)),
			base + `,"request":{"inputs": [1]},"op":"infer",` + resp(`"unreadable: a value of type chan int cannot be written as JSON: json: unsupported type: chan int"`) + end + `}`},
		{"another name", with(infer(t, 1), func(r *serve.Record) {
			resp := *r.Response()
			resp.ModelName = "other"
			resp.Set("more", 1)
			r.Answered(&resp)
		}), base + `,"request":{"inputs": [[1, 2]]},"op":"infer","resp":{"id":"e1","model_name":"other","outputs":[2],"model_version":"v1","more":1}` + end + `}`},
		{"as a whole", with(infer(t, 1), func(r *serve.Record) {
			resp := *r.Response()
			resp.SetWhole([]byte(`{"all": 1}`))
			r.Answered(&resp)
		}), base + `,"request":{"inputs": [[1, 2]]},"op":"infer","resp":{"all": 1}` + end + `}`},
		{"stamped", with(infer(t, 1), func(r *serve.Record) { r.Response().Stamp(begin) }),
			base + `,"request":{"inputs": [[1, 2]]},"op":"infer","resp":{"id":"e1","model_name":"iris","outputs":[2],"timestamp":"2026-01-02 03:04:05.678901+00:00","model_version":"v1"}` + end + `}`},
		{"a failure", failure(t, `{"inputs": [1]}`, serve.In("model iris: predict", serve.Errorf(serve.Internal, "ValueError", "simulated error.."))),
			base + `,"request":{"inputs": [1],"id":"e1"},"op":"infer","when":"2026-01-02 03:04:05.678901+00:00","error":"simulated error.."}`},
		{"a failure with an id", failure(t, `{"inputs": [1], "id": "x"}`, errDown),
			base + `,"request":{"inputs": [1], "id": "x"},"op":"infer","when":"2026-01-02 03:04:05.678901+00:00","error":"the stream is down"}`},
		{"a failure of tensors", failure(t, `{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]}]}`, errDown),
			base + `,"request":{"id":"e1","inputs":[[1,2]]},"op":"infer","when":"2026-01-02 03:04:05.678901+00:00","error":"the stream is down"}`},
		{"an empty request", failure(t, ` { } `, errDown),
			base + `,"request": { "id":"e1"},"op":"infer","when":"2026-01-02 03:04:05.678901+00:00","error":"the stream is down"}`},
		{"no request", with(failure(t, `{}`, errDown), func(r *serve.Record) { r.Request = nil }),
			base + `,"request":null,"op":"infer","when":"2026-01-02 03:04:05.678901+00:00","error":"the stream is down"}`},
		{"nobody", serve.Record{Start: begin}, `{"class":"","worker":0,"model":"","version":"","host":"h","function_uri":"p/f","request":null,"op":null,"resp":null,"when":"2026-01-02 03:04:05.678901+00:00","microsec":0}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := lines(t, chunkOf(t, tt.r))
			if len(got) != 1 {
				t.Fatalf("%d records", len(got))
			}
			if d := cmp.Diff(tt.want, got[0]); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if !json.Valid([]byte(got[0])) || strings.Contains(got[0], "\n") {
				t.Errorf("no JSON on one line: %s", got[0])
			}
		})
	}
}

// TestNotes has the notes of a model change: each record has those it was made with.
func TestNotes(t *testing.T) {
	var rs []serve.Record
	for i := range 4 {
		rs = append(rs, with(infer(t, i), func(r *serve.Record) {
			if i > 0 {
				r.Notes = &serve.Notes{Metrics: map[string]float64{"i": float64(i)}}
			}
		}))
	}
	rs[3].Notes = rs[1].Notes
	var got []string
	for _, line := range lines(t, chunkOf(t, rs...)) {
		_, metrics, _ := strings.Cut(line, `,"metrics":`)
		got = append(got, metrics)
	}
	if d := cmp.Diff([]string{"", `{"i":1}}`, `{"i":2}}`, `{"i":1}}`}, got); d != "" {
		t.Error(d)
	}
}

// TestBatchJSON is MLRun's form of several inferences; every row has metrics of its
// own.
func TestBatchJSON(t *testing.T) {
	s := &sink{}
	p := New(Options{Open: s.open})
	log := p.Log(LogOptions{Function: "p/f", Host: "h", Batch: 2, Sample: 2})
	for i := range 4 {
		log.Record(with(infer(t, i), func(r *serve.Record) {
			r.Notes = &serve.Notes{Metrics: map[string]float64{"i": float64(i)}, Labels: map[string]string{"a": "b"}}
		}))
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	shut(t, p)
	row := func(n string) string {
		return `[{"inputs": [[` + n + `, 2]]},"infer",{"id":"e1","model_name":"iris","outputs":[` + map[string]string{"1": "2", "3": "6"}[n] + `],"model_version":"v1"},"2026-01-02 03:04:05.678901+00:00",1234567,{"i":` + n + `}]`
	}
	want := base + `,"labels":{"a":"b"},"weight":2,"headers":["request","op","resp","when","microsec","metrics"],"values":[` + row("1") + `,` + row("3") + `]}`
	if d := cmp.Diff([]string{want}, s.all()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestCompact has messages in the compact code, which are what JSON would have been.
func TestCompact(t *testing.T) {
	s := &sink{}
	p := start(t, Options{Open: s.open, Compact: true})
	log := p.Log(LogOptions{Function: "p/f", Host: "h"})
	const n = 3000
	for i := range n {
		log.Record(infer(t, i))
	}
	shut(t, p)
	if l := balanced(t, p); l.Delivered != n || len(s.all()) > n/10 {
		t.Errorf("ledger %+v, %d messages", l, len(s.all()))
	}
	var all []string
	for _, body := range s.all() {
		all = append(all, lines(t, []byte(body))...)
	}
	s.bodies = all
	inOrder(t, s.numbers(t), n)
}

// TestRows is how tensors become rows.
func TestRows(t *testing.T) {
	for _, tt := range []struct {
		ts   []*serve.Tensor
		want string
	}{
		{[]*serve.Tensor{serve.NewTensor("", []float64{1, 2}, 2)}, "[1,2]"},
		{[]*serve.Tensor{serve.NewTensor("", []float64{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2)}, "[[[1,2],[3,4]],[[5,6],[7,8]]]"},
		{[]*serve.Tensor{serve.NewTensor("", []int32{7}, 1, 1), serve.NewTensor("", []bool{true}, 1)}, "[[7,true]]"},
		{[]*serve.Tensor{serve.NewTensor("", []int64{7, 8}), serve.NewTensor("", []int64{1})}, "[[7,8],[1]]"},
		{[]*serve.Tensor{serve.NewTensor("", []int64{}, 0, 2), serve.NewTensor("", []int64{}, 0)}, "[]"},
		{[]*serve.Tensor{serve.NewTensor("", []int64{}, 1_000_000_000, 0), serve.NewTensor("", []int64{}, 1_000_000_000, 0)}, "[[],[]]"},
		{[]*serve.Tensor{serve.NewBytes("", []string{"a", "b"}, 2, 1), serve.NewTensor("", []float32{0.5, 1, 2, 3}, 2, 2)}, `[["a",[0.5,1]],["b",[2,3]]]`},
	} {
		got, err := oip.AppendValue(nil, Rows(tt.ts))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s, error %v, want %s", got, err, tt.want)
		}
	}
}

// TestPlainRows wants the short way of writing tensors to write what the long one
// does.
func TestPlainRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape")
		n := 1
		for _, d := range shape {
			n *= d
		}
		numbers := rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, "numbers")
		f32, i64 := make([]float32, n), make([]int64, n)
		for i, v := range numbers {
			f32[i], i64[i] = float32(v), int64(math.Float64bits(v))
		}
		all := []serve.Tensor{}
		for _, make := range []func() (serve.Tensor, error){
			func() (serve.Tensor, error) { return serve.MakeTensor("t", serve.FP64, shape, numbers) },
			func() (serve.Tensor, error) { return serve.MakeTensor("t", serve.FP32, shape, f32) },
			func() (serve.Tensor, error) { return serve.MakeTensor("t", serve.Int64, shape, i64) },
		} {
			x, err := make()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, x)
		}
		for i := range all {
			want, err := oip.AppendValue(nil, &all[i])
			if err != nil {
				t.Fatal(err)
			}
			got := appendRows(nil, &cursor{rest: appendTensors(nil, []*serve.Tensor{&all[i]})})
			if !bytes.Equal(want, got) {
				t.Fatalf("%s, want %s", got, want)
			}
		}
	})
}

// TestIDs has ids of all kinds come out as they went in, but for what no id is.
func TestIDs(t *testing.T) {
	const uuid = "f963b041-c90a-4ced-ade7-360f8b12988e"
	for _, id := range []string{"", "a", uuid, strings.ToUpper(uuid), uuid[:35] + "g", "\xff" + uuid[1:], strings.Repeat("x", 254), strings.Repeat("x", 255), strings.Repeat("y", 300)} {
		c := cursor{rest: append(appendEventID(nil, id), 7)}
		if got := string(c.eventID(new([36]byte))); got != id || c.bad || len(c.rest) != 1 {
			t.Errorf("%q came out as %q", id, got)
		}
	}
	for place := range uuid { // every byte at every place
		for b := range 256 {
			id := []byte(uuid)
			id[place] = byte(b)
			c := cursor{rest: appendEventID(nil, string(id))}
			if got := c.eventID(new([36]byte)); !bytes.Equal(got, id) || c.bad || len(c.rest) > 0 {
				t.Fatalf("%q came out as %q", id, got)
			}
		}
	}
	c := cursor{rest: appendEventID(nil, strings.Repeat("z", 1<<20))}
	if got := c.eventID(new([36]byte)); len(got) != maxID || c.bad {
		t.Errorf("a text of a megabyte came out with %d bytes", len(got))
	}
}

func TestClock(t *testing.T) {
	var c clock
	for _, at := range []time.Time{begin, begin.Add(time.Microsecond), begin.Add(time.Second), begin, time.Unix(0, 0), time.Unix(-1, 999_999_000), begin.In(time.FixedZone("x", 3600))} {
		want := at.UTC().Format(`"2006-01-02 15:04:05.000000+00:00"`)
		if got := string(c.append(nil, at)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// FuzzDecode wants no panic of anything, and JSON of what can be read.
func FuzzDecode(f *testing.F) {
	f.Add(chunkOf(f, infer(f, 1), failure(f, `{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]}]}`, errDown)))
	f.Add(chunkOf(f, inferBody(f, `{"inputs":[{"name":"a","shape":[2],"datatype":"BYTES","data":["x","y"]}]}`, []*serve.Tensor{serve.NewBytes("z", []string{"p"})})))
	f.Add([]byte{kindBatch, 1, 2})
	f.Fuzz(func(_ *testing.T, chunk []byte) {
		d := Decode(chunk)
		for {
			r, err := d.Next()
			if err != nil {
				return
			}
			_ = r.AppendJSON(nil)
			_ = r.appendRow(r.beginBatch(nil))
		}
	})
}

// FuzzRequest wants a record of every request that can be read to be JSON on one
// line, with the inputs that it had.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{`{"inputs": [[1, 2]]}`, `{"inputs": [NaN], "id": "\ud800"}`, "{\"inputs\": [-Infinity, \"I\\\"N\"],\r\n\"a\": {}}", "{\"inputs\": [\"\xff\"]}", `{}`, `{"inputs":[{"name":"a","shape":[1],"datatype":"FP32","data":[NaN]}]}`} {
		f.Add([]byte(body), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, fails bool) {
		b := serve.RawBody(body)
		req, err := new(oip.Buffer).Request(b)
		if err != nil {
			return
		}
		req.Body = b
		r := serve.Record{Served: iris, Op: "infer", EventID: "e1", Start: begin, Request: req}
		if fails {
			r.Err = errDown
		}
		for _, line := range lines(t, chunkOf(t, r)) {
			if !json.Valid([]byte(line)) || strings.ContainsAny(line, "\r\n") {
				t.Errorf("%q is no JSON on one line", line)
			}
		}
	})
}
