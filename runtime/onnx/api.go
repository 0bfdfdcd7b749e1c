//go:build cgo && (linux || darwin)

//nolint:gocritic // it finds fault with the code that cgo makes of this file
package onnx

// #cgo linux LDFLAGS: -ldl
// #cgo noescape ort_run
// #cgo nocallback ort_run
// #cgo nocallback ort_release
// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"strings"
	"unsafe"
)

// This is the one file that calls C: what the others use of shim.h, with Go's
// types.
type (
	apiBase    = C.OrtApiBase
	apiLibrary = C.ort_library
	ortSession = C.OrtSession
	ortOptions = C.OrtSessionOptions
	ortValue   = C.OrtValue
	ortPort    = C.ort_port
	ortTensor  = C.ort_tensor
	ortCall    = C.ort_call
	cInt       = C.int
	cSize      = C.size_t
	cDim       = C.int64_t
	cText      = C.char
	cBool      = C.bool
)

const (
	apiVersion      = C.ORT_API_VERSION
	invalidArgument = C.ORT_INVALID_ARGUMENT
	maxRank         = C.ORT_MAX_RANK
	stringElement   = C.ORT_STRING

	kindTensor       = C.ONNX_TYPE_TENSOR
	kindSequence     = C.ONNX_TYPE_SEQUENCE
	kindMap          = C.ONNX_TYPE_MAP
	kindOpaque       = C.ONNX_TYPE_OPAQUE
	kindSparseTensor = C.ONNX_TYPE_SPARSETENSOR
	kindOptional     = C.ONNX_TYPE_OPTIONAL
)

// A side is what a port is.
type side int

const (
	inputs   side = C.ORT_INPUT
	outputs  side = C.ORT_OUTPUT
	defaults side = C.ORT_DEFAULTED // inputs that have a value in the file
)

// An ortError is what the library says went wrong.
type ortError struct {
	code int
	text string
}

func (e *ortError) Error() string { return e.text }

// failure is the error of a call; nil if it succeeded.
func failure(e C.ort_error) error {
	if e.code == 0 {
		return nil
	}
	defer C.free(unsafe.Pointer(e.text))
	return &ortError{code: int(e.code), text: strings.TrimSpace(C.GoString(e.text))}
}

func apiOpen(path string) (base *apiBase, version string, err error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	if err = failure(C.ort_open(name, &base)); err == nil {
		version = C.GoString(C.ort_version(base))
	}
	return base, version, err
}

// apiStart returns the library in C's memory, where it stays.
func apiStart(base *apiBase) (*apiLibrary, error) {
	lib := (*apiLibrary)(C.calloc(1, C.sizeof_ort_library))
	return lib, failure(C.ort_start(base, lib))
}

func (l *library) newOptions(s settings, folder string) (options *ortOptions, err error) {
	c := C.ort_settings{intra_op_threads: C.int(s.intraOp), inter_op_threads: C.int(s.interOp), optimization: C.int(s.optimization)}
	if s.parallel {
		c.parallel = 1
	}
	if folder != "" {
		c.folder = C.CString(folder)
		defer C.free(unsafe.Pointer(c.folder))
	}
	err = failure(C.ort_options(l.api, &c, &options))
	return options, err
}

func (l *library) cancelLoad(options *ortOptions) { C.ort_cancel_load(l.api, options) }

func (l *library) releaseOptions(options *ortOptions) { C.ort_release_options(l.api, options) }

func (l *library) loadFile(path string, options *ortOptions) (session *ortSession, err error) {
	file := C.CString(path)
	defer C.free(unsafe.Pointer(file))
	err = failure(C.ort_load_file(l.api, file, options, &session))
	return session, err
}

func (l *library) loadBytes(model []byte, options *ortOptions) (session *ortSession, err error) {
	err = failure(C.ort_load_bytes(l.api, unsafe.Pointer(unsafe.SliceData(model)), C.size_t(len(model)), options, &session))
	return session, err
}

func (l *library) releaseSession(session *ortSession) { C.ort_release_session(l.api, session) }

func (l *library) count(session *ortSession, of side) (int, error) {
	var n C.size_t
	err := failure(C.ort_count(l.api, session, C.ort_side(of), &n))
	return int(n), err
}

// describe reads an input or output; its name is to be released by free, even
// after an error.
func (l *library) describe(session *ortSession, of side, i int) (p ortPort, name string, err error) {
	err = failure(C.ort_describe(l.api, session, C.ort_side(of), C.size_t(i), &p))
	return p, C.GoString(p.name), err
}

func (l *library) free(name *cText) { C.ort_free(l.api, unsafe.Pointer(name)) }

func (l *library) newCall(inputs, outputs int) (c *ortCall, err error) {
	err = failure(C.ort_call_new(l.api, C.size_t(inputs), C.size_t(outputs), &c))
	return c, err
}

func (l *library) freeCall(c *ortCall)    { C.ort_call_free(l.api, c) }
func (l *library) terminate(c *ortCall)   { C.ort_terminate(l.api, c) }
func (l *library) unterminate(c *ortCall) { C.ort_unterminate(l.api, c) }

func (l *library) run(session *ortSession, c *ortCall) error {
	return failure(C.ort_run(l.api, session, c))
}

func (l *library) release(c *ortCall) { C.ort_release(l.api, c) }

// element reads an element of a sequence; its value is to be released.
func (l *library) element(sequence *ortValue, i int) (t ortTensor, err error) {
	err = failure(C.ort_element(l.api, sequence, C.size_t(i), &t))
	return t, err
}

func (l *library) releaseValue(v *ortValue) { C.ort_release_value(l.api, v) }

// strings fills text and starts, neither of which is empty.
func (l *library) strings(v *ortValue, text []byte, starts []cSize) error {
	return failure(C.ort_strings(l.api, v, unsafe.Pointer(&text[0]), C.size_t(len(text)), &starts[0], C.size_t(len(starts))))
}
