/* Inbox (main thread -> recorder) holds facts and two kinds of notes; `pending` holds, in order, the facts that are
 * not on disk yet. A pass writes them: stretches of rows in one transaction each, checkpoints between them as a file
 * and then a row. What a pass could not write stays where it was. */
#include "app/recorder.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/recorder_facts.h"
#include "app/recorder_run.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/memory.h"
#include "engine/base/queue.h"
#include "engine/base/text.h"
#include "engine/base/thread.h"

enum { MOST_FACTS_IN_TRANSACTION = 2000 }; /* keeps other writers' waits short after a long trouble */

enum note_kind { NOTE_FACT, NOTE_BEGIN, NOTE_WRITE_NOW, NOTE_LEAVE };

struct begin_request { /* on the stack of recorder_begin_run, which waits until `done` */
	const struct recorder_run_start *start;
	struct recorded_run *begun; /* NULL: refused, see error */
	struct error error;
	bool done;
};

struct note {
	enum note_kind kind;
	struct fact *fact;           /* FACT */
	struct begin_request *begin; /* BEGIN */
	double deadline;             /* LEAVE: monotonic seconds */
};

struct recorder {
	pthread_t thread;
	struct queue *inbox;    /* of struct note */
	struct queue *reports;  /* of struct recorder_report */
	atomic_size_t waiting;  /* facts taken and not on disk */
	struct recorded_run *open; /* main thread: where events go */

	pthread_mutex_t lock;    /* guards done of a begin_request; with `answered` it also announces the end of a pass */
	pthread_cond_t answered;

	/* The recorder's thread only: */
	struct store *store;
	struct recorded_run *run;    /* the open one, for heartbeats */
	struct fact **pending;
	size_t count, capacity;
	double due;                  /* monotonic seconds of the next pass */
	bool troubled;
	char trouble[ERROR_TEXT_SIZE]; /* as reported last */
	size_t lost;
	bool leaving;
	double deadline;
};

/* ---- reports ---- */

static struct recorder_report new_report(enum recorder_report_kind kind, const struct fact *fact)
{
	struct recorder_report report = {.kind = kind};
	if (fact) {
		report.run = fact->run->run.id;
		report.step = fact->step;
	}
	return report;
}

static void report_trouble(struct recorder *recorder, const struct error *error)
{
	bool news = !recorder->troubled || strcmp(recorder->trouble, error->text) != 0;
	recorder->troubled = true;
	if (!news)
		return;
	text_copy(recorder->trouble, sizeof recorder->trouble, error->text);
	struct recorder_report report = new_report(RECORDER_TROUBLE, NULL);
	report.waiting = atomic_load(&recorder->waiting);
	snprintf(report.text, sizeof report.text, "%.400s; %zu fact%s waiting", error->text, report.waiting,
	         report.waiting == 1 ? "" : "s");
	queue_push(recorder->reports, &report);
}

static void report_recovery(struct recorder *recorder)
{
	if (!recorder->troubled)
		return;
	recorder->troubled = false;
	struct recorder_report report = new_report(RECORDER_RECOVERED, NULL);
	snprintf(report.text, sizeof report.text, "store %.300s can be written again: nothing waits", store_path(recorder->store));
	queue_push(recorder->reports, &report);
}

/* For facts that no retry can save. */
static void report_lost(struct recorder *recorder, const struct fact *fact, const char *reason)
{
	bool checkpoint = fact->kind == FACT_CHECKPOINT;
	struct recorder_report report = new_report(checkpoint ? RECORDER_CHECKPOINT_LOST : RECORDER_FACT_LOST, fact);
	report.last = checkpoint && fact->checkpoint.last;
	snprintf(report.text, sizeof report.text, "%s of step %" PRId64 " lost: %.400s", fact_name(fact), fact->step, reason);
	queue_push(recorder->reports, &report);
	recorder->lost++;
}

static void report_checkpoint(struct recorder *recorder, const struct fact *fact)
{
	struct recorder_report report = new_report(RECORDER_CHECKPOINT_WRITTEN, fact);
	report.last = fact->checkpoint.last;
	report.best = fact->checkpoint.best;
	report.bytes = fact->checkpoint.row->bytes;
	text_copy(report.path, sizeof report.path, fact->checkpoint.row->path);
	queue_push(recorder->reports, &report);
}

