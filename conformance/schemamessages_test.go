package conformance

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/runtime/trees"
)

// wrongGraphs are graphs with a mistake in what flows, and what is said of them.
var wrongGraphs = []struct{ name, steps, want string }{
	{"another model's answer", `
    one: {class_name: XGBoostModelServer, class_args: {model_path: wine/3/model.ubj}}
    two: {class_name: XGBoostModelServer, class_args: {model_path: wine/3/model.ubj}, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {id: text, model_name: text, outputs, timestamp?: text, model_version?: text}: model two: the request has no "inputs", but only id, model_name, outputs, timestamp, model_version`},
	{"the width of a matrix", `
    one: {handler: "({'inputs': [[event['a'], event['b']]]})"}
    two: {class_name: XGBoostModelServer, class_args: {model_path: wine/3/model.ubj}, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {inputs: [[2 × anything]]}: model two: the inputs have 2 columns, but the model takes 13: alcohol, malic_acid, ash, alcalinity_of_ash, magnesium, total_phenols, flavanoids, nonflavanoid_phenols, proanthocyanins, color_intensity, hue, od280/od315_of_diluted_wines, proline`},
	{"the width of the rows, of which there may be none", `
    one: {handler: "({'inputs': [[r['a'], r['b']] for r in event['rows']]})"}
    two: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}, after: [one], responder: true}
`, `5:5: warning: step "two" cannot take what step "one" gives, {inputs: [[2 × anything], …]}: model two: the inputs have 2 columns, but the model takes 10: age, sex, bmi, blood_pressure, total_cholesterol, ldl, hdl, cholesterol_ratio, log_triglycerides, glucose`},
	{"a row without a feature", `
    one: {handler: "({'inputs': [{'age': 1, 'sex': 0, 'bmi': 2, 'blood_pressure': 3, 'total_cholesterol': 4, 'ldl': 5, 'hdl': 6, 'cholesterol_ratio': 7, 'log_triglycerides': 8, 'sugar': 9}]})"}
    two: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {inputs: [{age: 1, sex: 0, bmi: 2, blood_pressure: 3, total_cholesterol: 4, ldl: 5, hdl: 6, cholesterol_ratio: 7, log_triglycerides: 8, sugar: 9}]}: model two: a row lacks glucose, and has age, sex, bmi, blood_pressure, total_cholesterol, ldl, hdl, cholesterol_ratio, log_triglycerides, sugar; the model takes age, sex, bmi, blood_pressure, total_cholesterol, ldl, hdl, cholesterol_ratio, log_triglycerides, glucose`},
	{"text for numbers", `
    one: {handler: "({'inputs': [[str(event['age']), 2, 3, 4, 5, 6, 7, 8, 9, 10]]})"}
    two: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {inputs: [[text, 2, 3, 4, 5, 6, 7, 8, 9, 10]]}: model two: input "input-0" takes FP32, and there is text`},
	{"the datatype of a tensor", `
    one: {handler: "({'inputs': [{'name': 'x', 'datatype': 'BYTES', 'shape': [1, 10], 'data': event['row']}]})"}
    two: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {inputs: [{name: "x", datatype: "BYTES", shape: [1, 10], data}]}: model two: input "x" has datatype BYTES, but the model takes FP32`},
	{"the rank of a tensor", `
    one: {handler: "({'inputs': [{'name': 'x', 'datatype': 'FP32', 'shape': [10], 'data': event['row']}]})"}
    two: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {inputs: [{name: "x", datatype: "FP32", shape: [10], data}]}: model two: input "x" has shape [10], but the model takes [? 10]`},
	{"the names of tensors", `
    one: {handler: "({'inputs': [{'name': 'age', 'datatype': 'FP32', 'shape': [1], 'data': [1]}, {'name': 'six', 'datatype': 'FP32', 'shape': [1], 'data': [1]}]})"}
    two: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {inputs: [{name: "age", datatype: "FP32", shape: [1], data: [1]}, {name: "six", datatype: "FP32", shape: [1], data: [1]}]}: model two: there is no input "six": the model has the features age, sex, bmi, blood_pressure, total_cholesterol, ldl, hdl, cholesterol_ratio, log_triglycerides, glucose`},
	{"an output that there is not", `
    one: {handler: "({'outputs': [{'name': 'class'}], 'inputs': [{'name': 'x', 'datatype': 'FP32', 'shape': [1, 10], 'data': event['row']}]})"}
    two: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {outputs: [{name: "class"}], inputs: [{name: "x", datatype: "FP32", shape: [1, 10], data}]}: model two: there is no output "class": the model has output-0`},
	{"a field that is not there", `
    one: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}}
    two: {handler: "(event['predictions'][0])", after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {id: text, model_name: text, outputs, timestamp?: text, model_version?: text}: expression (event['predictions'][0]): column 7: KeyError: 'predictions', where there are only id, model_name, outputs, timestamp, model_version`},
	{"a path into a number", `
    one: {handler: "(len(event))"}
    two: {handler: "(event)", input_path: x, after: [one]}
    three: {handler: "(1)", after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, int: input_path "x": it supports only dict-like event bodies, and "x" is looked up in int`},
	{"a result within text", `
    one: {handler: "({'x': 'text'})"}
    two: {handler: "(1)", result_path: x.y, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {x: "text"}: result_path: "y" is inside something that is not an object, but "text"`},
	{"one branch of two", `
    good: {handler: "({'inputs': [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]})"}
    bad: {handler: "({'inputs': [[1, 2, 3, 4, 5, 6, 7, 8, 9]]})"}
    model: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}, after: [good, bad], responder: true}
`, `6:5: step "model" cannot take what step "bad" gives, {inputs: [[1, 2, 3, 4, 5, 6, 7, 8, 9]]}: model model: the inputs have 9 columns, but the model takes 10: age, sex, bmi, blood_pressure, total_cholesterol, ldl, hdl, cholesterol_ratio, log_triglycerides, glucose`},
	{"models that disagree", `
    vote:
      kind: router
      class_name: VotingEnsemble
      responder: true
      routes:
        a: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}}
        b: {class_name: XGBoostModelServer, class_args: {model_path: wine/3/model.ubj}}
`, `10:9: warning: step "vote": the models disagree on their inputs: a takes 10 columns, and b takes 13 columns; only rows that are dictionaries with the columns of both are answered`},
	{"one route of a router", `
    one: {handler: "({'inputs': [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]})"}
    models:
      kind: router
      after: [one]
      responder: true
      routes:
        a: {class_name: XGBoostModelServer, class_args: {model_path: diabetes.ubj}}
        b: {class_name: XGBoostModelServer, class_args: {model_path: wine/3/model.ubj}}
`, `11:9: warning: step "models" cannot take what step "one" gives, {inputs: [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]}: model b: the inputs have 10 columns, but the model takes 13: alcohol, malic_acid, ash, alcalinity_of_ash, magnesium, total_phenols, flavanoids, nonflavanoid_phenols, proanthocyanins, color_intensity, hue, od280/od315_of_diluted_wines, proline`},
	{"what a router cannot merge", `
    all:
      kind: router
      class_name: ParallelRun
      responder: true
      routes:
        a: {class_name: storey.Map, class_args: {_fn: "(len(event))"}}
        b: {class_name: storey.Map, class_args: {_fn: "({'b': 1})"}}
`, `9:9: step "all": route a: the result is int, and cannot be merged`},
	{"an event in the place of its body", `
    one: {handler: "(event['x'])", full_event: true}
    two: {handler: "(event)", after: [one], responder: true}
`, `4:5: step "one": expression (event['x']): column 7: TypeError: 'Event' object is not subscriptable`},
	{"items of what is no list", `
    one: {handler: "({'items': event})"}
    two: {class_name: storey.Flatten, after: [one], responder: true}
`, `5:5: step "two" cannot take what step "one" gives, {items}: a list of items is needed to make events of, and this is {items}`},
	{"a field that was dropped", `
    one: {handler: "({'a': event, 'b': 1})"}
    two: {class_name: storey.DropColumns, class_args: {columns: [a]}, after: [one]}
    three: {class_name: storey.Extend, class_args: {_fn: "({'c': event['a']})"}, after: [two], responder: true}
`, `6:5: step "three" cannot take what step "two" gives, {b: 1}: expression ({'c': event['a']}): column 13: KeyError: 'a', where there are only b`},
}

