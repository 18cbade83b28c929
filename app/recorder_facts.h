/* Facts: what is left of an engine's events once they wait to be written, small and owned by the recorder. Made on
 * the main thread, written and released on the recorder's. Used by recorder.c only. */
#ifndef QGAN_APP_RECORDER_FACTS_H
#define QGAN_APP_RECORDER_FACTS_H

#include "app/recorder.h"
#include "engine/base/text.h"

/* An open run as the recorder's thread sees it; the main thread only carries the pointer. */
struct recorded_run {
	struct run run;               /* id and name matter */
	struct run_progress progress; /* what its row says at the next write */
	double trained;               /* seconds, up to running_since */
	double running_since;         /* unix seconds; 0: not running */
	double written;               /* monotonic seconds of the last write of its row */
	bool changed;                 /* progress is ahead of the row */
};

enum fact_kind {
	FACT_STARTED,
	FACT_PROGRESS,   /* not counted, never kept waiting: applied when it arrives */
	FACT_METRIC,
	FACT_JOURNAL,
	FACT_LAYERS,
	FACT_SAMPLE,
	FACT_CHECKPOINT, /* written by recorder.c: a file is no part of a transaction */
	FACT_KEEP,
	FACT_VERDICT,
	FACT_SCORE,
	FACT_STATE,
	FACT_END,        /* always the last fact of its run */
};

struct fact {
	enum fact_kind kind;
	struct recorded_run *run; /* borrowed; owned by FACT_END */
	int64_t step;
	double time;
	bool written;             /* done with, one way or the other */
	union {
		struct trainer_facts *started; /* owned */
		struct metric_point metric;    /* METRIC, PROGRESS */
		struct journal_entry *journal; /* owned */
		struct {
			struct layer_report *reports; /* owned */
			int count;
		} layers;
		struct {
			struct image *picture; /* owned; NULL once it is a PNG */
			struct text png;
			int tiles, columns;
			uint64_t seed;
			double diversity;
		} sample;
		struct run_verdict *verdict; /* owned */
		struct score *score;         /* owned */
		struct {
			struct checkpoint *state;   /* owned; NULL once it is a file */
			struct checkpoint_row *row; /* owned; NULL until it is a file */
			bool last, kept, best, refused; /* refused: at least once */
		} checkpoint;
		struct {
			enum run_status status;
			bool running;
			char *message; /* owned; NULL: none */
		} state;               /* STATE, END */
	};
};

/* Takes what the event owns. NULL: nothing to record. */
struct fact *fact_from_event(struct recorded_run *run, struct event *event);
struct fact *fact_create(enum fact_kind kind, struct recorded_run *run, int64_t step);
void fact_destroy(struct fact *fact); /* not its run */

const char *fact_name(const struct fact *fact); /* "metric point", for people */
bool fact_ends_run(const struct fact *fact);    /* a state that must not be recorded before the checkpoints it promises */

/* Outside a transaction: the slow part, once. False: this fact is lost. */
bool fact_prepare(struct fact *fact, struct error *error);

/* Inside a transaction; also brings fact->run->progress up to date, which may happen twice if the first is undone. */
bool fact_write(struct fact *fact, struct store *store, struct error *error);

/* The run's row as progress says, with the heartbeat. */
bool recorded_run_write(struct recorded_run *run, struct store *store, struct error *error);

#endif
