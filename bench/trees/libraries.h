//go:build cgo && linux

// The libraries that the tree engine is compared with, called through their own
// C interfaces. Each is opened when it is asked for. A run calls its library in
// a loop, so that crossing from Go to C is not charged to it.
#ifndef LEAT_BENCH_TREES_H
#define LEAT_BENCH_TREES_H

#include <stddef.h>
#include <stdint.h>

// What is predicted: a row-major matrix in both types, batch rows a call.
typedef struct {
	const float *rows32;
	const double *rows64;
	size_t rows, columns, batch, groups;
} workload;

typedef struct library library;

// Each opens a model. After an error, which is described in error (of the given
// length), the result is NULL.
library *open_xgboost(const char *so, const char *model, char *error, size_t length);
library *open_lightgbm(const char *so, const char *model, char *error, size_t length);
library *open_xgboost_contribs(const char *so, const char *model, char *error, size_t length);
library *open_lightgbm_contribs(const char *so, const char *model, char *error, size_t length);
library *open_onnxruntime(const char *so, const char *model, int preallocated, char *error, size_t length);
library *open_compiled(const char *so, char *error, size_t length);

// prepare makes ready what does not belong to a prediction. The workload must
// live until the next one.
int prepare(library *l, const workload *w, char *error, size_t length);

// run makes that many calls, the first with the batch of the given number, and
// returns the CPU time of the thread in nanoseconds, or -1. Where margins is
// not NULL, every call's go to their rows in it.
int64_t run(library *l, size_t batch, size_t calls, double *margins, char *error, size_t length);

int64_t thread_nanoseconds(void);

#endif
