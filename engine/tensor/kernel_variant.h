/* What the files share that are compiled once per instruction set (kernel.h): the names of their copies, and vectors of what
 * registers there are. Included by them alone. */
#ifndef QGAN_ENGINE_TENSOR_KERNEL_VARIANT_H
#define QGAN_ENGINE_TENSOR_KERNEL_VARIANT_H

#include "engine/tensor/kernel.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* Of this copy, and of the floats' copy that goes with it: meson says their suffixes. */
#define KERNEL_JOIN(name, suffix) name##suffix
#define KERNEL_JOIN_VALUES(name, suffix) KERNEL_JOIN(name, suffix)
#define OF_KERNEL(name) KERNEL_JOIN_VALUES(name, KERNEL_SUFFIX)
#define OF_FLOATS(name) KERNEL_JOIN_VALUES(name, FLOATS_SUFFIX)

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Before a loop of a constant number of steps, which is to be unrolled; not in sanitized builds, where the checks of all steps
 * would take minutes to compile. */
#ifndef __has_feature
#define __has_feature(what) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
enum { LANES = VECTOR_BYTES / 4 };

typedef float vector __attribute__((vector_size(VECTOR_BYTES)));
typedef float loose_vector __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias)); /* at any address */

ALWAYS_INLINE vector load(const float *source) { return *(const loose_vector *)source; }
ALWAYS_INLINE void store(float *target, vector value) { *(loose_vector *)target = value; }
ALWAYS_INLINE vector in_all_lanes(float value) { return value - (vector){0}; }

#endif
