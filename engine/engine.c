/* The engine thread. One loop: obey every waiting command, then do one step; paused, it sleeps in the command queue.
 *
 *   LOADING --load--> RUNNING <--pause/resume--> PAUSED
 *      |                 | step: last step done     | COMMAND_STOP
 *      |                 v                          v
 *      |              finish(FINISHED)         finish(STOPPED)      both through STOPPING: statistics, sample, checkpoint
 *      '-- fail() from anywhere --> FAILED
 *
 * Between the threads lie two queues and atomics: `cancelled` (destroy: leave now, save nothing), `stopping` (a stop
 * was sent: loading need not be finished first), `left` (the loop is over: state and trainer belong to the main thread)
 * and the number of checkpoints the recorder has not written yet. */
#include "engine/engine.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/queue.h"
#include "engine/base/text.h"
#include "engine/base/thread.h"
#include "engine/gan/diversity.h"
#include "engine/gan/layer_bits.h"
#include "engine/tensor/parallel.h"

enum {
	WAITING_COMMANDS = 64,
	CHECKPOINTS_IN_FLIGHT = 2, /* with the trainer's own state: what a slow disk may cost in memory */
	VERDICT_STEPS = 100,       /* a verdict that has not changed is told again, with new numbers, that seldom */
};
static const double RATE_SECONDS = 3; /* time constant of images/s */

/* Sums over the steps since the last metric point; kept in checkpoints, so that a resumed run's points are the same. */
struct metric_sums {
	double count, loss_d, loss_g, d_real, d_fake, gradient_d, gradient_g;
};
static const struct { const char *key; size_t offset; } metric_sum_rows[] = {
	{"metrics.count", offsetof(struct metric_sums, count)},
	{"metrics.loss_d", offsetof(struct metric_sums, loss_d)},
	{"metrics.loss_g", offsetof(struct metric_sums, loss_g)},
	{"metrics.d_real", offsetof(struct metric_sums, d_real)},
	{"metrics.d_fake", offsetof(struct metric_sums, d_fake)},
	{"metrics.gradient_d", offsetof(struct metric_sums, gradient_d)},
	{"metrics.gradient_g", offsetof(struct metric_sums, gradient_g)},
};
enum { METRIC_SUMS = sizeof metric_sum_rows / sizeof *metric_sum_rows };

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

/* ---- telling ---- */

static struct event new_event(struct engine *engine, enum event_kind kind)
{
	return (struct event){
		.kind = kind,
		.step = engine->trainer ? trainer_steps_done(engine->trainer) : 0,
		.time = clock_unix(),
		.state = engine->state,
	};
}

static void tell(struct engine *engine, const struct event *event)
{
	queue_push(engine->events, event);
}

/* Latest wins: at most one marker per kind is in the queue, engine_poll puts the newest content into it. */
static void tell_merged(struct engine *engine, const struct event *event)
{
	int slot = event->kind == EVENT_PROGRESS;
	pthread_mutex_lock(&engine->lock);
	bool waiting = engine->latest_waiting[slot];
	engine->latest[slot] = *event;
	engine->latest_waiting[slot] = true;
	pthread_mutex_unlock(&engine->lock);
	if (!waiting)
		tell(engine, event);
}

static void tell_state(struct engine *engine, enum engine_state state)
{
	engine->state = state;
	struct event event = new_event(engine, EVENT_STATE);
	tell(engine, &event);
}

static void tell_trouble(struct engine *engine, enum engine_state state, const struct error *error)
{
	engine->state = state;
	struct event event = new_event(engine, EVENT_STATE);
	event.error = *error;
	tell(engine, &event);
}

static void fail(struct engine *engine, const struct error *error)
{
	tell_trouble(engine, ENGINE_FAILED, error);
}

static void journal(struct engine *engine, enum command_kind command, const char *field, const char *value, const char *text)
{
	struct event event = new_event(engine, EVENT_JOURNAL);
	event.command = command;
	text_copy(event.field, sizeof event.field, field);
	text_copy(event.value, sizeof event.value, value);
	text_copy(event.text, sizeof event.text, text);
	tell(engine, &event);
}

