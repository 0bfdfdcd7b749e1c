package openapi

// repository are the routes of the repository of models.
func repository(paths object) {
	const tag = "repository"
	index := operation("index", tag, "The models with their states", jsonOf(ref("Index")), changes...)
	paths["/v2/repository/index"] = object{"post": taking(index, object{"type": "object", "properties": object{"ready": object{"type": "boolean"}}}, false)}
	name := []any{inPath("model", "The name of a model in the repository.", nil)}
	load := operation("load", tag, "Loads the model as it stands in the repository, or with another configuration and other files, in the place of what serves", jsonOf(ref("Loaded")), changes...)
	paths["/v2/repository/models/{model}/load"] = with(object{"post": taking(load, ref("Load"), false)}, parameters(name))
	unload := operation("unload", tag, "Takes the model out of service", jsonOf(ref("Unloaded")), changes...)
	paths["/v2/repository/models/{model}/unload"] = with(object{"post": taking(unload, ref("Unload"), false)}, parameters(name))
}

// v1 are the routes of the V1 protocol.
func (s *Server) v1(paths object) {
	paths["/v1/models"] = object{"get": operation("v1Models", "V1", "The models there are", jsonOf(ref("Models")), 500, 503, 504)}
	name := []any{inPath("model", "The name of the model.", s.names(func(*Model) bool { return true }))}
	v1Model(paths, "/v1/models/{model}", false, name)
	if explaining := s.names(func(m *Model) bool { return m.Explains }); len(explaining) > 0 {
		paths["/v1/models/{model}:explain"] = with(object{"post": v1Operation("explain", "explanations")},
			parameters([]any{inPath("model", "The name of a model that explains.", explaining)}))
	}
}

func v1Model(paths object, path string, explains bool, params []any) {
	paths[path] = with(object{"get": operation("v1Ready", "V1", "Whether the model is ready", jsonOf(ref("V1Ready")), about...)}, parameters(params))
	paths[path+":predict"] = with(object{"post": v1Operation("predict", "predictions")}, parameters(params))
	if explains {
		paths[path+":explain"] = with(object{"post": v1Operation("explain", "explanations")}, parameters(params))
	}
}

func v1Operation(verb, result string) object {
	answer := object{"type": "object", "required": []any{result}, "properties": object{result: object{}}}
	op := operation("v1_"+verb, "V1", "Asks the model for "+result, jsonOf(answer), serves...)
	event := object{"type": "object", "required": []any{"id", "source", "specversion", "type"}, "properties": object{
		"id": text(), "source": text(), "specversion": text(), "type": text(), "data": ref("V1Request"), "data_base64": text()}}
	op["requestBody"] = object{"required": true, "content": object{
		"application/json":             object{"schema": ref("V1Request")},
		"application/cloudevents+json": object{"schema": event},
	}}
	op["responses"].(object)["200"].(object)["content"].(object)["application/cloudevents+json"] = object{"schema": object{"type": "object"}}
	return op
}

func text() object { return object{"type": "string"} }
