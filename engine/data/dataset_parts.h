/* What the kinds of data sets share: reserving the pictures and making them on all cores. */
#ifndef QGAN_ENGINE_DATA_DATASET_PARTS_H
#define QGAN_ENGINE_DATA_DATASET_PARTS_H

#include "engine/base/image.h"
#include "engine/data/dataset.h"

extern const struct dataset_kind dataset_kind_fashion_mnist, dataset_kind_mnist, dataset_kind_cifar10, dataset_kind_celeba,
	dataset_kind_images, dataset_kind_shapes;

/* Room for labels when `classes` is not 0, but none for pictures. The dataset is cleared by dataset_destroy later, also
 * after a failure. Refuses 0 pictures. */
bool dataset_describe(struct dataset *dataset, size_t count, int size, int channels, int classes, struct error *error);
bool dataset_reserve_pixels(struct dataset *dataset, struct error *error);

/* Both. */
bool dataset_reserve(struct dataset *dataset, size_t count, int size, int channels, int classes, struct error *error);

/* `make` makes picture `index` at `target` and its label. It runs on any of several threads. */
struct dataset_maker {
	bool (*make)(void *context, const struct dataset *dataset, size_t index, uint8_t *target, struct error *error);
	void *context;
};

/* Of a set whose pictures are made when asked for, again and again, labels being there already. */
struct dataset_source {
	struct dataset_maker maker;
	void (*release)(void *context);
};

/* Calls it once for every picture of the set, reporting progress between pieces. The error is the one of the lowest
 * index, whatever the number of threads. target is NULL while there are no pixels. */
bool dataset_fill(struct dataset *dataset, const struct dataset_options *options, const struct dataset_maker *maker,
                  struct error *error);

/* The same for the pictures from `first` up to `end`. */
bool dataset_fill_range(struct dataset *dataset, size_t first, size_t end, const struct dataset_options *options,
                        const struct dataset_maker *maker, struct error *error);

/* Puts a picture of any size and channels at `target`: the middle square of `crop` pixels (0: the largest), resized, with
 * colours converted, as far as needed. */
bool dataset_put(const struct dataset *dataset, uint8_t *target, const struct image *picture, int crop, struct error *error);

/* min(limit, count), where limit 0 is no limit. */
size_t dataset_limited(const struct dataset_options *options, size_t count);

/* options.channels, or the set's own when that is 0. */
int dataset_channels(const struct dataset_options *options, int own);

bool dataset_is_test_split(const struct dataset_options *options);

/* Calls the progress callback; false and ERROR_CANCELLED when it says stop. */
bool dataset_report(const struct dataset_options *options, size_t done, size_t total, struct error *error);

/* Counts a source file of the set. */
void dataset_count_file(struct dataset *dataset, uint64_t bytes);

#endif