static void tell_verdict(struct engine *engine, bool with_new_numbers)
{
	struct event event = new_event(engine, EVENT_VERDICT);
	verdict_judge_decide(engine->judge, &event.verdict);
	bool changed = !verdict_same(&event.verdict, &engine->verdict) || event.step - engine->verdict_step >= VERDICT_STEPS;
	if (!changed && !with_new_numbers)
		return;
	engine->verdict = event.verdict;
	engine->verdict_step = event.step;
	tell(engine, &event);
}

static void tell_layers(struct engine *engine)
{
	struct event event = new_event(engine, EVENT_LAYERS);
	event.layers = memory_zeroed(2 * TRAINER_MAX_LAYERS, sizeof *event.layers);
	event.layer_count = trainer_describe_layers(engine->trainer, event.layers, 2 * TRAINER_MAX_LAYERS);
	tell(engine, &event);
}

static bool tell_sample(struct engine *engine, uint64_t seed, struct error *error)
{
	const struct gan_settings *settings = trainer_settings(engine->trainer);
	struct event event = new_event(engine, EVENT_SAMPLE);
	event.picture = trainer_sample(engine->trainer, settings->samples, seed, error);
	if (!event.picture)
		return false;
	event.tiles = settings->samples;
	event.columns = (event.picture->width + settings->size - 1) / settings->size;
	event.seed = seed;
	event.diversity = diversity_of_grid(event.picture, event.tiles, event.columns) / engine->real_diversity;
	if (!isfinite(event.diversity))
		event.diversity = NAN; /* all real pictures are equal */
	if (seed == 0)
		verdict_judge_add_diversity(engine->judge, event.step, event.diversity);
	tell(engine, &event);
	return true;
}

static bool is_finite(const struct checkpoint *checkpoint)
{
	for (int i = 0; i < checkpoint_tensor_count(checkpoint); i++) {
		const struct checkpoint_tensor *tensor = checkpoint_tensor_at(checkpoint, i);
		for (size_t k = 0; tensor->values && k < tensor->count; k++)
			if (!isfinite(tensor->values[k]))
				return false;
	}
	return true;
}

/* A state nothing can be trained from must not take the place of an older, good one. */
static struct checkpoint *good_checkpoint(struct engine *engine, struct error *error)
{
	struct checkpoint *checkpoint = trainer_checkpoint(engine->trainer, error);
	if (!checkpoint || is_finite(checkpoint))
		return checkpoint;
	checkpoint_destroy(checkpoint);
	error_set(error, ERROR_NUMERIC, "step %" PRId64 ": weights, moments or running statistics are not finite: not saved",
	          trainer_steps_done(engine->trainer));
	return NULL;
}

/* command_id 0: nobody asked for it, it is pruned when newer ones come. */
static bool tell_checkpoint(struct engine *engine, uint64_t command_id, bool last, struct error *error)
{
	struct event event = new_event(engine, EVENT_CHECKPOINT);
	event.checkpoint = good_checkpoint(engine, error);
	if (!event.checkpoint)
		return false;
	for (int i = 0; i < METRIC_SUMS; i++)
		checkpoint_set_number(event.checkpoint, metric_sum_rows[i].key,
		                      *(const double *)((const char *)&engine->sums + metric_sum_rows[i].offset));
	event.command_id = command_id;
	event.last = last;
	atomic_fetch_add(&engine->checkpoints_in_flight, 1);
	engine->checkpoint_wanted = engine->held_saved = false;
	tell(engine, &event);
	return true;
}

/* ---- loading ---- */

static bool loading_progress(void *context, size_t done, size_t total)
{
	struct engine *engine = context;
	struct event event = new_event(engine, EVENT_LOADING);
	event.done = done;
	event.total = total;
	tell_merged(engine, &event);
	return !atomic_load(&engine->cancelled) && !atomic_load(&engine->stopping);
}

