package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/artifact/registry"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/internal/datadir"
)

type modelCmd struct {
	Push modelPushCmd `cmd:"" help:"Push a model with what is known of it."`
	Ls   modelLsCmd   `cmd:"" help:"List the models that were pushed."`
	Show modelShowCmd `cmd:"" help:"Show what is written about a model."`
}

// Help implements [kong.HelpProvider].
func (modelCmd) Help() string {
	return `
A model that is pushed is an artifact as MLRun has it: its files in a folder or bucket, with a model_spec.yaml beside them, and an entry in the registry, which is in the database of the server. Specs name it by a store URI: model_path: store://models/default/iris:v1.

Examples:

    leat model push iris.ubj --tag v1
    leat model ls
    leat model show default/iris:v1
`
}

// keeping says where models are kept. It is embedded by the verbs about them.
type keeping struct {
	Data     string `setting:"" default:".leat" placeholder:"DIR" help:"Data folder of the server, which has the registry and the models where nothing else is said."`
	Database string `setting:"" placeholder:"URL" help:"Database of the registry: sqlite:///path or postgres://user@host/name."`
	Spec     string `placeholder:"FILE" help:"Server spec, whose database and artifacts are taken."`
}

// open opens the registry. The spec is never nil.
func (k *keeping) open(ctx context.Context, env *Env, write bool) (*registry.Registry, *graph.Spec, *datadir.Dir, error) {
	spec := &graph.Spec{}
	if k.Spec != "" {
		read, problems := config.Options{Lookup: env.Lookup}.ReadSpec(k.Spec)
		if err := problemsError(problems); err != nil {
			return nil, nil, nil, err
		}
		spec = read
	}
	if k.Database != "" {
		spec.Database = k.Database
	}
	data, err := datadir.New(k.Data)
	if err != nil {
		return nil, nil, nil, badUsage("--data: %v", err)
	}
	r, err := openRegistry(ctx, spec.Database, data, write)
	return r, spec, data, err
}

// A pushedRow is a model of a list.
type pushedRow struct {
	Project   string         `json:"project"`
	Key       string         `json:"key"`
	Iter      int            `json:"iter"`
	Tags      []string       `json:"tags"`
	Tree      string         `json:"tree"`
	URI       string         `json:"uri"`
	Target    string         `json:"target"`
	Created   time.Time      `json:"created"`
	Kind      string         `json:"kind"` // "model", or "link" to an iteration
	Framework string         `json:"framework,omitempty"`
	Algorithm string         `json:"algorithm,omitempty"`
	Metrics   map[string]any `json:"metrics,omitempty"`
}

// pushedRowOf is an entry as it is listed, with its description.
func pushedRowOf(e artifact.Entry) (pushedRow, *document.Node) {
	row := pushedRow{
		Project: e.Project, Key: e.Key, Iter: e.Iter, Tags: e.Tags, Tree: e.Tree, URI: e.Ref().String(), Target: e.Target, Created: e.Created,
	}
	if row.Tags == nil {
		row.Tags = []string{}
	}
	doc, _ := document.Parse(row.URI, e.Document, document.Options{})
	if doc == nil {
		return row, nil
	}
	row.Kind, _ = doc.Values()["kind"].(string)
	if spec := doc.Field("spec"); spec != nil {
		values := spec.Value.Values()
		row.Framework, _ = values["framework"].(string)
		row.Algorithm, _ = values["algorithm"].(string)
		row.Metrics, _ = values["metrics"].(map[string]any)
	}
	return row, doc
}

type modelLsCmd struct {
	Project string `placeholder:"NAME" help:"Only of this project."`
	Key     string `placeholder:"NAME" help:"Only with this key."`
	Tag     string `placeholder:"NAME" help:"Only with this tag."`
	keeping `embed:""`
	format  `embed:""`
}

// Help implements [kong.HelpProvider].
func (modelLsCmd) Help() string {
	return `
Lists the models that were pushed, the newest of each first.

Examples:

    leat model ls
    leat model ls --tag latest -o json
`
}

