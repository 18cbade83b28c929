/* The engine thread: owns a trainer and its data set, obeys commands, tells events. Created, commanded, polled and
 * destroyed by the main thread; engine_run_inline does the same work on the calling thread, step by step, for tests.
 *
 * Life: LOADING -> RUNNING <-> PAUSED -> STOPPING -> STOPPED | FINISHED, and from anywhere -> FAILED. */
#ifndef QGAN_ENGINE_ENGINE_H
#define QGAN_ENGINE_ENGINE_H

#include "engine/protocol.h"

enum { ENGINE_PATH_SIZE = 4096 };

struct engine;

struct engine_cue { /* a command that the engine gives itself */
	int64_t step;   /* once so many steps are done, before the next */
	struct command command;
};

struct engine_options {
	struct gan_settings settings;
	char start_path[ENGINE_PATH_SIZE];       /* checkpoint to continue from; empty: fresh weights */
	char start_hash[CHECKPOINT_HASH_SIZE];   /* its expected SHA-256; empty: only the file's own is checked */
	bool start_paused;
	bool hold;                /* a step with numbers that are not finite pauses instead of failing: a person may go back */
	struct verdict_judge *judge; /* fed with the curve of a resumed run; taken over by engine_create when it succeeds; NULL: fresh */
	const struct engine_cue *cues; /* their steps rise; copied by engine_create. One that is refused fails the training */
	int cue_count;
	char reference_folder[ENGINE_PATH_SIZE]; /* where what scores are compared with is kept in files; empty: nowhere */
	bool no_thread;           /* the caller drives it by engine_run_inline */
};

/* Starts the thread; loading happens there. NULL and an error only when the thread cannot be had. */
struct engine *engine_create(const struct engine_options *options, struct error *error);

/* Cancels at the next batch without saving, joins, frees. NULL is fine. Send COMMAND_STOP and wait for the end to save. */
void engine_destroy(struct engine *engine);

bool engine_send(struct engine *engine, const struct command *command); /* false: too many waiting */
bool engine_poll(struct engine *engine, struct event *event);           /* false: nothing new */
int engine_wake_descriptor(const struct engine *engine);                /* readable while events may wait */
void engine_drain_wake(struct engine *engine);

/* The recorder says that a checkpoint it was given is on disk (or lost): until then the engine skips periodic ones,
 * so that a slow disk costs memory for two copies at most. */
void engine_checkpoint_done(struct engine *engine);

/* One turn of the loop (obey commands, one step) on the calling thread; false when the engine has ended. */
bool engine_run_inline(struct engine *engine);

#endif
