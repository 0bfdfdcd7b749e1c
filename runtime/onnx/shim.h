//go:build cgo && (linux || darwin)

// What Go calls: ONNX Runtime's interface in the portions that one crossing
// from Go to C should do at once.
#ifndef LEAT_ONNX_SHIM_H
#define LEAT_ONNX_SHIM_H

#include "capi.h"

enum { ORT_MAX_RANK = 32, ORT_STRING = 8 };

// The outcome of a call: code 0, or what went wrong. The text is the caller's
// to free.
typedef struct {
	int code;
	char *text;
} ort_error;

// A library that has been started. It is never released.
typedef struct {
	const OrtApi *api;
	OrtEnv *env;
	OrtMemoryInfo *cpu;
	OrtAllocator *allocator;
} ort_library;

typedef struct {
	int intra_op_threads, inter_op_threads, optimization, parallel;
	const char *folder; // of external weights, for a model that is not loaded by path; or NULL
} ort_settings;

// What a model has: inputs, outputs, and inputs that a run may leave out.
typedef enum { ORT_INPUT, ORT_OUTPUT, ORT_DEFAULTED } ort_side;

// An input or output as the model declares it. In a sequence, type and shape
// are those of its elements.
typedef struct {
	char *name; // release with ort_free
	int kind, element_kind, type;
	bool shaped;
	size_t rank;
	int64_t dims[ORT_MAX_RANK];
} ort_port;

// A tensor on its way in or out.
typedef struct {
	int type;
	bool sequence; // out only: value is a sequence of that many elements
	size_t rank, elements, bytes;
	const int64_t *shape; // out only: lives as long as value
	void *data;           // in: the caller's, strings one after another; out: lives as long as value
	const size_t *ends;   // in, strings only: where each ends in data
	OrtValue *value;
	int64_t dims[ORT_MAX_RANK]; // in only: the shape
} ort_tensor;

// What one run needs. It is used by one run at a time.
typedef struct {
	OrtRunOptions *options;
	size_t inputs, outputs; // of the run
	ort_tensor *input, *output;
	const char **input_names, **output_names;
	OrtValue **values; // of the inputs, then of the outputs
} ort_call;

ort_error ort_open(const char *path, const OrtApiBase **base);
const char *ort_version(const OrtApiBase *base);
ort_error ort_start(const OrtApiBase *base, ort_library *lib);

ort_error ort_options(const ort_library *lib, const ort_settings *settings, OrtSessionOptions **out);
void ort_cancel_load(const ort_library *lib, OrtSessionOptions *options);
void ort_release_options(const ort_library *lib, OrtSessionOptions *options);
ort_error ort_load_file(const ort_library *lib, const char *path, const OrtSessionOptions *options, OrtSession **out);
ort_error ort_load_bytes(const ort_library *lib, const void *data, size_t bytes, const OrtSessionOptions *options, OrtSession **out);
void ort_release_session(const ort_library *lib, OrtSession *session);

ort_error ort_count(const ort_library *lib, const OrtSession *session, ort_side side, size_t *out);
ort_error ort_describe(const ort_library *lib, const OrtSession *session, ort_side side, size_t i, ort_port *port);
void ort_free(const ort_library *lib, void *p);

ort_error ort_call_new(const ort_library *lib, size_t inputs, size_t outputs, ort_call **out);
void ort_call_free(const ort_library *lib, ort_call *call);
void ort_terminate(const ort_library *lib, ort_call *call);
void ort_unterminate(const ort_library *lib, ort_call *call);

// ort_run reads call->input and fills in call->output, whose values the caller
// releases with ort_release. After an error there is nothing to release.
ort_error ort_run(const ort_library *lib, OrtSession *session, ort_call *call);
void ort_release(const ort_library *lib, ort_call *call);

// ort_element fills in the element at i of a sequence; the caller releases its
// value with ort_release_value.
ort_error ort_element(const ort_library *lib, const OrtValue *sequence, size_t i, ort_tensor *out);
void ort_release_value(const ort_library *lib, OrtValue *value);

// ort_strings copies the strings of a tensor, one after another, and where each
// begins.
ort_error ort_strings(const ort_library *lib, const OrtValue *value, void *text, size_t bytes, size_t *starts, size_t elements);

#endif
