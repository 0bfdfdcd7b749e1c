package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// MarshalJSON writes the spec as MLRun's server spec. What is empty is left out.
// Steps that were given a constructor instead of a class cannot be written.
func (s *Spec) MarshalJSON() ([]byte, error) {
	o := &object{}
	o.text("function_uri", s.FunctionURI)
	o.text("version", s.Version)
	o.value("parameters", s.Parameters, len(s.Parameters) > 0)
	o.text("load_mode", s.LoadMode)
	o.value("verbose", true, s.Verbose)
	o.text("default_content_type", s.DefaultContentType)
	o.value("functions", s.Functions, len(s.Functions) > 0)
	o.text("error_stream", s.ErrorStream)
	o.text("models", s.Models)
	o.value("python", s.Python, s.Python.written())
	o.text("database", s.Database)
	o.text("artifacts", s.Artifacts)
	o.value("track_models", true, s.TrackModels)
	o.value("secret_sources", s.Secrets, len(s.Secrets) > 0)
	for _, key := range slices.Sorted(maps.Keys(s.Later)) {
		o.value(key, s.Later[key], true)
	}
	if s.Graph != nil {
		o.value("graph", step{s.Graph, s.Graph.Name, true}, true)
	}
	return o.end()
}

// A step is written without its key, which what contains it has. name is what it
// calls itself where that is something else.
type step struct {
	*StepSpec
	name string
	root bool
}

// MarshalJSON implements json.Marshaler. The order of the keys is MLRun's.
func (s step) MarshalJSON() ([]byte, error) {
	if s.New != nil {
		return nil, fmt.Errorf("step %q has a constructor instead of a class", s.Name)
	}
	o := &object{}
	kind := s.Kind
	if kind == "task" || s.root && kind == "root" {
		kind = ""
	}
	o.text("kind", kind)
	o.text("name", s.name)
	o.text("comment", s.Comment)
	o.value("after", s.After, len(s.After) > 0)
	o.value("before", s.Before, s.Kind == "error_step")
	o.text("base_step", s.BaseStep)
	o.text("on_error", s.OnError)
	o.text("class_name", s.Class)
	o.value("class_args", s.Args, len(s.Args) > 0)
	o.text("handler", s.Handler)
	o.text("function", s.Function)
	o.text("shape", s.Shape)
	o.value("full_event", true, s.FullEvent)
	o.text("input_path", s.InputPath)
	o.text("result_path", s.ResultPath)
	o.value("responder", true, s.Responder)
	o.text("engine", s.Engine)
	o.text("final_step", s.FinalStep)
	o.text("path", s.Path)
	o.value("shards", s.Shards, s.Shards > 0)
	o.value("retention_in_hours", s.RetentionHours, s.RetentionHours > 0)
	o.value("trigger_args", s.TriggerArgs, len(s.TriggerArgs) > 0)
	o.value("options", s.Options, len(s.Options) > 0)
	o.steps("routes", s.Routes, s.Kind == "router")
	o.steps("steps", s.Steps, len(s.Steps) > 0 || s.root && s.Kind != "router")
	return o.end()
}

// An object is JSON on its way, its members in the order in which they come.
type object struct {
	b   bytes.Buffer
	err error
}

func (o *object) text(key, v string) { o.value(key, v, v != "") }

// value writes a member unless it is left out.
func (o *object) value(key string, v any, there bool) {
	if !there || o.err != nil {
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		o.err = err
		return
	}
	if o.b.Len() > 0 {
		o.b.WriteByte(',')
	}
	name, _ := json.Marshal(key) // a string always can
	o.b.Write(name)
	o.b.WriteByte(':')
	o.b.Write(text)
}

func (o *object) steps(key string, steps []*StepSpec, there bool) {
	within := &object{}
	for _, s := range steps {
		at, name := s.Name, s.Key // of a step in a flow, whose links go by Name
		if key == "routes" && s.Key != "" {
			at, name = s.Key, s.Name
		}
		within.value(at, step{s, name, false}, true)
	}
	text, err := within.end()
	if err != nil {
		o.err = err
		return
	}
	o.value(key, json.RawMessage(text), there)
}

func (o *object) end() ([]byte, error) {
	if o.err != nil {
		return nil, o.err
	}
	return append(append([]byte{'{'}, o.b.Bytes()...), '}'), nil
}
