/* What checkpoint.c and checkpoint_file.c share. Private to engine/file. */
#ifndef QGAN_ENGINE_FILE_CHECKPOINT_DATA_H
#define QGAN_ENGINE_FILE_CHECKPOINT_DATA_H

#include "engine/file/checkpoint.h"

struct checkpoint_entry { /* one line of the metadata */
	char *key, *value;    /* owned */
};

struct checkpoint {
	struct checkpoint_tensor *tensors; /* owned; data NULL until allocated */
	int tensor_count;
	struct checkpoint_entry *entries;  /* owned */
	int entry_count;
	void *data;                        /* owned: all tensors, one after the other in their order */
	size_t size;                       /* in bytes */
};

#endif
