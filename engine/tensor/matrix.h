/* Dense matrices of doubles, for statistics: products, sums of outer products, eigenvalues. BLAS and LAPACK do the work
 * on one thread each; products are cut into tiles that do not depend on the number of threads, so that results are
 * bit-identical for any number. Row-major without gaps. Symmetric matrices have `n` rows and columns. The engine thread;
 * the _ref twins are plain loops. */
#ifndef QGAN_ENGINE_TENSOR_MATRIX_H
#define QGAN_ENGINE_TENSOR_MATRIX_H

#include "engine/tensor/parallel.h"

/* C[m][n] = A[m][k] B[k][n]. */
void matrix_multiply(struct parallel *parallel, int m, int n, int k, const double *a, const double *b, double *c);

/* C[m][n] = A[m][k] B[n][k]^T. */
void matrix_multiply_transposed(struct parallel *parallel, int m, int n, int k, const double *a, const double *b, double *c);
void matrix_multiply_transposed_ref(int m, int n, int k, const double *a, const double *b, double *c);

/* One tile of the same, with leading dimensions; inside tasks. */
void matrix_multiply_tile(int m, int n, int k, const double *a, int lda, const double *b, int ldb, double *c, int ldc);

/* sums[n][n] += A^T A for A[rows][n]. Only the upper half of sums (column >= row) is kept right. */
void matrix_add_outer_products(struct parallel *parallel, int rows, int n, const double *a, double *sums);
void matrix_add_outer_products_ref(int rows, int n, const double *a, double *sums);

/* The lower half becomes the upper one's mirror image. */
void matrix_mirror_upper(int n, double *matrix);

/* Eigenvalues of a finite symmetric matrix, ascending. The matrix is destroyed; with `vectors` row i becomes the unit
 * eigenvector of values[i]. ERROR_MEMORY, or ERROR_NUMERIC when the iteration does not end. */
bool matrix_eigen(int n, double *matrix, bool vectors, double *values, struct error *error);
void matrix_eigen_ref(int n, double *matrix, double *vectors, double *values); /* by rotations, in any order; vectors[n][n] too */

/* Whether the symmetric matrix, which is destroyed, has only eigenvalues above 0: Cholesky's decomposition succeeds. */
bool matrix_is_positive(int n, double *matrix);

double matrix_frobenius_norm(int n, const double *matrix); /* does not overflow before its result does */

#endif
