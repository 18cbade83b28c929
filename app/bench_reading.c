#include "app/bench_reading.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

enum { CHUNK = 65536, FEWEST_READINGS = 3 }; /* values a task reads */
static const size_t MUCH = 64 << 20; /* values: 256 MB */
static const double SECONDS = 0.2;   /* of readings */

struct reading {
	const float *values;
	size_t count;
	unsigned sum;
};

/* Without it the loop is so short that its speed hangs on where it happens to lie. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL _Pragma("GCC unroll 4")
#endif

/* Whole numbers, so that the compiler may add them in any order. */
static void read_task(void *context, int index)
{
	struct reading *reading = context;
	size_t first = (size_t)index * CHUNK, end = first + CHUNK < reading->count ? first + CHUNK : reading->count;
	const unsigned *words = (const unsigned *)(const void *)reading->values;
	unsigned sum = 0;
	UNROLL for (size_t i = first; i < end; i++)
		sum += words[i];
	__atomic_fetch_add(&reading->sum, sum, __ATOMIC_RELAXED);
}

unsigned bench_read(struct parallel *parallel, const float *values, size_t count)
{
	struct reading reading = {.values = values, .count = count};
	parallel_run(parallel, read_task, &reading, (int)((count + CHUNK - 1) / CHUNK));
	return reading.sum;
}

double bench_reading_rate(struct parallel *parallel)
{
	float *values = memory_try_floats(MUCH, "the memory to be read", NULL);
	double fastest = INFINITY, end;
	for (size_t i = 0; values && i < MUCH; i += 1024) /* every page becomes one of its own */
		values[i] = 1;
	end = clock_seconds() + SECONDS;
	for (int i = 0; values && (i < FEWEST_READINGS || clock_seconds() < end); i++) {
		double start = clock_seconds();
		bench_read(parallel, values, MUCH);
		fastest = fmin(fastest, clock_seconds() - start);
	}
	free(values);
	return (double)MUCH * sizeof(float) / fastest * 1e-9;
}
