package inferencegraph

// A question is one request to a graph.
type question struct {
	graph, name string
	body        string
	says        map[string]says
	// What leat answers that KServe's router does not, and why.
	differs *answer
	why     string
}

// An answer is what comes back. Body is a JSON document.
type answer struct {
	Status int `json:"status"`
	Body   any `json:"body"`
}

type object = map[string]any

const someone = `{"instances":[{"kind":"dog","x":[1,2.5]}]}`

// failed is what leat says where a service does not answer.
func failed(code int) *answer { return &answer{Status: code} }

var questions = []question{
	{graph: "sequence", name: "one after another", body: someone, says: map[string]says{"score": {body: `{"predictions":[1,0.5]}`}}},
	{graph: "sequence", name: "the condition fails", body: someone},
	{graph: "sequence", name: "the condition fails behind an error", body: someone, says: map[string]says{"clean": {status: 500, body: `{"no":1}`}}},
	{graph: "sequence", name: "soft and failed", body: someone, says: map[string]says{
		"clean": {status: 503, body: `{"error":"busy"}`}, "score": {body: `{"predictions":[[1]]}`},
	}},
	{graph: "sequence", name: "hard and failed", body: someone, says: map[string]says{"score": {status: 418, body: `{"error":"teapot"}`}}},
	{graph: "sequence", name: "the last one failed", body: someone, says: map[string]says{
		"score": {body: `{"predictions":[1]}`}, "explain": {status: 404, body: `{"error":"gone"}`},
	}},
	{graph: "sequence", name: "another success", body: someone, says: map[string]says{
		"score": {status: 201, body: `{"predictions":[1]}`}, "explain": {status: 202},
	}},
	{
		graph: "sequence", name: "no answer", body: someone, says: map[string]says{"score": {breaks: true}},
		differs: failed(503), why: "a service that does not answer is 503 here, not 500, and the text names the step",
	},
	{graph: "switch", name: "the first", body: `{"cat":null}`},
	{graph: "switch", name: "the first of two", body: `{"cat":1,"instances":[{"kind":"dog"}]}`},
	{graph: "switch", name: "the second", body: someone},
	{graph: "switch", name: "none", body: `{"instances":[{"kind":"fish"}]}`},
	{graph: "switch", name: "none of an empty object", body: `{}`},
	{graph: "switch", name: "soft and failed", body: `{"cat":1}`, says: map[string]says{"cats": {status: 400, body: `{"error":"no"}`}}},
	{graph: "switch", name: "hard and failed", body: someone, says: map[string]says{"dogs": {status: 500, body: `{"error":"no"}`}}},
	{
		graph: "switch", name: "no JSON", body: `{"cat":`,
		differs: failed(400), why: "a body that is no JSON is 400 here, not a request for which there is no way",
	},
	{graph: "ensemble", name: "all", body: someone},
	{graph: "ensemble", name: "a soft one failed", body: someone, says: map[string]says{"old": {status: 500, body: `{"error":"old"}`}}},
	{graph: "ensemble", name: "the hard one failed", body: someone, says: map[string]says{"exact": {status: 429, body: `{"error":"busy"}`}}},
	{graph: "ensemble", name: "a hard and a soft one failed", body: someone, says: map[string]says{
		"fast": {status: 400, body: `{"error":"no"}`}, "exact": {status: 500, body: `{"error":"broken"}`},
	}},
	{graph: "ensemble", name: "all failed but the hard one", body: someone, says: map[string]says{
		"fast": {status: 400, body: `{"error":"no"}`}, "old": {status: 404, body: `{}`},
	}},
	{
		graph: "ensemble", name: "a list", body: someone, says: map[string]says{"old": {body: `[1,2]`}},
		differs: &answer{200, object{
			"fast":  object{"service": "fast", "got": object{"instances": []any{object{"kind": "dog", "x": []any{1.0, 2.5}}}}},
			"exact": object{"service": "exact", "got": object{"instances": []any{object{"kind": "dog", "x": []any{1.0, 2.5}}}}},
			"old":   []any{1.0, 2.0},
		}},
		why: "any JSON can be a part of the answer here, not objects alone",
	},
	{
		graph: "ensemble", name: "no answer", body: someone, says: map[string]says{"old": {breaks: true}},
		differs: failed(503), why: "a service that does not answer is 503 here, not 500, and the text names the step",
	},
	{graph: "splitter", name: "both ways", body: someone},
	{graph: "splitter", name: "statuses of both ways", body: someone, says: map[string]says{
		"stable": {status: 500, body: `{"error":"stable"}`}, "first": {status: 404, body: `{"error":"first"}`},
	}},
	{graph: "splitter", name: "the status of the last of a sequence", body: someone, says: map[string]says{"second": {status: 202}}},
}
