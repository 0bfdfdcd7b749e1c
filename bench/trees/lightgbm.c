//go:build cgo && linux

// LightGBM's C interface: https://lightgbm.readthedocs.io/en/stable/C-API.html

#include "library.h"

#include <dlfcn.h>
#include <stdlib.h>

enum { FLOAT64 = 1, RAW_SCORE = 1, ROW_MAJOR = 1, ALL = -1 };

static const char parameters[] = "num_threads=1 predict_disable_shape_check=true verbosity=-1";

typedef struct {
	library base;
	void *booster, *row; // row: what the single-row interface prepares
	double *margins;
	int (*LGBM_BoosterCreateFromModelfile)(const char *, int *iterations, void **);
	int (*LGBM_BoosterPredictForMatSingleRowFastInit)(void *, int type, int start, int count, int data_type, int32_t columns,
	                                                  const char *parameters, void **);
	int (*LGBM_BoosterPredictForMatSingleRowFast)(void *, const void *row, int64_t *length, double *result);
	int (*LGBM_BoosterPredictForMat)(void *, const void *rows, int data_type, int32_t, int32_t, int row_major, int type,
	                                 int start, int count, const char *parameters, int64_t *length, double *result);
	int (*LGBM_FastConfigFree)(void *);
	const char *(*LGBM_GetLastError)(void);
} lightgbm;

static const char *call(library *l, size_t batch, double *margins) {
	lightgbm *g = (lightgbm *)l;
	const workload *w = l->w;
	const double *rows = w->rows64 + batch * w->batch * w->columns;
	double *result = margins != NULL ? margins : g->margins;
	int64_t length;
	int failed;
	if (w->batch == 1)
		failed = g->LGBM_BoosterPredictForMatSingleRowFast(g->row, rows, &length, result);
	else
		failed = g->LGBM_BoosterPredictForMat(g->booster, rows, FLOAT64, (int32_t)w->batch, (int32_t)w->columns, ROW_MAJOR,
		                                      RAW_SCORE, 0, ALL, parameters, &length, result);
	return failed ? g->LGBM_GetLastError() : NULL;
}

static const char *prepare_row(library *l) {
	lightgbm *g = (lightgbm *)l;
	free(g->margins);
	g->margins = calloc(l->w->batch * l->w->groups, sizeof *g->margins);
	if (g->margins == NULL) return "out of memory";
	if (g->row != NULL) g->LGBM_FastConfigFree(g->row);
	if (g->LGBM_BoosterPredictForMatSingleRowFastInit(g->booster, RAW_SCORE, 0, ALL, FLOAT64, (int32_t)l->w->columns,
	                                                  parameters, &g->row) != 0)
		return g->LGBM_GetLastError();
	return NULL;
}

library *open_lightgbm(const char *path, const char *model, char *error, size_t length) {
	void *so = open_so(path, error, length);
	if (so == NULL) return NULL;
	lightgbm *g = calloc(1, sizeof *g);
	if (g == NULL) return fail(error, length, "open", "out of memory");
	SYMBOL(g, so, LGBM_BoosterCreateFromModelfile);
	SYMBOL(g, so, LGBM_BoosterPredictForMatSingleRowFastInit);
	SYMBOL(g, so, LGBM_BoosterPredictForMatSingleRowFast);
	SYMBOL(g, so, LGBM_BoosterPredictForMat);
	SYMBOL(g, so, LGBM_FastConfigFree);
	SYMBOL(g, so, LGBM_GetLastError);
	g->base.call = call;
	g->base.prepare = prepare_row;
	int iterations;
	if (g->LGBM_BoosterCreateFromModelfile(model, &iterations, &g->booster) != 0)
		return fail(error, length, "load model", g->LGBM_GetLastError());
	return &g->base;
}
