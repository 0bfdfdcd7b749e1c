package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
)

// A call is a request to the server and what is wanted of the answer.
type call struct {
	method, path, body string
	status             int
	want               string // the body, compared as JSON; "" compares nothing
	has                string // a part of the body
	lacks              string
	header             string // "Name: value" that the answer must have
	send               string // "Name: value" that is sent
}

// A callRow is a statement of the checklist with the calls that show it; without any,
// other tests do.
type callRow struct {
	n         int
	statement string
	calls     []call
}

// infer is a call of a model with OIP inputs.
func infer(model, inputs string, status int) call {
	return call{method: "POST", path: "/v2/models/" + model + "/infer", body: `{"id":"i","inputs":[` + inputs + `]}`, status: status}
}

func (c call) Want(want string) call  { c.want = want; return c }
func (c call) Has(part string) call   { c.has = part; return c }
func (c call) Lacks(part string) call { c.lacks = part; return c }

func get(path string, status int) call { return call{method: "GET", path: path, status: status} }

func tensorJSON(name, shape, datatype, data string) string {
	return `{"name":"` + name + `","shape":` + shape + `,"datatype":"` + datatype + `","data":` + data + `}`
}

const four = `{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}`

// echoed is the answer to a tensor sent to "any".
func echoed(tensor string) string {
	return `{"id":"i","model_name":"any","outputs":[` + tensor + `]}`
}

