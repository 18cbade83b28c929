/* Scores of pictures by a stated recipe: FID and KID against a reference set, Inception Score, each with an error bar.
 *
 * Pictures are 8-bit, as they would be saved. They stream by; memory is one chunk of them, one covariance a part and the
 * features of at most REFERENCE_ROWS for the KID.
 *
 * Error bars:
 *   IS    standard deviation over the splits, as the field gives it
 *   KID   standard deviation over the subsets; the jackknife's standard error where there is only one
 *   FID   standard error by the jackknife: the distance without each tenth of the pictures in turn. It tells of the choice
 *         of pictures, not of the bias that every FID of few pictures has, nor of the reference. NaN above
 *         EVALUATION_JACKKNIFE dimensions, where ten decompositions more take too long.
 *
 * The engine thread, or any one thread. */
#ifndef QGAN_ENGINE_METRIC_EVALUATION_H
#define QGAN_ENGINE_METRIC_EVALUATION_H

#include "engine/metric/reference_set.h"

enum { EVALUATION_JACKKNIFE = 512, EVALUATION_MIN_SAMPLES = 100, EVALUATION_MAX_SAMPLES = 1000000 };

/* Two recipes have nothing to do with each other, nor have two networks or references. */
struct evaluation_recipe {
	const char *name;
	const char *help;                 /* one line */
	int samples;                      /* pictures that are scored, unless another number is asked for */
	int reference_samples;            /* real pictures they are compared with; 0: all there are */
	int splits;                       /* of the Inception Score */
	int kid_subsets, kid_subset_size;
};

extern const struct evaluation_recipe evaluation_recipes[]; /* ends with a row without a name */
extern const struct evaluation_recipe *const evaluation_live, *const evaluation_standard; /* while training; when asked for */
const struct evaluation_recipe *evaluation_recipe_find(const char *name); /* NULL: unknown */

struct evaluation_scores {
	double fid, fid_std, kid, kid_std, is_mean, is_std; /* NaN: not known */
	int64_t samples, reference_samples;
	int dimensions;
	bool regularized; /* of the FID, see frechet.h */
};

struct evaluation_task {
	const struct evaluation_recipe *recipe;
	struct picture_stream pictures;        /* all of them are scored */
	const struct reference_set *reference; /* borrowed */
	struct picture_viewer viewer;          /* cancelled is looked at within a step too */
	uint64_t seed;                         /* draws the KID's subsets */
};

struct evaluation;

/* NULL and ERROR_INPUT when there are too few pictures for the recipe's splits. */
struct evaluation *evaluation_create(const struct evaluation_task *task, struct error *error);
void evaluation_destroy(struct evaluation *evaluation); /* NULL is fine */

/* The next chunk of pictures, or a part of the algebra after them: a moment's work. Sets *scores and *done with the last. */
bool evaluation_step(struct evaluation *evaluation, struct evaluation_scores *scores, bool *done, struct error *error);

/* 0..1, by pictures. */
double evaluation_share_done(const struct evaluation *evaluation);

#endif
