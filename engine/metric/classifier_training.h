/* Trains a classifier (classifier.h) on a labelled data set: cross entropy, Adam, a learning rate that rises over the
 * first fifth of the steps and then falls to 0, pictures shifted and mirrored at random. Every picture once an epoch but
 * the last ones that fill no batch. What comes out depends on the pictures, the options and the instruction set alone.
 *
 * One step at a time, so that a caller can show progress or stop. Engine thread. */
#ifndef QGAN_ENGINE_METRIC_CLASSIFIER_TRAINING_H
#define QGAN_ENGINE_METRIC_CLASSIFIER_TRAINING_H

#include "engine/data/dataset.h"
#include "engine/file/checkpoint.h"
#include "engine/tensor/parallel.h"

struct classifier_options {
	int epochs, batch;
	double learning_rate; /* the highest */
	int shift;            /* pictures are moved by up to so many pixels each way; edges are drawn out */
	bool flip;            /* and mirrored, every second one */
	uint64_t seed;
};

/* What the ready-made weights of that kind of data set were trained with; for other kinds something sensible. */
struct classifier_options classifier_options_for(const char *data_kind);

struct classifier_training;

struct classifier_step {
	double loss;            /* mean over the batch */
	int pictures, correct;  /* of the batch, moved and mirrored, while batch norm follows it */
};

/* dataset: labelled, CLASSIFIER_SIZE pixels, borrowed, as is `parallel` (may be NULL). */
struct classifier_training *classifier_training_create(const struct dataset *dataset, const struct classifier_options *options,
                                                       struct parallel *parallel, struct error *error);
void classifier_training_destroy(struct classifier_training *training); /* NULL is fine */

int64_t classifier_training_steps(const struct classifier_training *training);      /* in all */
int64_t classifier_training_steps_done(const struct classifier_training *training);

/* The next one, while there is one. ERROR_NUMERIC when the loss is not finite. */
bool classifier_training_step(struct classifier_training *training, struct classifier_step *step, struct error *error);

/* The network as it is now, with options and data in the metadata. NULL: no memory. */
struct checkpoint *classifier_training_store(const struct classifier_training *training, struct error *error);

/* One picture as training sees it, for tests: [side][side][channels], moved by (x, y) and then mirrored. */
void classifier_move_picture(const uint8_t *from, int side, int channels, int x, int y, bool mirror, uint8_t *to);

#endif
