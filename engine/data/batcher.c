/* Two slots: one lies with the caller, the other is filled by the thread. batcher_next gives the caller's slot back and
 * waits for the other. What a batch holds depends on the position alone, never on timing.
 *
 * A slot that could not be filled is handed over as failed; the thread waits until the caller asks again. */
#include "engine/data/batcher.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/thread.h"
#include "engine/tensor/parallel.h"
#include "engine/tensor/random.h"
#include "engine/tensor/tensor.h"

enum {
	SLOTS = 2,
	DECODERS_SHARE = 2, /* a decoder for so many cores: as many as can be busy without starving those that train */
};

struct slot {
	float *activations;           /* [H][W][N][C] */
	struct batcher_position next; /* where the batch after this one begins */
	bool ready;                   /* filled, or failed, and not yet taken */
	bool failed;                  /* not to be used: `error` says why */
	struct error error;
};

struct batcher {
	const struct dataset *dataset;
	int batch;
	uint64_t seed;
	struct batcher_position returned; /* where the batch after the last one returned begins; the caller's */
	int held;                         /* slot with the caller, -1: none yet; the caller's */

	pthread_t thread;
	pthread_mutex_t mutex; /* guards slots[].ready and .failed, free_slots, stop; a slot's content belongs to whom `ready` says */
	pthread_cond_t changed;
	struct slot slots[SLOTS];
	int free_slots; /* that the thread may fill */
	bool stop;

	/* the thread's own */
	uint32_t *order;      /* of epoch `order_epoch` */
	int64_t order_epoch;  /* -1: none */
	uint8_t *pixels;      /* the batch's pictures one after the other */
	struct parallel *decoders; /* NULL: the pictures are in memory, or one thread is enough */
};

/* A batch that would reach past the end begins the next epoch instead. */
static struct batcher_position normalized(const struct batcher *batcher, struct batcher_position position)
{
	if ((size_t)position.picture + (size_t)batcher->batch <= batcher->dataset->count)
		return position;
	return (struct batcher_position){position.epoch + 1, 0};
}

static void shuffle(struct batcher *batcher, int64_t epoch)
{
	struct random random;
	random_start(&random, batcher->seed, RANDOM_SHUFFLE);
	random.counter = (uint64_t)epoch * random_permutation_blocks;
	random_permutation(&random, batcher->order, (uint32_t)batcher->dataset->count);
	batcher->order_epoch = epoch;
}

static bool fill(struct batcher *batcher, struct slot *slot, struct batcher_position start)
{
	const struct dataset *dataset = batcher->dataset;
	struct shape shape = {dataset->size, dataset->size, dataset->channels};
	if (batcher->order_epoch != start.epoch)
		shuffle(batcher, start.epoch);
	if (!dataset_pick(dataset, batcher->decoders, batcher->order + start.picture, (size_t)batcher->batch, batcher->pixels,
	                  &slot->error))
		return false;
	tensor_from_pixels(batcher->pixels, batcher->batch, shape, slot->activations);
	slot->next = normalized(batcher, (struct batcher_position){start.epoch, start.picture + batcher->batch});
	return true;
}

/* Waits until a slot is free; false: the batcher is being destroyed. */
static bool wait_for_room(struct batcher *batcher)
{
	pthread_mutex_lock(&batcher->mutex);
	while (batcher->free_slots == 0 && !batcher->stop)
		pthread_cond_wait(&batcher->changed, &batcher->mutex);
	bool goes_on = !batcher->stop;
	batcher->free_slots -= goes_on;
	pthread_mutex_unlock(&batcher->mutex);
	return goes_on;
}

/* Hands the slot over; a failed one comes back when the caller wants another try. false: the batcher is being destroyed. */
static bool hand_over(struct batcher *batcher, struct slot *slot, bool filled)
{
	pthread_mutex_lock(&batcher->mutex);
	slot->failed = !filled;
	slot->ready = true;
	pthread_cond_signal(&batcher->changed);
	while (slot->failed && !batcher->stop)
		pthread_cond_wait(&batcher->changed, &batcher->mutex);
	bool goes_on = !batcher->stop;
	pthread_mutex_unlock(&batcher->mutex);
	return goes_on;
}

static void *prefetch(void *context)
{
	struct batcher *batcher = context;
	struct batcher_position position = batcher->returned; /* the caller leaves it alone until a slot is ready */
	parallel_lower_priority();
	for (int turn = 0; wait_for_room(batcher); turn = (turn + 1) % SLOTS) {
		struct slot *slot = &batcher->slots[turn];
		bool filled = false, goes_on = true;
		while (goes_on && !filled) {
			filled = fill(batcher, slot, position);
			goes_on = hand_over(batcher, slot, filled);
		}
		position = slot->next;
	}
	return NULL;
}

