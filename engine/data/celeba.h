/* CelebA's list of parts, list_eval_partition.txt: a line a picture,
 *
 *   000001.jpg 0
 *
 * where 0 is train, 1 validation and 2 test. Copies that go round as .csv have a comma for the blank and a first line
 * "image_id,partition". Any thread. */
#ifndef QGAN_ENGINE_DATA_CELEBA_H
#define QGAN_ENGINE_DATA_CELEBA_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

enum celeba_part { CELEBA_TRAIN, CELEBA_VALIDATION, CELEBA_TEST, CELEBA_UNLISTED };

struct celeba_list {
	struct celeba_entry {
		const char *name; /* into `text` */
		enum celeba_part part;
	} *entries;               /* count, sorted by name; owned */
	size_t count;
	char *text;               /* owned */
};

/* Errors are "NAME:LINE: sentence". A list without a line is refused, and so is a picture that is listed twice. */
bool celeba_list_parse(const void *bytes, size_t size, const char *name, struct celeba_list *list, struct error *error);
void celeba_list_clear(struct celeba_list *list);

enum celeba_part celeba_list_find(const struct celeba_list *list, const char *name);

#endif
