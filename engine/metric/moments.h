/* Mean and covariance of feature vectors that stream by: memory for one covariance, however many samples.
 *
 * Everything is taken from the first sample on, so that nothing is lost when means are a million times the spread, and
 * constants are met exactly. Samples gather in blocks; a full block is centred on its own mean and folded in as Chan,
 * Golub and LeVeque (1979) do. How samples were cut into calls of add makes no difference to any bit. One owner. */
#ifndef QGAN_ENGINE_METRIC_MOMENTS_H
#define QGAN_ENGINE_METRIC_MOMENTS_H

#include "engine/metric/statistics.h"
#include "engine/tensor/parallel.h"

struct metric_moments {
	int dimensions;
	uint64_t count;   /* samples folded in */
	double *origin;   /* [dimensions]: the first sample */
	double *mean;     /* [dimensions]: of those folded in, less the origin */
	double *products; /* [dimensions][dimensions], upper half: sums of (x - mean) (x - mean)^T */
	double *block;    /* samples that wait, less the origin, and room for one row more */
	int waiting;
};

/* `what` is for error texts. On failure *moments is empty. */
bool metric_moments_init(struct metric_moments *moments, size_t dimensions, const char *what, struct error *error);
void metric_moments_clear(struct metric_moments *moments);

uint64_t metric_moments_count(const struct metric_moments *moments); /* all that were added */

/* values[count][dimensions]. NaN and Inf are ERROR_INPUT, "row 3, column 0 is NaN; ..", rows counted from the first
 * sample added; then nothing is. parallel may be NULL, here and below. */
bool metric_moments_add(struct metric_moments *moments, struct parallel *parallel, const double *values, size_t count,
                        struct error *error);
bool metric_moments_add_floats(struct metric_moments *moments, struct parallel *parallel, const float *values, size_t count,
                               struct error *error);

/* Adds all samples of `other`, of as many dimensions, which changes only in that none wait any more. */
void metric_moments_merge(struct metric_moments *moments, struct parallel *parallel, struct metric_moments *other);

/* Fewer than 2 samples are ERROR_INPUT. More samples may follow. */
bool metric_moments_finish(struct metric_moments *moments, struct parallel *parallel, struct metric_statistics *statistics,
                           struct error *error);

/* The same from all samples at once, by plain loops, in two passes. statistics: allocated. */
void metric_moments_ref(const double *values, size_t count, struct metric_statistics *statistics);

#endif
