//go:build cgo && linux

// ONNX Runtime, by the declarations of package onnx. Preallocated, the values of
// input and output exist before the call; otherwise it makes those of the input
// and the library those of the output, as a server has to that knows neither.

#include "library.h"

#include "capi.h"

#include <dlfcn.h>
#include <stdlib.h>

enum { FLOAT = 1, ALL_OPTIMIZATIONS = 99 };

typedef struct {
	library base;
	const OrtApi *api;
	OrtEnv *env;
	OrtMemoryInfo *cpu;
	OrtSession *session;
	int preallocated;
	size_t batches;
	OrtValue **inputs; // one a batch
	OrtValue *output;
	float *margins;
} onnxruntime;

static const char *const input_name = "x", *const output_name = "y";

static const char *why(const onnxruntime *o, OrtStatus *status) {
	return status != NULL ? o->api->GetErrorMessage(status) : NULL;
}

static OrtStatus *make(onnxruntime *o, const float *data, size_t columns, OrtValue **value) {
	int64_t shape[] = {(int64_t)o->base.w->batch, (int64_t)columns};
	size_t bytes = o->base.w->batch * columns * sizeof *data;
	return o->api->CreateTensorWithDataAsOrtValue(o->cpu, (void *)data, bytes, shape, 2, FLOAT, value);
}

static OrtStatus *make_input(onnxruntime *o, size_t batch, OrtValue **value) {
	const workload *w = o->base.w;
	return make(o, w->rows32 + batch * w->batch * w->columns, w->columns, value);
}

static const char *call(library *l, size_t batch, double *margins) {
	onnxruntime *o = (onnxruntime *)l;
	const OrtValue *input = o->inputs[batch];
	OrtStatus *status = o->api->Run(o->session, NULL, &input_name, &input, 1, &output_name, 1, &o->output);
	if (status == NULL && margins != NULL) widen(margins, o->margins, l->w->batch * l->w->groups);
	return why(o, status);
}

static const char *call_dynamic(library *l, size_t batch, double *margins) {
	onnxruntime *o = (onnxruntime *)l;
	const OrtApi *api = o->api;
	OrtValue *input = NULL, *output = NULL;
	float *result = NULL;
	OrtStatus *status = make_input(o, batch, &input);
	if (status == NULL)
		status = api->Run(o->session, NULL, &input_name, (const OrtValue *const *)&input, 1, &output_name, 1, &output);
	if (status == NULL) status = api->GetTensorMutableData(output, (void **)&result);
	if (status == NULL && margins != NULL) widen(margins, result, l->w->batch * l->w->groups);
	if (output != NULL) api->ReleaseValue(output);
	if (input != NULL) api->ReleaseValue(input);
	return why(o, status);
}

static void release(onnxruntime *o) {
	for (size_t i = 0; i < o->batches; i++) o->api->ReleaseValue(o->inputs[i]);
	if (o->output != NULL) o->api->ReleaseValue(o->output);
	free(o->inputs);
	free(o->margins);
	o->batches = 0;
	o->output = NULL;
}

static const char *make_values(library *l) {
	onnxruntime *o = (onnxruntime *)l;
	const workload *w = l->w;
	release(o);
	o->margins = calloc(w->batch * w->groups, sizeof *o->margins);
	o->inputs = calloc(w->rows / w->batch, sizeof(OrtValue *));
	if (o->margins == NULL || o->inputs == NULL) return "out of memory";
	OrtStatus *status = make(o, o->margins, w->groups, &o->output);
	while (status == NULL && o->batches < w->rows / w->batch) {
		status = make_input(o, o->batches, &o->inputs[o->batches]);
		if (status == NULL) o->batches++;
	}
	return why(o, status);
}

static OrtStatus *start(onnxruntime *o, const char *model) {
	const OrtApi *api = o->api;
	OrtSessionOptions *options;
	OrtStatus *status = api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "bench", &o->env);
	if (status == NULL) status = api->DisableTelemetryEvents(o->env);
	if (status == NULL) status = api->CreateCpuMemoryInfo(ORT_DEVICE_ALLOCATOR, ORT_MEM_TYPE_DEFAULT, &o->cpu);
	if (status == NULL) status = api->CreateSessionOptions(&options);
	if (status == NULL) status = api->SetIntraOpNumThreads(options, 1);
	if (status == NULL) status = api->SetInterOpNumThreads(options, 1);
	if (status == NULL) status = api->SetSessionGraphOptimizationLevel(options, ALL_OPTIMIZATIONS);
	if (status == NULL) status = api->CreateSession(o->env, model, options, &o->session);
	return status;
}

library *open_onnxruntime(const char *path, const char *model, int preallocated, char *error, size_t length) {
	setenv("ORT_DISABLE_TELEMETRY", "1", 1);
	void *so = open_so(path, error, length);
	if (so == NULL) return NULL;
	const OrtApiBase *(*get)(void);
	*(void **)&get = dlsym(so, "OrtGetApiBase");
	if (get == NULL) return fail(error, length, "find function", "OrtGetApiBase");
	onnxruntime *o = calloc(1, sizeof *o);
	if (o == NULL) return fail(error, length, "open", "out of memory");
	o->api = get()->GetApi(ORT_API_VERSION);
	if (o->api == NULL) return fail(error, length, "open", "it does not have the interface of version 1.24");
	OrtStatus *status = start(o, model);
	if (status != NULL) return fail(error, length, "load model", why(o, status));
	o->base.call = preallocated ? call : call_dynamic;
	o->base.prepare = make_values;
	return &o->base;
}