// checklist has the statements of the Open Inference Protocol over REST with
// JSON bodies, one row a statement. Where the sources leave a choice, the row
// says what was chosen.
var checklist = []callRow{
	{1, "GET /v2/health/live is 200 while the process serves", []call{get("/v2/health/live", 200).Want(`{"live":true}`)}},
	{2, "GET /v2/health/ready is 200 only when all models are ready, else 503", []call{get("/v2/health/ready", 503).Has("failed is FAILED")}},
	{3, "readiness turns at shutdown, before connections drop", nil}, // TestReadyAtShutdown
	{4, "GET /v2 has name, version, extensions", []call{get("/v2", 200).Want(`{"name":"leat","version":"dev","extensions":["binary_tensor_data","classification","logging","model_configuration","model_repository","parameters","schedule_policy","sequence","statistics","trace"]}`)}},
	{5, "extensions names only what is implemented", []call{get("/v2", 200).Has(`"binary_tensor_data"`).Lacks("shared_memory")}},
	{6, "/v2/ gives the same as /v2", []call{get("/v2/", 200).Want(`{"name":"leat","version":"dev","extensions":["binary_tensor_data","classification","logging","model_configuration","model_repository","parameters","schedule_policy","sequence","statistics","trace"]}`)}},
	{7, "model metadata has name, platform, inputs, outputs; -1 for variable dims", []call{
		get("/v2/models/typed", 200).Want(`{"name":"typed","version":"","versions":[],"platform":"go","inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,4]},{"name":"n","datatype":"INT64","shape":[-1]}]}`)}},
	{8, "metadata shows the batch dimension as leading -1", []call{get("/v2/models/batch", 200).Has(`"shape":[-1,2]`)}},
	{9, "versions is an array of strings", []call{get("/v2/models/many", 200).Has(`"versions":["1","2"]`), get("/v2/models/many/versions/1", 200).Has(`"version":"1","versions":["1","2"]`)}},
	{10, "metadata of an unknown model is 404 with an error", []call{get("/v2/models/nobody", 404).Has("model nobody doesnt exist")}},
	{11, "an unknown version is 404 naming it", []call{get("/v2/models/many/versions/9", 404).Has("many:9"), {method: "POST", path: "/v2/models/many/versions/9/infer", body: `{"inputs":[1]}`, status: 404, has: "many:9"}}},
	{12, "model ready is 200 or not, versioned or plain", []call{get("/v2/models/typed/ready", 200).Has("Model typed is ready"), get("/v2/models/many/versions/1/ready", 200), get("/v2/models/failed/ready", 408).Want(`{"error":"model not ready: it has failed: the weights are gone"}`), get("/v2/models/many/versions/9/ready", 404)}},
	{13, "a model that is not there: ready and infer both fail with an error", []call{get("/v2/models/failed/ready", 408).Has("error"), infer("failed", four, 503).Want(`{"error":"model failed is not ready yet: it has failed: the weights are gone"}`)}},
	{14, "a wrong verb is 405 with a JSON body", []call{
		{method: "GET", path: "/v2/models/typed/infer", status: 405, has: "illegal model operation infer, method=GET", header: "Allow: POST"},
		{method: "POST", path: "/v2/models/typed/ready", body: "{}", status: 405, has: "illegal model operation ready, method=POST", header: "Allow: GET"},
		{method: "DELETE", path: "/v2/models/typed", status: 405, has: "illegal model operation infer, method=DELETE", header: "Allow: GET, POST"},
		{method: "POST", path: "/v2/models/typed/config", body: "{}", status: 405, has: "error", header: "Allow: GET"},
		{method: "POST", path: "/v2/health/live", status: 405, has: "error", header: "Allow: GET"},
		{method: "DELETE", path: "/v2", status: 405, has: "error"},
		{method: "POST", path: "/v2/models", body: "{}", status: 405, has: "error"}}},
	{15, "an unknown path is 404 with a JSON body", []call{get("/v3/models", 404).Has("error"), get("/v2/nothing", 404).Has("error"), get("/v2/modelsm1/ready", 404).Has("illegal path prefix"), get("/v2/models/typed/nothing", 404).Has("illegal model operation nothing")}},
	{16, "probes of health do not touch models", []call{{method: "HEAD", path: "/v2/health/live", status: 200}, {method: "HEAD", path: "/v2/health/ready", status: 503}}},
	{17, "every error is a JSON object with a string error", []call{
		infer("broken", four, 500).Has(`model broken: infer: the weights are gone`), infer("panics", four, 500).Has(`"error"`).Lacks("secret"),
		{method: "PATCH", path: "/v2/models/typed/infer", body: "{", status: 400, has: "error"}}},
	{18, "percent-encoded model names are decoded", []call{get("/v2/models/a%20model%2Fwith%20%25/ready", 200), get("/v2/models/t%79ped/ready", 200)}},
	{19, "infer works without a Content-Type", []call{infer("typed", four, 200)}},
	{20, "the id is echoed exactly", []call{{method: "POST", path: "/v2/models/any/infer", body: `{"id":"a\u00e9\"b","inputs":[` + four + `]}`, status: 200, want: `{"id":"aé\"b","model_name":"any","outputs":[` + four + `]}`}}},
	{21, "without an id one is made up, never null", []call{
		{method: "POST", path: "/v2/models/any/infer", body: `{"inputs":[` + four + `]}`, status: 200, has: `{"id":"`},
		{method: "POST", path: "/v2/models/any/infer", body: `{"id":null,"inputs":[` + four + `]}`, status: 200, has: `{"id":"`}}},
	{22, "an id that is no string is 400", []call{{method: "POST", path: "/v2/models/any/infer", body: `{"id":7,"inputs":[` + four + `]}`, status: 400, has: "id is 7, not a string"}}},
	{23, "flat and nested data are the same", []call{
		infer("typed", four, 200).Has(`"name":"y","shape":[1,4]`), infer("typed", tensorJSON("x", "[1,4]", "FP32", "[[1,2,3,4]]"), 200).Has(`"name":"y","shape":[1,4]`)}},
	{24, "a count of elements that is not the shape's is 4xx", []call{infer("any", tensorJSON("x", "[2]", "FP32", "[1]"), 400).Has("shape [2] holds 2 elements, but data has 1")}},
	{25, "ragged data: refused", []call{infer("any", tensorJSON("x", "[3]", "FP32", "[[1,2],[3]]"), 400).Has("ragged")}},
	{26, "120 nested arrays are refused, 50 accepted", []call{
		infer("any", tensorJSON("x", "[1]", "FP32", strings.Repeat("[", 120)+"1"+strings.Repeat("]", 120)), 400).Has("JSON nesting depth exceeds"),
		infer("any", tensorJSON("x", "[1]", "FP32", strings.Repeat("[", 50)+"1"+strings.Repeat("]", 50)), 200)}},
	{27, "250,000 nested arrays do not crash the process", []call{
		{method: "POST", path: "/v2/models/any/infer", body: `{"inputs":` + strings.Repeat("[", 250_000), status: 400, has: "JSON nesting depth exceeds"}, get("/v2/health/live", 200)}},
	{28, "without outputs all are returned", []call{infer("typed", four, 200).Want(`{"id":"i","model_name":"typed","outputs":[{"name":"y","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]},{"name":"n","shape":[1],"datatype":"INT64","data":[0]}]}`)}},
	{29, "outputs that are listed: exactly those, in that order", []call{
		{method: "POST", path: "/v2/models/typed/infer", body: `{"id":"i","inputs":[` + four + `],"outputs":[{"name":"n"},{"name":"y"}]}`, status: 200, want: `{"id":"i","model_name":"typed","outputs":[{"name":"n","shape":[1],"datatype":"INT64","data":[0]},{"name":"y","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}`},
		{method: "POST", path: "/v2/models/typed/infer", body: `{"id":"i","inputs":[` + four + `],"outputs":[{"name":"n"}]}`, status: 200, lacks: `"y"`}}},
	{30, "an unknown output is 400", []call{{method: "POST", path: "/v2/models/typed/infer", body: `{"inputs":[` + four + `],"outputs":[{"name":"z"}]}`, status: 400, has: `there is no output \"z\"`}}},
	{31, "an output that is listed twice is 400", []call{{method: "POST", path: "/v2/models/typed/infer", body: `{"inputs":[` + four + `],"outputs":[{"name":"y"},{"name":"y"}]}`, status: 400, has: `already exists in request`}}},
	{32, "an input that is there twice is 400", []call{infer("any", four+","+four, 400).Has("twice")}},
	{33, "missing inputs are 400 and listed", []call{infer("two", tensorJSON("b", "[1]", "FP32", "[1]"), 400).Has("inputs are missing: a, c")}},
	{34, "optional inputs may be left out", []call{infer("two", tensorJSON("c", "[1]", "FP32", "[1]")+","+tensorJSON("a", "[1]", "FP32", "[1]"), 200).Lacks(`"b"`)}},
	{35, "an unknown input is 400", []call{infer("two", tensorJSON("a", "[1]", "FP32", "[1]")+","+tensorJSON("c", "[1]", "FP32", "[1]")+","+tensorJSON("d", "[1]", "FP32", "[1]"), 400).Has(`there is no input \"d\"`)}},
	{36, "a missing name, shape, datatype or data is 400", []call{
		infer("any", `{"shape":[1],"datatype":"FP32","data":[1]}`, 400).Has("name is missing"), infer("any", `{"name":"x","datatype":"FP32","data":[1]}`, 400).Has("shape is missing"),
		infer("any", `{"name":"x","shape":[1],"data":[1]}`, 400).Has("datatype is missing"), infer("any", `{"name":"x","shape":[1],"datatype":"FP32"}`, 400).Has("data is missing")}},
	{37, "empty and broken bodies are 400", bodies(400, "", "[]", "null", `{"inputs":`, "true", "5", `"x"`, "{}", `{"inputs":null}`)},
	{38, "unknown keys are ignored at all levels", []call{{method: "POST", path: "/v2/models/any/infer", body: `{"k":{},"id":"i","inputs":[{"k":[{}],"name":"x","shape":[1],"datatype":"FP32","data":[1]}],"outputs":[{"name":"x","k":1}]}`, status: 200, want: echoed(tensorJSON("x", "[1]", "FP32", "[1]"))}}},
	{39, "an unknown datatype is 400", []call{infer("any", tensorJSON("x", "[1]", "FP33", "[1]"), 400).Has("FP33")}},
	{40, "a datatype that is not the model's is 400 naming both", []call{infer("typed", tensorJSON("x", "[1,4]", "FP64", "[1,2,3,4]"), 400).Has("datatype FP64, but the model takes FP32")}},
	{41, "a rank or fixed dimension that is not the model's is 400", []call{infer("typed", tensorJSON("x", "[4]", "FP32", "[1,2,3,4]"), 400).Has("shape [4], but the model takes [-1 4]"), infer("typed", tensorJSON("x", "[1,3]", "FP32", "[1,2,3]"), 400).Has("shape [1 3]")}},
	{42, "a batch over the model's limit is 400", []call{infer("batch", tensorJSON("x", "[5,2]", "FP32", "[1,2,3,4,5,6,7,8,9,10]"), 400).Has("at most 4"), infer("batch", tensorJSON("x", "[4,2]", "FP32", "[1,2,3,4,5,6,7,8]"), 200)}},
	{43, "INT64 beyond 2^53 and at its limits survives", echoes("INT64", "[9007199254740993,-9223372036854775808,9223372036854775807]", 3)},
	{44, "UINT64 at its limit survives", echoes("UINT64", "[18446744073709551615]", 1)},
	{45, "integers out of range are refused", []call{
		infer("any", tensorJSON("x", "[1]", "INT8", "[128]"), 400).Has("element 0 is 128"), infer("any", tensorJSON("x", "[1]", "UINT8", "[-1]"), 400), infer("any", tensorJSON("x", "[1]", "INT16", "[40000]"), 400),
		infer("any", tensorJSON("x", "[1]", "UINT16", "[65536]"), 400), infer("any", tensorJSON("x", "[1]", "INT32", "[2147483648]"), 400), infer("any", tensorJSON("x", "[1]", "UINT32", "[4294967296]"), 400),
		infer("any", tensorJSON("x", "[1]", "INT64", "[9223372036854775808]"), 400), infer("any", tensorJSON("x", "[1]", "UINT64", "[18446744073709551616]"), 400)}},
	{46, "1.5 for an integer is 400", []call{infer("any", tensorJSON("x", "[1]", "INT32", "[1.5]"), 400).Has("element 0 is 1.5"), infer("any", tensorJSON("x", "[1]", "INT32", "[1.0]"), 400)}},
	{47, "a string for a number is 400", []call{infer("any", tensorJSON("x", "[1]", "FP32", `["1"]`), 400).Has("element 0"), infer("any", tensorJSON("x", "[1]", "INT32", `["1"]`), 400)}},
	{48, "BOOL takes true and false, and 0 and 1", []call{infer("any", tensorJSON("x", "[4]", "BOOL", "[true,false,1,0]"), 200).Want(echoed(tensorJSON("x", "[4]", "BOOL", "[true,false,true,false]"))), infer("any", tensorJSON("x", "[1]", "BOOL", "[2]"), 400)}},
	{49, "NaN and Infinity in floats: read; NaN written as null", []call{infer("any", tensorJSON("x", "[3]", "FP32", "[NaN,Infinity,-Infinity]"), 200).Want(echoed(tensorJSON("x", "[3]", "FP32", "[null,null,null]"))), infer("any", tensorJSON("x", "[1]", "INT32", "[NaN]"), 400)}},
	{50, "NaN and infinities in outputs are 200", []call{infer("nan", four, 200).Want(`{"id":"i","model_name":"nan","outputs":[{"name":"y","shape":[4],"datatype":"FP32","data":[null,null,null,1]}]}`)}},
	{51, "null in floats is NaN, in integers 400", []call{infer("any", tensorJSON("x", "[2]", "FP32", "[null,1]"), 200), infer("any", tensorJSON("x", "[1]", "INT64", "[null]"), 400).Has("element 0 is null")}},
	{52, "FP32 survives in its shortest form", echoes("FP32", "[0.1,3.4028235e+38,1e-45,16777216]", 4)},
	{53, "FP16 and BF16 in JSON are 400 with a hint to the binary form", []call{infer("half", tensorJSON("x", "[1]", "FP16", "[1]"), 400).Has("binary"), infer("any", tensorJSON("x", "[1]", "BF16", "[1]"), 400).Has("binary")}},
	{54, "BYTES with UTF-8, the empty string and NUL", echoes("BYTES", `["wörld","","a\u0000b"]`, 3)},
	{55, "shape [0,2] with no data is 200 and keeps its shape", []call{infer("any", tensorJSON("x", "[0,2]", "FP32", "[]"), 200).Want(echoed(tensorJSON("x", "[0,2]", "FP32", "[]")))}},
	{56, "a negative dimension and an overflowing product are 400 without allocation", []call{
		infer("any", tensorJSON("x", "[-1]", "FP32", "[1]"), 400), infer("any", tensorJSON("x", "[16,1152921504606846978]", "FP32", "[1]"), 400), infer("any", tensorJSON("x", "[2684354560]", "FP32", "[1]"), 400).Has("data has fewer")}},
	{57, "a scalar has shape []", []call{infer("scalar", tensorJSON("x", "[]", "FP32", "[7]"), 200).Want(`{"id":"i","model_name":"scalar","outputs":[{"name":"x","shape":[],"datatype":"FP32","data":[7]}]}`)}},
	{58, "parameters are strings, numbers and booleans", []call{
		{method: "POST", path: "/v2/models/any/infer", body: `{"parameters":{"a":"s","b":1.5,"c":true},"inputs":[` + four + `]}`, status: 200},
		{method: "POST", path: "/v2/models/any/infer", body: `{"parameters":{"a":{}},"inputs":[` + four + `]}`, status: 400, has: "neither a string nor a number nor a boolean"}}},
}