static bool reserve(struct batcher *batcher, struct error *error)
{
	const struct dataset *dataset = batcher->dataset;
	size_t values = (size_t)batcher->batch * (size_t)dataset->size * (size_t)dataset->size * (size_t)dataset->channels;
	for (int i = 0; i < SLOTS; i++) {
		batcher->slots[i].activations = memory_try_floats(values, "a batch", error);
		if (!batcher->slots[i].activations)
			return false;
	}
	batcher->order = memory_try_bytes(dataset->count * sizeof *batcher->order, "the order of the pictures", error);
	batcher->pixels = batcher->order ? memory_try_bytes(values, "a batch", error) : NULL;
	if (batcher->pixels && !dataset->pixels)
		batcher->decoders = parallel_create((parallel_usable_cores() + 1) / DECODERS_SHARE, error);
	return batcher->pixels && (dataset->pixels || batcher->decoders);
}

size_t batcher_bytes(int batch, size_t picture) { return (size_t)batch * picture * (SLOTS * sizeof(float) + 1); }

static void release(struct batcher *batcher)
{
	pthread_mutex_destroy(&batcher->mutex);
	pthread_cond_destroy(&batcher->changed);
	for (int i = 0; i < SLOTS; i++)
		free(batcher->slots[i].activations);
	free(batcher->order);
	free(batcher->pixels);
	parallel_destroy(batcher->decoders);
	free(batcher);
}

static bool check_arguments(const struct dataset *dataset, int batch, struct batcher_position start, struct error *error)
{
	if (batch < 1 || (size_t)batch > dataset->count)
		return error_set(error, ERROR_INPUT, "the batch is %d pictures; expected 1 to %zu: data set \"%.200s\" holds no more", batch,
		                 dataset->count, dataset->spec);
	if (start.epoch < 0 || start.picture < 0 || (size_t)start.picture > dataset->count)
		return error_set(error, ERROR_INPUT, "position (epoch %jd, picture %jd) is outside data set \"%.200s\" of %zu pictures",
		                 (intmax_t)start.epoch, (intmax_t)start.picture, dataset->spec, dataset->count);
	return true;
}

struct batcher *batcher_create(const struct dataset *dataset, int batch, uint64_t seed, struct batcher_position start,
                               struct error *error)
{
	if (!check_arguments(dataset, batch, start, error))
		return NULL;
	struct batcher *batcher = memory_zeroed(1, sizeof *batcher);
	*batcher = (struct batcher){
		.dataset = dataset, .batch = batch, .seed = seed, .held = -1, .free_slots = SLOTS, .order_epoch = -1,
	};
	batcher->returned = normalized(batcher, start);
	pthread_mutex_init(&batcher->mutex, NULL);
	pthread_cond_init(&batcher->changed, NULL);
	if (reserve(batcher, error) && thread_start(&batcher->thread, prefetch, batcher, "the thread that reads batches", error))
		return batcher;
	release(batcher);
	return NULL;
}

void batcher_destroy(struct batcher *batcher)
{
	if (!batcher)
		return;
	pthread_mutex_lock(&batcher->mutex);
	batcher->stop = true;
	pthread_cond_signal(&batcher->changed);
	pthread_mutex_unlock(&batcher->mutex);
	pthread_join(batcher->thread, NULL);
	release(batcher);
}

const float *batcher_next(struct batcher *batcher, struct error *error)
{
	int wanted = (batcher->held + 1) % SLOTS;
	struct slot *slot = &batcher->slots[wanted];
	pthread_mutex_lock(&batcher->mutex);
	if (slot->failed && !slot->ready) /* told by the last call, which gave the held slot back */
		slot->failed = false;
	else
		batcher->free_slots += batcher->held >= 0;
	pthread_cond_signal(&batcher->changed);
	while (!slot->ready)
		pthread_cond_wait(&batcher->changed, &batcher->mutex);
	slot->ready = false;
	bool failed = slot->failed;
	pthread_mutex_unlock(&batcher->mutex);
	if (failed) {
		error_set(error, slot->error.code, "%s", slot->error.text);
		return NULL;
	}
	batcher->held = wanted;
	batcher->returned = slot->next;
	return slot->activations;
}

struct batcher_position batcher_position(const struct batcher *batcher) { return batcher->returned; }

int64_t batcher_steps_per_epoch(const struct batcher *batcher)
{
	return (int64_t)(batcher->dataset->count / (size_t)batcher->batch);
}