static void restore_metric_sums(struct engine *engine, const struct checkpoint *checkpoint)
{
	for (int i = 0; i < METRIC_SUMS; i++) {
		double value;
		if (checkpoint_get_number(checkpoint, metric_sum_rows[i].key, &value, NULL))
			*(double *)((char *)&engine->sums + metric_sum_rows[i].offset) = value;
	}
}

static bool build_trainer(struct engine *engine, struct error *error)
{
	const struct engine_options *options = &engine->options;
	struct checkpoint *start = NULL;
	if (*options->start_path) {
		const char *hash = *options->start_hash ? options->start_hash : NULL;
		start = checkpoint_read(options->start_path, hash, error);
		if (!start)
			return false;
	}
	engine->trainer = trainer_create(&options->settings, engine->dataset, start, error);
	if (engine->trainer && start)
		restore_metric_sums(engine, start);
	checkpoint_destroy(start);
	return engine->trainer != NULL;
}

static bool open_trainer(struct engine *engine, struct error *error)
{
	const struct gan_settings *settings = &engine->options.settings;
	struct dataset_options options = {
		.size = settings->size,
		.channels = settings->channels,
		.seed = settings->seed,
		.progress = loading_progress,
		.progress_context = engine,
	};
	engine->dataset = dataset_open(settings->data, &options, error);
	return engine->dataset && build_trainer(engine, error);
}

static bool at_the_end(const struct engine *engine)
{
	int64_t last = trainer_facts(engine->trainer)->last_step;
	return last > 0 && trainer_steps_done(engine->trainer) >= last;
}

/* The judge wants to know whether more bits can be advised. */
static void tell_quantized(struct engine *engine)
{
	const struct gan_settings *settings = trainer_settings(engine->trainer);
	bool network = settings->bits[NETWORK_D] != QUANT_FLOAT_BITS || settings->bits[NETWORK_G] != QUANT_FLOAT_BITS;
	verdict_judge_set_quantized(engine->judge, network || *settings->layer_bits);
}

static void load(struct engine *engine)
{
	struct error error = {0};
	tell_state(engine, ENGINE_LOADING);
	if (!open_trainer(engine, &error)) {
		if (error.code == ERROR_CANCELLED)
			tell_state(engine, ENGINE_STOPPED);
		else
			fail(engine, &error);
		return;
	}
	struct event event = new_event(engine, EVENT_STARTED);
	event.facts = *trainer_facts(engine->trainer);
	tell(engine, &event);
	engine->real_diversity = diversity_of_dataset(engine->dataset);
	tell_quantized(engine);
	tell_state(engine, engine->options.start_paused ? ENGINE_PAUSED : ENGINE_RUNNING);
	tell_layers(engine);
	if (!tell_sample(engine, 0, &error))
		fail(engine, &error);
	else
		tell_verdict(engine, true);
}

/* ---- ending ---- */

static void judge_trouble(struct engine *engine, const struct error *error)
{
	if (error->code != ERROR_NUMERIC)
		return;
	verdict_judge_add_failure(engine->judge, trainer_steps_done(engine->trainer) + 1, error->text);
	tell_verdict(engine, false);
}

static void finish(struct engine *engine, enum engine_state end)
{
	struct error error = {0};
	tell_state(engine, ENGINE_STOPPING);
	tell_layers(engine);
	bool good = tell_sample(engine, 0, &error);
	tell_verdict(engine, true);
	if (good && tell_checkpoint(engine, 0, true, &error)) {
		tell_state(engine, end);
		return;
	}
	judge_trouble(engine, &error);
	fail(engine, &error);
}

/* ---- stepping ---- */

static void add_to_sums(struct metric_sums *sums, const struct step_report *report)
{
	sums->count += 1;
	sums->loss_d += report->loss[NETWORK_D];
	sums->loss_g += report->loss[NETWORK_G];
	sums->d_real += report->d_real;
	sums->d_fake += report->d_fake;
	sums->gradient_d += report->gradient_norm[NETWORK_D];
	sums->gradient_g += report->gradient_norm[NETWORK_G];
}

