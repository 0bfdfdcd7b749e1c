//go:build cgo && (linux || darwin)

#include "shim.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const ort_error ok = {0, NULL};

static ort_error failure(const char *text) {
	ort_error e = {ORT_FAIL, strdup(text != NULL ? text : "out of memory")};
	return e;
}

static ort_error failed(const OrtApi *api, OrtStatus *status) {
	ort_error e = {api->GetErrorCode(status), strdup(api->GetErrorMessage(status))};
	if (e.code == 0) e.code = ORT_FAIL;
	api->ReleaseStatus(status);
	return e;
}

// TRY returns from the function it stands in when the call fails.
#define TRY(call) \
	do { \
		OrtStatus *status_ = (call); \
		if (status_ != NULL) return failed(api, status_); \
	} while (0)

ort_error ort_open(const char *path, const OrtApiBase **base) {
	void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (handle == NULL) return failure(dlerror());
	const OrtApiBase *(*get)(void);
	*(void **)&get = dlsym(handle, "OrtGetApiBase");
	if (get == NULL) {
		dlclose(handle);
		return failure("it has no function OrtGetApiBase, so it is another library");
	}
	*base = get();
	return *base != NULL ? ok : failure("OrtGetApiBase returned nothing");
}

const char *ort_version(const OrtApiBase *base) { return base->GetVersionString(); }

ort_error ort_start(const OrtApiBase *base, ort_library *lib) {
	const OrtApi *api = base->GetApi(ORT_API_VERSION);
	if (api == NULL) return failure("it does not have the interface of version 1.24");
	// Newer libraries gather what they do in a database in the user's cache folder
	// and report it. The variable keeps them from starting to, the call from going on.
	setenv("ORT_DISABLE_TELEMETRY", "1", 1);
	// What fails is returned to the caller, so only what ends the process is logged.
	TRY(api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "leat", &lib->env));
	TRY(api->DisableTelemetryEvents(lib->env));
	TRY(api->CreateCpuMemoryInfo(ORT_DEVICE_ALLOCATOR, ORT_MEM_TYPE_DEFAULT, &lib->cpu));
	TRY(api->GetAllocatorWithDefaultOptions(&lib->allocator));
	lib->api = api;
	return ok;
}

static ort_error set_options(const OrtApi *api, const ort_settings *s, OrtSessionOptions *o) {
	TRY(api->SetSessionLogSeverityLevel(o, ORT_LOGGING_LEVEL_FATAL));
	TRY(api->SetIntraOpNumThreads(o, s->intra_op_threads));
	TRY(api->SetInterOpNumThreads(o, s->inter_op_threads));
	TRY(api->SetSessionGraphOptimizationLevel(o, s->optimization));
	TRY(api->SetSessionExecutionMode(o, s->parallel));
	// Threads that wait for work sleep instead of keeping the processor busy.
	TRY(api->AddSessionConfigEntry(o, "session.intra_op.allow_spinning", "0"));
	TRY(api->AddSessionConfigEntry(o, "session.inter_op.allow_spinning", "0"));
	if (s->folder != NULL)
		TRY(api->AddSessionConfigEntry(o, "session.model_external_initializers_file_folder_path", s->folder));
	return ok;
}

ort_error ort_options(const ort_library *lib, const ort_settings *settings, OrtSessionOptions **out) {
	const OrtApi *api = lib->api;
	TRY(api->CreateSessionOptions(out));
	ort_error e = set_options(api, settings, *out);
	if (e.code != 0) api->ReleaseSessionOptions(*out);
	return e;
}

void ort_cancel_load(const ort_library *lib, OrtSessionOptions *options) {
	OrtStatus *status = lib->api->SessionOptionsSetLoadCancellationFlag(options, true);
	if (status != NULL) lib->api->ReleaseStatus(status);
}

void ort_release_options(const ort_library *lib, OrtSessionOptions *options) { lib->api->ReleaseSessionOptions(options); }

ort_error ort_load_file(const ort_library *lib, const char *path, const OrtSessionOptions *options, OrtSession **out) {
	const OrtApi *api = lib->api;
	TRY(api->CreateSession(lib->env, path, options, out));
	return ok;
}

ort_error ort_load_bytes(const ort_library *lib, const void *data, size_t bytes, const OrtSessionOptions *options, OrtSession **out) {
	const OrtApi *api = lib->api;
	TRY(api->CreateSessionFromArray(lib->env, data, bytes, options, out));
	return ok;
}

void ort_release_session(const ort_library *lib, OrtSession *session) { lib->api->ReleaseSession(session); }

