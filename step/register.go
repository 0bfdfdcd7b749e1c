package step

import (
	"context"
	"maps"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A class is a built-in step and the modules that Python finds it in.
type class struct {
	name    string
	modules []string
	doc     string
	config  any // what its arguments are read into
	new     func(catalog.Args) (serve.Step, error)
}

const (
	top   = "storey"
	flow  = "storey.flow"
	steps = "storey.steps"
	trans = "storey.transformations"
)

var classes = []class{
	{"Map", []string{top, flow, trans}, "puts what a function makes of the body in its place", fnConfig{}, newMap},
	{"Merge", []string{"mlrun.serving.merger", "mlrun.serving"}, "makes one event of the parts that came through several branches", mergeConfig{}, newMerge},
	{"MapClass", []string{top, flow, trans}, "the base of classes in Python; in Go a type with a Do method is a step", nil, refuseMapClass},
	{"Filter", []string{top, flow, trans}, "passes the events for which a function is true", fnConfig{}, newFilter},
	{"FlatMap", []string{top, flow, trans}, "makes an event of every item that a function returns", fnConfig{}, newFlatMap},
	{"Flatten", []string{top, steps, "storey.steps.flatten", trans}, "makes an event of every item of the body", common{}, newFlatten},
	{"Extend", []string{top, flow, trans}, "adds the fields that a function returns", fnConfig{}, newExtend},
	{"Choice", []string{top, flow, trans}, "sends an event to the first follower whose condition is true", choiceConfig{}, newChoice},
	{"ForEach", []string{top, steps, "storey.steps.foreach", trans}, "calls a function and passes the event on as it is", fnConfig{}, newForEach},
	{"MapWithState", []string{top, flow, trans}, "Map with a state, one for all events or one a key", stateConfig{}, newMapWithState},
	{"Rename", []string{top, flow}, "renames fields", renameConfig{}, newRename},
	{"DropColumns", []string{top, flow}, "takes fields out of the body", dropConfig{}, newDropColumns},
	{"ReifyMetadata", []string{top, flow, trans}, "writes attributes of the event into its body", reifyConfig{}, newReify},
	{"Partition", []string{top, steps, "storey.steps.partition", trans}, "tells events apart by a predicate: left and right", partitionConfig{}, newPartition},
	{"Batch", []string{top, flow, trans}, "makes one event of several", batchConfig{}, newBatch},
	{"SampleWindow", []string{top, steps, "storey.steps.sample", trans}, "passes the first or the last of every so many events", sampleConfig{}, newSample},
	{"AggregateByKey", []string{top, "storey.aggregations", trans}, "adds sums, averages and so on over windows of time", aggregateConfig{}, newAggregate},
	{"Recover", []string{top, flow}, "handles errors by their class", recoverConfig{}, newRecover},
	{"Reduce", []string{top, flow}, "makes one value of all events", reduceConfig{}, newReduce},
	{"Splitter", nil, "sends each event to one of its followers, by weighted lot", splitterConfig{}, newSplitter},
	{"Respond", nil, "answers the request with a status, and a body of its own", respondConfig{}, newRespond},
	{"Complete", []string{top, flow}, "answers the request and goes on", common{}, newComplete},
	{"CSVTarget", []string{top, "storey.targets"}, "appends a row for every event to a CSV file", csvConfig{}, newCSVTarget},
	{"ParquetTarget", []string{top, "storey.targets"}, "writes a row for every event to Parquet files", parquetConfig{}, newParquetTarget},
	{"ConcurrentExecution", []string{top, flow}, "calls a function for several events at a time", concurrentConfig{}, newConcurrent},
}

// Register adds the built-in steps to a set.
func Register(set *catalog.Set) {
	for _, c := range classes {
		var aliases []string
		for _, module := range c.modules {
			aliases = append(aliases, module+"."+c.name)
		}
		set.Add(catalog.Entry{Name: c.name, Aliases: aliases, Doc: c.doc, New: in(set, c.new)})
	}
}

// in lets a class find functions in the set where the engine does not.
func in(set *catalog.Set, make func(catalog.Args) (serve.Step, error)) func(catalog.Args) (serve.Step, error) {
	return func(a catalog.Args) (serve.Step, error) {
		if a.Func == nil {
			a.Func = set.Func
		}
		if text, ok := a.Values["expression"].(string); ok && set.CompileVars != nil {
			f, err := overState(set, text)
			if err != nil {
				return nil, configError("expression", "cannot be used: %v", err)
			}
			a.Values = maps.Clone(a.Values)
			a.Values["expression"] = f
		}
		return make(a)
	}
}

// overState makes a function for a step with a state of an expression over event
// and state.
func overState(set *catalog.Set, text string) (catalog.Func, error) {
	f, err := set.CompileVars(text, "event", "state")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, x any) (any, error) {
		event, state := pair(x)
		return f(ctx, event, state)
	}, nil
}

func refuseMapClass(catalog.Args) (serve.Step, error) {
	return nil, configError("class_name", "MapClass is what classes in Python are made of; register a Go type with a Do method and name that")
}
