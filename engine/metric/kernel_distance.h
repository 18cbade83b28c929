/* The kernel distance of two sets of feature vectors: the unbiased estimate of the squared maximum mean discrepancy
 * (Gretton et al. 2012) with the kernel (x y / d + 1)^3; of Inception features it is the KID (Binkowski et al. 2018).
 *
 * From each set random subsets are drawn without putting back, and the estimate is their mean, with their standard
 * deviation (that of a whole population) as the spread. A set that is no larger than a subset takes part as a whole;
 * where both do there is one estimate, of all samples. The spread of a single estimate is the jackknife's standard error.
 *
 * Features stay where they are (rows.h); memory for one subset of each. One step is one subset, so that a caller can
 * show progress, do something else in between or stop. The engine thread. */
#ifndef QGAN_ENGINE_METRIC_KERNEL_DISTANCE_H
#define QGAN_ENGINE_METRIC_KERNEL_DISTANCE_H

#include <stdint.h>

#include "engine/metric/rows.h"
#include "engine/tensor/parallel.h"

struct kernel_distance_options {
	int subsets, subset_size; /* at least 1, 2 */
	uint64_t seed;            /* of the draw */
};
#define KERNEL_DISTANCE_DEFAULTS {.subsets = 100, .subset_size = 1000}

struct kernel_distance;

/* a and b are borrowed and of as many dimensions. NULL and ERROR_INPUT when one has fewer than 2 samples. */
struct kernel_distance *kernel_distance_create(const struct kernel_distance_options *options, const struct metric_rows *a,
                                               const struct metric_rows *b, struct error *error);
void kernel_distance_destroy(struct kernel_distance *distance); /* NULL is fine */

int kernel_distance_steps_left(const struct kernel_distance *distance);

/* Compares the next subsets. ERROR_NUMERIC when the features are not finite or too large. */
bool kernel_distance_step(struct kernel_distance *distance, struct parallel *parallel, struct error *error);

/* Of the steps so far, at least one. *spread: NaN where nothing is known of it (two samples). */
void kernel_distance_result(const struct kernel_distance *distance, double *mean, double *spread);

/* One estimate by plain loops, of a[m][dimensions] and b[n][dimensions]. */
double kernel_distance_ref(const double *a, size_t m, const double *b, size_t n, size_t dimensions);

#endif
