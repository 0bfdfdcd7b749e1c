package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/profile"
	"github.com/leat-ml/leat/profile/parquet"
	"github.com/leat-ml/leat/serve"
)

// profileName is the file of the profile in an artifact, and its key.
const profileName = profile.Version + ".json"

// schemaFlags say what columns a model has: by name, in a file, or as the data has
// them that it was trained on.
type schemaFlags struct {
	Schema       string   `placeholder:"FILE" help:"YAML or JSON with the lists inputs and outputs, of name and value_type."`
	InputColumn  []string `sep:"none" placeholder:"NAME[:TYPE]" help:"A column that the model gets, float if nothing is said; may be repeated."`
	OutputColumn []string `sep:"none" placeholder:"NAME[:TYPE]" help:"A column that it answers with; may be repeated."`
	Training     string   `placeholder:"FILE" help:"CSV or Parquet that it was trained on."`
	LabelColumn  []string `sep:"none" placeholder:"NAME" help:"Column of the data that is predicted; may be repeated."`
}

// valueTypes are MLRun's (ValueType in mlrun/data_types/data_types.py).
var valueTypes = []string{
	"bool", "int8", "int16", "int32", "int", "int128", "uint8", "uint16", "uint32", "uint64", "uint128", "float16", "float32", "float",
	"bfloat16", "bytes", "str", "datetime", "List", "List[bytes]", "List[string]", "List[int32]", "List[int]", "List[float]", "List[float32]",
	"List[bool]", "Tuple",
}

// schema fills in what the flags say of columns.
func (f *schemaFlags) schema(p *artifact.Push) error {
	given := 0
	for _, here := range []bool{f.Schema != "", len(f.InputColumn)+len(f.OutputColumn) > 0, f.Training != ""} {
		if here {
			given++
		}
	}
	switch {
	case given > 1:
		return badUsage("the columns come from --schema, from --input-column and --output-column, or from --training")
	case len(f.LabelColumn) > 0 && f.Training == "":
		return badUsage("--label-column is about --training")
	case f.Schema != "":
		return f.fromFile(p)
	case f.Training != "":
		return f.fromData(p)
	}
	var err error
	if p.Inputs, err = columnFlags("--input-column", f.InputColumn); err != nil {
		return err
	}
	p.Outputs, err = columnFlags("--output-column", f.OutputColumn)
	return err
}

