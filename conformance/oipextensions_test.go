package conformance

import "testing"

// asking is a call of a model with more members of the request.
func asking(model, inputs, more string, status int) call {
	return call{method: "POST", path: "/v2/models/" + model + "/infer", body: `{"id":"i","inputs":[` + inputs + `]` + more + `}`, status: status}
}

func topClasses(output, k string) string {
	return `,"outputs":[{"name":"` + output + `","parameters":{"classification":` + k + `}}]`
}

// extensionRows are statements about Triton's extensions over REST; those about
// repositories and statistics are in internal/server.
var extensionRows = []callRow{
	{94, "the k highest classes of each row, ties by their place, k clipped", []call{
		asking("typed", tensorJSON("x", "[2,4]", "FP32", "[1,3,3,2, 0.5,0,-1,7]"), topClasses("y", "2"), 200).
			Want(`{"id":"i","model_name":"typed","outputs":[{"name":"y","shape":[2,2],"datatype":"BYTES","data":["3.000000:1","3.000000:2","7.000000:3","0.500000:0"]}]}`),
		asking("typed", four, topClasses("y", "9"), 200).
			Want(`{"id":"i","model_name":"typed","outputs":[{"name":"y","shape":[1,4],"datatype":"BYTES","data":["4.000000:3","3.000000:2","2.000000:1","1.000000:0"]}]}`),
		asking("any", tensorJSON("x", "[3]", "INT64", "[9007199254740992,9007199254740993,-1]"), topClasses("x", "1"), 200).
			Want(echoed(tensorJSON("x", "[1]", "BYTES", `["9007199254740993:1"]`))),
		asking("any", tensorJSON("x", "[3]", "FP32", "[NaN,1,null]"), topClasses("x", "1"), 200).Want(echoed(tensorJSON("x", "[1]", "BYTES", `["1.000000:1"]`))),
		asking("any", tensorJSON("x", "[0,3]", "FP32", "[]"), topClasses("x", "1"), 200).Has(`"shape":[0,`),
		asking("any", tensorJSON("x", "[1]", "BYTES", `["a"]`), topClasses("x", "1"), 400).Has("not BYTES"),
		asking("typed", four, topClasses("y", "0"), 400).Has("a number of classes"),
		asking("typed", four, topClasses("y", "-1"), 400).Has("a number of classes"),
		asking("typed", four, topClasses("y", `"2"`), 400).Has("a number of classes"),
		asking("typed", four, topClasses("y", "9223372036854775807"), 200).Has(`"shape":[1,4]`)}},
	{95, "sequences: a start or an end needs an id other than 0; ids are numbers or strings", []call{
		asking("any", four, `,"parameters":{"sequence_id":7,"sequence_start":true,"sequence_end":false}`, 200),
		asking("any", four, `,"parameters":{"sequence_id":"dialogue","sequence_end":true}`, 200),
		asking("any", four, `,"parameters":{"sequence_id":18446744073709551615,"sequence_start":true}`, 200),
		asking("any", four, `,"parameters":{"sequence_id":0,"sequence_start":false}`, 200),
		asking("any", four, `,"parameters":{"sequence_id":0,"sequence_start":true}`, 400).Has("sequence_start is set"),
		asking("any", four, `,"parameters":{"sequence_end":true}`, 400).Has("sequence_end is set"),
		asking("any", four, `,"parameters":{"sequence_id":-3,"sequence_start":true}`, 400).Has("negative"),
		asking("any", four, `,"parameters":{"sequence_id":1.5}`, 400).Has("neither a whole number nor a string"),
		asking("any", four, `,"parameters":{"sequence_id":1,"sequence_start":1}`, 400).Has("neither true nor false")}},
	{96, "shared memory is declined: registering a region, and tensors in one, are 501 with the reason", []call{
		get("/v2/systemsharedmemory/status", 501), get("/v2/cudasharedmemory/region/r/status", 501),
		{method: "POST", path: "/v2/systemsharedmemory/region/r/register", body: `{"key":"k","offset":0,"byte_size":8}`, status: 501, has: "shared memory"},
		asking("any", `{"name":"x","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r","shared_memory_byte_size":4}}`, "", 501).Has("shared memory"),
		asking("any", four, `,"outputs":[{"name":"x","parameters":{"shared_memory_region":"r"}}]`, 501).Has("shared memory")}},
}

func TestExtensionsChecklist(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	for _, row := range extensionRows {
		for _, c := range row.calls {
			c.check(t, row.n, row.statement, c.do(t, url))
		}
	}
}