/* ---- checkpoints ---- */

static bool write_checkpoint_file(struct recorder *recorder, struct fact *fact, struct error *error)
{
	struct checkpoint_row *row = memory_zeroed(1, sizeof *row);
	row->step = fact->step;
	row->time = fact->time;
	row->kept = fact->checkpoint.kept;
	if (!store_checkpoint_path(recorder->store, &fact->run->run, fact->step, row->path, error) ||
	    !checkpoint_write(fact->checkpoint.state, row->path, row->hash, &row->bytes, error)) {
		free(row);
		return false;
	}
	checkpoint_destroy(fact->checkpoint.state);
	fact->checkpoint.state = NULL;
	fact->checkpoint.row = row;
	return true;
}

/* The engine knows the scores since it began, the store all of the run's. */
static bool decide_best(struct recorder *recorder, struct fact *fact, struct error *error)
{
	return !fact->checkpoint.best ||
	       store_is_best_score(recorder->store, fact->run->run.id, fact->step, &fact->checkpoint.row->best, error);
}

/* The file once, then its row; pruning may fail, and is tried again with the next checkpoint. */
static bool write_checkpoint(struct recorder *recorder, struct fact *fact, struct error *error)
{
	int64_t run = fact->run->run.id;
	if ((!fact->checkpoint.row && !write_checkpoint_file(recorder, fact, error)) ||
	    !decide_best(recorder, fact, error) || !store_insert_checkpoint(recorder->store, run, fact->checkpoint.row, error))
		return false;
	struct error pruning = {0};
	if (!store_prune_checkpoints(recorder->store, run, RECORDER_KEPT_CHECKPOINTS, &pruning))
		log_write(LOG_LEVEL_WARNING, "%s", pruning.text);
	report_checkpoint(recorder, fact);
	return true;
}

/* A checkpoint that the disk has refused makes room for the next one: memory holds so many copies, no more. */
static void give_up_older_checkpoint(struct recorder *recorder, const struct fact *newer)
{
	for (size_t i = 0; i < recorder->count; i++) {
		struct fact *fact = recorder->pending[i];
		bool replaceable = fact->kind == FACT_CHECKPOINT && fact->run == newer->run && fact->checkpoint.refused &&
		                   !fact->checkpoint.kept && fact->checkpoint.state;
		if (!replaceable)
			continue;
		report_lost(recorder, fact, "the disk refused it, and a newer one came");
		fact_destroy(fact);
		memmove(&recorder->pending[i], &recorder->pending[i + 1], (recorder->count - i - 1) * sizeof fact);
		recorder->count--;
		atomic_fetch_sub(&recorder->waiting, 1);
		return;
	}
}

/* ---- a pass ---- */

static bool write_rows(struct recorder *recorder, size_t first, size_t end, struct error *error)
{
	if (!store_begin(recorder->store, error))
		return false;
	bool success = true;
	for (size_t i = first; success && i < end; i++) {
		struct recorded_run *run = recorder->pending[i]->run;
		bool last_of_run = i + 1 == end || recorder->pending[i + 1]->run != run;
		success = fact_write(recorder->pending[i], recorder->store, error) &&
		          (!last_of_run || recorded_run_write(run, recorder->store, error));
	}
	if (success)
		return store_commit(recorder->store, error);
	store_rollback(recorder->store);
	return false;
}

static void mark_written(struct recorder *recorder, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		recorder->pending[i]->written = true;
}

/* How far one transaction may go from `first`: to the next checkpoint, or to the end of a run whose checkpoint is stuck. */
static size_t find_stretch_end(const struct recorder *recorder, size_t first, size_t limit, const struct recorded_run *stuck)
{
	size_t end = first;
	while (end < recorder->count && end - first < limit) {
		const struct fact *fact = recorder->pending[end];
		if (fact->kind == FACT_CHECKPOINT || (fact->run == stuck && fact_ends_run(fact)))
			break;
		end++;
	}
	return end;
}

/* Drops a fact for its content, not for the disk's sake; a file without a row would be nobody's. */
static void drop(struct recorder *recorder, struct fact *fact, const struct error *error)
{
	if (fact->kind == FACT_CHECKPOINT)
		unlink(fact->checkpoint.row->path);
	report_lost(recorder, fact, error->text);
	fact->written = true;
}

