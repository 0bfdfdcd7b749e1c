package conformance

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const binaryHead = "Inference-Header-Content-Length"

// blob is an input whose elements are size bytes behind the JSON.
func blob(name, shape, datatype string, size int) string {
	return fmt.Sprintf(`{"name":%q,"shape":%s,"datatype":%q,"parameters":{"binary_data_size":%d}}`, name, shape, datatype, size)
}

// binaryInfer is a call of a model with bytes behind the JSON, and more members of
// the request.
func binaryInfer(model, inputs, more, behind string, status int) call {
	doc := `{"id":"i","inputs":[` + inputs + `]` + more + `}`
	return call{method: "POST", path: "/v2/models/" + model + "/infer", body: doc + behind, send: binaryHead + ": " + strconv.Itoa(len(doc)), status: status}
}

func floats(all ...float32) string {
	var b []byte
	for _, f := range all {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return string(b)
}

func texts(all ...string) string {
	var b []byte
	for _, s := range all {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return string(b)
}

// headed is a call with a header of another value.
func headed(value string) call {
	c := binaryInfer("any", blob("x", "[1]", "FP32", 4), "", floats(1), 400).Has(binaryHead)
	c.send = binaryHead + ": " + value
	return c
}

// binaryRows are the statements about the binary tensor extension that are shown by
// what is answered as JSON; TestBinaryAnswers has the rest.
var binaryRows = []callRow{
	{66, "the header counts the bytes of the JSON; the elements are in the order of the inputs", []call{
		binaryInfer("any", blob("ö", "[2]", "FP32", 8)+","+blob("b", "[1]", "FP32", 4), "", floats(1, 2, 3), 200).
			Want(echoed(tensorJSON("ö", "[2]", "FP32", "[1,2]") + "," + tensorJSON("b", "[1]", "FP32", "[3]"))),
		binaryInfer("any", blob("a", "[3]", "UINT8", 3)+","+blob("b", "[1]", "FP32", 4), "", "\x01\x02\xff"+floats(3), 200).
			Want(echoed(tensorJSON("a", "[3]", "UINT8", "[1,2,255]") + "," + tensorJSON("b", "[1]", "FP32", "[3]")))}},
	{67, "inputs in JSON and as bytes may be mixed", []call{
		binaryInfer("any", blob("a", "[1]", "FP32", 4)+","+tensorJSON("b", "[1]", "FP32", "[2]")+","+blob("c", "[1]", "FP32", 4), "", floats(1, 3), 200).
			Want(echoed(tensorJSON("a", "[1]", "FP32", "[1]") + "," + tensorJSON("b", "[1]", "FP32", "[2]") + "," + tensorJSON("c", "[1]", "FP32", "[3]")))}},
	{68, "no data is 400, and so are two sources, which are named", []call{
		binaryInfer("any", `{"name":"x","shape":[1],"datatype":"FP32"}`, "", "", 400).Has("neither data nor binary_data_size"),
		binaryInfer("any", `{"name":"x","shape":[1],"datatype":"FP32","data":[1],"parameters":{"binary_data_size":4}}`, "", floats(1), 400).Has(`[\"data\" \"binary_data_size\"]`),
		binaryInfer("any", `{"name":"x","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r","binary_data_size":4}}`, "", floats(1), 400).Has(`[\"binary_data_size\" \"shared_memory_region\"]`),
		infer("any", blob("x", "[1]", "FP32", 4), 400).Has(binaryHead)}},
	{69, "fewer bytes than declared are 400, and so is a size that is not the shape's", []call{
		binaryInfer("any", blob("x", "[2]", "FP32", 8), "", floats(1), 400).Has("4 of the 4 bytes behind the JSON are left"),
		binaryInfer("any", blob("x", "[1]", "FP32", 4)+","+blob("y", "[1]", "FP32", 4), "", floats(1)+"abc", 400).Has("3 of the 7 bytes"),
		binaryInfer("any", blob("x", "[2]", "FP32", 4), "", floats(1), 400).Has("input byte size mismatch: expected 8 bytes for shape [2] of FP32, got 4"),
		binaryInfer("any", blob("x", "[1]", "FP32", 3), "", "abc", 400).Has("expected 4 bytes"),
		binaryInfer("any", blob("x", "[4611686018427387904,4]", "FP64", 8), "", "12345678", 400).Has("more elements than can be"),
		binaryInfer("any", blob("x", "[2305843009213693952]", "FP64", 8), "", "12345678", 400).Has("mismatch"),
		binaryInfer("any", `{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":-4}}`, "", floats(1), 400).Has("not a number of bytes"),
		binaryInfer("any", `{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":"4"}}`, "", floats(1), 400).Has("not a number of bytes"),
		binaryInfer("any", `{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4.0}}`, "", floats(1), 400).Has("not a number of bytes"),
		binaryInfer("any", `{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":18446744073709551615}}`, "", floats(1), 400).Has("not a number of bytes")}},
	{70, "bytes behind those of the inputs are 400", []call{binaryInfer("any", blob("x", "[1]", "FP32", 4), "", floats(1)+"zz", 400).Has("2 bytes are left")}},
	{71, "a header that is no length of JSON within the body is 400, and the server lives on", []call{
		headed("abc").Has("model any: read the request: "), headed("-1"), headed("4000"), headed("99999999999"), headed("1e3"), headed("0x10"), headed(" "), get("/v2/health/live", 200),
		binaryInfer("nobody", blob("x", "[1]", "FP32", 8), "", floats(1), 404).Has("model nobody doesnt exist"),
		binaryInfer("nobody/versions/2", blob("x", "[1]", "FP32", 8), "", floats(1), 404).Has("model nobody:2 doesnt exist"),
		binaryInfer("many/versions/1", blob("x", "[1]", "FP32", 8), "", floats(1), 400).Has("model many:1: read the request: "),
		binaryInfer("any", `{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":"4"}}`, "", floats(1), 400).Has(`binary_data_size is \"4\", not`),
		binaryInfer("any", `{"name":"x","shape":[0,4611686018427387904,4],"datatype":"FP32","parameters":{"binary_data_size":0}}`, "", "", 400).Has("more elements than can be"),
		infer("any", four+`],"parameters":{"binary_data_output":"true"},"zz":[`, 400).Has(`is \"true\", neither true nor false`)}},
	{76, "BYTES whose lengths overrun are 400, and so is a count that is not the shape's", []call{
		binaryInfer("any", blob("x", "[2]", "BYTES", 14), "", texts("wörl", "d")[:14], 200).Want(echoed(tensorJSON("x", "[2]", "BYTES", `["wörl","d"]`))),
		binaryInfer("any", blob("x", "[1]", "BYTES", 5), "", texts("ab")[:5], 400).Has("element 0 is said to have 2 bytes, but 1 are left of 5"),
		binaryInfer("any", blob("x", "[2]", "BYTES", 8), "", texts("ab")+"\x01\x00", 400).Has("element 1 has no length"),
		binaryInfer("any", blob("x", "[1]", "BYTES", 8), "", "\xff\xff\xff\xff1234", 400).Has("4294967295"),
		binaryInfer("any", blob("x", "[3]", "BYTES", 12), "", texts("a", "abc"), 400).Has("shape [3] holds 3 elements, but there are 2"),
		binaryInfer("any", blob("x", "[1]", "BYTES", 12), "", texts("a", "abc"), 400).Has("holds 1 elements, but there are more"),
		binaryInfer("any", blob("x", "[1000000000]", "BYTES", 12), "", texts("a", "abc"), 400).Has("have fewer")}},
	{78, "a body that is one input's elements has the header 0; models that it does not suit are 400", []call{
		{method: "POST", path: "/v2/models/typed/infer", body: floats(1, 2, 3, 4, 5, 6, 7, 8), send: binaryHead + ": 0", status: 200, has: `"shape":[2,4]`},
		{method: "POST", path: "/v2/models/typed/infer", body: floats(1, 2, 3), send: binaryHead + ": 0", status: 400, has: "expected 0 bytes for shape [0 4]"},
		{method: "POST", path: "/v2/models/scalar/infer", body: floats(5), send: binaryHead + ": 0", status: 200, has: floats(5)},
		{method: "POST", path: "/v2/models/words/infer", body: "wörld", send: binaryHead + ": 0", status: 200, has: texts("wörld")},
		{method: "POST", path: "/v2/models/any/infer", body: floats(1), send: binaryHead + ": 0", status: 400, has: "models with one input"},
		{method: "POST", path: "/v2/models/two/infer", body: floats(1), send: binaryHead + ": 0", status: 400, has: "this one has 3"}}},
	{97, "parameters that begin with triton_ are 400", []call{
		{method: "POST", path: "/v2/models/any/infer", body: `{"parameters":{"triton_enable_empty_final_response":true},"inputs":[` + four + `]}`, status: 400, has: "reserved"}}},
}

func TestBinaryChecklist(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	for _, row := range binaryRows {
		for _, c := range row.calls {
			c.check(t, row.n, row.statement, c.do(t, url))
		}
	}
}

// An answered output is one with its elements, as JSON or as bytes.
type answered struct {
	Name, Datatype string
	Shape          []int
	Data           json.RawMessage
	Bytes          string
}

// parts takes an answer apart, by what its header and its sizes say; all bytes
// have to be used.
func parts(t *testing.T, r reply) []answered {
	t.Helper()
	doc, rest := r.body, []byte(nil)
	if field := r.header.Get(binaryHead); field != "" {
		n, err := strconv.Atoi(field)
		if err != nil || n > len(r.body) || r.header.Get("Content-Type") != "application/octet-stream" {
			t.Fatalf("%s: %q, of %d bytes, as %s", binaryHead, field, len(r.body), r.header.Get("Content-Type"))
		}
		doc, rest = r.body[:n], r.body[n:]
	}
	var got struct {
		Outputs []struct {
			answered
			Parameters struct {
				Size *int `json:"binary_data_size"`
			}
		}
	}
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	var all []answered
	for _, o := range got.Outputs {
		if size := o.Parameters.Size; size != nil {
			o.Bytes, rest = string(rest[:*size]), rest[*size:]
		}
		all = append(all, o.answered)
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
	return all
}

// TestBinaryAnswers is statements 72 to 75, 77 and 79.
func TestBinaryAnswers(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	y, n := `{"name":"y"`, `{"name":"n"`
	yes, no := `,"parameters":{"binary_data":true}}`, `,"parameters":{"binary_data":false}}`
	bits := "\x01\x00\xff\xff\x00\x7c\x01\xfc" // a subnormal, NaNs with a payload, infinity
	asBytes := []answered{{Name: "y", Datatype: "FP32", Shape: []int{1, 4}, Bytes: floats(1, 2, 3, 4)}, {Name: "n", Datatype: "INT64", Shape: []int{1}, Bytes: strings.Repeat("\x00", 8)}}
	yBytes := []answered{asBytes[0], {Name: "n", Datatype: "INT64", Shape: []int{1}, Data: json.RawMessage("[0]")}}
	nBytes := []answered{{Name: "y", Datatype: "FP32", Shape: []int{1, 4}, Data: json.RawMessage("[1,2,3,4]")}, asBytes[1]}
	for _, tt := range []struct {
		n            int
		model        string
		inputs, more string
		behind       string
		want         []answered
	}{
		{72, "typed", four, `,"outputs":[` + y + yes + `,` + n + no + `]`, "", yBytes},
		{72, "typed", four, `,"outputs":[` + y + `},` + n + yes + `]`, "", nBytes},
		{72, "typed", four, `,"parameters":{"binary_data_output":true}`, "", asBytes},
		{72, "typed", four, `,"parameters":{"binary_data_output":true},"outputs":[` + y + `},` + n + `}]`, "", asBytes},
		{73, "typed", four, `,"parameters":{"binary_data_output":true},"outputs":[` + y + no + `,` + n + `}]`, "", nBytes},
		{74, "typed", blob("x", "[1,4]", "FP32", 16), `,"parameters":{"binary_data_output":true}`, floats(1, 2, 3, 4), asBytes},
		{75, "any", tensorJSON("x", "[0,2]", "FP32", "[]"), `,"parameters":{"binary_data_output":true}`, "", []answered{{Name: "x", Datatype: "FP32", Shape: []int{0, 2}}}},
		{77, "half", blob("x", "[4]", "FP16", 8), `,"parameters":{"binary_data_output":true}`, bits, []answered{{Name: "y", Datatype: "FP16", Shape: []int{4}, Bytes: bits}}},
		{77, "any", blob("x", "[2,2]", "BF16", 8), `,"parameters":{"binary_data_output":true}`, bits, []answered{{Name: "x", Datatype: "BF16", Shape: []int{2, 2}, Bytes: bits}}},
		{77, "any", blob("x", "[2]", "BYTES", 11), `,"parameters":{"binary_data_output":true}`, texts("a\xff", "\x00"), []answered{{Name: "x", Datatype: "BYTES", Shape: []int{2}, Bytes: texts("a\xff", "\x00")}}},
		{77, "any", blob("x", "[3]", "BOOL", 3), `,"parameters":{"binary_data_output":true}`, "\x00\x01\x07", []answered{{Name: "x", Datatype: "BOOL", Shape: []int{3}, Bytes: "\x00\x01\x01"}}},
	} {
		c := binaryInfer(tt.model, tt.inputs, tt.more, tt.behind, 200)
		got := c.do(t, url)
		c.check(t, tt.n, "answers as bytes", got)
		if d := cmp.Diff(tt.want, parts(t, got)); d != "" {
			t.Errorf("%d. %s (-want +got):\n%s", tt.n, c.body, d)
		}
		if tt.n == 75 && (got.header.Get(binaryHead) != "" || got.header.Get("Content-Type") != "application/json") {
			t.Errorf("75. without a byte the answer is %s with %s %q", got.header.Get("Content-Type"), binaryHead, got.header.Get(binaryHead))
		}
	}
	c := binaryInfer("typed", four, `,"outputs":[{"name":"y","parameters":{"binary_data":1}}]`, "", 400).Has("neither true nor false")
	c.check(t, 72, "a flag that is none", c.do(t, url))
}

// TestBinaryCompressed is statement 79: the header counts the bytes as they are
// before they are compressed.
func TestBinaryCompressed(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	all := make([]float32, 3000)
	doc := `{"inputs":[` + blob("x", "[3000]", "FP32", 12000) + `],"parameters":{"binary_data_output":true}}`
	for _, coding := range []string{"gzip", "deflate"} {
		var zipped bytes.Buffer
		var w io.WriteCloser = gzip.NewWriter(&zipped)
		if coding == "deflate" {
			w = zlib.NewWriter(&zipped)
		}
		_, _ = io.WriteString(w, doc+floats(all...))
		_ = w.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v2/models/any/infer", &zipped)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Encoding": {coding}, "Accept-Encoding": {coding}, binaryHead: {strconv.Itoa(len(doc))}}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, status := inflated(t, resp), resp.StatusCode
		got := parts(t, reply{status, resp.Header, body})
		if status != 200 || resp.Header.Get("Content-Encoding") != coding || len(got) != 1 || got[0].Bytes != floats(all...) {
			t.Errorf("79. %s: status %d, coding %q, %d outputs: %.200s", coding, status, resp.Header.Get("Content-Encoding"), len(got), body)
		}
	}
}

func inflated(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	var r io.Reader = resp.Body
	var err error
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "deflate":
		r, err = zlib.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