// bodies are calls that send each body to a model.
func bodies(status int, all ...string) []call {
	var calls []call
	for _, b := range all {
		calls = append(calls, call{method: "POST", path: "/v2/models/any/infer", body: b, status: status, has: `"error"`})
	}
	return calls
}

// echoes is a call that wants its data back.
func echoes(datatype, data string, n int) []call {
	tensor := tensorJSON("x", "["+string(rune('0'+n))+"]", datatype, data)
	return []call{infer("any", tensor, 200).Want(echoed(tensor)).Has(data)}
}

func TestOIPChecklist(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	for i, row := range checklist {
		if row.n != i+1 {
			t.Fatalf("row %d has number %d", i+1, row.n)
		}
		for _, c := range row.calls {
			got := c.do(t, url)
			c.check(t, row.n, row.statement, got)
		}
	}
}

// TestShapesAllocateNothing is the rest of statement 56: a shape that says there are many
// elements is not believed.
func TestShapesAllocateNothing(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, shape := range []string{"[2684354560]", "[65536,65536]", "[16,1152921504606846978]"} {
		c := infer("any", tensorJSON("x", shape, "FP64", "[1]"), 400)
		c.check(t, 56, "an overflowing product", c.do(t, url))
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 { // the smallest shape says 20 GB
		t.Errorf("%d bytes were allocated", used)
	}
}

func serveOIP(t *testing.T) (*leat.Server, string) {
	t.Helper()
	return start(t, oipSpec(), nil)
}

// waitLoaded waits until no model is loading any more.
func waitLoaded(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		a := get("/v2/health/ready", 503).do(t, url)
		if text := string(a.body); !strings.Contains(text, "LOADING") && !strings.Contains(text, "PENDING") {
			return
		}
	}
	t.Fatal("models are still loading")
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

func (c call) do(t *testing.T, url string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.method, url, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	if name, value, ok := strings.Cut(c.send, ": "); ok {
		req.Header.Set(name, value)
	}
	req.URL.Opaque = strings.TrimPrefix(url, "http:") + c.path // as it is, escapes included
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, body}
}

