package cli

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leat-ml/leat/client/admin"
	"github.com/leat-ml/leat/endpoint"
)

type endpointCmd struct {
	Ls   endpointLsCmd   `cmd:"" help:"List the model endpoints."`
	Show endpointShowCmd `cmd:"" help:"Show the record of a model endpoint."`
}

// Help implements [kong.HelpProvider].
func (endpointCmd) Help() string {
	return `
A model endpoint is the record of a model in a function: what it is, how it is, and what has come to it. Servers keep them in the database that their spec names, or in their data folder.

Examples:

    leat endpoint ls
    leat endpoint show ea98a32a6936589ce10a25ff43be0295d5c0fa0d
`
}

// An asking is whom the verbs about model endpoints ask.
type asking struct {
	Admin   string `setting:"" default:"127.0.0.1:8082" placeholder:"URL" help:"Admin port of the server."`
	Project string `default:"*" placeholder:"NAME" help:"Project of the endpoints; * means all."`
	format  `embed:""`
}

type endpointLsCmd struct {
	Model    string   `placeholder:"NAME" help:"Only of this model: name or name:version."`
	Function string   `placeholder:"NAME" help:"Only of this function: name or name:tag."`
	Label    []string `sep:"none" placeholder:"KEY=VALUE" help:"Only with this label: key or key=value; may be repeated."`
	TopLevel bool     `help:"Without the models of ensembles."`
	asking   `embed:""`
}

// Help implements [kong.HelpProvider].
func (endpointLsCmd) Help() string {
	return `
Lists the model endpoints that a running server knows: those of its models, and what else is in its database.

Examples:

    leat endpoint ls
    leat endpoint ls --model iris --label team=risk -o json
`
}

// An endpointList is the answer of the admin port.
type endpointList struct {
	Endpoints []endpoint.Endpoint `json:"endpoints"`
}

// Run asks the admin port and prints the list.
func (c *endpointLsCmd) Run(ctx context.Context, env *Env) error {
	cl, from, err := adminAt(c.Admin)
	if err != nil {
		return err
	}
	all, err := cl.Endpoints(ctx, &admin.EndpointQuery{Project: c.Project, Model: c.Model, Function: c.Function, Labels: c.Label, TopLevel: c.TopLevel})
	if err != nil {
		return from.told(ctx, err)
	}
	list := endpointList{all}
	if c.json() {
		return printJSON(env.Stdout, list)
	}
	rows := [][]string{{"UID", "FUNCTION", "MODEL", "STATE", "MODE", "REQUESTS", "ERRORS", "LAST REQUEST"}}
	for _, e := range list.Endpoints {
		rows = append(rows, []string{
			e.Metadata.UID, e.Spec.FunctionURI, e.Spec.Model, e.Status.State, e.Spec.MonitoringMode,
			strconv.FormatInt(e.Status.RequestCount, 10), strconv.FormatInt(e.Status.ErrorCount, 10), clock(e.Status.LastRequest),
		})
	}
	return printTable(env.Stdout, rows)
}

// clock is a time to the second; "" for none.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

type endpointShowCmd struct {
	UID    string `arg:"" help:"The endpoint's uid, or its model, if that has one endpoint."`
	asking `embed:""`
}

// Help implements [kong.HelpProvider].
func (endpointShowCmd) Help() string {
	return `
Shows the record of one model endpoint. A model's name, or name:version, will do where one endpoint alone has it.

Examples:

    leat endpoint show ea98a32a6936589ce10a25ff43be0295d5c0fa0d
    leat endpoint show iris -o json
`
}

// Run asks the admin port and prints the record.
func (c *endpointShowCmd) Run(ctx context.Context, env *Env) error {
	cl, from, err := adminAt(c.Admin)
	if err != nil {
		return err
	}
	e, record, err := cl.Endpoint(ctx, c.Project, c.UID)
	if err != nil {
		return from.told(ctx, err)
	}
	if c.json() {
		return printJSON(env.Stdout, record)
	}
	return printTable(env.Stdout, endpointRows(e))
}

// endpointRows are what people look at of a record.
func endpointRows(e *endpoint.Endpoint) [][]string {
	kinds := map[endpoint.Type]string{endpoint.Node: "model", endpoint.Router: "ensemble", endpoint.Leaf: "model of an ensemble"}
	rates := e.Status.Metrics.Generic
	rows := [][]string{
		{"uid", e.Metadata.UID}, {"project", e.Metadata.Project}, {"function", e.Spec.FunctionURI}, {"model", e.Spec.Model},
		{"kind", kinds[e.Status.EndpointType]}, {"class", e.Spec.ModelClass}, {"path", e.Spec.ModelURI},
		{"state", e.Status.State}, {"reason", e.Status.Error}, {"monitoring", e.Spec.MonitoringMode}, {"stream", e.Spec.StreamPath},
		{"created", clock(e.Metadata.Created)}, {"first request", clock(e.Status.FirstRequest)}, {"last request", clock(e.Status.LastRequest)},
		{"requests", strconv.FormatInt(e.Status.RequestCount, 10)}, {"errors", strconv.FormatInt(e.Status.ErrorCount, 10)},
		{"latency, 1 h", time.Duration(rates.LatencyAvg1h * float64(time.Microsecond)).Round(time.Microsecond).String()},
		{"per second, 5 min", strconv.FormatFloat(rates.PredictionsPerSecond, 'g', 4, 64)},
		{"features", strings.Join(e.Spec.FeatureNames, ", ")}, {"children", strings.Join(e.Status.Children, ", ")},
	}
	for _, key := range slices.Sorted(maps.Keys(e.Metadata.Labels)) {
		rows = append(rows, []string{"label " + key, e.Metadata.Labels[key]})
	}
	told := rows[:0]
	for _, row := range rows {
		if row[1] != "" {
			told = append(told, row)
		}
	}
	return told
}
