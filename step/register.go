package step

import (
	"slices"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A class is a built-in step and the modules that Python finds it in, besides
// storey itself.
type class struct {
	name    string
	modules []string
	doc     string
	new     func(catalog.Args) (serve.Step, error)
}

const (
	flow  = "storey.flow"
	steps = "storey.steps"
	trans = "storey.transformations"
)

var classes = []class{
	{"Map", []string{flow, trans}, "puts what a function makes of the body in its place", newMap},
	{"MapClass", []string{flow, trans}, "the base of classes in Python; in Go a type with a Do method is a step", refuseMapClass},
	{"Filter", []string{flow, trans}, "passes the events for which a function is true", newFilter},
	{"FlatMap", []string{flow, trans}, "makes an event of every item that a function returns", newFlatMap},
	{"Flatten", []string{steps, "storey.steps.flatten", trans}, "makes an event of every item of the body", newFlatten},
	{"Extend", []string{flow, trans}, "adds the fields that a function returns", newExtend},
	{"Choice", []string{flow, trans}, "sends an event to the first follower whose condition is true", newChoice},
	{"ForEach", []string{steps, "storey.steps.foreach", trans}, "calls a function and passes the event on as it is", newForEach},
	{"MapWithState", []string{flow, trans}, "Map with a state, one for all events or one a key", newMapWithState},
	{"Rename", []string{flow}, "renames fields", newRename},
	{"DropColumns", []string{flow}, "takes fields out of the body", newDropColumns},
	{"ReifyMetadata", []string{flow, trans}, "writes attributes of the event into its body", newReify},
	{"Partition", []string{steps, "storey.steps.partition", trans}, "tells events apart by a predicate: left and right", newPartition},
	{"Batch", []string{flow, trans}, "makes one event of several", newBatch},
	{"SampleWindow", []string{steps, "storey.steps.sample", trans}, "passes the first or the last of every so many events", newSample},
	{"AggregateByKey", []string{"storey.aggregations", trans}, "adds sums, averages and so on over windows of time", newAggregate},
	{"Recover", []string{flow}, "handles errors by their class", newRecover},
	{"Reduce", []string{flow}, "makes one value of all events", newReduce},
	{"Complete", []string{flow}, "answers the request and goes on", newComplete},
	{"CSVTarget", []string{"storey.targets"}, "appends a row for every event to a CSV file", newCSVTarget},
	{"ParquetTarget", []string{"storey.targets"}, "writes a row for every event to Parquet files", newParquetTarget},
	{"ConcurrentExecution", []string{flow}, "calls a function for several events at a time", newConcurrent},
}

// Register adds the built-in steps to a set.
func Register(set *catalog.Set) {
	for _, c := range classes {
		aliases := []string{"storey." + c.name}
		for _, module := range slices.Compact(c.modules) {
			aliases = append(aliases, module+"."+c.name)
		}
		set.Add(catalog.Entry{Name: c.name, Aliases: aliases, Doc: c.doc, New: in(set, c.new)})
	}
	set.Add(catalog.Entry{
		Name: "Merge", Aliases: []string{"mlrun.serving.merger.Merge", "mlrun.serving.Merge"},
		Doc: "makes one event of the parts that came through several branches", New: in(set, newMerge),
	})
}

// in lets a class find functions in the set where the engine does not.
func in(set *catalog.Set, make func(catalog.Args) (serve.Step, error)) func(catalog.Args) (serve.Step, error) {
	return func(a catalog.Args) (serve.Step, error) {
		if a.Func == nil {
			a.Func = set.Func
		}
		return make(a)
	}
}

func refuseMapClass(catalog.Args) (serve.Step, error) {
	return nil, configError("class_name", "MapClass is what classes in Python are made of; register a Go type with a Do method and name that")
}
