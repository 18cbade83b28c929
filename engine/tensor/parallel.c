/* How a job is handed out.
 *
 * One 64-bit word, `ticket`, holds the job's number, its count of tasks and the next task to do. Adding one to it
 * takes a task, and the old value says of which job the task is: a worker that comes late adds to a finished job, sees
 * that nothing is left and has touched nothing. So the caller waits only for tasks that were really taken, never for a
 * worker that still sleeps. `task` and `context` are read only after a task was taken, and written only when every
 * task of the job before is done.
 *
 * Waiting, on either side, is a short spin (a training step is about a hundred jobs with tiny gaps) and then sleep. */
#include "engine/tensor/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/thread.h"

enum {
	TASK_BITS = 24,    /* of the ticket: next task, then count of tasks; the rest is the job's number */
	SPINS_A_LOOK = 32, /* pauses between two looks at the clock */
	WORKER_NICE = 5,
	CACHE_LINE = 64,
};
static const double spin_seconds = 40e-6;
static const uint64_t task_mask = ((uint64_t)1 << TASK_BITS) - 1;

struct parallel {
	_Alignas(CACHE_LINE) _Atomic uint64_t ticket;
	_Alignas(CACHE_LINE) atomic_int done; /* tasks of the present job */
	_Alignas(CACHE_LINE) atomic_int sleepers; /* workers that sleep or are about to */
	atomic_bool caller_sleeps, stop;
	void (*task)(void *context, int index);
	void *context;
	int threads; /* counts the caller */
	pthread_t workers[PARALLEL_MAX_THREADS];
	pthread_mutex_t mutex; /* guards nothing but the sleep on the two conditions */
	pthread_cond_t work, finished;
};

static uint64_t ticket_next(uint64_t ticket) { return ticket & task_mask; }
static uint64_t ticket_tasks(uint64_t ticket) { return ticket >> TASK_BITS & task_mask; }
static bool ticket_has_work(uint64_t ticket) { return ticket_next(ticket) < ticket_tasks(ticket); }

static void pause_briefly(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Spins until ready(pool) or the spin time is over; true when ready. */
static bool spin_until(struct parallel *pool, bool (*ready)(struct parallel *))
{
	double end = 0;
	do {
		for (int i = 0; i < SPINS_A_LOOK; i++) {
			if (ready(pool))
				return true;
			pause_briefly();
		}
		if (end == 0)
			end = clock_seconds() + spin_seconds;
	} while (clock_seconds() < end);
	return ready(pool);
}

static bool work_waits(struct parallel *pool) { return ticket_has_work(atomic_load(&pool->ticket)) || atomic_load(&pool->stop); }

static bool job_is_done(struct parallel *pool)
{
	return (uint64_t)atomic_load(&pool->done) == ticket_tasks(atomic_load(&pool->ticket));
}

static void sleep_until_work(struct parallel *pool)
{
	pthread_mutex_lock(&pool->mutex);
	atomic_fetch_add(&pool->sleepers, 1); /* before the look at the ticket: see wake_workers */
	while (!work_waits(pool))
		pthread_cond_wait(&pool->work, &pool->mutex);
	atomic_fetch_sub(&pool->sleepers, 1);
	pthread_mutex_unlock(&pool->mutex);
}

static void sleep_until_done(struct parallel *pool)
{
	pthread_mutex_lock(&pool->mutex);
	atomic_store(&pool->caller_sleeps, true);
	while (!job_is_done(pool))
		pthread_cond_wait(&pool->finished, &pool->mutex);
	atomic_store(&pool->caller_sleeps, false);
	pthread_mutex_unlock(&pool->mutex);
}

static void wake_workers(struct parallel *pool)
{
	if (atomic_load(&pool->sleepers) == 0)
		return;
	pthread_mutex_lock(&pool->mutex);
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->mutex);
}

