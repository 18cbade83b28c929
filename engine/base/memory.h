/* Allocation. Small, program-sized blocks abort with a message when refused (there is nothing sensible left to
 * do); blocks sized by a file or by the user come from memory_try_* and their refusal is an error. Any thread. */
#ifndef QGAN_ENGINE_BASE_MEMORY_H
#define QGAN_ENGINE_BASE_MEMORY_H

#include <stddef.h>

#include "engine/base/error.h"

enum { MEMORY_ALIGNMENT = 64 }; /* a cache line, and the widest vector register */

/* Zeroed; aborts when refused; free with free(). count * size must not overflow (checked). */
void *memory_zeroed(size_t count, size_t size);

/* realloc that aborts when refused; the new part is not cleared. */
void *memory_resized(void *block, size_t count, size_t size);

/* strdup that aborts when refused; NULL stays NULL. */
char *memory_text(const char *text);

/* `count` floats, zeroed, aligned to MEMORY_ALIGNMENT; NULL and an error naming `what` when refused; free with free(). */
float *memory_try_floats(size_t count, const char *what, struct error *error);

/* `size` zeroed bytes; NULL and an error naming `what` when refused; free with free(). */
void *memory_try_bytes(size_t size, const char *what, struct error *error);

/* Between the two, memory_try_* of this thread hands out blocks that are neither cleared nor to be read: they cost no memory
 * until they are written to. _end says how many bytes were asked for. Does not nest. */
void memory_measure_begin(void);
size_t memory_measure_end(void);

#endif