/* Marks what it has written. False: something waits for a better disk. */
static bool write_pending(struct recorder *recorder, struct error *error)
{
	const struct recorded_run *stuck = NULL;
	size_t limit = MOST_FACTS_IN_TRANSACTION;
	for (size_t i = 0; i < recorder->count;) {
		struct fact *fact = recorder->pending[i];
		if (fact->kind == FACT_CHECKPOINT) {
			fact->written = write_checkpoint(recorder, fact, error);
			if (!fact->written && error->code == ERROR_INPUT && fact->checkpoint.row) {
				drop(recorder, fact, error);
			} else if (!fact->written) {
				fact->checkpoint.refused = true;
				stuck = fact->run;
			}
			i++;
			continue;
		}
		size_t end = find_stretch_end(recorder, i, limit, stuck);
		if (end == i)
			return false;
		if (write_rows(recorder, i, end, error)) {
			mark_written(recorder, i, end);
			i = end;
			limit = MOST_FACTS_IN_TRANSACTION;
		} else if (error->code != ERROR_INPUT) {
			return false;
		} else if (end - i > 1) {
			limit = 1; /* one of them is at fault: find it */
		} else {
			drop(recorder, fact, error);
			i++;
		}
	}
	return stuck == NULL;
}

/* Forgets what is written; the end of a run frees it. */
static void compact(struct recorder *recorder)
{
	size_t kept = 0, written = 0;
	for (size_t i = 0; i < recorder->count; i++) {
		struct fact *fact = recorder->pending[i];
		if (!fact->written) {
			recorder->pending[kept++] = fact;
			continue;
		}
		written++;
		if (fact->kind == FACT_END) {
			if (recorder->run == fact->run)
				recorder->run = NULL;
			recorded_run_destroy(fact->run);
		}
		fact_destroy(fact);
	}
	recorder->count = kept;
	atomic_fetch_sub(&recorder->waiting, written);
}

static bool needs_heartbeat(const struct recorder *recorder)
{
	return recorder->run && clock_seconds() - recorder->run->written >= RECORDER_HEARTBEAT_SECONDS;
}

/* Leaves `due` at the time of the next pass. */
static void write_pass(struct recorder *recorder)
{
	struct error error = {0};
	bool success = write_pending(recorder, &error);
	compact(recorder);
	if (success && needs_heartbeat(recorder))
		success = recorded_run_write(recorder->run, recorder->store, &error);
	if (success)
		report_recovery(recorder);
	else
		report_trouble(recorder, &error);
	recorder->due = clock_seconds() + (success ? RECORDER_HEARTBEAT_SECONDS : RECORDER_RETRY_SECONDS);
	pthread_mutex_lock(&recorder->lock);
	pthread_cond_broadcast(&recorder->answered);
	pthread_mutex_unlock(&recorder->lock);
}

/* ---- the thread ---- */

static void write_within(struct recorder *recorder, double seconds)
{
	double latest = clock_seconds() + seconds;
	if (latest < recorder->due && !recorder->troubled)
		recorder->due = latest;
}

static void append_fact(struct recorder *recorder, struct fact *fact)
{
	if (fact->kind == FACT_PROGRESS) {
		fact_write(fact, recorder->store, NULL);
		fact_destroy(fact);
		return;
	}
	if (fact->kind == FACT_CHECKPOINT)
		give_up_older_checkpoint(recorder, fact);
	struct error error = {0};
	if (!fact_prepare(fact, &error)) {
		report_lost(recorder, fact, error.text);
		fact_destroy(fact);
		atomic_fetch_sub(&recorder->waiting, 1);
		return;
	}
	if (recorder->count == recorder->capacity) {
		recorder->capacity = recorder->capacity ? 2 * recorder->capacity : 64;
		recorder->pending = memory_resized(recorder->pending, recorder->capacity, sizeof *recorder->pending);
	}
	recorder->pending[recorder->count++] = fact;
	bool urgent = fact->kind == FACT_CHECKPOINT || fact->kind == FACT_STATE || fact->kind == FACT_END;
	write_within(recorder, urgent ? 0 : RECORDER_BATCH_SECONDS);
}

