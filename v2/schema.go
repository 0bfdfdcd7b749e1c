package v2

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// fit converts the inputs of req to the schema and checks them against it. req
// must be the inference's own; what it points to is shared and left alone.
func fit(req *serve.Request, d *serve.Description) error {
	if req.Op != opExplain { // the schema is that of predictions
		if err := checkOutputs(req.Outputs, d.Outputs); err != nil {
			return err
		}
	}
	var err error
	switch {
	case len(d.Inputs) == 0:
		err = fitFeatures(req, d.Features)
	case req.Dialect == serve.OIP && byColumn(req.Inputs, d):
		var matrix *serve.Tensor
		matrix, err = fromColumns(req.Inputs, d)
		req.Inputs = []*serve.Tensor{matrix}
	case req.Dialect == serve.OIP && frameOf(req, d):
		var matrix *serve.Tensor
		matrix, err = fromFrame(req.Inputs, d)
		req.Inputs = []*serve.Tensor{matrix}
	case req.Dialect == serve.OIP:
		err = fitTensors(req, d.Inputs)
	default:
		req.Inputs, err = FromRows(req.Data, d)
	}
	if err != nil {
		return err
	}
	return fitBatch(req.Inputs, d.MaxBatch)
}

// fitBatch checks the number of rows, which is the same in all inputs of a model that
// takes batches.
func fitBatch(inputs []*serve.Tensor, limit int) error {
	if limit <= 0 {
		return nil
	}
	var first *serve.Tensor
	for _, t := range inputs {
		switch {
		case len(t.Shape) == 0:
		case t.Shape[0] > limit:
			return badInput("input %q has %d rows, but the model takes batches of at most %d", t.Name, t.Shape[0], limit)
		case first == nil:
			first = t
		case t.Shape[0] != first.Shape[0]:
			return badInput("input %q has %d rows, but input %q has %d: those of one batch have as many", t.Name, t.Shape[0], first.Name, first.Shape[0])
		}
	}
	return nil
}

func badInput(format string, args ...any) error {
	return serve.Errorf(serve.BadRequest, "ValueError", format, args...)
}

// checkOutputs checks the names of the outputs that a request wants.
func checkOutputs(wanted []serve.RequestedOutput, specs []serve.TensorSpec) error {
	if name, twice := askedTwice(wanted); twice {
		return badInput("output %q already exists in request", name)
	}
	for _, w := range wanted {
		known := func(s serve.TensorSpec) bool { return s.Name == w.Name }
		if len(specs) > 0 && !slices.ContainsFunc(specs, known) {
			return badInput("there is no output %q: the model has %s", w.Name, specNames(specs))
		}
	}
	return nil
}

// askedTwice finds an output that is asked for twice. A request may name millions.
func askedTwice(wanted []serve.RequestedOutput) (name string, twice bool) {
	const few = 16
	if len(wanted) <= few {
		for i := range wanted {
			for j := range i {
				if wanted[i].Name == wanted[j].Name {
					return wanted[i].Name, true
				}
			}
		}
		return "", false
	}
	names := make(map[string]bool, len(wanted))
	for _, w := range wanted {
		if names[w.Name] {
			return w.Name, true
		}
		names[w.Name] = true
	}
	return "", false
}

// checkAnswer holds tensors that a model returned against its own schema. That
// they differ is the model's fault.
func checkAnswer(outputs any, specs []serve.TensorSpec) error {
	switch v := outputs.(type) {
	case *serve.Tensor:
		if len(specs) == 1 {
			return answers(v, &specs[0])
		}
	case []*serve.Tensor:
		for _, t := range v {
			at := slices.IndexFunc(specs, func(s serve.TensorSpec) bool { return s.Name == t.Name })
			if at < 0 {
				return serve.Errorf(serve.Internal, "", "the model answered with an output %q, but its schema has %s", t.Name, specNames(specs))
			}
			if err := answers(t, &specs[at]); err != nil {
				return err
			}
		}
	}
	return nil
}

func answers(t *serve.Tensor, s *serve.TensorSpec) error {
	if (t.Datatype != s.Datatype && s.Datatype != serve.Invalid) || !shapeFits(t.Shape, s.Shape) {
		return serve.Errorf(serve.Internal, "", "the model answered %q as %s %v, but its schema says %s %v", t.Name, t.Datatype, t.Shape, s.Datatype, s.Shape)
	}
	return nil
}

