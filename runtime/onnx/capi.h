//go:build cgo && (linux || darwin)

// The part of ONNX Runtime's C interface that is called from here, written down
// from its documentation (https://onnxruntime.ai/docs/api/c/struct_ort_api.html;
// MIT licence). The interface is one table of functions that only ever grows at
// its end, so a place in it means the same in every library that has it; the
// numbers are places. The last one came with version 1.24.
#ifndef LEAT_ONNX_CAPI_H
#define LEAT_ONNX_CAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORT_API_VERSION 24

typedef struct OrtAllocator OrtAllocator;
typedef struct OrtEnv OrtEnv;
typedef struct OrtMapTypeInfo OrtMapTypeInfo;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtSequenceTypeInfo OrtSequenceTypeInfo;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtStatus OrtStatus;
typedef struct OrtTensorInfo OrtTensorInfo; // OrtTensorTypeAndShapeInfo there
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtValue OrtValue;

enum { // OrtErrorCode
	ORT_FAIL = 1,
	ORT_INVALID_ARGUMENT = 2,
};

enum { // ONNXType
	ONNX_TYPE_TENSOR = 1,
	ONNX_TYPE_SEQUENCE = 2,
	ONNX_TYPE_MAP = 3,
	ONNX_TYPE_OPAQUE = 4,
	ONNX_TYPE_SPARSETENSOR = 5,
	ONNX_TYPE_OPTIONAL = 6,
};

enum { // OrtLoggingLevel, OrtAllocatorType, OrtMemType
	ORT_LOGGING_LEVEL_FATAL = 4,
	ORT_DEVICE_ALLOCATOR = 0,
	ORT_MEM_TYPE_DEFAULT = 0,
};

typedef struct {
	OrtStatus *(*unused0)(void);
	int (*GetErrorCode)(const OrtStatus *);           // 1
	const char *(*GetErrorMessage)(const OrtStatus *); // 2
	OrtStatus *(*CreateEnv)(int level, const char *id, OrtEnv **);
	void *unused4[2];
	OrtStatus *(*DisableTelemetryEvents)(const OrtEnv *); // 6
	OrtStatus *(*CreateSession)(const OrtEnv *, const char *path, const OrtSessionOptions *, OrtSession **); // 7
	OrtStatus *(*CreateSessionFromArray)(const OrtEnv *, const void *, size_t, const OrtSessionOptions *, OrtSession **);
	OrtStatus *(*Run)(OrtSession *, const OrtRunOptions *, const char *const *input_names, const OrtValue *const *inputs,
	                  size_t, const char *const *output_names, size_t, OrtValue **outputs);
	OrtStatus *(*CreateSessionOptions)(OrtSessionOptions **); // 10
	void *unused11[2];
	OrtStatus *(*SetSessionExecutionMode)(OrtSessionOptions *, int); // 13
	void *unused14[8];
	OrtStatus *(*SetSessionLogSeverityLevel)(OrtSessionOptions *, int); // 22
	OrtStatus *(*SetSessionGraphOptimizationLevel)(OrtSessionOptions *, int);
	OrtStatus *(*SetIntraOpNumThreads)(OrtSessionOptions *, int);
	OrtStatus *(*SetInterOpNumThreads)(OrtSessionOptions *, int);
	void *unused26[4];
	OrtStatus *(*SessionGetInputCount)(const OrtSession *, size_t *); // 30
	OrtStatus *(*SessionGetOutputCount)(const OrtSession *, size_t *);
	OrtStatus *(*SessionGetOverridableInitializerCount)(const OrtSession *, size_t *);
	OrtStatus *(*SessionGetInputTypeInfo)(const OrtSession *, size_t, OrtTypeInfo **); // 33
	OrtStatus *(*SessionGetOutputTypeInfo)(const OrtSession *, size_t, OrtTypeInfo **);
	OrtStatus *(*SessionGetOverridableInitializerTypeInfo)(const OrtSession *, size_t, OrtTypeInfo **);
	OrtStatus *(*SessionGetInputName)(const OrtSession *, size_t, OrtAllocator *, char **); // 36
	OrtStatus *(*SessionGetOutputName)(const OrtSession *, size_t, OrtAllocator *, char **);
	OrtStatus *(*SessionGetOverridableInitializerName)(const OrtSession *, size_t, OrtAllocator *, char **);
	OrtStatus *(*CreateRunOptions)(OrtRunOptions **); // 39
	void *unused40[6];
	OrtStatus *(*RunOptionsSetTerminate)(OrtRunOptions *); // 46
	OrtStatus *(*RunOptionsUnsetTerminate)(OrtRunOptions *);
	OrtStatus *(*CreateTensorAsOrtValue)(OrtAllocator *, const int64_t *shape, size_t, int type, OrtValue **);
	OrtStatus *(*CreateTensorWithDataAsOrtValue)(const OrtMemoryInfo *, void *data, size_t bytes, const int64_t *shape,
	                                             size_t, int type, OrtValue **);
	void *unused50;
	OrtStatus *(*GetTensorMutableData)(OrtValue *, void **); // 51
	void *unused52;
	OrtStatus *(*GetStringTensorDataLength)(const OrtValue *, size_t *); // 53
	OrtStatus *(*GetStringTensorContent)(const OrtValue *, void *, size_t, size_t *offsets, size_t);
	OrtStatus *(*CastTypeInfoToTensorInfo)(const OrtTypeInfo *, const OrtTensorInfo **);
	OrtStatus *(*GetOnnxTypeFromTypeInfo)(const OrtTypeInfo *, int *);
	void *unused57[3];
	OrtStatus *(*GetTensorElementType)(const OrtTensorInfo *, int *); // 60
	OrtStatus *(*GetDimensionsCount)(const OrtTensorInfo *, size_t *);
	OrtStatus *(*GetDimensions)(const OrtTensorInfo *, int64_t *, size_t);
	void *unused63[6];
	OrtStatus *(*CreateCpuMemoryInfo)(int allocator_type, int mem_type, OrtMemoryInfo **); // 69
	void *unused70[6];
	OrtStatus *(*AllocatorFree)(OrtAllocator *, void *); // 76
	void *unused77;
	OrtStatus *(*GetAllocatorWithDefaultOptions)(OrtAllocator **); // 78
	void *unused79;
	OrtStatus *(*GetValue)(const OrtValue *, int, OrtAllocator *, OrtValue **); // 80
	OrtStatus *(*GetValueCount)(const OrtValue *, size_t *);
	void *unused82[11];
	void (*ReleaseStatus)(OrtStatus *); // 93
	void *unused94;
	void (*ReleaseSession)(OrtSession *); // 95
	void (*ReleaseValue)(OrtValue *);
	void (*ReleaseRunOptions)(OrtRunOptions *);
	void (*ReleaseTypeInfo)(OrtTypeInfo *);
	void *unused99;
	void (*ReleaseSessionOptions)(OrtSessionOptions *); // 100
	void *unused101[3];
	OrtStatus *(*CastTypeInfoToSequenceTypeInfo)(const OrtTypeInfo *, const OrtSequenceTypeInfo **); // 104
	void *unused105[2];
	OrtStatus *(*GetSequenceElementType)(const OrtSequenceTypeInfo *, OrtTypeInfo **); // 107
	void *unused108[22];
	OrtStatus *(*AddSessionConfigEntry)(OrtSessionOptions *, const char *key, const char *value); // 130
	void *unused131[121];
	OrtStatus *(*GetResizedStringTensorElementBuffer)(OrtValue *, size_t, size_t bytes, char **); // 252
	void *unused253[40];
	OrtStatus *(*SessionOptionsSetLoadCancellationFlag)(OrtSessionOptions *, bool); // 293
	void *unused294[96];
	bool (*TensorTypeAndShape_HasShape)(const OrtTensorInfo *); // 390
	void *unused391[23];
	OrtStatus *(*GetTensorElementTypeAndShapeDataReference)(const OrtValue *, int *type, const int64_t **shape, size_t *); // 414
} OrtApi;

