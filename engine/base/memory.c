#include "engine/base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGE_BLOCK = 2 << 20 };

static _Thread_local struct {
	bool running;
	size_t bytes;
} measure;

static _Noreturn void out_of_memory(size_t count, size_t size)
{
	fprintf(stderr, "qgan: out of memory (%zu x %zu bytes)\n", count, size);
	abort();
}

void *memory_zeroed(size_t count, size_t size)
{
	void *block = calloc(count ? count : 1, size ? size : 1);
	if (!block)
		out_of_memory(count, size);
	return block;
}

void *memory_resized(void *block, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		out_of_memory(count, size);
	size_t bytes = count * size;
	void *resized = realloc(block, bytes ? bytes : 1);
	if (!resized)
		out_of_memory(count, size);
	return resized;
}

char *memory_text(const char *text)
{
	if (!text)
		return NULL;
	size_t size = strlen(text) + 1;
	return memcpy(memory_zeroed(size, 1), text, size);
}

void *memory_try_bytes(size_t size, const char *what, struct error *error)
{
	measure.bytes += size;
	void *block = calloc(size ? size : 1, 1); /* large blocks are clear without being touched */
	if (!block)
		error_set(error, ERROR_MEMORY, "%s needs %zu MB of memory, which the system refused", what, size >> 20);
	return block;
}

/* Megabytes are asked for in huge pages, which many systems give only so: each pass over such a block would look up an address for
 * every 4 kB else, twice over in a virtual machine. A refusal is none of our business. */
static void ask_for_huge_pages(void *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = ((uintptr_t)block + page - 1) / page * page;
	const uintptr_t end = ((uintptr_t)block + bytes) / page * page;
	if (bytes >= LARGE_BLOCK)
		madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
	(void)block, (void)bytes;
#endif
}

float *memory_try_floats(size_t count, const char *what, struct error *error)
{
	if (count > SIZE_MAX / sizeof(float) - MEMORY_ALIGNMENT) {
		error_set(error, ERROR_MEMORY, "%s needs more memory than can be addressed", what);
		return NULL;
	}
	size_t bytes = count * sizeof(float);
	bytes = (bytes + MEMORY_ALIGNMENT) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
	float *block = aligned_alloc(MEMORY_ALIGNMENT, bytes);
	if (!block) {
		error_set(error, ERROR_MEMORY, "%s needs %zu MB of memory, which the system refused", what, bytes >> 20);
		return NULL;
	}
	ask_for_huge_pages(block, bytes);
	measure.bytes += bytes;
	if (!measure.running)
		memset(block, 0, bytes);
	return block;
}

void memory_measure_begin(void)
{
	measure.running = true;
	measure.bytes = 0;
}

size_t memory_measure_end(void)
{
	measure.running = false;
	return measure.bytes;
}
