/* What the parts of the engine share: engine.c (life, loading, steps, the main thread's side), engine_tell.c (what it
 * tells), engine_scores.c (scores while it trains) and engine_commands.c (what it obeys). All functions are for the engine thread. */
#ifndef QGAN_ENGINE_ENGINE_PARTS_H
#define QGAN_ENGINE_ENGINE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/base/queue.h"
#include "engine/engine.h"
#include "engine/tensor/random.h"

enum { CHECKPOINTS_IN_FLIGHT = 2 }; /* with the trainer's own state: what a slow disk may cost in memory */

/* Sums over the steps since the last metric point; kept in checkpoints, so that a resumed run's points are the same. */
struct metric_sums {
	double count, loss_d, loss_g, d_real, d_fake, penalty, gradient_d, gradient_g;
};

enum { SCORE_RECIPE_SIZE = 64 };

struct scoring {
	struct scorer *scorer;         /* NULL: not needed yet */
	bool off;                      /* no live scores can be had; it was told why */
	bool wanted;                   /* a live score is due, as soon as nothing is active */

	/* what is being scored */
	bool active, live;             /* live: due by itself; else asked for */
	bool held;                     /* waits: the training was paused */
	bool ending;                   /* the last step is done, the training ends when this is */
	const struct evaluation_recipe *recipe;
	uint8_t *pixels;               /* count pictures of `step`, `drawn` of them there */
	size_t count, drawn;
	struct random noise;
	int64_t step;
	int bits[NETWORK_COUNT];
	struct checkpoint *state;      /* of that step, in case it is the best; NULL: not taken */
	double cost;                   /* seconds spent on it */
	double owed;                   /* seconds that the steps have had more than it */
	double told_share;

	int64_t last_step;             /* of the last score */
	double spent, trained, last_cost; /* seconds: all live scores, all steps, the last live score */
	struct checkpoint *best;       /* of the lowest FID, waiting to be told */
	int64_t best_step;
	double best_fid;
	char best_recipe[SCORE_RECIPE_SIZE], noise_recipe[SCORE_RECIPE_SIZE]; /* that these were scored by; empty: none yet */
	double noise_fid, noise_is;    /* of the untrained G */
};

/* The kinds of events that merge. */
enum { MERGED_LOADING, MERGED_PROGRESS, MERGED_SCORING, MERGED_EVENTS };

struct engine {
	struct engine_options options;
	struct queue *commands, *events;
	pthread_t thread;
	atomic_bool cancelled, stopping, left;
	atomic_int checkpoints_in_flight;

	pthread_mutex_t lock;          /* guards the two fields below: what merges */
	struct event latest[MERGED_EVENTS];
	bool latest_waiting[MERGED_EVENTS]; /* a marker for it is in the queue */

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
	struct scoring scoring;
};

/* ---- engine.c ---- */

/* Statistics, sample, verdict and checkpoint; then the end, or failure. */
void engine_finish(struct engine *engine, enum engine_state end);

/* ---- engine_tell.c ---- */

struct event engine_new_event(struct engine *engine, enum event_kind kind);
void engine_tell(struct engine *engine, const struct event *event);
/* Latest wins: at most one marker per kind is in the queue, engine_poll puts the newest content into it. */
void engine_tell_merged(struct engine *engine, const struct event *event);
int engine_merged_slot(enum event_kind kind); /* MERGED_..; -1: a fact */
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
/* A complete copy of the state, of finite numbers only, with what the engine itself remembers. */
struct checkpoint *engine_copy_state(struct engine *engine, struct error *error);
void engine_tell_best(struct engine *engine, struct checkpoint *state, int64_t step); /* takes the state */
void engine_restore_sums(struct engine *engine, const struct checkpoint *checkpoint);
/* The judge wants to know whether more bits can be advised. */
void engine_tell_judge_bits(struct engine *engine);

/* ---- engine_scores.c ---- */

void engine_scores_loaded(struct engine *engine);                  /* the trainer is built */
void engine_scores_stepped(struct engine *engine, double seconds); /* a step is done, that took so long */
/* The last step is done. True: a score is still to be had; the training ends when nothing is active any more. */
bool engine_scores_end(struct engine *engine);
void engine_scores_finish(struct engine *engine);     /* the training ends: what is unfinished is given up */
bool engine_scores_turn(struct engine *engine);       /* false: it is the training's turn */
bool engine_scores_wait(const struct engine *engine); /* nothing to do before a command comes */
bool engine_scores_ask(struct engine *engine, struct error *error);    /* for a paper-grade evaluation */
bool engine_scores_cancel(struct engine *engine, struct error *error); /* of that */
void engine_scores_hold(struct engine *engine, bool hold);
void engine_scores_changed(struct engine *engine); /* G draws other pictures from now on */
void engine_scores_save(const struct engine *engine, struct checkpoint *checkpoint);
void engine_scores_restore(struct engine *engine, const struct checkpoint *checkpoint);
void engine_scores_clear(struct engine *engine);

/* ---- engine_commands.c ---- */

/* Does it, or not, and replies; false: refused, for the reason in `error`. */
bool engine_obey(struct engine *engine, const struct command *command, struct error *error);
/* Commands that came too late for an engine that has ended; a stop has got what it wanted. */
void engine_answer_late_commands(struct engine *engine);

#endif