static void tell_metrics(struct engine *engine)
{
	struct metric_sums *sums = &engine->sums;
	struct event event = new_event(engine, EVENT_METRICS);
	event.progress = engine->progress;
	struct step_report *mean = &event.progress.report;
	mean->loss[NETWORK_D] = (float)(sums->loss_d / sums->count);
	mean->loss[NETWORK_G] = (float)(sums->loss_g / sums->count);
	mean->d_real = (float)(sums->d_real / sums->count);
	mean->d_fake = (float)(sums->d_fake / sums->count);
	mean->gradient_norm[NETWORK_D] = (float)(sums->gradient_d / sums->count);
	mean->gradient_norm[NETWORK_G] = (float)(sums->gradient_g / sums->count);
	*sums = (struct metric_sums){0};
	tell(engine, &event);
	verdict_judge_add_point(engine->judge, &(struct verdict_point){
		.step = mean->step, .loss_d = mean->loss[NETWORK_D], .loss_g = mean->loss[NETWORK_G], .d_real = mean->d_real,
		.d_fake = mean->d_fake, .gradient_d = mean->gradient_norm[NETWORK_D], .gradient_g = mean->gradient_norm[NETWORK_G]});
}

/* Rates from a smoothed step time, so that they stand still enough to be read. */
static void measure_progress(struct engine *engine, const struct step_report *report)
{
	const struct trainer_facts *facts = trainer_facts(engine->trainer);
	double weight = engine->smooth_step_seconds > 0 ? 1 - exp(-report->seconds / RATE_SECONDS) : 1;
	engine->smooth_step_seconds += weight * (report->seconds - engine->smooth_step_seconds);
	double seconds = engine->smooth_step_seconds;
	engine->progress = (struct progress){
		.report = *report,
		.images_per_second = facts->settings.batch / seconds,
		.gflops = 2 * facts->multiply_adds_per_step / seconds * 1e-9,
		.eta_seconds = facts->last_step > 0 ? (double)(facts->last_step - report->step) * seconds : NAN,
		.quantize_share = report->seconds > 0 ? report->quantize_seconds / report->seconds : 0,
	};
	struct event event = new_event(engine, EVENT_PROGRESS);
	event.progress = engine->progress;
	tell_merged(engine, &event);
}

static bool due(int64_t step, int64_t every)
{
	return every > 0 && step % every == 0;
}

/* What is told after a step besides progress. */
static bool tell_periodic(struct engine *engine, int64_t step, struct error *error)
{
	const struct gan_settings *settings = trainer_settings(engine->trainer);
	bool change = engine->show_change;
	engine->show_change = false;
	if (due(step, settings->metric_every))
		tell_metrics(engine);
	if (change || due(step, settings->layers_every))
		tell_layers(engine);
	if ((change || due(step, settings->sample_every)) && !tell_sample(engine, 0, error))
		return false;
	if (due(step, settings->metric_every))
		tell_verdict(engine, false);
	engine->checkpoint_wanted |= due(step, settings->checkpoint_every);
	if (engine->checkpoint_wanted && atomic_load(&engine->checkpoints_in_flight) < CHECKPOINTS_IN_FLIGHT)
		return tell_checkpoint(engine, 0, false, error);
	return true;
}

/* The refused update was not applied: the state before it is still there to be kept. A person may try the next batch, or
 * go back further, where the trouble has not begun yet. */
static void take_trouble(struct engine *engine, const struct error *error)
{
	bool hold = engine->options.hold && error->code == ERROR_NUMERIC;
	judge_trouble(engine, error);
	if (!engine->held_saved)
		engine->held_saved = tell_checkpoint(engine, 0, !hold, NULL);
	if (hold) {
		engine->steps_asked = 0;
		tell_trouble(engine, ENGINE_PAUSED, error);
		journal(engine, COMMAND_PAUSE, "state", "paused", error->text);
	} else {
		fail(engine, error);
	}
}

