package openapi

import "math"

// schemas are those that every document has.
func (s *Server) schemas() object {
	lengths := object{"type": "array", "items": object{"type": "integer", "minimum": -1}}
	tensor := record(object{"name": text(), "datatype": text(), "shape": lengths}, "name", "datatype", "shape")
	return object{
		"Error":          record(object{"error": text()}, "error"),
		"Event":          event(),
		"Server":         record(object{"name": text(), "version": text(), "extensions": listOf(text())}, "name", "version", "extensions"),
		"Models":         record(object{"models": listOf(text())}, "models"),
		"TensorMetadata": tensor,
		"Model": record(object{"name": text(), "version": text(), "versions": listOf(text()), "platform": text(),
			"inputs": listOf(ref("TensorMetadata")), "outputs": listOf(ref("TensorMetadata"))}, "name", "platform", "inputs", "outputs"),
		"Statistics": record(object{"model_stats": listOf(object{"type": "object"})}, "model_stats"),
		"Index": listOf(record(object{"name": text(), "version": text(), "reason": text(),
			"state": choice("UNKNOWN", "READY", "UNAVAILABLE", "LOADING", "UNLOADING")}, "name", "state", "reason")),
		"Load": record(object{"parameters": object{
			"type":                 "object",
			"description":          "config is a model configuration as JSON in a string; file:<version>/<name> is a file in base64, and needs config.",
			"properties":           object{"config": text()},
			"additionalProperties": parameter(),
		}}),
		"Unload":        record(object{"parameters": record(object{"unload_dependents": object{"type": "boolean"}})}),
		"Loaded":        record(object{"name": text(), "load": object{"type": "boolean"}}, "name", "load"),
		"Unloaded":      record(object{"name": text(), "unload": object{"type": "boolean"}}, "name", "unload"),
		"Logging":       record(logging(), "log_file", "log_info", "log_warning", "log_error", "log_verbose_level", "log_format"),
		"LoggingChange": closed(without(logging(), "log_file")),
		"Tracing":       record(tracing(false, true), "trace_file", "trace_level", "trace_rate", "trace_count", "log_frequency"),
		"TracingChange": closed(without(tracing(true, s.Collects), "trace_file")),
		"V1Ready":       record(object{"name": text(), "ready": object{"type": "boolean"}}, "name", "ready"),
		"V1Request":     record(object{"instances": listOf(object{})}, "instances"),
		"Parameters":    object{"type": "object", "additionalProperties": parameter()},
	}
}

// event is one of a stream: before OpenAPI 3.2 the schema of a stream of events is read
// as that of each.
func event() object {
	data := object{"type": "string", "description": "An answer as generate has it, or an object with error, in JSON."}
	return record(object{"data": data}, "data")
}

func logging() object {
	on := object{"type": "boolean"}
	return object{"log_file": text(), "log_info": on, "log_warning": on, "log_error": on,
		"log_verbose_level": object{"type": "integer", "minimum": 0, "maximum": uint32(math.MaxUint32)}, "log_format": choice("default", "ISO8601")}
}

// tracing are the settings of traces; in a change null clears one.
func tracing(change, on bool) object {
	level := listOf(choice("OFF"))
	if on {
		level = listOf(choice("OFF", "TIMESTAMPS"))
	}
	all := object{"trace_file": text(), "trace_level": level, "trace_rate": digits("^[0-9]{1,9}$"), "trace_count": digits("^-?[0-9]{1,9}$"), "log_frequency": choice("0")}
	if change {
		level["maxItems"] = 1
		for _, key := range []string{"trace_level", "trace_rate", "trace_count"} {
			all[key].(object)["nullable"] = true
		}
	}
	return all
}

func digits(pattern string) object { return object{"type": "string", "pattern": pattern} }

// record is an object that may have more members.
func record(properties object, required ...string) object {
	o := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// closed is one that has no others.
func closed(properties object) object {
	return with(record(properties), object{"additionalProperties": false})
}

func without(o object, key string) object {
	delete(o, key)
	return o
}

func listOf(items object) object { return object{"type": "array", "items": items} }

func choice(values ...string) object { return object{"type": "string", "enum": values} }

// parameter is the value of one.
func parameter() object {
	return object{"anyOf": []any{text(), object{"type": "number"}, object{"type": "boolean"}}}
}
