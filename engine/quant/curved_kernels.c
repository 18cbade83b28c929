#include "engine/quant/curved_kernels.h"

#define INLINE static inline __attribute__((always_inline))

enum {
	LANES = 64,
	COUNTED_BITS = 6,  /* up to here every threshold is compared with */
	COUNTED_FIRST = 5, /* beyond, so many bits are found by comparing, and the others by halving, which looks thresholds up */
};

INLINE void lanes_states(const struct curved_steps *steps, const float *restrict weights, int count, int32_t *restrict states)
{
	const int counted = steps->bits <= COUNTED_BITS ? steps->bits : COUNTED_FIRST;
	const int stride = 1 << (steps->bits - counted);
	for (int l = 0; l < count; l++)
		states[l] = 0;
	for (int z = stride; z < 1 << steps->bits; z += stride) {
		float threshold = steps->thresholds[z];
		for (int l = 0; l < count; l++)
			states[l] += weights[l] >= threshold ? stride : 0;
	}
	for (int half = stride >> 1; half; half >>= 1)
		for (int l = 0; l < count; l++)
			states[l] += weights[l] >= steps->thresholds[states[l] + half] ? half : 0;
}

INLINE void lanes_quantize(const struct curved_steps *steps, const float *restrict weights, int count, float *restrict quantized)
{
	int32_t states[LANES];
	lanes_states(steps, weights, count, states);
	for (int l = 0; l < count; l++)
		quantized[l] = steps->levels[states[l]];
}

INLINE void lanes_encode(const struct curved_steps *steps, const float *restrict weights, int count, uint8_t *restrict encoded)
{
	int32_t states[LANES];
	lanes_states(steps, weights, count, states);
	for (int l = 0; l < count; l++)
		encoded[l] = (uint8_t)states[l];
}

INLINE void quantize_body(const struct curved_steps *steps, const float *weights, size_t count, float *quantized)
{
	size_t i = 0;
	for (; i + LANES <= count; i += LANES)
		lanes_quantize(steps, weights + i, LANES, quantized + i);
	lanes_quantize(steps, weights + i, (int)(count - i), quantized + i);
}

INLINE void encode_body(const struct curved_steps *steps, const float *weights, size_t count, uint8_t *states)
{
	size_t i = 0;
	for (; i + LANES <= count; i += LANES)
		lanes_encode(steps, weights + i, LANES, states + i);
	lanes_encode(steps, weights + i, (int)(count - i), states + i);
}

/* The loops once more for each instruction set; `target` is the function attribute that chooses it. */
#define KERNEL_SET(isa, target)                                                                                            \
	target static void quantize_##isa(const struct curved_steps *steps, const float *weights, size_t count, float *to) \
	{                                                                                                                  \
		quantize_body(steps, weights, count, to);                                                                  \
	}                                                                                                                  \
	target static void encode_##isa(const struct curved_steps *steps, const float *weights, size_t count, uint8_t *to) \
	{                                                                                                                  \
		encode_body(steps, weights, count, to);                                                                    \
	}                                                                                                                  \
	static const struct curved_kernels kernels_##isa = {.name = #isa, .quantize = quantize_##isa, .encode = encode_##isa};

#if defined(__x86_64__)
KERNEL_SET(avx512, __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))))
KERNEL_SET(avx2, __attribute__((target("avx2"))))
#endif
KERNEL_SET(plain, )

const struct curved_kernels *const curved_kernel_sets[] = {
#if defined(__x86_64__)
	&kernels_avx512, &kernels_avx2,
#endif
	&kernels_plain, NULL,
};

bool curved_kernels_usable(const struct curved_kernels *kernels)
{
#if defined(__x86_64__)
	if (kernels == &kernels_avx512)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
	if (kernels == &kernels_avx2)
		return __builtin_cpu_supports("avx2");
#endif
	return kernels != NULL;
}

const struct curved_kernels *curved_kernels_best(void)
{
	int i = 0;
	while (!curved_kernels_usable(curved_kernel_sets[i]))
		i++;
	return curved_kernel_sets[i];
}
