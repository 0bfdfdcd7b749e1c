//go:build cgo && linux

// Code that tl2cgen wrote and a C compiler compiled:
// https://tl2cgen.readthedocs.io. Its function takes one row of entries, in
// which the integer -1 stands for a missing value; filling them in is part of a
// prediction. Models of XGBoost are float, those of LightGBM double.

#include "library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef union {
	int missing;
	float value;
} entry32;

typedef union {
	int missing;
	double value;
} entry64;

typedef struct {
	library base;
	union {
		entry32 *row32;
		entry64 *row64;
		void *row;
	};
	union {
		float *margins32;
		double *margins64;
		void *margins;
	};
	const char *(*get_threshold_type)(void);
	int32_t (*get_num_feature)(void);
	void (*predict)(void *row, int margin, void *result);
} compiled;

static const char *call32(library *l, size_t batch, double *margins) {
	compiled *c = (compiled *)l;
	const workload *w = l->w;
	const float *x = w->rows32 + batch * w->batch * w->columns;
	for (size_t r = 0; r < w->batch; r++, x += w->columns) {
		for (size_t i = 0; i < w->columns; i++) {
			entry32 e = {.value = x[i]};
			if (x[i] != x[i]) e.missing = -1;
			c->row32[i] = e;
		}
		float *result = c->margins32 + r * w->groups;
		memset(result, 0, w->groups * sizeof *result);
		c->predict(c->row32, 1, result);
	}
	if (margins != NULL) widen(margins, c->margins32, w->batch * w->groups);
	return NULL;
}

static const char *call64(library *l, size_t batch, double *margins) {
	compiled *c = (compiled *)l;
	const workload *w = l->w;
	const double *x = w->rows64 + batch * w->batch * w->columns;
	for (size_t r = 0; r < w->batch; r++, x += w->columns) {
		for (size_t i = 0; i < w->columns; i++) {
			entry64 e = {.value = x[i]};
			if (x[i] != x[i]) e.missing = -1;
			c->row64[i] = e;
		}
		double *result = c->margins64 + r * w->groups;
		memset(result, 0, w->groups * sizeof *result);
		c->predict(c->row64, 1, result);
	}
	if (margins != NULL) memcpy(margins, c->margins64, w->batch * w->groups * sizeof *margins);
	return NULL;
}

static const char *make_row(library *l) {
	compiled *c = (compiled *)l;
	free(c->row);
	free(c->margins);
	if (c->get_num_feature() > (int32_t)l->w->columns) return "the rows are too short";
	c->row = calloc(l->w->columns, sizeof(entry64));
	c->margins = calloc(l->w->batch * l->w->groups, sizeof(double));
	return c->row != NULL && c->margins != NULL ? NULL : "out of memory";
}

library *open_compiled(const char *path, char *error, size_t length) {
	void *so = open_so(path, error, length);
	if (so == NULL) return NULL;
	compiled *c = calloc(1, sizeof *c);
	if (c == NULL) return fail(error, length, "open", "out of memory");
	SYMBOL(c, so, get_threshold_type);
	SYMBOL(c, so, get_num_feature);
	SYMBOL(c, so, predict);
	c->base.call = strcmp(c->get_threshold_type(), "float32") == 0 ? call32 : call64;
	c->base.prepare = make_row;
	return &c->base;
}
