package step

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

func TestTruthy(t *testing.T) {
	for _, v := range []any{
		nil, false, "", int64(0), 0, 0.0, math.Copysign(0, -1), serve.Number("0"), serve.Number("-0.0"), uint8(0), []any{}, map[string]any{},
		serve.NewObject(), serve.NewTensor("", []float64{}), serve.NewTensor("", []int64{}, 0, 3),
	} {
		if truthy(v) {
			t.Errorf("%v (%T) is true", v, v)
		}
	}
	for _, v := range []any{
		true, "0", int64(-1), 1, 0.1, math.NaN(), serve.Number("0.01"), float32(1), []any{nil}, map[string]any{"": nil}, struct{}{},
		serve.NewObject(serve.Field{Key: "a"}), serve.NewTensor("", []int64{0}), serve.NewTensor("", []bool{false}, 1, 1),
	} {
		if !truthy(v) {
			t.Errorf("%v (%T) is false", v, v)
		}
	}
}

// TestElements takes lists apart and puts them together again.
func TestElements(t *testing.T) {
	for _, text := range []string{
		`[]`, `[1]`, `[1,2.5,-3e2]`, `[[1,2],[3,4]]`, `[[1.5,2],[3,4]]`, `[[[1],[2]],[[3],[4]]]`, `[[],[]]`, `["a",[1],{"b":[2]}]`,
		` [ 1.5 , 2 ] `, "[[1.5,\t2] ,\n[3,4.0]]", `[18446744073709551616,1]`,
	} {
		v, err := oip.ParseValue([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		items, ok := elements(v)
		if !ok {
			t.Errorf("%s is no list", text)
			continue
		}
		var want, got any
		plain(t, v, &want)
		plain(t, items, &got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	words := serve.NewBytes("", []string{"a", "b", "c", "d"}, 2, 2)
	if items, ok := elements(words); !ok || fmt.Sprint(items[1].(*serve.Tensor).Strings()) != "[c d]" {
		t.Errorf("rows of text: %v %v", items, ok)
	}
	scalar, err := serve.MakeTensor("", serve.Int64, nil, []int64{1})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{nil, "text", 1.5, &scalar, serve.NewObject(), []byte("x")} {
		if items, ok := elements(v); ok {
			t.Errorf("%v is the list %v", v, items)
		}
	}
}

// plain reads a value as JSON of Go's own reader has it.
func plain(t *testing.T, v any, out *any) {
	t.Helper()
	text, err := oip.AppendValue(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// TestWritten compares the items of a tensor with those of its text.
func TestWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n, width := rapid.IntRange(1, 5).Draw(rt, "rows"), rapid.IntRange(0, 3).Draw(rt, "width")
		text := "["
		for i := range n {
			if i > 0 {
				text += rapid.SampledFrom([]string{",", " , "}).Draw(rt, "comma")
			}
			number := func() string {
				return rapid.SampledFrom([]string{"1", "1.0", "-2.5", "1e3", " 7 ", "0"}).Draw(rt, "number")
			}
			if width == 0 {
				text += number()
				continue
			}
			text += "["
			for j := range width {
				if j > 0 {
					text += ","
				}
				text += number()
			}
			text += "]"
		}
		text += "]"
		v, err := oip.ParseValue([]byte(text))
		if err != nil {
			rt.Fatal(err)
		}
		tensor, ok := v.(*serve.Tensor)
		if !ok {
			rt.Fatalf("%s is %T", text, v)
		}
		items, ok := elements(tensor)
		if !ok || len(items) != n {
			rt.Fatalf("%s has the items %v", text, items)
		}
		for i, item := range items {
			if width > 0 {
				row := item.(*serve.Tensor)
				for j := range width {
					if row.At(j) != tensor.At(i*width+j) && fmt.Sprint(row.At(j)) != fmt.Sprint(tensor.At(i*width+j)) {
						rt.Fatalf("%s: item %d,%d is %v, want %v", text, i, j, row.At(j), tensor.At(i*width+j))
					}
				}
				continue
			}
			if item != tensor.At(i) {
				rt.Fatalf("%s: item %d is %v (%T), want %v", text, i, item, item, tensor.At(i))
			}
		}
	})
}

// TestMerged compares the two ways in which fields are merged.
func TestMerged(t *testing.T) {
	var fields, more []serve.Field
	for i := range 200 {
		fields = append(fields, serve.Field{Key: fmt.Sprint("f", i), Value: i})
		more = append(more, serve.Field{Key: fmt.Sprint("f", 2*i), Value: -i})
	}
	var want []serve.Field
	want = append(want, fields...)
	for _, f := range more {
		want = set(want, f)
	}
	if d := cmp.Diff(want, merged(fields, more)); d != "" {
		t.Errorf("merged (-want +got):\n%s", d)
	}
	if fields[0].Value != 0 {
		t.Error("merging changed what was merged")
	}
}

func TestPythonFloat(t *testing.T) {
	for want, f := range map[string]float64{
		"1.0": 1, "-0.0": math.Copysign(0, -1), "0.1": 0.1, "1e+16": 1e16, "1000000000000000.0": 1e15, "1e-05": 1e-5, "0.0001": 1e-4,
		"nan": math.NaN(), "inf": math.Inf(1), "-inf": math.Inf(-1), "1234567.5": 1234567.5,
	} {
		if got := pythonFloat(f); got != want {
			t.Errorf("%v is written as %s, want %s", f, got, want)
		}
	}
}
