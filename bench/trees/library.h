//go:build cgo && linux

// What the libraries have in common.
#ifndef LEAT_BENCH_TREES_LIBRARY_H
#define LEAT_BENCH_TREES_LIBRARY_H

#include "libraries.h"

// A library embeds this as its first member.
struct library {
	const workload *w;
	// call predicts one batch and returns NULL, or what went wrong. margins is
	// NULL or where they go.
	const char *(*call)(library *l, size_t batch, double *margins);
	const char *(*prepare)(library *l);
};

// fail writes an error and returns NULL.
void *fail(char *error, size_t length, const char *doing, const char *why);

// open_so returns NULL after it wrote an error.
void *open_so(const char *path, char *error, size_t length);

// SYMBOL fills in the member of l that has the name of a function of the library.
#define SYMBOL(l, so, name) \
	do { \
		*(void **)&(l)->name = dlsym(so, #name); \
		if ((l)->name == NULL) return fail(error, length, "find function", #name); \
	} while (0)

static inline void widen(double *to, const float *from, size_t n) {
	for (size_t i = 0; i < n; i++) to[i] = from[i];
}

#endif
