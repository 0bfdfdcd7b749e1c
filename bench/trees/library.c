//go:build cgo && linux

#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

void *fail(char *error, size_t length, const char *doing, const char *why) {
	snprintf(error, length, "%s: %s", doing, why != NULL ? why : "no reason given");
	return NULL;
}

void *open_so(const char *path, char *error, size_t length) {
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	return so != NULL ? so : fail(error, length, "open library", dlerror());
}

int64_t thread_nanoseconds(void) {
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int prepare(library *l, const workload *w, char *error, size_t length) {
	l->w = w;
	const char *why = l->prepare != NULL ? l->prepare(l) : NULL;
	if (why != NULL) fail(error, length, "prepare", why);
	return why == NULL;
}

int64_t run(library *l, size_t batch, size_t calls, double *margins, char *error, size_t length) {
	const workload *w = l->w;
	size_t batches = w->rows / w->batch, out = w->batch * w->groups;
	int64_t start = thread_nanoseconds();
	for (size_t i = 0; i < calls; i++) {
		const char *why = l->call(l, batch, margins != NULL ? margins + batch * out : NULL);
		if (why != NULL) {
			fail(error, length, "predict", why);
			return -1;
		}
		if (++batch == batches) batch = 0;
	}
	return thread_nanoseconds() - start;
}
