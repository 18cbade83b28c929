/* One run being trained: an engine and the recorder's open run, joined. Events are shown to a watcher, then handed to
 * the recorder; the recorder's reports are shown too and told to the engine. The workbench and `qgan train` both sit
 * on this. Main thread. */
#ifndef QGAN_APP_TRAINING_H
#define QGAN_APP_TRAINING_H

#include "app/recorder.h"
#include "app/settings.h"
#include "engine/engine.h"

struct training;

struct training_start {
	struct gan_settings settings;
	struct gan_settings configured;  /* to resume: what the store shall keep, without the changes made live */
	struct settings_origins origins; /* of the settings of a new run, where they are known */
	bool origins_known;
	char name[RUN_NAME_SIZE];        /* wish; empty: made up from data and model */
	int64_t resume_id;               /* continue this run; 0: a new one */
	int64_t parent_id, parent_step;  /* a new run from another's checkpoint; 0: fresh weights */
	int64_t checkpoint_step;         /* of the checkpoint below */
	double checkpoint_epochs;        /* epochs done there, filled for a fork */
	char checkpoint_path[STORE_PATH_SIZE], checkpoint_hash[65]; /* empty: fresh weights */
	bool paused;
	const struct engine_cue *cues;   /* borrowed by training_create: changes to be made on the way, a replay */
	int cue_count;
	bool hold;                       /* numbers that are not finite pause it: a person is there to go back */
};

/* Fills what continuing or forking a recorded run needs: its settings as last changed and its newest checkpoint (for
 * a fork, "RUN@STEP" picks one). Resuming a run that never saved starts it again from its seed. `store` may be a
 * reader. ERROR_INPUT names the run or the steps there are. */
bool training_prepare_resume(struct store *store, const char *run, struct training_start *start, struct error *error);
bool training_prepare_fork(struct store *store, const char *run_at_step, struct training_start *start, struct error *error);

/* Back to the newest checkpoint before `step`, without one to where the run began; what came later will be forgotten. */
bool training_prepare_rollback(struct store *store, const char *run, int64_t step, struct training_start *start,
                               struct error *error);

/* The checkpoint a run began from: its parent's, or none. ERROR_INPUT: the parent, or its file, is gone. */
bool training_take_origin(struct store *store, const struct run *run, struct training_start *start, struct error *error);

/* Waits for the disk (the run's row), then starts the engine. Borrows the recorder. */
struct training *training_create(struct recorder *recorder, const struct training_start *start, struct error *error);

/* Ends the engine without saving if it has not ended by itself; closes the run as crashed then. NULL is fine. */
void training_destroy(struct training *training);

struct training_watcher {
	void *context;
	void (*event)(void *context, struct event *event); /* before the recorder takes it; may take what it owns */
	void (*report)(void *context, const struct recorder_report *report);
};

/* Handles everything that waits; true when there was something. */
bool training_pump(struct training *training, const struct training_watcher *watcher);

/* Sleeps until something may wait or `seconds` are over. */
void training_wait(struct training *training, double seconds);

/* What a program without a screen calls until it says false: waits for news, hands it on, and after the end goes on until
 * everything is on disk. A signal (app/interrupt.h) ends that when the disk still refuses TRAINING_SAVE_SECONDS later, a
 * second one at once. */
enum { TRAINING_SAVE_SECONDS = 10 };
bool training_go_on(struct training *training, const struct training_watcher *watcher);

bool training_send(struct training *training, const struct command *command); /* false: too many waiting */
const struct run *training_run(const struct training *training);              /* as recorded at the start */
enum engine_state training_state(const struct training *training);
bool training_ended(const struct training *training); /* the engine has ended; the recorder may still be writing */
int training_wake_descriptor(const struct training *training);

/* "AMD EPYC, 2 cores, float32 avx2": with what a run of that wished precision computes here. */
void machine_describe(const char *precision, char *target, size_t size);

#endif