ort_error ort_count(const ort_library *lib, const OrtSession *session, ort_side side, size_t *out) {
	const OrtApi *api = lib->api;
	switch (side) {
	case ORT_INPUT:
		TRY(api->SessionGetInputCount(session, out));
		break;
	case ORT_OUTPUT:
		TRY(api->SessionGetOutputCount(session, out));
		break;
	case ORT_DEFAULTED:
		TRY(api->SessionGetOverridableInitializerCount(session, out));
		break;
	}
	return ok;
}

static ort_error describe_tensor(const OrtApi *api, const OrtTypeInfo *info, ort_port *port) {
	const OrtTensorInfo *tensor = NULL;
	TRY(api->CastTypeInfoToTensorInfo(info, &tensor));
	if (tensor == NULL) return ok;
	TRY(api->GetTensorElementType(tensor, &port->type));
	port->shaped = api->TensorTypeAndShape_HasShape(tensor);
	if (!port->shaped) return ok;
	TRY(api->GetDimensionsCount(tensor, &port->rank));
	if (port->rank > ORT_MAX_RANK) return failure("it has more than 32 dimensions");
	if (port->rank > 0) TRY(api->GetDimensions(tensor, port->dims, port->rank));
	return ok;
}

static ort_error describe_sequence(const OrtApi *api, const OrtTypeInfo *info, ort_port *port) {
	const OrtSequenceTypeInfo *sequence = NULL;
	TRY(api->CastTypeInfoToSequenceTypeInfo(info, &sequence));
	if (sequence == NULL) return ok;
	OrtTypeInfo *element = NULL;
	TRY(api->GetSequenceElementType(sequence, &element));
	OrtStatus *status = api->GetOnnxTypeFromTypeInfo(element, &port->element_kind);
	ort_error e = ok;
	if (status != NULL)
		e = failed(api, status);
	else if (port->element_kind == ONNX_TYPE_TENSOR)
		e = describe_tensor(api, element, port);
	api->ReleaseTypeInfo(element);
	return e;
}

static ort_error describe_type(const OrtApi *api, const OrtTypeInfo *info, ort_port *port) {
	TRY(api->GetOnnxTypeFromTypeInfo(info, &port->kind));
	switch (port->kind) {
	case ONNX_TYPE_TENSOR:
		return describe_tensor(api, info, port);
	case ONNX_TYPE_SEQUENCE:
		return describe_sequence(api, info, port);
	}
	return ok;
}

static OrtStatus *name_of(const ort_library *lib, const OrtSession *session, ort_side side, size_t i, char **out) {
	const OrtApi *api = lib->api;
	switch (side) {
	case ORT_OUTPUT:
		return api->SessionGetOutputName(session, i, lib->allocator, out);
	case ORT_DEFAULTED:
		return api->SessionGetOverridableInitializerName(session, i, lib->allocator, out);
	default:
		return api->SessionGetInputName(session, i, lib->allocator, out);
	}
}

static OrtStatus *type_of(const OrtApi *api, const OrtSession *session, ort_side side, size_t i, OrtTypeInfo **out) {
	switch (side) {
	case ORT_OUTPUT:
		return api->SessionGetOutputTypeInfo(session, i, out);
	case ORT_DEFAULTED:
		return api->SessionGetOverridableInitializerTypeInfo(session, i, out);
	default:
		return api->SessionGetInputTypeInfo(session, i, out);
	}
}

ort_error ort_describe(const ort_library *lib, const OrtSession *session, ort_side side, size_t i, ort_port *port) {
	const OrtApi *api = lib->api;
	memset(port, 0, sizeof *port);
	TRY(name_of(lib, session, side, i, &port->name));
	OrtTypeInfo *info = NULL;
	TRY(type_of(api, session, side, i, &info));
	ort_error e = describe_type(api, info, port);
	api->ReleaseTypeInfo(info);
	return e;
}

void ort_free(const ort_library *lib, void *p) {
	OrtStatus *status = p != NULL ? lib->api->AllocatorFree(lib->allocator, p) : NULL;
	if (status != NULL) lib->api->ReleaseStatus(status);
}

ort_error ort_call_new(const ort_library *lib, size_t inputs, size_t outputs, ort_call **out) {
	const OrtApi *api = lib->api;
	size_t both = inputs + outputs;
	ort_call *call = calloc(1, sizeof *call + both * (sizeof(ort_tensor) + 2 * sizeof(void *)));
	if (call == NULL) return failure(NULL);
	call->input = (ort_tensor *)(call + 1);
	call->output = call->input + inputs;
	call->values = (OrtValue **)(call->input + both);
	call->input_names = (const char **)(call->values + both);
	call->output_names = call->input_names + inputs;
	call->inputs = inputs;
	OrtStatus *status = api->CreateRunOptions(&call->options);
	if (status != NULL) {
		free(call);
		return failed(api, status);
	}
	*out = call;
	return ok;
}

