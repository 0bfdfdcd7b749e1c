//go:build cgo && linux

package main

/*
#cgo CFLAGS: -O2 -Wall -Werror -I${SRCDIR}/../../runtime/onnx
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "libraries.h"
*/
import "C"

import (
	"errors"
	"time"
	"unsafe"
)

// A workload is a matrix to predict, in C's memory, batch by batch.
type workload struct {
	c      *C.workload
	rows32 []float32
	rows64 []float64
	rows   int
	batch  int
	groups int
}

// newWorkload copies rows.
func newWorkload(rows []float32, columns, groups int) *workload {
	n := len(rows)
	w := &workload{c: (*C.workload)(C.calloc(1, C.sizeof_workload)), rows: n / columns, groups: groups}
	w.rows32 = unsafe.Slice((*float32)(C.malloc(C.size_t(4*n))), n)
	w.rows64 = unsafe.Slice((*float64)(C.malloc(C.size_t(8*n))), n)
	for i, v := range rows {
		w.rows32[i], w.rows64[i] = v, float64(v)
	}
	w.c.rows32, w.c.rows64 = (*C.float)(&w.rows32[0]), (*C.double)(&w.rows64[0])
	w.c.rows, w.c.columns, w.c.groups = C.size_t(w.rows), C.size_t(columns), C.size_t(groups)
	return w
}

func (w *workload) setBatch(n int) { w.batch, w.c.batch = n, C.size_t(n) }

func (w *workload) batches() int { return w.rows / w.batch }

func (w *workload) free() {
	C.free(unsafe.Pointer(&w.rows32[0]))
	C.free(unsafe.Pointer(&w.rows64[0]))
	C.free(unsafe.Pointer(w.c))
}

// A library is one of those that ours is compared with, and a model in it. It
// is never closed: the process ends soon.
type library struct{ c *C.library }

const errorLength = 512

// withError calls f with room for an error, which it returns if f fails.
func withError(f func(text *C.char) bool) error {
	text := (*C.char)(C.calloc(1, errorLength))
	defer C.free(unsafe.Pointer(text))
	if !f(text) {
		return errors.New(C.GoString(text))
	}
	return nil
}

func openLibrary(open func(text *C.char) *C.library) (contender, error) {
	var l library
	err := withError(func(text *C.char) bool {
		l.c = open(text)
		return l.c != nil
	})
	return &l, err
}

func openXGBoost(so, model string) (contender, error) {
	return openLibrary(func(text *C.char) *C.library {
		return C.open_xgboost(C.CString(so), C.CString(model), text, errorLength)
	})
}

func openLightGBM(so, model string) (contender, error) {
	return openLibrary(func(text *C.char) *C.library {
		return C.open_lightgbm(C.CString(so), C.CString(model), text, errorLength)
	})
}

func openONNXRuntime(so, model string, preallocated bool) (contender, error) {
	flag := C.int(0)
	if preallocated {
		flag = 1
	}
	return openLibrary(func(text *C.char) *C.library {
		return C.open_onnxruntime(C.CString(so), C.CString(model), flag, text, errorLength)
	})
}

func openCompiled(so string) (contender, error) {
	return openLibrary(func(text *C.char) *C.library { return C.open_compiled(C.CString(so), text, errorLength) })
}

func (l *library) prepare(w *workload) error {
	return withError(func(text *C.char) bool { return C.prepare(l.c, w.c, text, errorLength) != 0 })
}

func (l *library) run(batch, calls int) (time.Duration, error) {
	return l.call(batch, calls, nil)
}

// margins are in C's memory only for the call.
func (l *library) margins(w *workload, batches int) ([]float64, error) {
	n := batches * w.batch * w.groups
	p := (*C.double)(C.calloc(C.size_t(n), 8))
	defer C.free(unsafe.Pointer(p))
	if _, err := l.call(0, batches, p); err != nil {
		return nil, err
	}
	return append([]float64(nil), unsafe.Slice((*float64)(p), n)...), nil
}

func (l *library) call(batch, calls int, margins *C.double) (time.Duration, error) {
	var took C.int64_t
	err := withError(func(text *C.char) bool {
		took = C.run(l.c, C.size_t(batch), C.size_t(calls), margins, text, errorLength)
		return took >= 0
	})
	return time.Duration(took), err
}

// threadCPU is what the calling thread has used.
func threadCPU() time.Duration { return time.Duration(C.thread_nanoseconds()) }