static void step(struct engine *engine)
{
	struct error error = {0};
	struct step_report report;
	if (!trainer_step(engine->trainer, &report, &error)) {
		take_trouble(engine, &error);
		return;
	}
	add_to_sums(&engine->sums, &report);
	measure_progress(engine, &report);
	if (at_the_end(engine)) {
		if (due(report.step, trainer_settings(engine->trainer)->metric_every))
			tell_metrics(engine);
		finish(engine, ENGINE_FINISHED);
		return;
	}
	if (!tell_periodic(engine, report.step, &error)) {
		take_trouble(engine, &error);
		return;
	}
	if (engine->steps_asked > 0 && --engine->steps_asked == 0)
		tell_state(engine, ENGINE_PAUSED);
}

/* ---- obeying ---- */

/* What comes is another training than what was. */
static void judge_anew(struct engine *engine)
{
	verdict_judge_begin_anew(engine->judge, trainer_steps_done(engine->trainer));
	tell_quantized(engine);
	tell_verdict(engine, false);
}

/* A change shows in bars and pictures after the next step, or at once when there is none coming. */
static void show_change(struct engine *engine)
{
	engine->show_change = engine->state == ENGINE_RUNNING;
	if (engine->show_change)
		return;
	tell_layers(engine);
	tell_sample(engine, 0, NULL);
}

static bool obey_pause(struct engine *engine, const struct command *command, struct error *error)
{
	(void)error;
	engine->steps_asked = 0;
	if (engine->state == ENGINE_RUNNING) {
		tell_state(engine, ENGINE_PAUSED);
		journal(engine, command->kind, "state", "paused", "paused");
	}
	return true;
}

static bool obey_resume(struct engine *engine, const struct command *command, struct error *error)
{
	(void)error;
	engine->steps_asked = 0;
	if (engine->state == ENGINE_PAUSED) {
		tell_state(engine, ENGINE_RUNNING);
		journal(engine, command->kind, "state", "running", "resumed");
	}
	return true;
}

static bool obey_step(struct engine *engine, const struct command *command, struct error *error)
{
	(void)command;
	if (engine->state == ENGINE_RUNNING && engine->steps_asked == 0)
		return error_set(error, ERROR_STATE, "a single step needs a paused training");
	if (engine->steps_asked++ == 0)
		tell_state(engine, ENGINE_RUNNING);
	return true;
}

static bool obey_stop(struct engine *engine, const struct command *command, struct error *error)
{
	(void)error;
	journal(engine, command->kind, "state", "stopped", "stopped");
	finish(engine, ENGINE_STOPPED);
	return true;
}

static bool obey_set_bits(struct engine *engine, const struct command *command, struct error *error)
{
	int before = trainer_settings(engine->trainer)->bits[command->network];
	if (!trainer_set_bits(engine->trainer, command->network, command->bits, error))
		return false;
	char value[16], text[64];
	const char *name = command->network == NETWORK_D ? "D" : "G";
	snprintf(value, sizeof value, "%d", command->bits);
	snprintf(text, sizeof text, "%s bits %d > %d", name, before, command->bits);
	journal(engine, command->kind, command->network == NETWORK_D ? "d-bits" : "g-bits", value, text);
	judge_anew(engine);
	show_change(engine);
	return true;
}

static bool obey_set_quantizer(struct engine *engine, const struct command *command, struct error *error)
{
	char text[96];
	snprintf(text, sizeof text, "quantizer %s > %s", trainer_settings(engine->trainer)->quantizer, command->name);
	if (!trainer_set_quantizer(engine->trainer, command->name, error))
		return false;
	journal(engine, command->kind, "quantizer", command->name, text);
	judge_anew(engine);
	show_change(engine);
	return true;
}

static bool obey_set_learning_rate(struct engine *engine, const struct command *command, struct error *error)
{
	double before = trainer_settings(engine->trainer)->learning_rate[command->network];
	if (!trainer_set_learning_rate(engine->trainer, command->network, command->rate, error))
		return false;
	char value[32], text[96];
	const char *name = command->network == NETWORK_D ? "D" : "G";
	snprintf(value, sizeof value, "%.17g", command->rate);
	snprintf(text, sizeof text, "%s learning rate %.3g > %.3g", name, before, command->rate);
	journal(engine, command->kind, command->network == NETWORK_D ? "d-learning-rate" : "g-learning-rate", value, text);
	judge_anew(engine);
	return true;
}