/* What an earlier run left waiting must be on disk first: it may be the very run to be resumed. */
static void begin_run(struct recorder *recorder, struct begin_request *request)
{
	if (recorder->count > 0)
		write_pass(recorder);
	if (recorder->count > 0)
		error_set(&request->error, ERROR_IO, "%.400s; %zu facts of the run before are still waiting", recorder->trouble,
		          recorder->count);
	else
		request->begun = recorded_run_begin(recorder->store, request->start, &request->error);
	if (request->begun) {
		recorder->run = request->begun;
		recorder->due = clock_seconds() + RECORDER_HEARTBEAT_SECONDS;
	}
	pthread_mutex_lock(&recorder->lock);
	request->done = true;
	pthread_cond_broadcast(&recorder->answered);
	pthread_mutex_unlock(&recorder->lock);
}

static void obey(struct recorder *recorder, const struct note *note)
{
	switch (note->kind) {
	case NOTE_FACT:
		append_fact(recorder, note->fact);
		break;
	case NOTE_BEGIN:
		begin_run(recorder, note->begin);
		break;
	case NOTE_WRITE_NOW:
		recorder->due = clock_seconds();
		break;
	case NOTE_LEAVE:
		recorder->leaving = true;
		recorder->deadline = note->deadline;
		recorder->due = clock_seconds();
		break;
	}
}

static bool is_over(const struct recorder *recorder)
{
	return recorder->leaving && (recorder->count == 0 || clock_seconds() >= recorder->deadline);
}

/* Until something arrives or the next pass is due; forever when there is nothing to do by itself. */
static double sleep_seconds(const struct recorder *recorder)
{
	double wake = recorder->due;
	if (recorder->leaving && recorder->deadline < wake)
		wake = recorder->deadline;
	else if (recorder->count == 0 && !recorder->run && !recorder->leaving)
		return -1;
	double seconds = wake - clock_seconds();
	return seconds > 0 ? seconds : 0;
}

static void *record(void *context)
{
	struct recorder *recorder = context;
	while (!is_over(recorder)) {
		queue_wait(recorder->inbox, sleep_seconds(recorder));
		queue_drain_wake(recorder->inbox);
		struct note note;
		while (queue_pop(recorder->inbox, &note))
			obey(recorder, &note);
		if (clock_seconds() >= recorder->due && (recorder->count > 0 || recorder->run || recorder->leaving))
			write_pass(recorder);
	}
	return NULL;
}

/* ---- life ---- */

static void release(struct recorder *recorder)
{
	for (size_t i = 0; i < recorder->count; i++) {
		if (recorder->pending[i]->kind == FACT_END) {
			if (recorder->run == recorder->pending[i]->run)
				recorder->run = NULL;
			recorded_run_destroy(recorder->pending[i]->run);
		}
		fact_destroy(recorder->pending[i]);
	}
	free(recorder->pending);
	recorded_run_destroy(recorder->run);
	store_close(recorder->store);
	queue_destroy(recorder->inbox);
	queue_destroy(recorder->reports);
	pthread_mutex_destroy(&recorder->lock);
	pthread_cond_destroy(&recorder->answered);
	free(recorder);
}

