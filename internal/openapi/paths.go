package openapi

import (
	"net/url"
	"slices"
)

// about are the routes of the server itself.
func (s *Server) about(paths object) {
	const tag = "server"
	paths["/v2/health/live"] = object{"get": operation("live", tag, "Whether the server lives", jsonOf(flag("live")), 503)}
	paths["/v2/health/ready"] = object{"get": operation("ready", tag, "Whether all models are ready that should be", jsonOf(flag("ready")), 503)}
	paths["/v2"] = object{"get": operation("metadata", tag, "Name, version and extensions of the server", jsonOf(ref("Server")), 500)}
	paths["/v2/docs/dataplane.json"] = object{"get": operation("document", tag, "This document", jsonOf(object{"type": "object"}), 500)}
	if s.Logs {
		settings(paths, "/v2/logging", "logging", "logs", "Logging", nil)
	}
	if s.Traces {
		settings(paths, "/v2/trace/setting", "trace", "traces", "Tracing", nil)
	}
}

// settings are read with GET and changed with POST.
func settings(paths object, path, id, what, schema string, params []any) {
	const tag = "settings"
	get := operation(id, tag, "The settings of "+what, jsonOf(ref(schema)), about...)
	post := operation(id+"Change", tag, "Changes the settings of "+what+" that are named, and answers with all", jsonOf(ref(schema)), changes...)
	paths[path] = with(object{"get": get, "post": taking(post, ref(schema+"Change"), false)}, parameters(params))
}

func flag(name string) object {
	return object{"type": "object", "required": []any{name}, "properties": object{name: object{"type": "boolean"}}}
}

func parameters(params []any) object {
	if len(params) == 0 {
		return nil
	}
	return object{"parameters": params}
}

// models are the routes of all models, by their names.
func (s *Server) models(paths object) {
	const tag = "models"
	paths["/v2/models"] = object{"get": operation("models", tag, "The models there are", jsonOf(ref("Models")), 500, 503, 504)}
	paths["/v2/models/stats"] = object{"get": operation("stats", tag, "What has come to all models", jsonOf(ref("Statistics")), 500, 501)}
	d := newDialogue(nil)
	name := []any{inPath("model", "The name of the model.", s.names(func(*Model) bool { return true }))}
	s.one(paths, "/v2/models/{model}", "", name, d)
	if versions := s.versions(); len(versions) > 0 {
		both := append(slices.Clone(name), inPath("version", "The version of the model.", versions))
		s.one(paths, "/v2/models/{model}/versions/{version}", "Version", both, d)
	}
	if explaining := s.names(func(m *Model) bool { return m.Explains }); len(explaining) > 0 {
		op := d.inference("explain", "Explains what the model answers")
		paths["/v2/models/{model}/explain"] = object{"post": op, "parameters": []any{inPath("model", "The name of a model that explains.", explaining)}}
	}
	if s.Traces {
		settings(paths, "/v2/models/{model}/trace/setting", "traceOfModel", "traces for a model", "Tracing", name)
	}
}

// one are the routes of a model; what is in their identifiers besides the name of
// the operation is which address it is.
func (s *Server) one(paths object, path, which string, params []any, d *dialogue) {
	const tag = "models"
	add := func(at, verb string, op object) { paths[path+at] = with(object{verb: op}, parameters(params)) }
	add("", "get", operation("model"+which, tag, "What the model takes and answers", jsonOf(ref("Model")), about...))
	add("/ready", "get", operation("modelReady"+which, tag, "Whether the model is ready",
		object{"text/plain": object{"schema": object{"type": "string"}}}, append(slices.Clone(about), 408)...))
	add("/config", "get", operation("config"+which, tag, "The schema as Triton's model configuration", jsonOf(object{"type": "object"}), about...))
	add("/stats", "get", operation("modelStats"+which, tag, "What has come to the model", jsonOf(ref("Statistics")), append(slices.Clone(about), 501)...))
	add("/docs/dataplane.json", "get", operation("documentOfModel"+which, tag, "The document of this model alone", jsonOf(object{"type": "object"}), about...))
	if !d.streams {
		add("/infer", "post", d.inference("infer"+which, "An inference"))
		add("/infer_dict", "post", d.dictionaries("inferDict"+which))
		add("/generate", "post", generate("generate"+which, "An inference that is asked with its inputs by name, and answered so", jsonOf(object{"type": "object"})))
	}
	stream := object{"text/event-stream": object{"schema": ref("Event")}}
	add("/generate_stream", "post", generate("generateStream"+which, "The same with any number of answers, each an event", stream))
}

// generate is an operation of Triton's generate extension.
func generate(id, summary string, content object) object {
	return taking(operation(id, "inference", summary, content, serves...), object{"type": "object"}, true)
}

// model are the routes of one model.
func (s *Server) model(paths object, m *Model, path string, d *dialogue) {
	s.one(paths, path, "", nil, d)
	if m.Explains {
		paths[path+"/explain"] = object{"post": d.inference("explain", "Explains what the model answers")}
	}
	if s.Traces {
		settings(paths, "/v2/models/"+escape(m.Name)+"/trace/setting", "trace", "traces for this model", "Tracing", nil)
	}
	for _, name := range m.Operations {
		paths[path+"/"+escape(name)] = object{"post": own(name)}
	}
}

// own is an operation of the model's own, of which only the name is known.
func own(name string) object {
	anything := object{"*/*": object{"schema": object{}}}
	op := operation("own_"+name, "operations", "The model's own operation "+name, anything, serves...)
	op["requestBody"] = object{"content": anything}
	op["responses"].(object)["default"] = object{"description": "What the operation answers.", "content": anything}
	return op
}

// graph is the graph, of which nothing is known.
func graph(paths object) {
	anything := object{"*/*": object{"schema": object{}}}
	op := operation("graph", "graph", "An event for the graph; paths that are not listed here are its too", anything, serves...)
	op["requestBody"] = object{"content": anything}
	op["responses"].(object)["204"] = object{"description": "The graph has filtered the event."}
	op["responses"].(object)["default"] = object{"description": "What a step answers.", "content": anything}
	paths["/"] = object{"post": op}
}

func (s *Server) names(want func(*Model) bool) []string {
	var all []string
	for i := range s.Models {
		if m := &s.Models[i]; want(m) && !slices.Contains(all, m.Name) {
			all = append(all, m.Name)
		}
	}
	return all
}

func (s *Server) versions() []string {
	var all []string
	for _, m := range s.Models {
		if m.Version != "" && !slices.Contains(all, m.Version) {
			all = append(all, m.Version)
		}
	}
	return all
}

func address(m *Model, versioned bool) string {
	path := "/v2/models/" + escape(m.Name)
	if versioned {
		path += "/versions/" + escape(m.Version)
	}
	return path
}

// escape is a segment of a path. Braces are those of templates.
func escape(segment string) string { return url.PathEscape(segment) }
