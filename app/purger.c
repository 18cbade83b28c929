#include "app/purger.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/queue.h"
#include "engine/base/text.h"
#include "engine/base/thread.h"
#include "store/store.h"

static const double NEWS_SECONDS = 1;

struct purger {
	char store_path[STORE_PATH_SIZE];
	struct queue *news;
	pthread_t thread;
	bool running;      /* there is a thread to be joined */
	int64_t *runs;     /* the thread's while it runs */
	size_t count;
	atomic_bool leave;
};

struct purger *purger_create(const char *store_path, struct error *error)
{
	struct queue *news = queue_create(sizeof(struct purger_news), 0, error);
	if (!news)
		return NULL;
	struct purger *purger = memory_zeroed(1, sizeof *purger);
	purger->news = news;
	text_copy(purger->store_path, sizeof purger->store_path, store_path);
	return purger;
}

static void join(struct purger *purger)
{
	pthread_join(purger->thread, NULL);
	free(purger->runs);
	purger->runs = NULL;
	purger->running = false;
}

void purger_destroy(struct purger *purger)
{
	if (!purger)
		return;
	atomic_store(&purger->leave, true);
	if (purger->running)
		join(purger);
	queue_destroy(purger->news);
	free(purger);
}

static void *purge_main(void *context)
{
	struct purger *purger = context;
	struct purger_news news = {.count = purger->count};
	struct store *store = store_open(purger->store_path, STORE_WRITE, &news.error);
	bool good = store != NULL;
	for (double told = clock_seconds(); good && news.done < news.count && !atomic_load(&purger->leave);) {
		double bytes = 0;
		good = store_purge_run(store, purger->runs[news.done], &bytes, &news.error);
		news.done += good;
		news.bytes += bytes;
		if (good && clock_seconds() - told < NEWS_SECONDS)
			continue;
		told = clock_seconds();
		queue_push(purger->news, &news);
	}
	store_close(store);
	news.over = true;
	queue_push(purger->news, &news);
	return NULL;
}

bool purger_start(struct purger *purger, const int64_t *runs, size_t count, struct error *error)
{
	if (purger->running)
		return error_set(error, ERROR_STATE, "runs are being deleted: when that is done, more can be");
	purger->runs = memory_zeroed(count + 1, sizeof *purger->runs);
	memcpy(purger->runs, runs, count * sizeof *purger->runs);
	purger->count = count;
	purger->running = thread_start(&purger->thread, purge_main, purger, "the thread that deletes runs", error);
	return purger->running;
}

bool purger_poll(struct purger *purger, struct purger_news *news)
{
	bool found = false;
	queue_drain_wake(purger->news);
	while (queue_pop(purger->news, news))
		found = true;
	if (found && news->over)
		join(purger);
	return found;
}

int purger_wake_descriptor(const struct purger *purger)
{
	return queue_wake_descriptor(purger->news);
}
