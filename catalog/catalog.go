// Package catalog maps the names that specs use to constructors. A [Set] is a
// value: [Default] is filled by the packages that are linked in, tests and
// programs that embed leat clone it or make their own.
package catalog

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/serve"
)

// An Entry is a class of steps: what class_name in a spec names.
type Entry struct {
	Name    string   // "VotingEnsemble"
	Aliases []string // "mlrun.serving.routers.VotingEnsemble"
	Doc     string   // one line for people
	// Router says that the class takes routes, so New is given them.
	Router bool
	// New makes a step; it acquires nothing.
	New func(a Args) (serve.Step, error)
}

// Args are what a step is made of.
type Args struct {
	Name  string // of the step or route: "m3:v1"
	Class string // as the spec spells it; "" where it names none
	// Values are the class_args. One whose key begins with "_" in the spec is
	// here without it, and its value is the Func that it names.
	Values map[string]any
	// Written are the class_args as the spec has them, with the names of functions.
	Written   map[string]any
	Handler   string // the method that the spec names, where it names one beside a class
	FullEvent bool   // functions get the event and not its body
	InFlow    bool   // of a router: it is a step of a flow
	// InputPath and ResultPath select and place the body within the event's.
	InputPath, ResultPath string
	Routes                []Route // of a router, in the order of the spec
	// Func finds the functions that are named within an argument, as [Set.Func]
	// does; it may be nil.
	Func func(name string) (Func, error)
	// Infer is that of the set; nil where nothing is inferred. Texts are the
	// names of the functions in Values, which are their texts where they are
	// expressions, under the keys of Values.
	Infer func(text string, event bool, names ...string) (Inference, error)
	Texts map[string]string
	Env   *Env
}

// A Func is a function that a spec names: as a handler, as a condition, as a
// key. It gets the value of an event's body, or the *[serve.Event] itself where
// the spec says full_event, and returns the value that takes its place. It must
// not change what it gets and must be safe for concurrent use.
type Func func(ctx context.Context, x any) (any, error)

// A VarsFunc is a function of several variables, whose values it takes in the
// order of their names. The rules of [Func] hold.
type VarsFunc func(ctx context.Context, values ...any) (any, error)

// An Inference tells the type of what an expression results in from the types of
// its variables. The error says that it fails with all values of those types.
type Inference func(vars ...schema.Type) (schema.Type, error)

// A Route is one child of a router.
type Route struct {
	Key  string
	Step serve.Step
}

// Env is what all steps of a server share. It is read only.
type Env struct {
	Graph       string         // names the graph in errors; may be empty
	Params      map[string]any // of the server
	ContentType string         // of events that have none
	Async       bool           // models load in the background
	MLRun       bool           // MLRun's contract instead of the default one
	Mock        bool
	Verbose     bool
	Project     string
	FunctionURI string
	Logger      *slog.Logger
	Recorder    serve.Recorder
	// Endpoint finds the URL of a function that a spec names: "[project/]name", or
	// ".child" for a child of this one. nil where no function has a URL.
	Endpoint func(function string) (url string, err error)
	// Inject adds the trace context of ctx to the header of a request that is
	// made on behalf of an event. nil where nothing is traced, as the next two.
	Inject func(ctx context.Context, header map[string][]string)
	// Enter is called before an event gets to a part of a step, such as a route of
	// a router, and leave after, as the tracer of a graph is called for steps. The
	// part works under the context that Enter returns.
	Enter func(ctx context.Context, part string, ev *serve.Event) (in context.Context, leave func(ev *serve.Event, fate serve.Fate, err error))
	// Note tells something of what works under ctx: "leat.model.name", "iris".
	Note func(ctx context.Context, key, value string)
	// ErrorStream is the URL of the stream for events that are given up; "" where
	// the server has none.
	ErrorStream string
	// Failed is told of events that fail where nobody waits for them. It does not
	// wait itself. nil where nobody listens.
	Failed func(f Failure)
	// Secret finds a secret by its name; nil where there are none.
	Secret func(name string) (value string, ok bool)
	// Open opens a model artifact for a model's GetModel.
	Open func(ctx context.Context, path, suffix string) (*serve.Artifact, error)
	// Fetch brings a file to this machine from its URL, and returns its path. nil
	// where nothing is brought.
	Fetch func(ctx context.Context, url string) (path string, err error)
	// Models are those of the server, for models that ask others; nil where there are
	// none to be asked.
	Models serve.Models
	// Python is how models run that are programs in Python.
	Python serve.Python
}

