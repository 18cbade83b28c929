#include "engine/data/dataset_parts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/data/picture_file.h"
#include "engine/tensor/parallel.h"

enum {
	PICTURES_A_TASK = 16,
	TASKS_A_PIECE = 32, /* progress is told between pieces */
};

bool dataset_describe(struct dataset *dataset, size_t count, int size, int channels, int classes, struct error *error)
{
	size_t picture = (size_t)size * (size_t)size * (size_t)channels;
	if (count == 0)
		return error_set(error, ERROR_INPUT, "data set \"%.200s\" holds no picture", dataset->spec);
	if (count > UINT32_MAX || count > SIZE_MAX / picture)
		return error_set(error, ERROR_INPUT, "data set \"%.200s\" holds %zu pictures, too many; set a limit", dataset->spec,
		                 count);
	if (classes > 0)
		dataset->labels = memory_try_bytes(count * sizeof *dataset->labels, "the data set's labels", error);
	if (classes > 0 && !dataset->labels)
		return false;
	if (classes > 0)
		dataset->class_names = memory_zeroed((size_t)classes, sizeof *dataset->class_names);
	dataset->classes = classes;
	dataset->count = count;
	dataset->size = size;
	dataset->channels = channels;
	return true;
}

bool dataset_reserve_pixels(struct dataset *dataset, struct error *error)
{
	dataset->pixels = memory_try_bytes(dataset->count * dataset_picture_bytes(dataset), "the data set", error);
	return dataset->pixels != NULL;
}

bool dataset_reserve(struct dataset *dataset, size_t count, int size, int channels, int classes, struct error *error)
{
	return dataset_describe(dataset, count, size, channels, classes, error) && dataset_reserve_pixels(dataset, error);
}

struct piece {
	const struct dataset *dataset;
	const struct dataset_maker *maker;
	size_t first, end;
	struct {
		bool failed;
		struct error error;
	} tasks[TASKS_A_PIECE];
};

static void make_some(void *context, int task)
{
	struct piece *piece = context;
	size_t index = piece->first + (size_t)task * PICTURES_A_TASK, end = index + PICTURES_A_TASK;
	if (end > piece->end)
		end = piece->end;
	const struct dataset *dataset = piece->dataset;
	for (; index < end && !piece->tasks[task].failed; index++) {
		uint8_t *target = dataset->pixels ? dataset->pixels + index * dataset_picture_bytes(dataset) : NULL;
		piece->tasks[task].failed = !piece->maker->make(piece->maker->context, dataset, index, target, &piece->tasks[task].error);
	}
}

static bool make_piece(struct piece *piece, struct parallel *pool, struct error *error)
{
	int tasks = (int)((piece->end - piece->first + PICTURES_A_TASK - 1) / PICTURES_A_TASK);
	parallel_run(pool, make_some, piece, tasks);
	for (int i = 0; i < tasks; i++)
		if (piece->tasks[i].failed)
			return error_set(error, piece->tasks[i].error.code, "%s", piece->tasks[i].error.text);
	return true;
}

bool dataset_fill_range(struct dataset *dataset, size_t first, size_t end, const struct dataset_options *options,
                        const struct dataset_maker *maker, struct error *error)
{
	enum { PIECE = PICTURES_A_TASK * TASKS_A_PIECE };
	struct parallel *pool = end - first > PICTURES_A_TASK ? parallel_create(0, NULL) : NULL; /* NULL works too, in order */
	struct piece *piece = memory_zeroed(1, sizeof *piece);
	bool good = true;
	for (; good && first < end; first = piece->end) {
		piece->dataset = dataset;
		piece->maker = maker;
		piece->first = first;
		piece->end = end - first < PIECE ? end : first + PIECE;
		good = make_piece(piece, pool, error) && dataset_report(options, piece->end, dataset->count, error);
	}
	free(piece);
	parallel_destroy(pool);
	return good;
}

bool dataset_fill(struct dataset *dataset, const struct dataset_options *options, const struct dataset_maker *maker,
                  struct error *error)
{
	return dataset_fill_range(dataset, 0, dataset->count, options, maker, error);
}

/* count pixels, 1 <-> 3 channels */
static void copy_pixels(const uint8_t *from, int from_channels, size_t count, uint8_t *to, int to_channels)
{
	if (from_channels == to_channels)
		memcpy(to, from, count * (size_t)to_channels);
	else if (to_channels == 1)
		picture_grey_from_rgb(from, count, to);
	else
		for (size_t i = 0; i < count; i++)
			memset(to + 3 * i, from[i], 3);
}

bool dataset_put(const struct dataset *dataset, uint8_t *target, const struct image *picture, int crop, struct error *error)
{
	size_t count = (size_t)dataset->size * (size_t)dataset->size;
	if (picture->width == dataset->size && picture->height == dataset->size && (!crop || crop == dataset->size)) {
		copy_pixels(picture->pixels, picture->channels, count, target, dataset->channels);
		return true;
	}
	struct image *square = crop ? picture_middle(picture, crop, dataset->size, error)
	                            : picture_square(picture, dataset->size, error);
	if (square)
		copy_pixels(square->pixels, square->channels, count, target, dataset->channels);
	image_destroy(square);
	return square != NULL;
}

size_t dataset_limited(const struct dataset_options *options, size_t count)
{
	return options->limit && options->limit < count ? options->limit : count;
}

int dataset_channels(const struct dataset_options *options, int own) { return options->channels ? options->channels : own; }

bool dataset_is_test_split(const struct dataset_options *options) { return options->split && !strcmp(options->split, "test"); }

bool dataset_report(const struct dataset_options *options, size_t done, size_t total, struct error *error)
{
	if (!options->progress || options->progress(options->progress_context, done, total))
		return true;
	return error_set(error, ERROR_CANCELLED, "opening the data set was stopped");
}

void dataset_count_file(struct dataset *dataset, uint64_t bytes)
{
	dataset->files++;
	dataset->file_bytes += bytes;
}
