package python

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/leat-ml/leat/catalog"
)

// protocol is the version that both sides speak.
const protocol = 1

// A config is the metadata of CONFIG.
type config struct {
	Version  int         `json:"version"`
	Paths    []string    `json:"paths"`
	Source   *sourceFile `json:"source"`
	Context  envConfig   `json:"context"`
	Shm      *sharedFile `json:"shm"`
	MaxFrame int         `json:"max_frame"`
}

// A sharedFile is memory to share, as the worker finds it.
type sharedFile struct {
	File  string `json:"file"`
	Size  int    `json:"size"`
	Words bool   `json:"words"` // it begins with words and a box
}

type sourceFile struct {
	Name string `json:"name"`
	File string `json:"file"`
}

// An envConfig is what the user's code finds on its context.
type envConfig struct {
	Project         string         `json:"project"`
	Parameters      map[string]any `json:"parameters"`
	FunctionURI     string         `json:"function_uri"`
	WorkerID        int            `json:"worker_id"`
	Verbose         bool           `json:"verbose"`
	Mock            bool           `json:"mock"`
	Trigger         string         `json:"trigger"`
	LogLevel        string         `json:"log_level"`
	CurrentFunction string         `json:"current_function"`
}

func envOf(env *catalog.Env, slot int) envConfig {
	e := envConfig{WorkerID: slot, Trigger: "http", LogLevel: "info"}
	if env != nil {
		e.Project, e.Parameters, e.FunctionURI = env.Project, env.Params, env.FunctionURI
		e.Verbose, e.Mock = env.Verbose, env.Mock
		if env.Verbose {
			e.LogLevel = "debug"
		}
	}
	return e
}

// greeting is the metadata of the answer to CONFIG.
type greeting struct {
	Version int    `json:"version"`
	Python  string `json:"python"`
	MLRun   string `json:"mlrun"`
}

// description is the metadata of the answer to DESCRIBE.
type description struct {
	Objects map[string]*Object `json:"objects"`
	Files   []string           `json:"files"`
	// Failed are modules of a folder that cannot be imported, and Missing the names
	// that were asked for and are nowhere, with the reason.
	Failed  map[string]*Failure `json:"failed"`
	Missing map[string]string   `json:"missing"`
}

// An Object is a class or a function of the user's code.
type Object struct {
	Kind     string   `json:"kind"` // "model", "class", "router", "function", "mlserver" or "triton"
	Module   string   `json:"module"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Context  bool     `json:"context"`  // takes the graph's context
	Args     []string `json:"args"`     // names of its arguments
	Required []string `json:"required"` // those without a default
	AnyArgs  bool     `json:"any_args"` // takes others too
	Async    bool     `json:"async"`
	Methods  []string `json:"methods"`
	Ops      []string `json:"ops"`   // of a model: its own operations
	Hooks    []string `json:"hooks"` // of a model: what the class overrides
	Base     string   `json:"base"`  // of a router: the class of MLRun's that it is one of
}

// creation is the metadata of CREATE.
type creation struct {
	Kind         string            `json:"kind"`
	Class        string            `json:"class"`
	Name         string            `json:"name"`
	Args         map[string]any    `json:"args"`
	Handler      string            `json:"handler,omitempty"`
	FullEvent    bool              `json:"full_event"`
	ModelPath    string            `json:"model_path,omitempty"`
	Version      string            `json:"version,omitempty"`
	Protocol     string            `json:"protocol,omitempty"`
	InputPath    string            `json:"input_path,omitempty"`
	ResultPath   string            `json:"result_path,omitempty"`
	FunctionArgs map[string]string `json:"function_args,omitempty"`
	Routes       []string          `json:"routes,omitempty"` // of a router
	// Configuration is what a model of Triton's is told of itself, in place of what
	// its config.pbtxt says.
	Configuration json.RawMessage `json:"configuration,omitempty"`
}

// ask sends a request that has only metadata, and reads that of the answer. The
// error is a *Failure where the code is to blame.
func (p *process) ask(ctx context.Context, k kind, object uint16, in, out any) error {
	meta, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("tell the Python worker of it: %w", err)
	}
	last, _, err := p.do(ctx, &frame{kind: k, object: object, meta: meta})
	switch {
	case err != nil:
		return p.gaveUp(err)
	case last.kind == kindError:
		return failureOf(last.meta)
	case out == nil || len(last.meta) == 0:
		return nil
	}
	if err := json.Unmarshal(last.meta, out); err != nil {
		return fmt.Errorf("read what the Python worker answered: %w", err)
	}
	return nil
}