// A Failure is an event that has failed.
type Failure struct {
	Step  string // that it failed in
	Event string // its id
	Body  serve.Body
	Err   error
}

// A RuntimeEntry is a runtime that loads models from files.
type RuntimeEntry struct {
	Name    string   // "xgboost": what model.yaml and class_name call it
	Classes []string // further class names: "XGBoostModelServer"
	Doc     string
	Suffix  string // of its files, for GetModel on a folder: ".ubj"
	// Detect says whether a file of that base name which begins with head is
	// one the runtime loads.
	Detect func(name string, head []byte) bool
	// Probe tells the version, and why the runtime cannot work on this machine
	// together with what to do about it. nil means that it is built in.
	Probe   func() (version string, err error)
	Runtime serve.Runtime
}

// A Set holds entries by name. The zero value is empty and ready to use.
// Filling it is not safe for concurrent use; looking things up is.
type Set struct {
	// Compile makes a function of an expression over event: "(event + 1)". nil
	// where no expression language is linked in.
	Compile func(text string) (Func, error)
	// Others finds what is not registered: the classes and functions of users' code.
	// nil where there is none.
	Others Others

	// CompileVars makes a function of an expression over the named variables:
	// the url_expression of a remote step, over event, endpoint and context.
	CompileVars func(text string, names ...string) (VarsFunc, error)
	// Infer makes the inference of an expression over the named variables; event
	// says that the first one is an event, whose body is of the type that is
	// given. nil where nothing is inferred.
	Infer func(text string, event bool, names ...string) (Inference, error)

	entries  map[string]*Entry // under the name and every alias
	funcs    map[string]Func
	runtimes map[string]*RuntimeEntry
}

// Others is a source of names behind those that are registered.
type Others interface {
	// Entry finds a class and Func a function; nil if there is none of that name.
	Entry(name string) *Entry
	Func(name string) Func
	// Classes and Functions are the names, for hints.
	Classes() []string
	Functions() []string
}

// A Stepper is what [Others] may be besides: its functions are steps of their own,
// which may end an event and wait for other processes.
type Stepper interface {
	// Step makes a step of the function of that name; nil if there is none.
	Step(name string, a Args) (serve.Step, error)
}

// Code is users' code in another language, which runs in other processes. Join
// gives its names to a set, for one graph with its environment; it starts nothing.
// What is started before that graph and closed after it is the Life it returns.
type Code interface {
	Join(set *Set, env *Env) Life
	// Same says whether other is the same code, for sure.
	Same(other Code) bool
}

// A Life is started before what is built on it, and closed after it.
type Life interface {
	serve.Starter
	serve.Closer
}

// Default holds what the packages linked into the program registered.
var Default = &Set{}

// Clone returns a copy that can be filled further.
func (s *Set) Clone() *Set {
	return &Set{
		Compile: s.Compile, CompileVars: s.CompileVars, Infer: s.Infer, Others: s.Others, entries: maps.Clone(s.entries),
		funcs: maps.Clone(s.funcs), runtimes: maps.Clone(s.runtimes),
	}
}