void ort_call_free(const ort_library *lib, ort_call *call) {
	lib->api->ReleaseRunOptions(call->options);
	free(call);
}

void ort_terminate(const ort_library *lib, ort_call *call) {
	OrtStatus *status = lib->api->RunOptionsSetTerminate(call->options);
	if (status != NULL) lib->api->ReleaseStatus(status);
}

void ort_unterminate(const ort_library *lib, ort_call *call) {
	OrtStatus *status = lib->api->RunOptionsUnsetTerminate(call->options);
	if (status != NULL) lib->api->ReleaseStatus(status);
}

static OrtStatus *fill_strings(const OrtApi *api, const ort_tensor *t, OrtValue *value) {
	size_t start = 0;
	for (size_t i = 0; i < t->elements; i++) {
		size_t bytes = t->ends[i] - start;
		char *to = NULL;
		OrtStatus *status = api->GetResizedStringTensorElementBuffer(value, i, bytes, &to);
		if (status != NULL) return status;
		if (bytes > 0) memcpy(to, (const char *)t->data + start, bytes);
		start = t->ends[i];
	}
	return NULL;
}

// make_value makes the value of an input: over the caller's memory, except for
// strings, which are copied.
static OrtStatus *make_value(const ort_library *lib, const ort_tensor *t, OrtValue **out) {
	static char nothing[8]; // where the elements of an empty tensor are
	const OrtApi *api = lib->api;
	if (t->type != ORT_STRING)
		return api->CreateTensorWithDataAsOrtValue(lib->cpu, t->bytes > 0 ? t->data : nothing, t->bytes, t->dims, t->rank, t->type, out);
	OrtStatus *status = api->CreateTensorAsOrtValue(lib->allocator, t->dims, t->rank, t->type, out);
	return status != NULL ? status : fill_strings(api, t, *out);
}

static OrtStatus *read_value(const OrtApi *api, ort_tensor *t) {
	if (t->sequence) return api->GetValueCount(t->value, &t->elements);
	OrtStatus *status = api->GetTensorElementTypeAndShapeDataReference(t->value, &t->type, &t->shape, &t->rank);
	if (status != NULL) return status;
	if (t->type == ORT_STRING) return api->GetStringTensorDataLength(t->value, &t->bytes);
	return api->GetTensorMutableData(t->value, &t->data);
}

static void release_values(const OrtApi *api, OrtValue **values, size_t n) {
	for (size_t i = 0; i < n; i++) {
		if (values[i] != NULL) api->ReleaseValue(values[i]);
		values[i] = NULL;
	}
}

static OrtStatus *read_outputs(const OrtApi *api, ort_call *call, OrtValue **values) {
	for (size_t i = 0; i < call->outputs; i++) {
		call->output[i].value = values[i];
		OrtStatus *status = read_value(api, &call->output[i]);
		if (status != NULL) return status;
	}
	return NULL;
}

ort_error ort_run(const ort_library *lib, OrtSession *session, ort_call *call) {
	const OrtApi *api = lib->api;
	OrtValue **inputs = call->values, **outputs = call->values + call->inputs;
	OrtStatus *status = NULL;
	size_t made = 0;
	while (made < call->inputs && status == NULL) {
		status = make_value(lib, &call->input[made], &inputs[made]);
		made++;
	}
	if (status == NULL)
		status = api->Run(session, call->options, call->input_names, (const OrtValue *const *)inputs, call->inputs, call->output_names, call->outputs, outputs);
	release_values(api, inputs, made);
	if (status == NULL) status = read_outputs(api, call, outputs);
	if (status == NULL) return ok;
	release_values(api, outputs, call->outputs);
	return failed(api, status);
}

void ort_release(const ort_library *lib, ort_call *call) {
	release_values(lib->api, call->values + call->inputs, call->outputs);
}

ort_error ort_element(const ort_library *lib, const OrtValue *sequence, size_t i, ort_tensor *out) {
	const OrtApi *api = lib->api;
	memset(out, 0, sizeof *out);
	TRY(api->GetValue(sequence, (int)i, lib->allocator, &out->value));
	OrtStatus *status = read_value(api, out);
	if (status == NULL) return ok;
	api->ReleaseValue(out->value);
	return failed(api, status);
}

void ort_release_value(const ort_library *lib, OrtValue *value) { lib->api->ReleaseValue(value); }

ort_error ort_strings(const ort_library *lib, const OrtValue *value, void *text, size_t bytes, size_t *starts, size_t elements) {
	const OrtApi *api = lib->api;
	TRY(api->GetStringTensorContent(value, text, bytes, starts, elements));
	return ok;
}