// TestWrongGraphs wants the exact words about graphs whose steps do not fit.
func TestWrongGraphs(t *testing.T) {
	dir, err := filepath.Abs("../examples/quickstart")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir + "/diabetes.ubj"); err != nil {
		t.Fatal(err)
	}
	for _, c := range wrongGraphs {
		t.Run(c.name, func(t *testing.T) {
			text := strings.ReplaceAll("graph:\n  engine: async\n  steps:"+c.steps, "model_path: ", "model_path: "+dir+"/")
			if d := cmp.Diff([]string{c.want}, flowProblems(t, text)); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

// flowProblems is what is said of a spec, warnings included, once its models are
// loaded or, where it does not come to that, before.
func flowProblems(t *testing.T, text string) []string {
	t.Helper()
	set := classes()
	addFlowClasses(set, &board{visits: map[string]int{}})
	trees.Register(set)
	spec, problems := config.ParseSpec("", []byte(text), config.Options{})
	for _, p := range problems {
		t.Error(p)
	}
	var said lines
	srv, err := leat.New(spec, &leat.Options{Catalog: set, Logger: said.logger()})
	if err != nil {
		return strings.Split(err.Error(), "\n")
	}
	if err := srv.Start(t.Context()); err != nil {
		said = append(said, strings.Split(err.Error(), "\n")...)
	}
	if err := srv.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return said
}

// lines are the problems that a log has.
type lines []string

func (l *lines) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "problem" {
			*l = append(*l, a.Value.String())
		}
		return a
	}}))
}
