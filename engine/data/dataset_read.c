/* Pictures of a set by their numbers, wherever they are. */
#include <stdint.h>
#include <string.h>

#include "engine/data/dataset_parts.h"
#include "engine/tensor/parallel.h"

enum { PICTURES_A_PIECE = 64 }; /* decoded by all threads, then looked over for the first failure */

/* Pictures numbers[0..count-1], or first, first + 1, .. where numbers is NULL. */
struct reading {
	const struct dataset *dataset;
	const uint32_t *numbers;
	size_t first, count;
	uint8_t *pixels;
	struct {
		bool failed;
		struct error error;
	} tasks[PICTURES_A_PIECE];
};

static size_t number_at(const struct reading *reading, size_t place)
{
	return reading->numbers ? reading->numbers[place] : reading->first + place;
}

static void make_one(void *context, int task)
{
	struct reading *reading = context;
	const struct dataset_maker *maker = &reading->dataset->source->maker;
	uint8_t *target = reading->pixels + (size_t)task * dataset_picture_bytes(reading->dataset);
	struct error *error = &reading->tasks[task].error;
	reading->tasks[task].failed = !maker->make(maker->context, reading->dataset, number_at(reading, (size_t)task), target, error);
}

static bool make_piece(struct reading *reading, struct parallel *parallel, struct error *error)
{
	parallel_run(parallel, make_one, reading, (int)reading->count);
	for (size_t i = 0; i < reading->count; i++)
		if (reading->tasks[i].failed)
			return error_set(error, reading->tasks[i].error.code, "%s", reading->tasks[i].error.text);
	return true;
}

static bool make_all(const struct reading *all, struct parallel *parallel, struct error *error)
{
	size_t picture = dataset_picture_bytes(all->dataset);
	bool good = true;
	for (size_t done = 0; good && done < all->count; done += PICTURES_A_PIECE) {
		struct reading piece = {.dataset = all->dataset, .pixels = all->pixels + done * picture};
		piece.numbers = all->numbers ? all->numbers + done : NULL;
		piece.first = all->first + done;
		piece.count = all->count - done < PICTURES_A_PIECE ? all->count - done : PICTURES_A_PIECE;
		good = make_piece(&piece, parallel, error);
	}
	return good;
}

size_t dataset_picture_bytes(const struct dataset *dataset)
{
	return (size_t)dataset->size * (size_t)dataset->size * (size_t)dataset->channels;
}

bool dataset_read(const struct dataset *dataset, struct parallel *parallel, size_t first, size_t count, uint8_t *pixels,
                  struct error *error)
{
	size_t picture = dataset_picture_bytes(dataset);
	if (!dataset->pixels)
		return make_all(&(struct reading){.dataset = dataset, .first = first, .count = count, .pixels = pixels}, parallel, error);
	memcpy(pixels, dataset->pixels + first * picture, count * picture);
	return true;
}

bool dataset_pick(const struct dataset *dataset, struct parallel *parallel, const uint32_t *numbers, size_t count,
                  uint8_t *pixels, struct error *error)
{
	size_t picture = dataset_picture_bytes(dataset);
	if (!dataset->pixels)
		return make_all(&(struct reading){.dataset = dataset, .numbers = numbers, .count = count, .pixels = pixels}, parallel,
		                error);
	for (size_t i = 0; i < count; i++)
		memcpy(pixels + i * picture, dataset->pixels + numbers[i] * picture, picture);
	return true;
}