// columnFlags reads NAME[:TYPE].
func columnFlags(flag string, texts []string) ([]serve.Feature, error) {
	var all []serve.Feature
	for _, text := range texts {
		c := serve.Feature{Name: text, ValueType: "float"}
		if i := strings.LastIndexByte(text, ':'); i >= 0 {
			c.Name, c.ValueType = text[:i], text[i+1:]
		}
		if err := checkColumn(c, all); err != nil {
			return nil, badUsage("%s %s: %v", flag, text, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// checkColumn says what is wrong with a column behind others.
func checkColumn(c serve.Feature, others []serve.Feature) error {
	switch {
	case strings.TrimSpace(c.Name) == "":
		return errors.New("a column has no name")
	case slices.ContainsFunc(others, func(o serve.Feature) bool { return o.Name == c.Name }):
		return fmt.Errorf("two columns are called %q", c.Name)
	case !slices.Contains(valueTypes, c.ValueType):
		return fmt.Errorf("%q is no type of columns: they are %s", c.ValueType, strings.Join(valueTypes[:17], ", "))
	}
	return nil
}

// maxSchema is the largest file with a schema.
const maxSchema = 4 << 20

// fromFile reads the columns from a file.
func (f *schemaFlags) fromFile(p *artifact.Push) error {
	text, err := f.read()
	if err != nil {
		return fmt.Errorf("--schema %s: %w", f.Schema, withoutPath(err))
	}
	root, problems := document.Parse(f.Schema, text, document.Options{})
	for _, problem := range problems {
		return fmt.Errorf("%s:%d:%d: %s", f.Schema, problem.Pos.Line, problem.Pos.Col, problem.Msg)
	}
	if root == nil || root.Kind != document.Map || len(root.Fields) == 0 {
		return fmt.Errorf("%s: it has no lists inputs and outputs", f.Schema)
	}
	if err := f.known(root, "inputs", "outputs"); err != nil {
		return err
	}
	if p.Inputs, err = f.columns(root, "inputs"); err != nil {
		return err
	}
	p.Outputs, err = f.columns(root, "outputs")
	return err
}

// read reads the file with the schema, of which there is no more than fits.
func (f *schemaFlags) read() ([]byte, error) {
	in, err := openFile(f.Schema)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxSchema+1))
	if err == nil && len(text) > maxSchema {
		err = fmt.Errorf("larger than %d MiB", maxSchema>>20)
	}
	return text, err
}

// openFile opens what is a file: opening a pipe waits for who might write to it.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a file")
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// known refuses keys that are not among those: a list under a name that is mistyped
// would be missing unseen.
func (f *schemaFlags) known(n *document.Node, keys ...string) error {
	for _, field := range n.Fields {
		if slices.Contains(keys, field.Key) {
			continue
		}
		hint := ""
		if near := catalog.Nearest(field.Key, keys); len(near) > 0 {
			hint = fmt.Sprintf(" (did you mean %q?)", near[0])
		}
		return fmt.Errorf("%s:%d:%d: unknown key %q%s", f.Schema, field.Pos.Line, field.Pos.Col, field.Key, hint)
	}
	return nil
}

// columnKeys are what a column has in MLRun (Feature in mlrun/features.py), of which
// the first two are read.
var columnKeys = []string{
	"name", "value_type", "description", "dims", "default", "labels", "aggregate", "validator", "origin",
}

// columns reads one list of a schema.
func (f *schemaFlags) columns(root *document.Node, key string) ([]serve.Feature, error) {
	field := root.Field(key)
	if field == nil || field.Value.Empty() {
		return nil, nil
	}
	var all []serve.Feature
	for _, item := range field.Value.Items {
		c := serve.Feature{ValueType: "float"}
		if err := f.known(item, columnKeys...); err != nil {
			return nil, err
		}
		if name := item.Field("name"); name != nil {
			c.Name = name.Value.Text
		}
		if kind := item.Field("value_type"); kind != nil {
			c.ValueType = kind.Value.Text
		}
		if err := checkColumn(c, all); err != nil {
			return nil, fmt.Errorf("%s:%d:%d: %s: %w", f.Schema, item.Pos.Line, item.Pos.Col, key, err)
		}
		all = append(all, c)
	}
	if all == nil {
		return nil, fmt.Errorf("%s:%d:%d: %s must be a list of columns", f.Schema, field.Value.Pos.Line, field.Value.Pos.Col, key)
	}
	return all, nil
}

// fromData reads the columns and what they are like from the data.
func (f *schemaFlags) fromData(p *artifact.Push) error {
	table, source, err := readTraining(f.Training)
	if err != nil {
		return fmt.Errorf("--training %s: %w", f.Training, withoutPath(err))
	}
	for _, name := range f.LabelColumn {
		if table.Column(name) == nil {
			return fmt.Errorf("--training %s: there is no column %q in it", f.Training, name)
		}
	}
	for _, c := range table.Columns {
		column := serve.Feature{Name: c.Name, ValueType: c.Type}
		if slices.Contains(f.LabelColumn, c.Name) {
			p.Outputs = append(p.Outputs, column)
			continue
		}
		p.Inputs = append(p.Inputs, column)
	}
	p.FeatureStats = table.Stats()
	text, err := json.MarshalIndent(profile.New(table, source, f.LabelColumn), "", " ")
	if err != nil {
		return fmt.Errorf("--training %s: %w", f.Training, err)
	}
	p.Texts = map[string][]byte{profileName: append(text, '\n')}
	return nil
}

// readTraining reads CSV or Parquet, whichever it is.
func readTraining(path string) (*profile.Table, profile.Source, error) {
	source := profile.Source{Name: filepath.Base(path)}
	in, err := openFile(path)
	if err != nil {
		return nil, source, err
	}
	defer in.Close()
	h := sha256.New()
	size, err := io.Copy(h, in)
	if err != nil {
		return nil, source, err
	}
	source.SHA256 = hex.EncodeToString(h.Sum(nil))
	var magic [4]byte
	if _, err := in.ReadAt(magic[:], 0); err == nil && bytes.Equal(magic[:], []byte("PAR1")) {
		table, err := parquet.Read(in, size)
		return table, source, err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, source, err
	}
	table, err := profile.ReadCSV(in)
	return table, source, err
}
