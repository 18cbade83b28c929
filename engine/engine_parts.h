/* What the parts of the engine share: engine.c (life, loading, steps, the main thread's side), engine_tell.c (what it
 * tells) and engine_commands.c (what it obeys). All functions are for the engine thread. */
#ifndef QGAN_ENGINE_ENGINE_PARTS_H
#define QGAN_ENGINE_ENGINE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/base/queue.h"
#include "engine/engine.h"

enum { CHECKPOINTS_IN_FLIGHT = 2 }; /* with the trainer's own state: what a slow disk may cost in memory */

/* Sums over the steps since the last metric point; kept in checkpoints, so that a resumed run's points are the same. */
struct metric_sums {
	double count, loss_d, loss_g, d_real, d_fake, penalty, gradient_d, gradient_g;
};

struct engine {
	struct engine_options options;
	struct queue *commands, *events;
	pthread_t thread;
	atomic_bool cancelled, stopping, left;
	atomic_int checkpoints_in_flight;

	pthread_mutex_t lock;          /* guards the three fields below: the merged progress */
	struct event latest[2];        /* [0] LOADING, [1] PROGRESS */
	bool latest_waiting[2];        /* a marker for it is in the queue */

	/* the engine thread's own */
	struct engine_cue *cues;       /* owned; those before next_cue have been obeyed */
	int next_cue;
	enum engine_state state;
	struct dataset *dataset;
	struct trainer *trainer;
	struct metric_sums sums;
	struct progress progress;
	double smooth_step_seconds;
	int64_t steps_asked;           /* COMMAND_STEP: pause again after so many steps; 0: no pause is due */
	bool show_change;              /* bits or method changed: tell layers and samples after the next step */
	bool checkpoint_wanted;        /* a periodic one was due while too many were in flight */
	bool held_saved;               /* the state trouble was met in is saved; not again before another checkpoint is told */
	struct verdict_judge *judge;
	struct verdict verdict;        /* as told last, at */
	int64_t verdict_step;
	double real_diversity;         /* of the data set's pictures */
};

/* ---- engine.c ---- */

/* Statistics, sample, verdict and checkpoint; then the end, or failure. */
void engine_finish(struct engine *engine, enum engine_state end);

/* ---- engine_tell.c ---- */

struct event engine_new_event(struct engine *engine, enum event_kind kind);
void engine_tell(struct engine *engine, const struct event *event);
/* Latest wins: at most one marker per kind is in the queue, engine_poll puts the newest content into it. */
void engine_tell_merged(struct engine *engine, const struct event *event);
void engine_tell_state(struct engine *engine, enum engine_state state);
void engine_tell_trouble(struct engine *engine, enum engine_state state, const struct error *error);
void engine_fail(struct engine *engine, const struct error *error);
void engine_journal(struct engine *engine, enum command_kind command, const char *field, const char *value, const char *text);
/* When it has changed, or now and then; with_new_numbers: in any case. */
void engine_tell_verdict(struct engine *engine, bool with_new_numbers);
void engine_tell_layers(struct engine *engine);
bool engine_tell_sample(struct engine *engine, uint64_t seed, struct error *error);
/* command_id 0: nobody asked for it, it is pruned when newer ones come. */
bool engine_tell_checkpoint(struct engine *engine, uint64_t command_id, bool last, struct error *error);
void engine_restore_sums(struct engine *engine, const struct checkpoint *checkpoint);
/* The judge wants to know whether more bits can be advised. */
void engine_tell_judge_bits(struct engine *engine);

/* ---- engine_commands.c ---- */

/* Does it, or not, and replies; false: refused, for the reason in `error`. */
bool engine_obey(struct engine *engine, const struct command *command, struct error *error);
/* Commands that came too late for an engine that has ended; a stop has got what it wanted. */
void engine_answer_late_commands(struct engine *engine);

#endif
