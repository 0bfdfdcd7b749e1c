package step

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// aggregate adds to every event what its key has been through: sums, averages
// and so on of a column over windows of time, as fields <name>_<operation>_<window>.
type aggregate struct {
	by     grouping
	when   instant
	layout string
	every  int // of the events of a key, which pass
	specs  []aggregateSpec

	mu    sync.Mutex
	table table[history]
}

// A history is what is known of a key: a series for each aggregate, and the
// events since the last one that passed.
type history struct {
	series  []series
	waiting int
}

type aggregateConfig struct {
	Aggregates []aggregateSpec   `arg:"aggregates,required"`
	Key        grouping          `arg:"key_field,key"`
	Time       instant           `arg:"time_field"`
	TimeFormat string            `arg:"time_format"`
	Policy     emitPolicy        `arg:"emit_policy"`
	Aliases    map[string]string `arg:"aliases"`
	Table      localTable        `arg:"table"`
	MaxKeys    int               `arg:"max_keys"`
}

// An aggregateSpec is one column and what is told of it.
type aggregateSpec struct {
	Name       string       `arg:"name,required"`
	Column     column       `arg:"column,field,required"`
	Operations []string     `arg:"operations,aggr,required"`
	Windows    []string     `arg:"windows,required"`
	Period     string       `arg:"period"`
	Filter     catalog.Func `arg:"aggregation_filter,aggr_filter"`
	Max        *float64     `arg:"max_value"`

	windowing windowing
	fields    []string // by window, then by operation
}

// A column is where a value is found: a field of the body or a function.
type column instant

// DecodeArg implements [args.Value].
func (c *column) DecodeArg(d args.Decoder, v any) error { return (*instant)(c).DecodeArg(d, v) }

// An emitPolicy says which events pass.
type emitPolicy struct {
	Mode string `arg:"mode,required"`
	Max  int    `arg:"maxEvents"`
}

// A localTable is where storey keeps what it knows. Here it is in the step, so
// only names are taken that say so.
type localTable struct{}

// DecodeArg implements [args.Value].
func (localTable) DecodeArg(_ args.Decoder, v any) error {
	name, ok := v.(string)
	if !ok || name != "" && name != "." && !strings.HasPrefix(name, "noop://") {
		return fmt.Errorf("is %s: tables outside the step are not supported; leave it out, or use noop://", args.Describe(v))
	}
	return nil
}

func newAggregate(a catalog.Args) (serve.Step, error) {
	c := aggregateConfig{Key: grouping{}, MaxKeys: maxKeys, Policy: emitPolicy{Mode: "everyEvent"}}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	s := &aggregate{by: c.Key, when: c.Time, every: 1, specs: c.Aggregates}
	if s.by.none() {
		s.by.attribute = "key"
	}
	if c.MaxKeys < 1 {
		return nil, configError("max_keys", "must be at least 1, found %d", c.MaxKeys)
	}
	s.table.max = c.MaxKeys
	switch c.Policy.Mode {
	case "everyEvent":
	case "maxEvents":
		if s.every = c.Policy.Max; s.every < 1 {
			return nil, configError("emit_policy.maxEvents", "must be at least 1 in mode maxEvents, found %d", c.Policy.Max)
		}
	default:
		return nil, configError("emit_policy.mode", "must be everyEvent or maxEvents, found %q", c.Policy.Mode)
	}
	var err error
	if s.layout, err = layoutOf(c.TimeFormat); err != nil {
		return nil, err
	}
	if err := s.prepare(c.Aliases); err != nil {
		return nil, err
	}
	return s, nil
}

// prepare checks the aggregates and names their fields.
func (s *aggregate) prepare(aliases map[string]string) error {
	seen, named := map[string]bool{}, map[string]bool{}
	for i := range s.specs {
		spec := &s.specs[i]
		at := fmt.Sprintf("aggregates[%d]", i)
		if seen[spec.Name] {
			return configError(at+".name", "must be unique, and %q is there before", spec.Name)
		}
		seen[spec.Name] = true
		if err := checkOperations(at, spec.Operations); err != nil {
			return err
		}
		var err error
		if spec.windowing, err = newWindowing(spec.Windows, spec.Period); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if err := spec.name(at, aliases, named); err != nil {
			return err
		}
	}
	for _, feature := range sortedKeys(aliases) {
		if !named[aliases[feature]] {
			return configError("aliases", "has %q, which is no field of these aggregates", feature)
		}
	}
	return nil
}

