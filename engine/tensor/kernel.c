#include "engine/tensor/kernel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/log.h"
#include "engine/tensor/gemm.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern const struct kernel kernel_baseline, kernel_portable_bf16;
static bool always(void) { return true; }

#ifdef __x86_64__
extern const struct kernel kernel_avx2, kernel_avx512, kernel_avx512_bf16, kernel_amx_bf16;

static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi"); }

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512bw") && has_avx2();
}

static bool has_avx512_bf16(void) { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }

/* Linux hands out the tiles' registers, 8 kB a thread, only to a process that has asked for them; all its threads may use
 * them then. A kernel that does not know of them, or denies them, says so here. */
static bool has_amx(void)
{
	enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18, BF16 = 1 << 22, TILES = 1 << 24 };
	unsigned a, b, c, d;
	if (!has_avx512() || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & BF16) || !(d & TILES))
		return false;
	return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

/* On Sapphire Rapids 2.3 to 4.8 times were seen. */
static double gain_of_amx(void) { return 3; }

/* An instruction takes two multiply-adds a lane. Where Intel runs it on one of its two ports, that is no gain; AMD runs it
 * on both: on Zen 5 DCGAN took from 1.2 (width 32) to 1.8 times less, WGAN-GP 1.3, and Zen 4 has the same ratio of rates. */
static double gain_of_avx512_bf16(void) { return __builtin_cpu_is("amd") ? 1.5 : 1; }
#endif

/* Best first. Kernels that are not `chosen` run only when they are named. gain: as kernel_pairs_gain; none: 1. */
static const struct {
	const struct kernel *kernel;
	bool (*supported)(void);
	bool chosen;
	double (*gain)(void);
} kernels[] = {
#ifdef __x86_64__
	{&kernel_amx_bf16, has_amx, true, gain_of_amx},
	{&kernel_avx512_bf16, has_avx512_bf16, true, gain_of_avx512_bf16},
	{&kernel_avx512, has_avx512, true},
	{&kernel_avx2, has_avx2, true},
#endif
	{&kernel_baseline, always, true},
	{&kernel_portable_bf16, always, false}, /* slower than floats: so that bf16 can be looked into, and tested, anywhere */
};
enum { KERNELS = sizeof kernels / sizeof *kernels };

static _Atomic(const struct kernel *) of_floats, of_pairs;

const char *kernel_name(int index)
{
	return index < KERNELS ? kernels[index].kernel->name : NULL;
}

static int row_of(const char *name)
{
	for (int i = 0; i < KERNELS; i++)
		if (strcmp(kernels[i].kernel->name, name) == 0)
			return i;
	return -1;
}

static void take(const struct kernel *kernel)
{
	atomic_store(kernel->pairs ? &of_pairs : &of_floats, kernel);
}

static bool use(const char *name)
{
	const int row = row_of(name);
	if (row < 0 || !kernels[row].supported())
		return false;
	take(kernels[row].kernel);
	return true;
}

/* The first that the CPU can run; none is no choice of pairs. */
static const struct kernel *best(bool pairs)
{
	for (int i = 0; i < KERNELS; i++)
		if (kernels[i].kernel->pairs == pairs && kernels[i].chosen && kernels[i].supported())
			return kernels[i].kernel;
	return NULL;
}

/* QGAN_KERNELS names one kernel. One of floats is meant to be alone: then there is none of pairs. */
static void choose(void)
{
	const char *wish = getenv("QGAN_KERNELS");
	const bool wished = wish && *wish, float32 = wished && strcmp(wish, "float32") == 0;
	atomic_store(&of_floats, best(false));
	if (float32)
		return;
	if (wished && use(wish))
		return;
	if (wished)
		log_write(LOG_LEVEL_WARNING, "QGAN_KERNELS is '%s', which this build or CPU does not have: choosing by the CPU", wish);
	atomic_store(&of_pairs, best(true));
}

static void settle(void)
{
	static pthread_once_t chosen = PTHREAD_ONCE_INIT;
	pthread_once(&chosen, choose);
}

bool kernel_use(const char *name)
{
	settle();
	return use(name);
}

void kernel_take(const struct kernel *kernel)
{
	settle();
	take(kernel);
}

const struct kernel *kernel_current(void)
{
	settle();
	return atomic_load_explicit(&of_floats, memory_order_acquire);
}

const struct kernel *kernel_of_pairs(void)
{
	settle();
	return atomic_load_explicit(&of_pairs, memory_order_acquire);
}

double kernel_pairs_gain(void)
{
	const struct kernel *kernel = kernel_of_pairs();
	for (int i = 0; i < KERNELS; i++)
		if (kernels[i].kernel == kernel && kernels[i].gain)
			return kernels[i].gain();
	return 1;
}

const char *tensor_kernel_name(void)
{
	return kernel_current()->name;
}

const char *tensor_pairs_kernel_name(void)
{
	return kernel_of_pairs() ? kernel_of_pairs()->name : NULL;
}
