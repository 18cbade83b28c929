/* General matrix products of floats: BLAS (held to one thread of its own; matrix.h has its doubles), the slow truth,
 * and the measured best rate that every speed figure is a share of. Row-major. */
#ifndef QGAN_ENGINE_TENSOR_GEMM_H
#define QGAN_ENGINE_TENSOR_GEMM_H

#include "engine/tensor/parallel.h"

/* C[m][n] = alpha A[m][k] B[k][n] + beta C, leading dimensions lda, ldb, ldc in floats. Any thread. */
void gemm_blas(int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
void gemm_ref(int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* GFLOP/s of the best of several large square and rectangular sgemm shapes with BLAS, `threads` at once: the larger
 * of BLAS's own threading and one BLAS call a thread. Takes about `seconds`. Restores the one-thread setting. */
double gemm_peak_gflops(int threads, double seconds);

/* Holds BLAS to one thread; every function that calls BLAS does this first. Any thread. */
void gemm_settle_blas(void);

/* "OpenBLAS 0.3.21 SkylakeX" and the like; and the instruction set our own kernels chose ("avx512", "avx2", "baseline"), for
 * products of bf16 ("amx-bf16"; NULL: none). */
const char *gemm_blas_description(void);
const char *tensor_kernel_name(void);
const char *tensor_pairs_kernel_name(void);

#endif
