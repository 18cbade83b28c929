/* Feature networks as rows of a table: what turns pictures into the vectors and the class logits that scores are made of
 * (FID and KID of features, Inception Score of logits). Scores of two networks, or of two files of weights, have nothing
 * to do with each other: whoever keeps a score keeps the facts' recipe and hash with it.
 *
 * A network is opened by a spec, NAME or NAME:WEIGHTS. Each open network has activations of its own, so that it works
 * beside a training without touching anything of it; what it computes for a picture does not depend on the pictures beside
 * it nor on the number of threads.
 *
 * To add one: a file feature_NAME.c with a row, named below and in feature_network.c. One thread at a time a network. */
#ifndef QGAN_ENGINE_METRIC_FEATURE_NETWORK_H
#define QGAN_ENGINE_METRIC_FEATURE_NETWORK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/sha256.h"
#include "engine/base/text.h"
#include "engine/tensor/parallel.h"

enum { FEATURE_TEXT_SIZE = 256, FEATURE_RECIPE_SIZE = 96 };

/* What a score must say about how it was made. */
struct feature_facts {
	char recipe[FEATURE_RECIPE_SIZE];   /* short and for people: "classifier/cifar10 1a2b3c4d", the end from the hash */
	char weights[FEATURE_TEXT_SIZE];    /* "cifar10" of ready-made ones, else the file's name */
	char hash[SHA256_TEXT_SIZE];        /* SHA-256 in hex of the whole file of weights; of Inception-v3 of their values */
	char data[FEATURE_TEXT_SIZE];       /* what it was trained on: "cifar10" */
	char resize[FEATURE_TEXT_SIZE];     /* what happens to pictures of another size, in words */
	int dimensions, classes;            /* features and logits of a picture */
	int size, channels;                 /* of the pictures it looks at: others are resized, made grey or RGB */
	size_t weight_bytes;                /* size of the file */
	double multiply_adds;               /* of one picture */
	double accuracy;                    /* on the test pictures of its data, 0..1; NaN: the file does not say */
	uint64_t test_count;                /* of them; 0 likewise */
};

/* 8-bit pictures as data sets keep them: count x [size][size][channels], one after the other. */
struct feature_pictures {
	const uint8_t *pixels;
	size_t count;
	int size, channels; /* channels: 1 or 3 */
};

struct feature_network {
	const struct feature_network_kind *kind;
	struct feature_facts facts;
	void *state; /* the kind's own */
};

struct feature_network_kind {
	const char *name;  /* "classifier" */
	const char *usage; /* "classifier[:WEIGHTS]" */
	const char *help;  /* one line */
	int chunk;         /* pictures of one call of compute, at most */
	const char *(*ready)(int index); /* optional: names of weights that need no file, from 0 on; NULL after the last */
	/* Optional: whether the weights that are no part of the program are there, and in words which, or how to get them. */
	bool (*tell_weights)(struct text *words);
	/* Fills facts and state. weights: the spec's, or NULL; data_kind: as of feature_network_open. On failure close is not
	 * called. */
	bool (*open)(struct feature_network *network, const char *weights, const char *data_kind, struct error *error);
	bool (*compute)(struct feature_network *network, struct parallel *parallel, const struct feature_pictures *pictures,
	                float *features, float *logits, struct error *error);
	void (*close)(struct feature_network *network);
};

extern const struct feature_network_kind feature_classifier, feature_inception;
extern const struct feature_network_kind *const feature_network_kinds[]; /* NULL-terminated; the first is the default */

/* The row that a spec begins with the name of; NULL: none. */
const struct feature_network_kind *feature_network_kind_of(const char *spec);

/* spec NULL: the default network. data_kind (may be NULL) names the kind of data set that the pictures are like
 * ("cifar10"), which chooses among ready-made weights where the spec does not. NULL and an error that lists the known
 * names, or says what the weights lack. */
struct feature_network *feature_network_open(const char *spec, const char *data_kind, struct error *error);
void feature_network_close(struct feature_network *network); /* NULL is fine */

struct feature_run {
	const atomic_bool *cancelled; /* looked at between chunks: ERROR_CANCELLED; NULL: never */
	/* Called between chunks from the calling thread; false stops likewise. NULL: not called. */
	bool (*progress)(void *context, size_t done, size_t total);
	void *context;
};

/* features[count][dimensions], logits[count][classes]; either may be NULL where it is not wanted. run may be NULL. parallel is
 * as in parallel.h. ERROR_NUMERIC when a result is not finite. */
bool feature_network_compute(struct feature_network *network, struct parallel *parallel, const struct feature_pictures *pictures,
                             const struct feature_run *run, float *features, float *logits, struct error *error);

/* How many of the pictures have their label's logit as the largest. labels: below the network's classes. */
bool feature_network_count_correct(struct feature_network *network, struct parallel *parallel,
                                   const struct feature_pictures *pictures, const uint16_t *labels, const struct feature_run *run,
                                   size_t *correct, struct error *error);

#endif
