/* What a score compares with: mean and covariance of a data set's features, and some of the features themselves, found once
 * and then kept in a file:
 *
 *   an npz as statistics.h has it (mu, sigma, samples), which other programs read too, with two members more:
 *   features.npy   float32 [rows][dimensions], of pictures in a random order
 *   key.txt        the key below, byte for byte
 *
 * The key says all that the numbers depend on: layout, feature network and hash of its weights, hash, number and shape of
 * the pictures, and how many features were kept. Its hash also makes the file's name, so that a file is never stale: another
 * data set, split, size, number or network has another file. The engine thread. */
#ifndef QGAN_ENGINE_METRIC_REFERENCE_SET_H
#define QGAN_ENGINE_METRIC_REFERENCE_SET_H

#include "engine/metric/picture_stream.h"
#include "engine/metric/statistics.h"

enum { REFERENCE_ROWS = 10000 }; /* features that are kept at most: 82 MB of 2048 dimensions */

struct reference_set {
	struct metric_statistics statistics; /* of all pictures */
	float *features;                     /* [rows][dimensions], owned */
	size_t rows;
	char hash[SHA256_TEXT_SIZE];         /* of the key */
	bool cached;                         /* came from a file */
};
void reference_set_clear(struct reference_set *set);

/* Making one, a chunk of pictures a step: a look at all of them for the key, then the file, or a second look through the
 * network. Must not be moved between begin and clear. */
struct reference_work {
	struct reference_set set;    /* what is made; to be had when done */
	bool done;
	struct error unsaved;        /* why it could not be kept in a file, which is no failure; else ERROR_NONE */

	/* its own */
	const char *folder;
	struct shuffled_pictures pictures;
	struct picture_walk walk;
	struct sha256 sum;           /* of the pictures looked at for the key, */
	size_t summed;               /* so many */
	struct metric_moments *moments;
	char *key, *path;            /* path NULL: not kept */
};

/* Of `limit` pictures of the data set drawn at random (0: of all). folder (may be NULL: nothing is kept) is where the file is
 * looked for and else written, whole or not at all; a file that is damaged is replaced. It is borrowed. On failure *work is
 * empty. */
bool reference_work_begin(struct reference_work *work, const struct dataset *dataset, size_t limit,
                          const struct picture_viewer *viewer, const char *folder, struct error *error);
bool reference_work_step(struct reference_work *work, struct error *error);
double reference_work_share_done(const struct reference_work *work); /* 0..1 */
void reference_work_clear(struct reference_work *work);             /* and the set, unless it was moved out */

#endif
