/* Mean and covariance of a set of feature vectors: all that the Frechet distance needs of it, and what pytorch-fid
 * keeps in a file:
 *
 *   an npz (zip.h) of mu.npy [dimensions] and sigma.npy [dimensions][dimensions], floats of any size;
 *   ours have a third member, samples.npy, with the number of samples. Other members are not looked at.
 *
 * Plain data, one owner. */
#ifndef QGAN_ENGINE_METRIC_STATISTICS_H
#define QGAN_ENGINE_METRIC_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/file/zip.h"

enum { METRIC_MAX_DIMENSIONS = 16384 }; /* of a feature vector: its covariance then takes 2 GB */

struct metric_statistics {
	int dimensions;
	uint64_t count;     /* samples; 0: a file did not say */
	double *mean;       /* [dimensions], owned */
	double *covariance; /* [dimensions][dimensions], both halves, divided by count - 1; owned */
};

/* Zeroed arrays. `what` is for error texts: dimensions out of range are ERROR_INPUT. On failure *statistics is empty. */
bool metric_statistics_allocate(size_t dimensions, const char *what, struct metric_statistics *statistics, struct error *error);
void metric_statistics_clear(struct metric_statistics *statistics);

/* Errors name file, member and what was expected of it: shapes that fit each other, finite numbers, a symmetric sigma
 * without negative variances. On failure *statistics is empty. */
bool metric_statistics_parse(const void *bytes, size_t size, const char *name, struct metric_statistics *statistics,
                             struct error *error);
bool metric_statistics_read(const char *path, struct metric_statistics *statistics, struct error *error);
bool metric_statistics_write(const char *path, const struct metric_statistics *statistics, struct error *error);

/* The same with members of other names behind them. */
bool metric_statistics_write_with(const char *path, const struct metric_statistics *statistics, const struct zip_content more[],
                                  int more_count, struct error *error);

#endif
