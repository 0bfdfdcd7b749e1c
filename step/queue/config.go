package queue

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

// config is what a graph says of a queue.
type config struct {
	Path      string         `arg:"path,required"`
	Shards    int            `arg:"shards"`
	Retention int            `arg:"retention_in_hours"`
	Trigger   map[string]any `arg:"trigger_args"`
	Options   map[string]any `arg:"options"`
	Function  string         `arg:"function"` // that the steps behind it are of
	Engine    string         `arg:"engine"`   // of the flow around it
	Followed  bool           `arg:"followed"` // by steps here or in other functions

	options options
}

// options are what an options mapping may hold.
type options struct {
	Group      string        `arg:"group"`
	FullEvent  *bool         `arg:"full_event"`
	Workers    int           `arg:"workers"`
	Attempts   int           `arg:"attempts"`
	Backoff    time.Duration `arg:"backoff"`     // seconds
	MaxBackoff time.Duration `arg:"max_backoff"` // seconds
	DeadLetter string        `arg:"dead_letter"`
}

// trigger is what of trigger_args has a meaning without a trigger.
type trigger struct {
	MaxWorkers int `arg:"max_workers"`
}

// Register adds the queue to a set. Its streams are those that the mux has.
func Register(set *catalog.Set, streams *stream.Mux) {
	set.Add(catalog.Entry{
		Name: "queue", Doc: "appends events to a stream, and processes what comes out of it",
		New: func(a catalog.Args) (serve.Step, error) { return newQueue(a, streams) },
	})
}

func configOf(a catalog.Args, streams *stream.Mux) (c config, err error) {
	if err := (args.Decoder{}).Decode(a.Values, &c); err != nil {
		return c, err
	}
	lenient := a.Env != nil && a.Env.MLRun
	var t trigger
	err = errors.Join(
		in("options", c.Options, &c.options, lenient),
		in("trigger_args", c.Trigger, &t, lenient),
		within("path", streams.Check(c.Path)),
	)
	o := &c.options
	o.Workers = cmp.Or(o.Workers, t.MaxWorkers, 1)
	o.Group = cmp.Or(o.Group, cmp.Or(c.Function, a.Name)+"-consumer-group")
	if a.Env != nil {
		o.DeadLetter = cmp.Or(o.DeadLetter, a.Env.ErrorStream)
	}
	o.DeadLetter = cmp.Or(o.DeadLetter, deadLetters(c.Path))
	if o.DeadLetter != "" {
		err = errors.Join(err, within("options: dead_letter", streams.Check(o.DeadLetter)))
	}
	for name, n := range map[string]int{"shards": c.Shards, "retention_in_hours": c.Retention, "options: workers": o.Workers, "options: attempts": o.Attempts} {
		if n < 0 || n > math.MaxInt32 {
			err = errors.Join(err, fmt.Errorf("%s must be a number of things, found %d", name, n))
		}
	}
	return c, err
}

// in decodes a mapping within the arguments. MLRun's contract takes keys that
// are for other kinds of streams.
func in(name string, values map[string]any, dst any, lenient bool) error {
	err := args.Decoder{}.Decode(values, dst)
	var problems args.Error
	if lenient && errors.As(err, &problems) {
		known := maps.Clone(values)
		for _, p := range problems {
			if strings.HasPrefix(p.Msg, "is not an argument") {
				delete(known, p.Arg)
			}
		}
		err = args.Decoder{}.Decode(known, dst)
	}
	if err != nil {
		return fmt.Errorf("%s: %s", name, strings.ReplaceAll(err.Error(), "argument of this class", "option of queues here"))
	}
	return nil
}

func within(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// deadLetters is where those of a stream go by themselves: beside a file.
func deadLetters(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	if u.Opaque != "" { // in the data folder
		return u.Scheme + ":" + u.Opaque + ".dead"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path + ".dead"}).String()
}

// inProcess are the kinds of streams that do not wait for anything.
var inProcess = []string{"mem", "dummy"}

func waits(path string) bool {
	scheme, _, _ := strings.Cut(path, ":")
	return !slices.Contains(inProcess, scheme)
}
