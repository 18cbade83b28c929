/* Pictures that are made or read a few at a time, and what a feature network finds in them: however many there are, memory
 * is that of one chunk. One owner. */
#ifndef QGAN_ENGINE_METRIC_PICTURE_STREAM_H
#define QGAN_ENGINE_METRIC_PICTURE_STREAM_H

#include "engine/data/dataset.h"
#include "engine/metric/feature_network.h"

/* 8-bit pictures of one size, asked for in order, each once. */
struct picture_stream {
	size_t count;
	int size, channels; /* pictures are [size][size][channels]; channels: 1 or 3 */
	bool (*read)(void *context, size_t first, size_t count, uint8_t *pixels, struct error *error); /* the next `count` */
	void *context;      /* borrowed */
};

/* Pictures of a data set in a random order that the seed names: folders and files are often sorted by class, which parts
 * of a score must not be. */
struct shuffled_pictures {
	const struct dataset *dataset; /* borrowed */
	struct parallel *parallel;     /* borrowed; may be NULL */
	uint32_t *order;               /* owned */
};

/* At most `limit` of them (0: all). The stream borrows *pictures; clear that afterwards, in any case. */
bool picture_stream_shuffle(struct shuffled_pictures *pictures, const struct dataset *dataset, struct parallel *parallel,
                            size_t limit, uint64_t seed, struct picture_stream *stream, struct error *error);
void shuffled_pictures_clear(struct shuffled_pictures *pictures);

/* Who looks at pictures, with what. */
struct picture_viewer {
	struct feature_network *network;
	struct parallel *parallel;    /* as in parallel.h */
	const atomic_bool *cancelled; /* looked at between chunks: ERROR_CANCELLED; NULL: never */
};

/* A walk along a stream, a chunk a step, so that something else can be done in between. */
struct picture_walk {
	struct picture_stream stream;
	struct picture_viewer viewer;
	size_t done, chunk;       /* pictures */
	uint8_t *pixels;          /* of a chunk; owned */
	float *features, *logits; /* of a chunk: [chunk][dimensions], [chunk][classes]; owned */
};

/* On failure *walk is empty. */
bool picture_walk_init(struct picture_walk *walk, const struct picture_stream *stream, const struct picture_viewer *viewer,
                       struct error *error);
void picture_walk_clear(struct picture_walk *walk);

/* Looks at the next pictures, `*count` of them from `*first` on: what was found is in features and logits until the next
 * step. Not to be called when done == stream.count. */
bool picture_walk_step(struct picture_walk *walk, size_t *first, size_t *count, struct error *error);

#endif
