/* The picture files below a folder, in an order that depends on their names alone. Any thread. */
#ifndef QGAN_ENGINE_DATA_PICTURE_FOLDER_H
#define QGAN_ENGINE_DATA_PICTURE_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

struct picture_folder {
	char **paths;         /* count, sorted byte by byte folder for folder; owned */
	int *classes;         /* count: index of the first-level sub-folder; -1 directly in the folder; owned */
	size_t count, capacity;
	char **class_names;   /* class_count, sorted: the sub-folders that hold a picture at any depth; owned */
	int class_count;
};

/* Names ending in .png, .jpg or .jpeg (any case) of regular files; hidden names are skipped, links are followed, no
 * folder is entered twice. Finding nothing is no error. Stops after `most` pictures (0: no limit). `goes_on` is called
 * per folder; false stops with ERROR_CANCELLED (NULL: not called). */
bool picture_folder_list(const char *directory, size_t most, bool (*goes_on)(void *context), void *context,
                         struct picture_folder *folder, struct error *error);
void picture_folder_clear(struct picture_folder *folder);

#endif