/* The condition waits on the monotonic clock: a clock that is set must not stretch a flush. */
static void init_lock(struct recorder *recorder)
{
	pthread_condattr_t attributes;
	pthread_mutex_init(&recorder->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&recorder->answered, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct recorder *recorder_create(const char *store_path, struct error *error)
{
	struct recorder *recorder = memory_zeroed(1, sizeof *recorder);
	init_lock(recorder);
	recorder->inbox = queue_create(sizeof(struct note), 0, error);
	recorder->reports = recorder->inbox ? queue_create(sizeof(struct recorder_report), 0, error) : NULL;
	recorder->store = recorder->reports ? store_open(store_path, STORE_WRITE, error) : NULL;
	if (recorder->store && thread_start(&recorder->thread, record, recorder, "the recorder's thread", error))
		return recorder;
	release(recorder);
	return NULL;
}

/* What nobody has polled is told to the log instead. */
static void log_reports(struct recorder *recorder)
{
	struct recorder_report report;
	while (queue_pop(recorder->reports, &report))
		if (report.kind != RECORDER_CHECKPOINT_WRITTEN)
			log_write(LOG_LEVEL_WARNING, "%s", report.text);
}

/* The path never changes, whatever the recorder's thread does with its connection. */
const char *recorder_store_path(const struct recorder *recorder)
{
	return store_path(recorder->store);
}

size_t recorder_destroy(struct recorder *recorder, double seconds)
{
	if (!recorder)
		return 0;
	const struct note leave = {.kind = NOTE_LEAVE, .deadline = clock_seconds() + seconds};
	queue_push(recorder->inbox, &leave);
	pthread_join(recorder->thread, NULL);
	log_reports(recorder);
	size_t lost = recorder->lost + recorder->count;
	if (recorder->count > 0)
		log_write(LOG_LEVEL_ERROR, "%zu facts could not be written: %s", recorder->count, recorder->trouble);
	release(recorder);
	return lost;
}

/* ---- the main thread's side ---- */

static void send_fact(struct recorder *recorder, struct fact *fact)
{
	if (fact->kind != FACT_PROGRESS)
		atomic_fetch_add(&recorder->waiting, 1);
	const struct note note = {.kind = NOTE_FACT, .fact = fact};
	queue_push(recorder->inbox, &note);
}

bool recorder_begin_run(struct recorder *recorder, const struct recorder_run_start *start, struct run *run, struct error *error)
{
	if (recorder->open)
		return error_set(error, ERROR_STATE, "a run is being recorded already: end it first");
	struct begin_request request = {.start = start};
	const struct note note = {.kind = NOTE_BEGIN, .begin = &request};
	queue_push(recorder->inbox, &note);
	pthread_mutex_lock(&recorder->lock);
	while (!request.done)
		pthread_cond_wait(&recorder->answered, &recorder->lock);
	pthread_mutex_unlock(&recorder->lock);
	if (!request.begun)
		return error_set(error, request.error.code, "%s", request.error.text);
	recorder->open = request.begun;
	*run = request.begun->run; /* the recorder's thread never changes it */
	run->config_json = memory_text(run->config_json);
	return true;
}

void recorder_take_event(struct recorder *recorder, struct event *event)
{
	struct fact *fact = recorder->open ? fact_from_event(recorder->open, event) : NULL;
	if (fact)
		send_fact(recorder, fact);
	event_release(event);
}

void recorder_keep_checkpoint(struct recorder *recorder, int64_t step)
{
	if (recorder->open)
		send_fact(recorder, fact_create(FACT_KEEP, recorder->open, step));
}

void recorder_end_run(struct recorder *recorder, enum run_status status, const char *message)
{
	assert(status != RUN_LIVE && status != RUN_PAUSED);
	if (!recorder->open)
		return;
	struct fact *fact = fact_create(FACT_END, recorder->open, 0);
	fact->state.status = status;
	fact->state.message = memory_text(message);
	recorder->open = NULL;
	send_fact(recorder, fact);
}

bool recorder_poll_report(struct recorder *recorder, struct recorder_report *report)
{
	return queue_pop(recorder->reports, report);
}

int recorder_wake_descriptor(const struct recorder *recorder)
{
	return queue_wake_descriptor(recorder->reports);
}

void recorder_drain_wake(struct recorder *recorder)
{
	queue_drain_wake(recorder->reports);
}

static struct timespec monotonic_time(double seconds)
{
	return (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
}

bool recorder_flush(struct recorder *recorder, double seconds)
{
	const struct note note = {.kind = NOTE_WRITE_NOW};
	struct timespec deadline = monotonic_time(clock_seconds() + seconds);
	queue_push(recorder->inbox, &note);
	int result = 0;
	pthread_mutex_lock(&recorder->lock);
	while (atomic_load(&recorder->waiting) > 0 && result == 0)
		result = seconds < 0 ? pthread_cond_wait(&recorder->answered, &recorder->lock)
		                     : pthread_cond_timedwait(&recorder->answered, &recorder->lock, &deadline);
	pthread_mutex_unlock(&recorder->lock);
	return atomic_load(&recorder->waiting) == 0;
}

size_t recorder_waiting(const struct recorder *recorder)
{
	return atomic_load(&recorder->waiting);
}
