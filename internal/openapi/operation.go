package openapi

import "strconv"

// kinds are the failures that there are, by status. Each is a JSON object with the
// reason.
var kinds = map[int]string{
	400: "The request is wrong: the error says where.",
	403: "Who asks may not: only this machine loads models and changes settings, and no web page does.",
	404: "There is no such model, version or operation.",
	408: "The model is not ready: the error says why.",
	413: "The body is larger than the server takes.",
	415: "The content encoding is neither gzip nor deflate.",
	500: "The model or a step has failed.",
	501: "It is not offered: the error says what to do.",
	503: "The model is not ready, or the server is overloaded or shuts down.",
	504: "The request has outlived the time that requests have.",
}

// failures are the components that operations refer to.
func failures() object {
	all := object{}
	for status, about := range kinds {
		r := object{"description": about, "content": jsonOf(ref("Error"))}
		if status == 503 {
			r["headers"] = object{"Retry-After": object{"description": "Seconds after which to try again.", "schema": object{"type": "string"}}}
		}
		all[code(status)] = r
	}
	return all
}

func code(status int) string { return strconv.Itoa(status) }

// operation is one that answers 200 with content, and may fail in these ways.
func operation(id, tag, summary string, content object, fails ...int) object {
	responses := object{"200": object{"description": "It is done.", "content": content}}
	for _, status := range fails {
		responses[code(status)] = object{"$ref": "#/components/responses/" + code(status)}
	}
	return object{"operationId": id, "tags": []any{tag}, "summary": summary, "responses": responses}
}

// about are the failures of what tells of a model.
var about = []int{400, 404, 500, 503, 504}

// changes are those of what changes a server.
var changes = []int{400, 403, 404, 413, 415, 500, 501, 503, 504}

// serves are those of what a model does.
var serves = []int{400, 404, 413, 415, 500, 501, 503, 504}

// with adds members to an operation.
func with(op object, members object) object {
	for key, v := range members {
		op[key] = v
	}
	return op
}

// taking is an operation with a JSON body.
func taking(op, schema object, required bool) object {
	op["requestBody"] = object{"required": required, "content": jsonOf(schema)}
	return op
}

func ref(schema string) object { return object{"$ref": "#/components/schemas/" + schema} }

func jsonOf(schema object) object { return object{"application/json": object{"schema": schema}} }

// inPath is a parameter of a path, one of values unless there are too many.
func inPath(name, about string, values []string) object {
	const listed = 100
	schema := object{"type": "string", "minLength": 1}
	if n := len(values); n > 0 && n <= listed {
		schema["enum"] = values
	}
	return object{"name": name, "in": "path", "required": true, "description": about, "schema": schema}
}
