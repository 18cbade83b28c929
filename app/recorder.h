/* The one writer of the store: a thread of its own with its own connection, so that neither the screen nor the
 * training ever waits for the disk. The main thread hands it the engine's events; they become rows in batched
 * transactions (about one a second), PNG samples and checkpoint files. A fact that cannot be written stays in memory,
 * in order, and is tried again every RECORDER_RETRY_SECONDS; the main thread hears of it through reports. One run is
 * open at a time. All functions are for the thread that created it.
 *
 *   recorder_create -> begin_run -> take_event ... -> end_run -> (begin_run ...) -> recorder_destroy */
#ifndef QGAN_APP_RECORDER_H
#define QGAN_APP_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/protocol.h"
#include "store/store.h"

enum {
	RECORDER_KEPT_CHECKPOINTS = 3,  /* newest ones; those marked kept come on top */
	RECORDER_BATCH_SECONDS = 1,     /* between transactions */
	RECORDER_RETRY_SECONDS = 2,
	RECORDER_HEARTBEAT_SECONDS = 5, /* at least that often while a run is open */
};

struct recorder;

/* Opens (creates, migrates) the store for writing and starts the thread. NULL and an error when either is refused. */
struct recorder *recorder_create(const char *store_path, struct error *error);

const char *recorder_store_path(const struct recorder *recorder);

/* Waits up to `seconds` for what is still queued, then ends the thread and frees. Returns how many facts were lost
 * because the disk refused them (also logged); 0: everything is on disk. NULL is fine. An open run is left as it is
 * and will read as crashed: end it first. */
size_t recorder_destroy(struct recorder *recorder, double seconds);

struct recorder_run_start {
	const char *name;                    /* wish; NULL or "": "<data>-<model>-<4 hex digits>" */
	bool exact_name;                     /* a taken name is an error; false: it gets a suffix */
	const char *config_json;             /* all settings, borrowed; NULL when resuming: as recorded */
	const char *origins_json;            /* of a new run: where the settings came from, borrowed; NULL: not known */
	const struct gan_settings *settings; /* borrowed; fills the summary columns */
	const char *machine;                 /* for people: CPU, cores; may be NULL */
	int64_t parent_id, parent_step;      /* a fork: where its weights come from; 0: fresh weights */
	int64_t resume_id, resume_step;      /* continue this run after that step, forgetting what came later; 0: a new run */
};

/* Waits for the disk and answers with the run as recorded (id, final name; the caller calls run_clear).
 * ERROR_STATE when a live process owns the run to resume, or another run is open here. */
bool recorder_begin_run(struct recorder *recorder, const struct recorder_run_start *start, struct run *run, struct error *error);

/* Takes over any event of the engine (the pointers in *event are NULL afterwards) and never waits. Without an open
 * run it is only released. STATE sets the run's status, FINISHED, STOPPED and FAILED once the checkpoints before it
 * are written; METRICS, JOURNAL, LAYERS, SAMPLE and SCORE become rows; CHECKPOINT a file, a row and the pruning of old ones
 * (kept for ever when somebody asked for it: event.command_id is not 0, and it is not the last; kept as the best one while
 * it is); STARTED, PROGRESS and VERDICT update the run's row; LOADING, REPLY and SCORING are nothing to record. */
void recorder_take_event(struct recorder *recorder, struct event *event);

/* The checkpoint of that step, written or still queued, is never pruned. */
void recorder_keep_checkpoint(struct recorder *recorder, int64_t step);

/* Closes the open run behind everything taken before, with RUN_FINISHED, RUN_STOPPED, RUN_CRASHED or RUN_FAILED and
 * a sentence (may be NULL). After a STATE event that ended the run it only closes. Does not wait. */
void recorder_end_run(struct recorder *recorder, enum run_status status, const char *message);

enum recorder_report_kind {
	RECORDER_CHECKPOINT_WRITTEN, /* run, step, path, bytes, last: tell the engine (engine_checkpoint_done) */
	RECORDER_CHECKPOINT_LOST,    /* run, step, last, text: the disk refused it until a newer one came; tell the engine too */
	RECORDER_TROUBLE,            /* text: "store FILE: disk full; 12 facts waiting"; again whenever the cause changes */
	RECORDER_FACT_LOST,          /* text: a fact that can never be written, because its run was deleted, say */
	RECORDER_RECOVERED,          /* text: everything that waited is on disk */
};

struct recorder_report {
	enum recorder_report_kind kind;
	int64_t run, step;
	bool last;                  /* of the checkpoint: the one a stop or the end asked for */
	bool best;                  /* of the checkpoint: of an earlier step, saved for its low FID */
	char path[STORE_PATH_SIZE]; /* of the checkpoint */
	uint64_t bytes;             /* of the checkpoint */
	size_t waiting;             /* facts in memory, TROUBLE */
	char text[ERROR_TEXT_SIZE]; /* one sentence for people */
};
bool recorder_poll_report(struct recorder *recorder, struct recorder_report *report); /* false: nothing new */
int recorder_wake_descriptor(const struct recorder *recorder);                        /* readable while reports may wait */
void recorder_drain_wake(struct recorder *recorder);

/* Waits until everything taken so far is on disk; false when the time is over first (negative: no limit). */
bool recorder_flush(struct recorder *recorder, double seconds);

/* Facts taken and not yet on disk. */
size_t recorder_waiting(const struct recorder *recorder);

#endif