/* Takes and does tasks until none is left. */
static void do_tasks(struct parallel *pool)
{
	while (ticket_has_work(atomic_load_explicit(&pool->ticket, memory_order_relaxed))) {
		uint64_t ticket = atomic_fetch_add(&pool->ticket, 1);
		if (!ticket_has_work(ticket))
			return;
		int tasks = (int)ticket_tasks(ticket);
		pool->task(pool->context, (int)ticket_next(ticket));
		if (atomic_fetch_add(&pool->done, 1) + 1 == tasks && atomic_load(&pool->caller_sleeps)) {
			pthread_mutex_lock(&pool->mutex);
			pthread_cond_signal(&pool->finished);
			pthread_mutex_unlock(&pool->mutex);
		}
	}
}

static void *worker_main(void *argument)
{
	struct parallel *pool = argument;
	parallel_lower_priority();
	while (!atomic_load(&pool->stop)) {
		do_tasks(pool);
		if (!spin_until(pool, work_waits))
			sleep_until_work(pool);
	}
	return NULL;
}

void parallel_lower_priority(void)
{
#ifdef __linux__ /* elsewhere the nice value belongs to the process, screen included */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), WORKER_NICE); /* refused: we are merely less polite */
#endif
}

int parallel_usable_cores(void)
{
#ifdef __linux__
	cpu_set_t cores;
	if (sched_getaffinity(0, sizeof cores, &cores) == 0)
		return CPU_COUNT(&cores);
#endif
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online < 1 ? 1 : (int)online;
}

static bool start_workers(struct parallel *pool, int threads, struct error *error)
{
	for (pool->threads = 1; pool->threads < threads; pool->threads++)
		if (!thread_start(&pool->workers[pool->threads], worker_main, pool, "a compute thread", error))
			return false;
	return true;
}

struct parallel *parallel_create(int threads, struct error *error)
{
	if (threads == 0)
		threads = parallel_usable_cores() < PARALLEL_MAX_THREADS ? parallel_usable_cores() : PARALLEL_MAX_THREADS;
	if (threads < 1 || threads > PARALLEL_MAX_THREADS) {
		error_set(error, ERROR_INPUT, "threads is %d, but must be 0 (every core) to %d", threads, PARALLEL_MAX_THREADS);
		return NULL;
	}
	struct parallel *pool = aligned_alloc(CACHE_LINE, sizeof *pool);
	if (!pool) {
		error_set(error, ERROR_MEMORY, "no memory for the thread pool");
		return NULL;
	}
	memset(pool, 0, sizeof *pool);
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->finished, NULL);
	if (start_workers(pool, threads, error))
		return pool;
	parallel_destroy(pool);
	return NULL;
}

void parallel_destroy(struct parallel *parallel)
{
	if (!parallel)
		return;
	atomic_store(&parallel->stop, true);
	wake_workers(parallel);
	for (int i = 1; i < parallel->threads; i++)
		pthread_join(parallel->workers[i], NULL);
	pthread_cond_destroy(&parallel->finished);
	pthread_cond_destroy(&parallel->work);
	pthread_mutex_destroy(&parallel->mutex);
	free(parallel);
}

int parallel_threads(const struct parallel *parallel)
{
	return parallel ? parallel->threads : 1;
}

void parallel_run(struct parallel *parallel, void (*task)(void *context, int index), void *context, int tasks)
{
	if (!parallel || parallel->threads == 1 || tasks <= 1 || (uint64_t)tasks > task_mask - PARALLEL_MAX_THREADS) {
		for (int i = 0; i < tasks; i++)
			task(context, i);
		return;
	}
	parallel->task = task;
	parallel->context = context;
	atomic_store(&parallel->done, 0);
	uint64_t job = (atomic_load(&parallel->ticket) >> 2 * TASK_BITS) + 1;
	atomic_store(&parallel->ticket, job << 2 * TASK_BITS | (uint64_t)tasks << TASK_BITS);
	wake_workers(parallel);
	do_tasks(parallel);
	if (!spin_until(parallel, job_is_done))
		sleep_until_done(parallel);
}
