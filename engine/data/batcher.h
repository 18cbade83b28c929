/* Batches in shuffled order, prepared one ahead by a thread of its own, so that training does not wait for them; for a set
 * that is read from files this thread has helpers that decode.
 *
 * Every epoch is a permutation drawn from (seed, epoch) alone: the position (epoch, index of the next picture) is
 * the whole state. The last pictures of an epoch that do not fill a batch are left out. */
#ifndef QGAN_ENGINE_DATA_BATCHER_H
#define QGAN_ENGINE_DATA_BATCHER_H

#include <stdint.h>

#include "engine/base/error.h"
#include "engine/data/dataset.h"

struct batcher_position {
	int64_t epoch;  /* from 0 */
	int64_t picture; /* next one in the epoch's order */
};

struct batcher;

/* Borrows the dataset, which must outlive the batcher. Fails when the set holds fewer pictures than a batch. */
struct batcher *batcher_create(const struct dataset *dataset, int batch, uint64_t seed, struct batcher_position start,
                               struct error *error);
void batcher_destroy(struct batcher *batcher); /* NULL is fine */

/* What a batcher takes for pictures of so many values, but for their order (4 bytes a picture of the set). */
size_t batcher_bytes(int batch, size_t picture);

/* The next batch as activations [H][W][N][C] in -1..1; valid until the next call. Never fails, never allocates, unless the
 * set is read from files: NULL and an error naming the file when one cannot be read any more. The position stays then, and
 * the next call tries the same batch again. */
const float *batcher_next(struct batcher *batcher, struct error *error);

/* Where the batch after the last one returned begins (prefetch not counted). */
struct batcher_position batcher_position(const struct batcher *batcher);
int64_t batcher_steps_per_epoch(const struct batcher *batcher);

#endif
