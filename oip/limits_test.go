package oip

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// took is how many bytes do takes, in all.
func took(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestRequestMemory has requests of a mebibyte of which much could be made. What they
// take in all is bounded, with what grows and is thrown away.
func TestRequestMemory(t *testing.T) {
	const size = 1 << 20
	list := func(item string) string { return "[" + strings.Repeat(item+",", size/(len(item)+1)) + item + "]" }
	keys := func(value string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, `"%x":%s,`, i, value)
		}
		return "{" + b.String() + `"":0}`
	}
	tensor := func(datatype, shape, data string) string {
		return fmt.Sprintf(`{"inputs":[{"name":"x","datatype":%q,"shape":[%s],"data":%s}]}`, datatype, shape, data)
	}
	const good = `"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]`
	long := strings.Repeat(`\u0001`, size/6)
	for _, c := range []struct {
		body, want string
		times      uint64 // of its size
	}{
		{tensor("FP32", "1", list("1")), "shape [1] holds 1 elements, but data has 524289", 0},
		{tensor("INT64", "0", list("1")), "shape [0] holds 0 elements, but data has 524289", 0},
		{tensor("BOOL", "1", list("0")), "shape [1] holds 1 elements, but data has 524289", 0},
		{tensor("BYTES", "1", list(`""`)), "shape [1] holds 1 elements, but data has 349526", 2},
		{tensor("BYTES", "500000", list(`""`)), "shape [500000] holds 500000 elements, but data has fewer", 2},
		{tensor("INT64", "524289", list("1")), "", 5},
		{tensor("INT8", "524289", list("1")), "", 1},
		{tensor("BYTES", "349526", list(`""`)), "", 7},
		{tensor("FP32", list("1")[1:size], "[1]"), "shape has more than 256 lengths", 0},
		{tensor("FP32", strings.Repeat("1,  1,", 1<<17)+"1", "[1]"), "shape has more than 256 lengths", 0},
		{tensor("FP32", "0"+strings.Repeat(",0", 255), "[]"), "", 0},
		{`{"inputs":` + list(`{"name":"a","datatype":"FP32","shape":[0],"data":[]}`) + `}`, `input "a" is there twice`, 0},
		{`{` + good + `,"outputs":` + list(`{"name":"a"}`) + `}`, "there are more than 65536 outputs", 12},
		{`{` + good + `,"parameters":` + keys("1") + `}`, "there are more than 65536 parameters", 12},
		{`{` + good + `,"parameters":{"` + long + `":1}}`, "the name of a parameter has 174762 bytes, and may have 65536", 2},
		{`{` + good + `,"outputs":[{"name":"` + long + `"}]}`, "name has 174762 bytes, and may have 65536", 2},
		{`{` + good + `,"model":"` + long + `"}`, "model has 174762 bytes, and may have 65536", 2},
		{strings.Replace("{"+good+"}", `"x"`, `"`+long+`"`, 1), "name has 174762 bytes, and may have 65536", 2},
		{strings.Replace("{"+good+"}", "FP32", long, 1), "datatype has 174762 bytes, and may have 65536", 2},
		{`{` + good + `,"parameters":{"binary_data_output":"` + long + `"}}`, `, neither true nor false`, 2},
		{`{` + good + `,"parameters":{"binary_data_output":1` + strings.Repeat("1", size) + `}}`, `, neither true nor false`, 4},
	} {
		body := []byte(c.body)
		var err error
		n := took(func() { _, err = Request(serve.RawBody(body)) })
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) || err != nil && len(err.Error()) > 2000 {
			t.Errorf("%.90s: %.200v, want %s", c.body, err, c.want)
		}
		if most := c.times*size + size/4; n > most {
			t.Errorf("%.90s: %d bytes of %d, more than %d", c.body, n, len(body), most)
		}
	}
}

// TestDocumentMemory reads documents of which two to five bytes make a hundred, until
// they are said to take too much.
func TestDocumentMemory(t *testing.T) {
	const size, most = 1 << 20, 8 << 20
	for _, item := range []string{`{}`, `[]`, `{"a":1}`, `[1],[[1]]`, `[true]`, `""`} {
		body := []byte(`[{},` + strings.Repeat(item+",", size/(len(item)+1)) + `""]`)
		var v any
		var err error
		n := took(func() { v, err = parseValue(body, most) })
		if v != nil || serve.CodeOf(err) != serve.TooLarge || !strings.Contains(err.Error(), "the values of the document take more than 8388608 bytes") {
			t.Errorf("%s: %v", item, err)
		}
		if n > 6*most { // with what is thrown away: lists as they grow, and tensors that are none
			t.Errorf("%s: %d bytes", item, n)
		}
	}
	var keys strings.Builder
	for i := 0; keys.Len() < size; i++ {
		fmt.Fprintf(&keys, `"%x":1,`, i)
	}
	if _, err := parseValue([]byte("{"+keys.String()+`"":1}`), most); serve.CodeOf(err) != serve.TooLarge {
		t.Errorf("keys: %v", err)
	}
	if _, err := parseValue([]byte(`[{},`+strings.Repeat(`{"name": 1.5, "other": "a text of thirty-two characters."},`, size/59)+`[`+strings.Repeat("1,", size)+`1]]`), most); err != nil {
		t.Error(err)
	}
	if _, err := Value(serve.RawBody([]byte(`[{},` + strings.Repeat("[1],[[1]],", 1<<20) + `""]`))); serve.CodeOf(err) != serve.TooLarge {
		t.Errorf("2097152 lists: %v", err)
	}
	if _, _, err := GenerateRequest(serve.RawBody([]byte(`{"x":[{},`+strings.Repeat("[],", 1<<21)+`""]}`)), nil); serve.CodeOf(err) != serve.TooLarge {
		t.Errorf("to generate: %v", err)
	}
}

// TestLargeNumbers has an array read in memory that it keeps, and smaller ones after it.
func TestLargeNumbers(t *testing.T) {
	large := []byte("[" + strings.Repeat("1,2.5,", 1<<17) + "3]")
	for range 3 {
		v, err := ParseValue(large)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseValue([]byte("[" + strings.Repeat("7,", 1<<10) + "7]"))
		if err != nil {
			t.Fatal(err)
		}
		f, _ := serve.Data[float64](v.(*serve.Tensor))
		i, _ := serve.Data[int64](again.(*serve.Tensor))
		if len(f) != 1<<18+1 || f[0] != 1 || f[1] != 2.5 || f[1<<18] != 3 || len(i) != 1<<10+1 || i[0] != 7 {
			t.Fatalf("%d and %d elements, %v", len(f), len(i), f[:3])
		}
	}
}
