#include <float.h>

#include "engine/quant/uniform_kernels.h"

extern const struct uniform_kernels uniform_kernels_baseline;
#if defined(__x86_64__)
extern const struct uniform_kernels uniform_kernels_avx2, uniform_kernels_avx512;
#endif

const struct uniform_kernels *const uniform_kernel_sets[] = {
#if defined(__x86_64__)
	&uniform_kernels_avx512, &uniform_kernels_avx2,
#endif
	&uniform_kernels_baseline, NULL,
};

bool uniform_kernels_usable(const struct uniform_kernels *kernels)
{
#if defined(__x86_64__)
	if (kernels == &uniform_kernels_avx512)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
	if (kernels == &uniform_kernels_avx2)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
	return kernels != NULL;
}

const struct uniform_kernels *uniform_kernels_best(void)
{
	int i = 0;
	while (!uniform_kernels_usable(uniform_kernel_sets[i]))
		i++;
	return uniform_kernel_sets[i];
}

double uniform_level(const struct uniform_grid *grid, double z)
{
	float level = (float)(grid->alpha * z + grid->beta);
	level = level > -FLT_MAX ? level : -FLT_MAX;
	return level < FLT_MAX ? level : FLT_MAX;
}