func (c call) check(t *testing.T, n int, statement string, got reply) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%d. %s\n%s %s %.200s\n"+format, append([]any{n, statement, c.method, c.path, c.body}, args...)...)
	}
	if got.status != c.status {
		fail("status %d, want %d: %s", got.status, c.status, got.body)
		return
	}
	if c.want != "" {
		if d := cmp.Diff(decode(t, []byte(c.want)), decode(t, got.body)); d != "" {
			fail("body (-want +got):\n%s", d)
		}
	}
	if !strings.Contains(string(got.body), c.has) {
		fail("no %q in %s", c.has, got.body)
	}
	if c.lacks != "" && strings.Contains(string(got.body), c.lacks) {
		fail("there is %q in %s", c.lacks, got.body)
	}
	if name, value, ok := strings.Cut(c.header, ": "); ok && got.header.Get(name) != value {
		fail("header %s is %q, want %q", name, got.header.Get(name), value)
	}
	if got.status >= 400 && c.method != "HEAD" {
		var e struct{ Error *string }
		if err := json.Unmarshal(got.body, &e); err != nil || e.Error == nil || got.header.Get("Content-Type") != "application/json" {
			fail("the error is not a JSON object with a string: %s (%s)", got.body, got.header.Get("Content-Type"))
		}
	}
}

// TestReadyAtShutdown is statement 3.
func TestReadyAtShutdown(t *testing.T) {
	srv, url := serveOIP(t)
	waitLoaded(t, url)
	if err := srv.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	get("/v2/health/ready", 503).Has("shutting down").check(t, 3, "readiness turns at shutdown", get("/v2/health/ready", 503).do(t, url))
}