// A wrong number of unused places is an error of the compiler.
#define ORT_PLACE(function, place) \
	_Static_assert(offsetof(OrtApi, function) == (place) * sizeof(void *), #function " is out of place")
ORT_PLACE(GetErrorMessage, 2);
ORT_PLACE(DisableTelemetryEvents, 6);
ORT_PLACE(CreateSession, 7);
ORT_PLACE(CreateSessionOptions, 10);
ORT_PLACE(SetSessionExecutionMode, 13);
ORT_PLACE(SetSessionLogSeverityLevel, 22);
ORT_PLACE(SessionGetInputCount, 30);
ORT_PLACE(SessionGetOverridableInitializerCount, 32);
ORT_PLACE(SessionGetInputTypeInfo, 33);
ORT_PLACE(SessionGetOverridableInitializerTypeInfo, 35);
ORT_PLACE(SessionGetInputName, 36);
ORT_PLACE(SessionGetOverridableInitializerName, 38);
ORT_PLACE(CreateRunOptions, 39);
ORT_PLACE(RunOptionsSetTerminate, 46);
ORT_PLACE(GetTensorMutableData, 51);
ORT_PLACE(GetStringTensorDataLength, 53);
ORT_PLACE(GetTensorElementType, 60);
ORT_PLACE(CreateCpuMemoryInfo, 69);
ORT_PLACE(AllocatorFree, 76);
ORT_PLACE(GetAllocatorWithDefaultOptions, 78);
ORT_PLACE(GetValue, 80);
ORT_PLACE(ReleaseStatus, 93);
ORT_PLACE(ReleaseSession, 95);
ORT_PLACE(ReleaseSessionOptions, 100);
ORT_PLACE(CastTypeInfoToSequenceTypeInfo, 104);
ORT_PLACE(GetSequenceElementType, 107);
ORT_PLACE(AddSessionConfigEntry, 130);
ORT_PLACE(GetResizedStringTensorElementBuffer, 252);
ORT_PLACE(SessionOptionsSetLoadCancellationFlag, 293);
ORT_PLACE(TensorTypeAndShape_HasShape, 390);
ORT_PLACE(GetTensorElementTypeAndShapeDataReference, 414);

typedef struct {
	const OrtApi *(*GetApi)(uint32_t version);
	const char *(*GetVersionString)(void);
} OrtApiBase;

#endif
