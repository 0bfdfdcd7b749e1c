//go:build cgo && linux

// What the libraries add each feature's share of the margin up to: XGBoost's
// pred_contribs and LightGBM's pred_contrib. XGBoost takes only matrices of its
// own there, which are made beforehand.

#include "library.h"

#include <dlfcn.h>
#include <stdlib.h>

typedef struct {
	library base;
	void *booster, **matrices; // of each batch
	int (*XGBoosterCreate)(const void *const *, uint64_t, void **);
	int (*XGBoosterLoadModel)(void *, const char *);
	int (*XGBoosterSetParam)(void *, const char *, const char *);
	int (*XGDMatrixCreateFromMat)(const float *, uint64_t rows, uint64_t columns, float missing, void **);
	int (*XGBoosterPredictFromDMatrix)(void *, void *matrix, const char *config, const uint64_t **shape, uint64_t *dimensions,
	                                   const float **result);
	const char *(*XGBGetLastError)(void);
} xgboost;

// Contributions, of all trees.
static const char config[] =
	"{\"type\": 2, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, \"strict_shape\": false}";

static const char *explain_xgboost(library *l, size_t batch, double *contribs) {
	xgboost *x = (xgboost *)l;
	const uint64_t *shape;
	uint64_t dimensions;
	const float *result;
	if (x->XGBoosterPredictFromDMatrix(x->booster, x->matrices[batch], config, &shape, &dimensions, &result) != 0)
		return x->XGBGetLastError();
	if (contribs != NULL) widen(contribs, result, l->w->batch * l->w->groups);
	return NULL;
}

static const char *prepare_matrices(library *l) {
	xgboost *x = (xgboost *)l;
	const workload *w = l->w;
	size_t batches = w->rows / w->batch;
	x->matrices = calloc(batches, sizeof *x->matrices);
	if (x->matrices == NULL) return "out of memory";
	for (size_t i = 0; i < batches; i++)
		if (x->XGDMatrixCreateFromMat(w->rows32 + i * w->batch * w->columns, w->batch, w->columns, __builtin_nanf(""),
		                              &x->matrices[i]) != 0)
			return x->XGBGetLastError();
	return NULL;
}

library *open_xgboost_contribs(const char *path, const char *model, char *error, size_t length) {
	void *so = open_so(path, error, length);
	if (so == NULL) return NULL;
	xgboost *x = calloc(1, sizeof *x);
	if (x == NULL) return fail(error, length, "open", "out of memory");
	SYMBOL(x, so, XGBoosterCreate);
	SYMBOL(x, so, XGBoosterLoadModel);
	SYMBOL(x, so, XGBoosterSetParam);
	SYMBOL(x, so, XGDMatrixCreateFromMat);
	SYMBOL(x, so, XGBoosterPredictFromDMatrix);
	SYMBOL(x, so, XGBGetLastError);
	x->base.call = explain_xgboost;
	x->base.prepare = prepare_matrices;
	if (x->XGBoosterCreate(NULL, 0, &x->booster) != 0 || x->XGBoosterLoadModel(x->booster, model) != 0 ||
	    x->XGBoosterSetParam(x->booster, "nthread", "1") != 0)
		return fail(error, length, "load model", x->XGBGetLastError());
	return &x->base;
}

enum { FLOAT64 = 1, CONTRIB = 3, ROW_MAJOR = 1, ALL = -1 };

static const char parameters[] = "num_threads=1 predict_disable_shape_check=true verbosity=-1";

typedef struct {
	library base;
	void *booster;
	double *contribs;
	int (*LGBM_BoosterCreateFromModelfile)(const char *, int *iterations, void **);
	int (*LGBM_BoosterPredictForMat)(void *, const void *rows, int data_type, int32_t, int32_t, int row_major, int type,
	                                 int start, int count, const char *parameters, int64_t *length, double *result);
	const char *(*LGBM_GetLastError)(void);
} lightgbm;

static const char *explain_lightgbm(library *l, size_t batch, double *contribs) {
	lightgbm *g = (lightgbm *)l;
	const workload *w = l->w;
	int64_t length;
	if (g->LGBM_BoosterPredictForMat(g->booster, w->rows64 + batch * w->batch * w->columns, FLOAT64, (int32_t)w->batch,
	                                 (int32_t)w->columns, ROW_MAJOR, CONTRIB, 0, ALL, parameters, &length,
	                                 contribs != NULL ? contribs : g->contribs) != 0)
		return g->LGBM_GetLastError();
	return NULL;
}

static const char *prepare_contribs(library *l) {
	lightgbm *g = (lightgbm *)l;
	free(g->contribs);
	g->contribs = calloc(l->w->batch * l->w->groups, sizeof *g->contribs);
	return g->contribs != NULL ? NULL : "out of memory";
}

library *open_lightgbm_contribs(const char *path, const char *model, char *error, size_t length) {
	void *so = open_so(path, error, length);
	if (so == NULL) return NULL;
	lightgbm *g = calloc(1, sizeof *g);
	if (g == NULL) return fail(error, length, "open", "out of memory");
	SYMBOL(g, so, LGBM_BoosterCreateFromModelfile);
	SYMBOL(g, so, LGBM_BoosterPredictForMat);
	SYMBOL(g, so, LGBM_GetLastError);
	g->base.call = explain_lightgbm;
	g->base.prepare = prepare_contribs;
	int iterations;
	if (g->LGBM_BoosterCreateFromModelfile(model, &iterations, &g->booster) != 0)
		return fail(error, length, "load model", g->LGBM_GetLastError());
	return &g->base;
}