// Run prints the list.
func (c *modelLsCmd) Run(ctx context.Context, env *Env) error {
	rows := []pushedRow{}
	r, _, _, err := c.open(ctx, env, false)
	switch {
	case errors.Is(err, artifact.ErrNotFound): // an empty registry
	case err != nil:
		return err
	default:
		defer r.Close()
		all, err := r.List(ctx, registry.Query{Project: c.Project, Key: c.Key, Tag: c.Tag})
		if err != nil {
			return err
		}
		for _, e := range all {
			row, _ := pushedRowOf(e)
			rows = append(rows, row)
		}
	}
	if c.json() {
		return printJSON(env.Stdout, map[string]any{"models": rows})
	}
	table := [][]string{{"PROJECT", "KEY", "ITER", "TAGS", "FRAMEWORK", "METRICS", "CREATED", "TREE"}}
	for _, row := range rows {
		table = append(table, []string{
			row.Project, row.Key, strconv.Itoa(row.Iter), strings.Join(row.Tags, ","), row.Framework, written(row.Metrics), clock(row.Created), row.Tree,
		})
	}
	return printTable(env.Stdout, table)
}

// written are values in one line.
func written(values map[string]any) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		all = append(all, key+"="+value(values[key]))
	}
	return strings.Join(all, ", ")
}

// value is text as it is, and anything else as JSON.
func value(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

type modelShowCmd struct {
	Model   string `arg:"" help:"Store URI of the model, or what follows store://models/ in it: project/key[#iter][:tag][@tree]."`
	keeping `embed:""`
	format  `embed:""`
}

// Help implements [kong.HelpProvider].
func (modelShowCmd) Help() string {
	return `
Shows what is written about one model; -o json has its model_spec.yaml whole, as "spec".

Examples:

    leat model show iris
    leat model show store://models/default/iris:v1 -o json
`
}

// A shownModel is one model in JSON.
type shownModel struct {
	pushedRow
	Spec map[string]any `json:"spec"`
}

// Run prints the model.
func (c *modelShowCmd) Run(ctx context.Context, env *Env) error {
	uri := c.Model
	if !artifact.IsRef(uri) {
		uri = "store://models/" + uri
	}
	ref, err := artifact.ParseRef(uri)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	if ref.Project == "" {
		ref.Project = artifact.DefaultProject
	}
	r, _, _, err := c.open(ctx, env, false)
	if err != nil {
		return err
	}
	defer r.Close()
	e, err := r.Find(ctx, ref)
	if err != nil {
		return err
	}
	row, doc := pushedRowOf(e)
	shown := shownModel{pushedRow: row}
	if doc != nil {
		shown.Spec = doc.Values()
	}
	if c.json() {
		return printJSON(env.Stdout, shown)
	}
	return printTable(env.Stdout, shown.rows())
}

// rows are what people look at of a model.
func (s *shownModel) rows() [][]string {
	spec, _ := s.Spec["spec"].(map[string]any)
	meta, _ := s.Spec["metadata"].(map[string]any)
	text := func(m map[string]any, key string) string {
		if m[key] == nil {
			return ""
		}
		return fmt.Sprint(m[key])
	}
	object := func(m map[string]any, key string) map[string]any {
		o, _ := m[key].(map[string]any)
		return o
	}
	rows := [][]string{
		{"uri", s.URI}, {"tags", strings.Join(s.Tags, ", ")}, {"created", clock(s.Created)}, {"description", text(meta, "description")},
		{"framework", s.Framework}, {"algorithm", s.Algorithm}, {"files", s.Target}, {"model file", text(spec, "model_file")}, {"bytes", text(spec, "size")},
		{"checksum", text(object(spec, "checksums"), text(spec, "model_file"))}, {"extra data", written(object(spec, "extra_data"))},
		{"parameters", written(object(spec, "parameters"))}, {"metrics", written(s.Metrics)}, {"labels", written(object(meta, "labels"))},
		{"inputs", columnsOf(spec["inputs"])}, {"outputs", columnsOf(spec["outputs"])},
		{"statistics", strings.Join(slices.Sorted(maps.Keys(object(spec, "feature_stats"))), ", ")},
	}
	return slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
}

// columnsOf are columns of a schema in one line.
func columnsOf(v any) string {
	list, _ := v.([]any)
	var all []string
	for _, item := range list {
		column, _ := item.(map[string]any)
		all = append(all, fmt.Sprintf("%v:%v", column["name"], column["value_type"]))
	}
	return strings.Join(all, ", ")
}
