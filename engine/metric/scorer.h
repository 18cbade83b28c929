/* Scores pictures against one data set through one feature network, a moment's work a step, so that a training can go on in
 * between. The reference is looked for or made when a recipe first needs it, and kept. The engine thread, or any one. */
#ifndef QGAN_ENGINE_METRIC_SCORER_H
#define QGAN_ENGINE_METRIC_SCORER_H

#include "engine/base/user_folder.h"
#include "engine/metric/evaluation.h"

struct scorer_options {
	const struct dataset *reference; /* borrowed */
	char split[16];                  /* which part of it that is: "train" */
	struct picture_viewer viewer;    /* its network is taken over */
	char folder[USER_FOLDER_PATH];   /* of files of references; empty: none are kept */
};

/* All that a score depends on, and the score. */
struct score_report {
	const struct evaluation_recipe *recipe;
	char network[FEATURE_RECIPE_SIZE];           /* "classifier/fashion-mnist 1a2b3c4d" */
	char weights_hash[SHA256_TEXT_SIZE], resize[FEATURE_TEXT_SIZE];
	char reference[DATASET_SPEC_SIZE], split[16], reference_hash[SHA256_TEXT_SIZE];
	uint64_t seed;
	double seconds;                              /* spent on it, but for making the reference */
	struct evaluation_scores scores;
};

struct scorer_progress {
	double share;      /* 0..1, of pictures to be looked at */
	double seconds;    /* of work so far, and likely still to come; NaN: not known yet */
	double seconds_left;
	bool reference;    /* it is the reference's pictures that are looked at */
};

struct scorer;

/* Never fails; takes over the network. */
struct scorer *scorer_create(const struct scorer_options *options);
void scorer_destroy(struct scorer *scorer); /* NULL is fine */
const struct feature_facts *scorer_facts(const struct scorer *scorer);

/* What comes is told by the pictures and seed, which draws the KID's subsets. The stream's context must stay until the end.
 * Not while busy. */
bool scorer_begin(struct scorer *scorer, const struct evaluation_recipe *recipe, const struct picture_stream *pictures,
                  uint64_t seed, struct error *error);

/* The next step of what was begun. *done: the report is filled and the scorer free again; on failure it is free too. */
bool scorer_step(struct scorer *scorer, struct score_report *report, bool *done, struct error *error);
void scorer_stop(struct scorer *scorer); /* gives up what was begun, if anything; a reference half made is kept */

bool scorer_is_busy(const struct scorer *scorer);
struct scorer_progress scorer_progress(const struct scorer *scorer); /* while busy */

/* Why a reference could not be kept in a file: once, then ERROR_NONE. */
struct error scorer_take_unsaved(struct scorer *scorer);

#endif
