/* Data sets: a table of kinds, opened by a spec such as "cifar10:/data/cifar-10-batches-bin" (kind, then DIR after a
 * colon; "~/" at the start of DIR is the home folder). Pictures are 8-bit, all of one size, decoded once into memory
 * by as many threads as there are cores, read-only afterwards. Where that needs more memory than the options allow, a set
 * of picture files keeps their names only and decodes when asked: dataset_read and dataset_pick give the same bytes in
 * both cases. */
#ifndef QGAN_ENGINE_DATA_DATASET_H
#define QGAN_ENGINE_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

struct parallel;

enum { DATASET_MIN_SIZE = 8, DATASET_MAX_SIZE = 1024 }; /* of options.size */
enum { DATASET_SPEC_SIZE = 1024, DATASET_MAX_CLASSES = 1000, DATASET_CLASS_NAME_SIZE = 64 };

struct dataset {
	char spec[DATASET_SPEC_SIZE]; /* as given */
	char kind[32];
	int size;                     /* pictures are size x size pixels */
	int channels;                 /* 1 or 3 */
	size_t count;
	uint8_t *pixels;              /* count x [size][size][channels], owned; NULL: read from the files when asked for */
	uint16_t *labels;             /* count, or NULL: no labels; owned */
	int classes;
	char (*class_names)[DATASET_CLASS_NAME_SIZE]; /* classes, owned; NULL without labels */
	char directory[DATASET_SPEC_SIZE]; /* where its files lie; "" when generated */
	size_t files;                 /* read for it, and their bytes on disk */
	uint64_t file_bytes;
	struct dataset_source *source; /* what makes the pictures of a set without pixels (dataset_parts.h), owned */
};

struct dataset_options {
	int size;              /* wanted pixels: 32, 64 or 128; 28x28 sets are padded to 32; others are resized */
	int channels;          /* 0: the set's own; 1: to grey; 3: to RGB */
	uint64_t seed;         /* of generated sets */
	size_t limit;          /* at most so many pictures, 0: all */
	int crop;              /* celeba: side of the middle square that is used, one of dataset_crops; 0: the usual one */
	uint64_t memory;       /* bytes that pictures from files may take, 0: any number; other sets are kept whatever they take */
	const char *split;     /* "train" (NULL) or "test"; a folder of pictures has one part only and gives it for both */
	/* Called now and then from the opening thread; returning false cancels (ERROR_CANCELLED). NULL: not called.
	 * total is 0 while files are still being looked for. */
	bool (*progress)(void *context, size_t done, size_t total);
	void *progress_context;
};

struct dataset_kind {
	const char *name;      /* "fashion-mnist" */
	const char *usage;     /* "fashion-mnist[:DIR]" */
	const char *help;      /* one line */
	const char *default_directory; /* where the distribution puts it; NULL: a DIR is required, or none is used */
	bool takes_directory;
	bool (*check)(const char *directory, struct error *error); /* are the files there; NULL: nothing to look for */
	/* How many pictures the train part has and their own channels, from small files or file sizes; NULL: only opening tells. */
	bool (*count)(const char *directory, size_t *pictures, int *channels, struct error *error);
	bool (*open)(const char *directory, const struct dataset_options *options, struct dataset *dataset, struct error *error);
};

extern const struct dataset_kind *const dataset_kinds[]; /* NULL-terminated */

/* The squares that are cut out of CelebA's pictures of 178 x 218 pixels; results differ too much between them to be
 * compared. Ends with -1. The usual one needs no enlarging at 128 pixels. */
extern const int dataset_crops[];
enum { DATASET_USUAL_CROP = 178 };

/* The row of that name; NULL: none. */
const struct dataset_kind *dataset_kind_find(const char *name);

/* "fashion-mnist" when its Debian package's files are there, else "shapes". Static storage. */
const char *dataset_default_spec(void);

/* Checks the spec and that its files are there (cheap: opens no picture). Errors name the file or the known kinds. */
bool dataset_check(const char *spec, struct error *error);

/* Pictures of the train part and their own channels, without opening one; *pictures 0 where only opening tells. Any thread. */
bool dataset_count(const char *spec, size_t *pictures, int *channels, struct error *error);

/* NULL and an error naming the file, the field and what was expected. Destroy accepts NULL. Any thread. */
struct dataset *dataset_open(const char *spec, const struct dataset_options *options, struct error *error);
void dataset_destroy(struct dataset *dataset);

size_t dataset_picture_bytes(const struct dataset *dataset); /* of one picture */

/* Pictures first .. first + count - 1, one after the other into `pixels`: the way to see them that works for every set.
 * parallel may be NULL. Any thread, several at once, each with a pool of its own. On failure (a file has gone or was
 * changed; the error names the first one) `pixels` holds anything. */
bool dataset_read(const struct dataset *dataset, struct parallel *parallel, size_t first, size_t count, uint8_t *pixels,
                  struct error *error);

/* The same for the pictures of these numbers, in this order. */
bool dataset_pick(const struct dataset *dataset, struct parallel *parallel, const uint32_t *numbers, size_t count,
                  uint8_t *pixels, struct error *error);

#endif
