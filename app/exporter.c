#include "app/exporter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/figure.h"
#include "engine/base/memory.h"
#include "engine/base/queue.h"
#include "engine/base/text.h"
#include "engine/base/thread.h"

struct exporter {
	struct queue *results;
	pthread_t thread;
	bool running;          /* there is a thread to be joined */
	struct export_job job; /* the thread's while it runs */
};

struct exporter *exporter_create(struct error *error)
{
	struct queue *results = queue_create(sizeof(struct export_result), 0, error);
	if (!results)
		return NULL;
	struct exporter *exporter = memory_zeroed(1, sizeof *exporter);
	exporter->results = results;
	return exporter;
}

void exporter_destroy(struct exporter *exporter)
{
	if (!exporter)
		return;
	if (exporter->running)
		pthread_join(exporter->thread, NULL);
	queue_destroy(exporter->results);
	free(exporter);
}

static bool write_files(const struct export_job *job, struct error *error)
{
	char path[EXPORT_STEM_SIZE + 8];
	const struct figure figure = {
		.title = job->title,
		.network = job->network,
		.layer = &job->layer,
		.other = *job->other_title ? &job->other : NULL,
		.other_title = *job->other_title ? job->other_title : NULL,
	};
	snprintf(path, sizeof path, "%s.png", job->stem);
	if (!figure_write_png(&figure, path, error))
		return false;
	snprintf(path, sizeof path, "%s.csv", job->stem);
	return figure_write_csv(&figure, path, error);
}

static void *export_main(void *context)
{
	struct exporter *exporter = context;
	struct export_result result = {0};
	text_copy(result.stem, sizeof result.stem, exporter->job.stem);
	if (write_files(&exporter->job, &result.error))
		result.error.code = ERROR_NONE;
	queue_push(exporter->results, &result);
	return NULL;
}

bool exporter_start(struct exporter *exporter, const struct export_job *job, struct error *error)
{
	if (exporter->running)
		return error_set(error, ERROR_STATE, "%s is still being written", exporter->job.stem);
	exporter->job = *job;
	exporter->running = thread_start(&exporter->thread, export_main, exporter, "the thread that writes figures", error);
	return exporter->running;
}

bool exporter_poll(struct exporter *exporter, struct export_result *result)
{
	queue_drain_wake(exporter->results);
	if (!queue_pop(exporter->results, result))
		return false;
	pthread_join(exporter->thread, NULL);
	exporter->running = false;
	return true;
}

int exporter_wake_descriptor(const struct exporter *exporter)
{
	return queue_wake_descriptor(exporter->results);
}
