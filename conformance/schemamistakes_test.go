package conformance

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// typedSpec feeds models in every way, OIP tensors among them. Its models are of
// the quickstart.
const typedSpec = `
graph:
  engine: async
  steps:
    read: {handler: "({'who': event.get('who'), 'row': [event['a'], 2, 3.5, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]})"}
    oip:
      handler: "({'inputs': [{'name': 'input-0', 'datatype': 'FP32', 'shape': [1, 13], 'data': event['row']}], 'outputs': [{'name': 'output-0'}]})"
      after: [read]
    first:
      class_name: XGBoostModelServer
      class_args: {model_path: wine/3/model.ubj}
      after: [oip]
    plain:
      class_name: storey.Extend
      class_args: {_fn: "({'inputs': [event['row'], event['row']]})"}
      after: [read]
    second:
      class_name: LightGBMModelServer
      class_args: {model_path: wine/1/model.txt}
      result_path: answer
      after: [plain]
    tidy: {class_name: storey.Rename, class_args: {mapping: {answer: result, who: name}}, after: [second]}
    slim: {class_name: storey.DropColumns, class_args: {columns: [row, inputs]}, after: [tidy]}
    done:
      handler: "({'name': event['name'], 'scores': event['result']['outputs'][0], 'sum': sum(event['result']['outputs'][1]), 'model': event['result']['model_name'].upper()})"
      after: [slim]
      responder: true
    log: {handler: "(event['scores'][0])", after: [done]}
`

// schemaMistakes seeds mistakes in what flows: names, types and widths, at every
// place where it is known what flows.
func schemaMistakes(text string) []mutation {
	var all []mutation
	at := func(what, pattern string, with ...string) {
		re := regexp.MustCompile(pattern)
		for _, loc := range re.FindAllStringIndex(text, -1) {
			old := text[loc[0]:loc[1]]
			for i := 0; i < len(with); i += 2 {
				if mutated := strings.Replace(old, with[i], with[i+1], 1); mutated != old {
					all = append(all, mutation{what + ": " + old + " -> " + mutated, text[:loc[0]] + mutated + text[loc[1]:]})
				}
			}
		}
	}
	at("inputs under another name", `'inputs': \[`, "inputs", "input", "inputs", "data", "'inputs': [", "'inputs': [[1], ", "'inputs': [", "'inputs': ['text', ")
	at("outputs under another name", `\['outputs'\]`, "outputs", "output", "outputs", "predictions")
	at("a field that is not there", `event\['(votes|sample|row|result|name|scores|who|square|half)'\]`, "event['", "event['my_")
	at("a field that is not there", `event\[\d\]\['\w+'\]`, "]['", "]['my_", "[0]", "['0']", "[1]", "[7]")
	at("a field of something else", `event\['result'\]\['`, "['", "[0]['")
	at("a path that is not there", `input_path: x`, ": x", ": xx")
	at("a column less", `'(alcohol|malic_acid|ash|alcalinity_of_ash|magnesium|total_phenols|flavanoids|nonflavanoid_phenols|proanthocyanins|color_intensity|hue|dilution)',\s`, "'", "'x', '")
	for _, loc := range regexp.MustCompile(`'[a-z_]+',\s`).FindAllStringIndex(text, -1) {
		if old := text[loc[0]:loc[1]]; strings.Contains(text, "likely") && !strings.Contains(old, "nobody") && !strings.Contains(old, "sample") {
			all = append(all, mutation{"a column less: " + old, text[:loc[0]] + text[loc[1]:]})
		}
	}
	at("a column less or more", `, (2|5|9|12), `, ", ", ", 0, ")
	at("text among numbers", ` (5|9|12), `, "5,", "'5',", "9,", "'9',", "12,", "'12',")
	at("a tensor of another name, type or shape", `'(datatype|shape)': [^,]+(, \d+\])?`, "FP32", "BYTES", "FP32", "FLOAT", "13", "12", "[1, 13]", "[13]", "[1, 13]", "[1, 1, 13]")
	at("an output of another name", `'output-0'`, "output-0", "output-1")
	at("a model for other data", `wine/\d/model\.\w+`, "wine/1/model.txt", "diabetes.ubj", "wine/2/model.txt", "diabetes.ubj", "wine/3/model.ubj", "diabetes.ubj")
	at("another name for what follows", `(answer: result|who: name)`, ": ", ": my_")
	at("a field that is dropped", `columns: \[row`, "row", "name", "row", "result")
	at("a method of another type", `\.upper\(\)`, "upper()", "get('x')", ".upper()", "['x']")
	return slices.DeleteFunc(all, func(m mutation) bool { // of the request, of which nothing is known
		return strings.Contains(m.what, "event['row']") && strings.Contains(text, "likely")
	})
}

// TestSchemaMistakes seeds mistakes in what flows between steps. At least 95 in 100
// are found without serving.
func TestSchemaMistakes(t *testing.T) {
	specs := valid(t)
	delete(specs, "nested") // its steps are Go code, of which nothing is known
	specs["typed"] = typedSpec
	for name, text := range specs { // whose models are where the text is read
		dir, err := filepath.Abs("../examples/quickstart")
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "model_path: wine", "model_path: "+dir+"/wine")
		specs[name] = strings.ReplaceAll(text, "file:records/", "file:"+t.TempDir()+"/")
	}
	if _, err := os.Stat("../examples/quickstart/diabetes.ubj"); err != nil {
		t.Fatal(err)
	}
	total, missed := 0, []string(nil)
	for name, text := range specs {
		if found := problemsOf(t, text); len(found) > 0 {
			t.Errorf("%s is refused: %q", name, found)
		}
		for _, m := range schemaMistakes(text) {
			total++
			if len(problemsOf(t, m.text)) == 0 {
				missed = append(missed, name+": "+m.what)
			}
		}
	}
	t.Logf("%d mistakes, missed: %q", total, missed)
	if total < 50 || len(missed)*20 > total {
		t.Errorf("of %d mistakes, %d were missed:\n%s", total, len(missed), strings.Join(missed, "\n"))
	}
}