func specNames(specs []serve.TensorSpec) string {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

// fitTensors checks OIP tensors against the schema and puts them in its order.
func fitTensors(req *serve.Request, specs []serve.TensorSpec) error {
	if len(specs) == 1 && len(req.Inputs) == 1 {
		if err := fits(req.Inputs[0], &specs[0]); err != nil {
			return err
		}
		if req.Inputs[0].Name != specs[0].Name {
			req.Inputs = []*serve.Tensor{req.Inputs[0].Named(specs[0].Name)}
		}
		return nil
	}
	ordered := make([]*serve.Tensor, 0, len(specs))
	var missing []string
	for i := range specs {
		at := slices.IndexFunc(req.Inputs, func(t *serve.Tensor) bool { return t.Name == specs[i].Name })
		if at < 0 {
			if !specs[i].Optional {
				missing = append(missing, specs[i].Name)
			}
			continue
		}
		if err := fits(req.Inputs[at], &specs[i]); err != nil {
			return err
		}
		ordered = append(ordered, req.Inputs[at])
	}
	if len(missing) > 0 {
		return badInput("inputs are missing: %s", strings.Join(missing, ", "))
	}
	if len(ordered) < len(req.Inputs) {
		return unknownInput(req.Inputs, specs)
	}
	req.Inputs = ordered
	return nil
}

func unknownInput(inputs []*serve.Tensor, specs []serve.TensorSpec) error {
	for _, t := range inputs {
		if !slices.ContainsFunc(specs, func(s serve.TensorSpec) bool { return s.Name == t.Name }) {
			return badInput("there is no input %q: the model takes %s", t.Name, specNames(specs))
		}
	}
	return badInput("there are %d inputs, but the model takes %s", len(inputs), specNames(specs))
}

// fits checks the datatype and the shape of one tensor.
func fits(t *serve.Tensor, s *serve.TensorSpec) error {
	if t.Datatype != s.Datatype && (!s.AnyNumber || !t.Datatype.Numeric()) && s.Datatype != serve.Invalid {
		return badInput("input %q has datatype %s, but the model takes %s", t.Name, t.Datatype, s.Datatype)
	}
	if !shapeFits(t.Shape, s.Shape) {
		return badInput("input %q has shape %v, but the model takes %v", t.Name, t.Shape, s.Shape)
	}
	return nil
}

func shapeFits(have, want []int) bool {
	if want == nil {
		return true
	}
	if len(have) != len(want) {
		return false
	}
	for i, n := range want {
		if n >= 0 && have[i] != n {
			return false
		}
	}
	return true
}

// fitFeatures checks a request against the columns that an artifact names, for
// a model that takes requests as they come.
func fitFeatures(req *serve.Request, features []serve.Feature) error {
	if req.Dialect == serve.MLRun && req.Inputs == nil {
		return fitRows(req, features)
	}
	if len(req.Inputs) == 1 {
		return fitColumns(req.Inputs[0], features)
	}
	for _, f := range features {
		if req.Input(f.Name) == nil {
			return badInput("input %q is missing", f.Name)
		}
	}
	if len(req.Inputs) > len(features) {
		return badInput("there are %d inputs, but the model has %d features", len(req.Inputs), len(features))
	}
	return nil
}

// fitColumns checks that one array has a column a feature.
func fitColumns(t *serve.Tensor, features []serve.Feature) error {
	columns := t.Len() // one row
	if len(t.Shape) > 1 {
		columns, _ = serve.Elements(t.Shape[1:])
	} else if len(features) == 1 {
		columns = 1
	}
	if columns != len(features) && t.Len() > 0 {
		return badInput("the inputs have %d columns, but the model has %d features", columns, len(features))
	}
	if t.Datatype.Numeric() {
		for _, f := range features {
			if f.ValueType != "" && f.Datatype() == serve.Bytes {
				return badInput("feature %q is %s, but the inputs are numbers", f.Name, f.ValueType)
			}
		}
	}
	return nil
}

// fitRows checks rows that are not all numbers, and makes rows of feature
// dictionaries.
func fitRows(req *serve.Request, features []serve.Feature) error {
	rows, ok := req.Data.([]any)
	if !ok {
		return nil
	}
	if len(rows) > 0 && isDict(rows[0]) {
		data, err := dictRows(rows, featureNames(features))
		if err != nil {
			return err
		}
		setData(req, data)
		return nil
	}
	for i, row := range rows {
		var n int
		switch row := row.(type) {
		case []any:
			n = len(row)
		case *serve.Tensor:
			n = row.Len()
		default:
			continue
		}
		if n != len(features) {
			return badInput("row %d has %d columns, but the model has %d features", i, n, len(features))
		}
	}
	return nil
}

func isDict(v any) bool {
	_, ok := v.(*serve.Object)
	return ok
}

func featureNames(features []serve.Feature) []string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = f.Name
	}
	return names
}