static bool obey_set_layer_bits(struct engine *engine, const struct command *command, struct error *error)
{
	const struct gan_settings *settings = trainer_settings(engine->trainer);
	struct layer_plan before[NETWORK_COUNT], after[NETWORK_COUNT];
	char text[96];
	if (!layer_plans_make(settings, before, error) ||
	    !trainer_set_layer_bits(engine->trainer, command->network, command->name, command->bits, error) ||
	    !layer_plans_make(settings, after, error))
		return false;
	int row = layer_plan_find(&after[command->network], command->name);
	const struct layer_plan_row *was = &before[command->network].rows[row], *is = &after[command->network].rows[row];
	snprintf(text, sizeof text, "%s.%s bits %d > %d", command->network == NETWORK_D ? "D" : "G", is->name, was->bits, is->bits);
	journal(engine, command->kind, "bits", *settings->layer_bits ? settings->layer_bits : "none", text);
	judge_anew(engine);
	show_change(engine);
	return true;
}

/* A copy to be looked at. It is not part of the run's record, so it does not count as in flight. */
static bool obey_snapshot(struct engine *engine, const struct command *command, struct error *error)
{
	struct event event = new_event(engine, EVENT_SNAPSHOT);
	event.checkpoint = trainer_checkpoint(engine->trainer, error);
	event.command_id = command->id;
	if (event.checkpoint)
		tell(engine, &event);
	return event.checkpoint != NULL;
}

static bool obey_checkpoint(struct engine *engine, const struct command *command, struct error *error)
{
	if (atomic_load(&engine->checkpoints_in_flight) >= CHECKPOINTS_IN_FLIGHT)
		return error_set(error, ERROR_STATE, "two checkpoints are still being written; try again when one is done");
	return tell_checkpoint(engine, command->id, false, error);
}

static bool obey_sample(struct engine *engine, const struct command *command, struct error *error)
{
	return tell_sample(engine, command->seed, error);
}

static void reply(struct engine *engine, const struct command *command, const struct error *error)
{
	struct event event = new_event(engine, EVENT_REPLY);
	event.command = command->kind;
	event.command_id = command->id;
	event.error = *error;
	tell(engine, &event);
}

static void obey(struct engine *engine, const struct command *command)
{
	static bool (*const handlers[])(struct engine *, const struct command *, struct error *) = {
		[COMMAND_PAUSE] = obey_pause, [COMMAND_RESUME] = obey_resume, [COMMAND_STEP] = obey_step,
		[COMMAND_STOP] = obey_stop, [COMMAND_SET_BITS] = obey_set_bits, [COMMAND_SET_QUANTIZER] = obey_set_quantizer,
		[COMMAND_SET_LEARNING_RATE] = obey_set_learning_rate, [COMMAND_CHECKPOINT] = obey_checkpoint,
		[COMMAND_SAMPLE] = obey_sample, [COMMAND_SET_LAYER_BITS] = obey_set_layer_bits, [COMMAND_SNAPSHOT] = obey_snapshot,
	};
	struct error error = {0};
	if (handlers[command->kind](engine, command, &error))
		error.code = ERROR_NONE;
	reply(engine, command, &error);
}

/* Commands that came too late for an engine that has ended; a stop has got what it wanted. */
static void answer_late_commands(struct engine *engine)
{
	struct command command;
	struct error refusal = {.code = ERROR_STATE, .text = "the training has ended"}, none = {0};
	while (queue_pop(engine->commands, &command))
		reply(engine, &command, command.kind == COMMAND_STOP ? &none : &refusal);
}

/* ---- the loop ---- */

static bool ended(const struct engine *engine)
{
	return engine->state == ENGINE_FINISHED || engine->state == ENGINE_STOPPED || engine->state == ENGINE_FAILED;
}

