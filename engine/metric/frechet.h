/* The Frechet distance of two Gaussians with the given means and covariances (Dowson and Landau 1982); of Inception
 * features it is the FID (Heusel et al. 2017):
 *
 *   |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)
 *
 * tr (S1 S2)^(1/2) is the sum of the roots of the eigenvalues of the symmetric S1^(1/2) S2 S1^(1/2). With S1 = V L V^T
 * these are the eigenvalues of L^(1/2) V^T S2 V L^(1/2): that is computed, in double, from the covariance with fewer
 * samples, on the eigenvectors whose values are not zero. Nothing is ever added to a diagonal.
 *
 * Regularized. Dimensions that are constant in one set add nothing to the root and are left out first, which is exact.
 * Of the d that remain, an eigenvalue of a covariance counts as zero when it is at most d 2^-52 times the covariance's
 * Frobenius norm, which is what rounding leaves of zero. Where a covariance has such an eigenvalue (fewer samples than
 * dimensions, dimensions that depend on each other) or a negative one (a stored sigma that is no covariance), the root
 * was taken as if the Gaussian were flat there and the distance is `regularized`. */
#ifndef QGAN_ENGINE_METRIC_FRECHET_H
#define QGAN_ENGINE_METRIC_FRECHET_H

#include <stdatomic.h>

#include "engine/metric/statistics.h"
#include "engine/tensor/parallel.h"

struct frechet {
	double distance;  /* never below 0 */
	double means;     /* the part of it that the means make */
	int rank;         /* dimensions that took part in the root */
	bool regularized;
};

/* Both of as many dimensions. `cancelled` (may be NULL) is looked at between the decompositions: ERROR_CANCELLED.
 * ERROR_NUMERIC when the numbers are too large for the algebra. */
bool frechet_measure(struct parallel *parallel, const struct metric_statistics *a, const struct metric_statistics *b,
                     const atomic_bool *cancelled, struct frechet *frechet, struct error *error);

/* The formula as it stands, by plain loops and rotations: slow beyond a hundred dimensions. */
double frechet_distance_ref(const struct metric_statistics *a, const struct metric_statistics *b);

#endif