// columnNames are the names of the model's columns, as dictionaries spell them.
func columnNames(d *serve.Description) []string {
	if len(d.Features) > 0 || len(d.Inputs) < 2 {
		return featureNames(d.Features)
	}
	names := make([]string, len(d.Inputs))
	for i, s := range d.Inputs {
		names[i] = s.Name
	}
	return names
}

// fromDict does what the operations infer_dict and predict_dict add: it turns
// one dictionary into a row and a list of them into rows, in the order of the
// model's columns.
func fromDict(req *serve.Request, d *serve.Description) error {
	names := columnNames(d)
	if len(names) == 0 {
		return serve.Errorf(serve.BadRequest, "MLRunInvalidArgumentError", "In order to use predict_dict or infer_dict operation "+
			"you have to provide `model_path` to the model server and to load it by `load()` function")
	}
	var data any
	var err error
	switch in := req.Data.(type) {
	case *serve.Object:
		data, err = dictRow(in, names)
	case []any:
		data, err = dictRows(in, names)
	default:
		err = errNotDict()
	}
	if err != nil {
		return err
	}
	setData(req, data)
	return nil
}

func errNotDict() error {
	return serve.Errorf(serve.BadRequest, "MLRunInvalidArgumentError",
		"When using predict_dict or infer_dict operation the inputs must be of type `list[dict]` or `dict`")
}

func setData(req *serve.Request, data any) {
	*req = *req.WithData(dense(data))
}

func dictRows(list []any, names []string) ([]any, error) {
	rows := make([]any, len(list))
	for i, item := range list {
		o, ok := item.(*serve.Object)
		if !ok {
			return nil, errNotDict()
		}
		row, err := dictRow(o, names)
		if err != nil {
			return nil, err
		}
		rows[i] = row
	}
	return rows, nil
}

func dictRow(o *serve.Object, names []string) ([]any, error) {
	row := make([]any, len(names))
	value := finder(o)
	for i, name := range names {
		v, ok := value(name)
		if !ok {
			return nil, lacksKeys(o, names)
		}
		row[i] = v
	}
	return row, nil
}

// lacksKeys says which keys a row lacks, behind MLRun's words, and which of its
// own the model does not know: one of them is often the other, misspelt.
func lacksKeys(o *serve.Object, names []string) error {
	const shown = 20
	var missing, unknown []string
	value, known := finder(o), make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
		if _, ok := value(name); !ok && len(missing) < shown {
			missing = append(missing, name)
		}
	}
	for key := range o.All() {
		if !known[key] && len(unknown) < shown {
			unknown = append(unknown, key)
		}
	}
	more := fmt.Sprintf("; it lacks [%s]", quoted(missing))
	if len(unknown) > 0 {
		more += fmt.Sprintf(", and the model does not know [%s]", quoted(unknown))
	}
	return serve.Errorf(serve.BadRequest, "MLRunInvalidArgumentError",
		"Input dictionary don't contain all the necessary input keys : [%s]%s", quoted(names), more)
}

// finder finds the members of an object by their names: in a big one not by
// looking through all of them each time.
func finder(o *serve.Object) func(name string) (any, bool) {
	const big = 32
	fields := o.Fields()
	if len(fields) < big {
		return o.Value
	}
	values := make(map[string]any, len(fields))
	for i := len(fields) - 1; i >= 0; i-- { // of two, the first counts
		values[fields[i].Key] = fields[i].Value
	}
	return func(name string) (any, bool) {
		v, ok := values[name]
		return v, ok
	}
}

// quoted is a list as Python prints it.
func quoted(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "'%s'", n)
	}
	return b.String()
}
