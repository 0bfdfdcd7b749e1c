//go:build cgo && linux

// XGBoost's C interface: https://xgboost.readthedocs.io/en/stable/c.html. What it
// lets a caller prepare is prepared: the settings, the descriptions of the rows
// (which are JSON) and the proxy, without which every call would make one and
// read files to learn how many processors there are.

#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
	library base;
	void *booster, *proxy;
	char (*arrays)[160]; // the description of each batch
	int (*XGBoosterCreate)(const void *const *, uint64_t, void **);
	int (*XGBoosterLoadModel)(void *, const char *);
	int (*XGBoosterSetParam)(void *, const char *, const char *);
	int (*XGProxyDMatrixCreate)(void **);
	int (*XGBoosterPredictFromDense)(void *, const char *values, const char *config, void *proxy, const uint64_t **shape,
	                                 uint64_t *dimensions, const float **result);
	const char *(*XGBGetLastError)(void);
} xgboost;

// Margins, of all trees.
static const char config[] =
	"{\"type\": 1, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
	"\"strict_shape\": false, \"cache_id\": 0, \"missing\": NaN}";

static const char *call(library *l, size_t batch, double *margins) {
	xgboost *x = (xgboost *)l;
	const uint64_t *shape;
	uint64_t dimensions;
	const float *result;
	if (x->XGBoosterPredictFromDense(x->booster, x->arrays[batch], config, x->proxy, &shape, &dimensions, &result) != 0)
		return x->XGBGetLastError();
	if (margins != NULL) widen(margins, result, l->w->batch * l->w->groups);
	return NULL;
}

// describe writes down where each batch is, which the interface takes as JSON.
static const char *describe(library *l) {
	xgboost *x = (xgboost *)l;
	const workload *w = l->w;
	size_t batches = w->rows / w->batch;
	free(x->arrays);
	x->arrays = calloc(batches, sizeof *x->arrays);
	if (x->arrays == NULL) return "out of memory";
	for (size_t i = 0; i < batches; i++)
		snprintf(x->arrays[i], sizeof x->arrays[i],
		         "{\"data\": [%zu, true], \"shape\": [%zu, %zu], \"typestr\": \"<f4\", \"version\": 3}",
		         (size_t)(w->rows32 + i * w->batch * w->columns), w->batch, w->columns);
	return NULL;
}

library *open_xgboost(const char *path, const char *model, char *error, size_t length) {
	void *so = open_so(path, error, length);
	if (so == NULL) return NULL;
	xgboost *x = calloc(1, sizeof *x);
	if (x == NULL) return fail(error, length, "open", "out of memory");
	SYMBOL(x, so, XGBoosterCreate);
	SYMBOL(x, so, XGBoosterLoadModel);
	SYMBOL(x, so, XGBoosterSetParam);
	SYMBOL(x, so, XGProxyDMatrixCreate);
	SYMBOL(x, so, XGBoosterPredictFromDense);
	SYMBOL(x, so, XGBGetLastError);
	x->base.call = call;
	x->base.prepare = describe;
	if (x->XGBoosterCreate(NULL, 0, &x->booster) != 0 || x->XGBoosterLoadModel(x->booster, model) != 0 ||
	    x->XGBoosterSetParam(x->booster, "nthread", "1") != 0 || x->XGProxyDMatrixCreate(&x->proxy) != 0)
		return fail(error, length, "load model", x->XGBGetLastError());
	return &x->base;
}
