#include "engine/tensor/kernel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/log.h"
#include "engine/tensor/gemm.h"

extern const struct kernel kernel_baseline;
static bool always(void) { return true; }

#ifdef __x86_64__
extern const struct kernel kernel_avx2, kernel_avx512;

static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512bw") && has_avx2();
}
#endif

static const struct {
	const struct kernel *kernel;
	bool (*supported)(void);
} kernels[] = {
#ifdef __x86_64__
	{&kernel_avx512, has_avx512},
	{&kernel_avx2, has_avx2},
#endif
	{&kernel_baseline, always},
};
enum { KERNELS = sizeof kernels / sizeof *kernels };

static _Atomic(const struct kernel *) current;

const char *kernel_name(int index)
{
	return index < KERNELS ? kernels[index].kernel->name : NULL;
}

bool kernel_use(const char *name)
{
	for (int i = 0; i < KERNELS; i++) {
		if (strcmp(kernels[i].kernel->name, name) == 0 && kernels[i].supported()) {
			atomic_store(&current, kernels[i].kernel);
			return true;
		}
	}
	return false;
}

static void choose(void)
{
	const char *wish = getenv("QGAN_KERNEL");
	if (wish && *wish) {
		if (kernel_use(wish))
			return;
		log_write(LOG_LEVEL_WARNING, "QGAN_KERNEL is '%s', which this build or CPU does not have: choosing by the CPU", wish);
	}
	for (int i = 0; !kernel_use(kernels[i].kernel->name); i++)
		;
}

const struct kernel *kernel_current(void)
{
	static pthread_once_t chosen = PTHREAD_ONCE_INIT;
	if (!atomic_load_explicit(&current, memory_order_acquire))
		pthread_once(&chosen, choose);
	return atomic_load_explicit(&current, memory_order_acquire);
}

const char *tensor_kernel_name(void)
{
	return kernel_current()->name;
}