// Add registers an entry under its name and aliases. It panics on an entry
// without name or constructor and on a name that is taken.
func (s *Set) Add(e Entry) {
	if e.Name == "" || e.New == nil {
		panic(fmt.Sprintf("catalog: entry %q has no name or no constructor", e.Name))
	}
	if s.entries == nil {
		s.entries = map[string]*Entry{}
	}
	for _, name := range append([]string{e.Name}, e.Aliases...) {
		if s.entries[name] != nil {
			panic(fmt.Sprintf("catalog: %q is registered twice", name))
		}
		s.entries[name] = &e
	}
}

// AddFunc registers a function under the name that handlers in specs use. It
// panics on mistakes as Add does.
func (s *Set) AddFunc(name string, f Func) {
	if name == "" || f == nil || s.funcs[name] != nil {
		panic(fmt.Sprintf("catalog: function %q has no name, is nil or is registered twice", name))
	}
	if s.funcs == nil {
		s.funcs = map[string]Func{}
	}
	s.funcs[name] = f
}

// AddRuntime registers a runtime. It panics on mistakes as Add does.
func (s *Set) AddRuntime(r RuntimeEntry) {
	if r.Name == "" || r.Runtime == nil || r.Detect == nil {
		panic(fmt.Sprintf("catalog: runtime %q has no name, runtime or detection", r.Name))
	}
	if s.runtimes[r.Name] != nil {
		panic(fmt.Sprintf("catalog: runtime %q is registered twice", r.Name))
	}
	if s.runtimes == nil {
		s.runtimes = map[string]*RuntimeEntry{}
	}
	s.runtimes[r.Name] = &r
}

// Lookup finds the entry for a class name; nil if there is none.
func (s *Set) Lookup(class string) *Entry {
	if e := s.entries[class]; e != nil || s.Others == nil {
		return e
	}
	return s.Others.Entry(class)
}

// Func finds a function by name, or makes one of an expression: text in
// parentheses. The error suggests what was meant.
func (s *Set) Func(name string) (Func, error) {
	if strings.HasPrefix(name, "(") && strings.HasSuffix(name, ")") {
		if s.Compile == nil {
			return nil, fmt.Errorf("%s: this program has no expression language", name)
		}
		return s.Compile(name)
	}
	if f := s.funcs[name]; f != nil {
		return f, nil
	}
	known := slices.Sorted(maps.Keys(s.funcs))
	if s.Others != nil {
		if f := s.Others.Func(name); f != nil {
			return f, nil
		}
		known = append(known, s.Others.Functions()...)
	}
	hint := ""
	if near := Nearest(name, known); len(near) > 0 {
		hint = " (did you mean " + strings.Join(near, " or ") + "?)"
	}
	return nil, fmt.Errorf("unknown function %q%s", name, hint)
}

// Step makes a step of a function of users' code; nil where the name is another's.
func (s *Set) Step(name string, a Args) (serve.Step, error) {
	steps, ok := s.Others.(Stepper)
	if !ok || s.funcs[name] != nil || strings.HasPrefix(name, "(") {
		return nil, nil
	}
	return steps.Step(name, a)
}

// Runtime finds the runtime of that name; nil if there is none.
func (s *Set) Runtime(name string) *RuntimeEntry { return s.runtimes[name] }

// Runtimes are all runtimes, by name.
func (s *Set) Runtimes() []*RuntimeEntry {
	out := make([]*RuntimeEntry, 0, len(s.runtimes))
	for _, name := range slices.Sorted(maps.Keys(s.runtimes)) {
		out = append(out, s.runtimes[name])
	}
	return out
}

// Detect finds the runtime for a file by its base name and first bytes; nil if
// no runtime knows it.
func (s *Set) Detect(name string, head []byte) *RuntimeEntry {
	for _, r := range s.Runtimes() {
		if r.Detect(name, head) {
			return r
		}
	}
	return nil
}

// Names are the names and aliases of all entries, sorted, and behind them those
// of the classes of users' code.
func (s *Set) Names() []string {
	names := slices.Sorted(maps.Keys(s.entries))
	if s.Others != nil {
		names = append(names, s.Others.Classes()...)
	}
	return names
}
