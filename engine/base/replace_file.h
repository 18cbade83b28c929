/* Writes a whole file so that its name means either the old content or the new, also after a crash: written to
 * PATH.tmp, fsynced, renamed over PATH, and the folder fsynced. A killed writer leaves its PATH.tmp, which the next one
 * takes over, so such files do not pile up. Any thread, any process. */
#ifndef QGAN_ENGINE_BASE_REPLACE_FILE_H
#define QGAN_ENGINE_BASE_REPLACE_FILE_H

#include <stddef.h>

#include "engine/base/error.h"

struct file_part {
	const void *bytes;
	size_t size;
};

/* The content is the parts, one after the other. A symbolic link stays one: what it leads to is replaced. ERROR_INPUT when
 * something else than a regular file has that name, ERROR_STATE when another writer is at it, ERROR_IO when the machine
 * refuses. On failure the old content is in place and nothing is left beside it; only when the folder cannot be fsynced
 * (ERROR_IO) the new content is there, though a crash may still lose it. */
bool replace_file(const char *path, const struct file_part parts[], int count, struct error *error);

#endif