func checkOperations(at string, ops []string) error {
	for _, op := range ops {
		if operations[op] != nil {
			continue
		}
		hint := ""
		if near := catalog.Nearest(op, sortedKeys(operations)); len(near) > 0 {
			hint = " (did you mean " + near[0] + "?)"
		}
		return configError(at+".operations", "has %q, which is none of %s%s", op, strings.Join(sortedKeys(operations), ", "), hint)
	}
	return nil
}

// name names the fields of an aggregate. named are those that are taken.
func (a *aggregateSpec) name(at string, aliases map[string]string, named map[string]bool) error {
	for _, w := range a.windowing.windows {
		for _, op := range a.Operations {
			name := a.Name + "_" + op + "_" + w.text
			if alias := aliases[name]; alias != "" {
				name = alias
			}
			if named[name] {
				return configError(at, "has a second field %s", name)
			}
			named[name] = true
			a.fields = append(a.fields, name)
		}
	}
	return nil
}

func (s *aggregate) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	body, err := objectOf(ev.Body, "")
	if err != nil {
		return serve.Pass, err
	}
	key, err := s.by.of(ctx, ev, "", false)
	if err != nil {
		return serve.Pass, err
	}
	t, err := s.when.of(ctx, ev, body, s.layout)
	if err != nil {
		return serve.Pass, err
	}
	values, err := s.values(ctx, body)
	if err != nil {
		return serve.Pass, err
	}
	fields, passes := s.take(key, t, values)
	if !passes {
		return serve.Drop, nil
	}
	if len(s.by.fields) <= 1 {
		ev.Key = key
	}
	setObject(ev, merged(fields, body.Fields())) // a field of the event counts where both have one
	return serve.Pass, nil
}

// A reading is the value of a column in one event; ok is false where it has none.
type reading struct {
	v  float64
	ok bool
}

// values reads every column. Columns that are missing or null have no value.
func (s *aggregate) values(ctx context.Context, body *serve.Object) ([]reading, error) {
	out := make([]reading, len(s.specs))
	for i := range s.specs {
		spec := &s.specs[i]
		if spec.Filter != nil {
			keep, err := spec.Filter(ctx, body)
			if err != nil {
				return nil, err
			}
			if !truthy(keep) {
				continue
			}
		}
		v, err := spec.Column.of(ctx, body)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		if b, ok := v.(bool); ok {
			v = map[bool]int{false: 0, true: 1}[b]
		}
		out[i].v, out[i].ok = args.Float(v)
		if !out[i].ok {
			return nil, typeError("%s of %s must be a number, and is %s", spec.Column.field, spec.Name, args.Describe(v))
		}
	}
	return out, nil
}

func (c *column) of(ctx context.Context, body *serve.Object) (any, error) {
	if c.fn != nil {
		return c.fn(ctx, body)
	}
	v, _ := body.Value(c.field)
	return v, nil
}

// take adds the values to the history of the key, and tells the fields that
// there are for the event then.
func (s *aggregate) take(key string, t int64, values []reading) (fields []serve.Field, passes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, _ := s.table.at(key)
	if h.series == nil {
		h.series = make([]series, len(s.specs))
	}
	for i, r := range values {
		if r.ok {
			h.series[i].add(&s.specs[i].windowing, t, r.v)
		}
	}
	if h.waiting++; h.waiting < s.every {
		return nil, false
	}
	h.waiting = 0
	for i := range s.specs {
		fields = s.specs[i].tell(fields, &h.series[i], t)
	}
	return fields, true
}

// tell appends the fields of an aggregate.
func (a *aggregateSpec) tell(fields []serve.Field, s *series, t int64) []serve.Field {
	n := 0
	s.over(&a.windowing, t, func(_ string, b *bucket) {
		for _, op := range a.Operations {
			fields = append(fields, serve.Field{Key: a.fields[n], Value: a.value(op, b)})
			n++
		}
	})
	return fields
}

// value is what an operation tells of a bucket, NaN where that has no values.
func (a *aggregateSpec) value(op string, b *bucket) float64 {
	if b.count == 0 && op != "count" {
		return math.NaN()
	}
	v := operations[op](b)
	if a.Max != nil && v > *a.Max && op != "avg" && op != "stddev" && op != "stdvar" {
		return *a.Max
	}
	return v
}