static bool turn(struct engine *engine)
{
	struct command command;
	/* Those that come meanwhile wait for the next turn: a stream of commands must not hold up the training. */
	for (size_t waiting = queue_length(engine->commands); waiting > 0 && !ended(engine); waiting--)
		if (queue_pop(engine->commands, &command))
			obey(engine, &command);
	if (atomic_load(&engine->cancelled) || ended(engine))
		return false;
	if (engine->state == ENGINE_RUNNING)
		step(engine);
	return !ended(engine);
}

/* The end is reached already when a finished run is resumed without more steps. */
static void begin(struct engine *engine)
{
	load(engine);
	if (!ended(engine) && at_the_end(engine))
		finish(engine, ENGINE_FINISHED);
}

/* From here on engine_send answers: whatever is pushed after this store is seen by it, what was pushed before by us. */
static void leave(struct engine *engine)
{
	atomic_store(&engine->left, true);
	answer_late_commands(engine);
}

static void *engine_main(void *context)
{
	struct engine *engine = context;
	parallel_lower_priority();
	begin(engine);
	while (turn(engine))
		if (engine->state == ENGINE_PAUSED)
			queue_wait(engine->commands, -1);
	leave(engine);
	return NULL;
}

bool engine_run_inline(struct engine *engine)
{
	if (!engine->trainer && !ended(engine))
		begin(engine);
	if (!ended(engine) && turn(engine))
		return true;
	leave(engine);
	return false;
}

/* ---- the main thread's side ---- */

static void release(struct engine *engine)
{
	struct event event;
	while (queue_pop(engine->events, &event))
		event_release(&event);
	verdict_judge_destroy(engine->judge);
	trainer_destroy(engine->trainer);
	dataset_destroy(engine->dataset);
	queue_destroy(engine->commands);
	queue_destroy(engine->events);
	pthread_mutex_destroy(&engine->lock);
	free(engine);
}

struct engine *engine_create(const struct engine_options *options, struct error *error)
{
	struct queue *commands = queue_create(sizeof(struct command), WAITING_COMMANDS, error);
	struct queue *events = queue_create(sizeof(struct event), 0, error);
	if (!commands || !events) {
		queue_destroy(commands);
		queue_destroy(events);
		return NULL;
	}
	struct engine *engine = memory_zeroed(1, sizeof *engine);
	engine->options = *options;
	engine->commands = commands;
	engine->events = events;
	engine->judge = options->judge ? options->judge : verdict_judge_create();
	pthread_mutex_init(&engine->lock, NULL);
	if (!options->no_thread && !thread_start(&engine->thread, engine_main, engine, "the engine thread", error)) {
		if (options->judge)
			engine->judge = NULL; /* still the caller's */
		release(engine);
		return NULL;
	}
	return engine;
}

void engine_destroy(struct engine *engine)
{
	if (!engine)
		return;
	atomic_store(&engine->cancelled, true);
	if (!engine->options.no_thread) {
		struct command wake_up = {.kind = COMMAND_PAUSE};
		queue_push(engine->commands, &wake_up);
		pthread_join(engine->thread, NULL);
	}
	release(engine);
}

bool engine_send(struct engine *engine, const struct command *command)
{
	if (!queue_push(engine->commands, command))
		return false;
	if (command->kind == COMMAND_STOP)
		atomic_store(&engine->stopping, true);
	if (atomic_load(&engine->left))
		answer_late_commands(engine);
	return true;
}

bool engine_poll(struct engine *engine, struct event *event)
{
	if (!queue_pop(engine->events, event))
		return false;
	if (event->kind != EVENT_PROGRESS && event->kind != EVENT_LOADING)
		return true;
	int slot = event->kind == EVENT_PROGRESS;
	pthread_mutex_lock(&engine->lock);
	*event = engine->latest[slot];
	engine->latest_waiting[slot] = false;
	pthread_mutex_unlock(&engine->lock);
	return true;
}

int engine_wake_descriptor(const struct engine *engine)
{
	return queue_wake_descriptor(engine->events);
}

void engine_drain_wake(struct engine *engine)
{
	queue_drain_wake(engine->events);
}

void engine_checkpoint_done(struct engine *engine)
{
	atomic_fetch_sub(&engine->checkpoints_in_flight, 1);
}
