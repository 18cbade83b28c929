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
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/thread.h"
#include "engine/engine_parts.h"
#include "engine/gan/diversity.h"
#include "engine/gan/model.h"
#include "engine/tensor/parallel.h"

enum { WAITING_COMMANDS = 64 };
static const double RATE_SECONDS = 3; /* time constant of images/s */

/* ---- loading ---- */

static bool loading_progress(void *context, size_t done, size_t total)
{
	struct engine *engine = context;
	struct event event = engine_new_event(engine, EVENT_LOADING);
	event.done = done;
	event.total = total;
	engine_tell_merged(engine, &event);
	return !atomic_load(&engine->cancelled) && !atomic_load(&engine->stopping);
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
		engine_restore_sums(engine, start);
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
		.crop = settings->crop,
		.memory = (uint64_t)settings->data_memory << 20,
		.progress = loading_progress,
		.progress_context = engine,
	};
	engine->dataset = dataset_open(settings->data, &options, error);
	return engine->dataset && diversity_of_dataset(engine->dataset, &engine->real_diversity, error)
	       && build_trainer(engine, error);
}

static bool at_the_end(const struct engine *engine)
{
	int64_t last = trainer_facts(engine->trainer)->last_step;
	return last > 0 && trainer_steps_done(engine->trainer) >= last;
}

static void load(struct engine *engine)
{
	struct error error = {0};
	engine_tell_state(engine, ENGINE_LOADING);
	if (!open_trainer(engine, &error)) {
		if (error.code == ERROR_CANCELLED)
			engine_tell_state(engine, ENGINE_STOPPED);
		else
			engine_fail(engine, &error);
		return;
	}
	struct event event = engine_new_event(engine, EVENT_STARTED);
	event.facts = *trainer_facts(engine->trainer);
	engine_tell(engine, &event);
	engine_tell_judge_bits(engine);
	engine_tell_state(engine, engine->options.start_paused ? ENGINE_PAUSED : ENGINE_RUNNING);
	engine_tell_layers(engine);
	if (!engine_tell_sample(engine, 0, &error)) {
		engine_fail(engine, &error);
		return;
	}
	engine_tell_verdict(engine, true);
	engine_scores_loaded(engine);
}

/* ---- ending ---- */

static void judge_trouble(struct engine *engine, const struct error *error)
{
	if (error->code != ERROR_NUMERIC)
		return;
	verdict_judge_add_failure(engine->judge, trainer_steps_done(engine->trainer) + 1, error->text);
	engine_tell_verdict(engine, false);
}

void engine_finish(struct engine *engine, enum engine_state end)
{
	struct error error = {0};
	engine_tell_state(engine, ENGINE_STOPPING);
	engine_scores_finish(engine);
	engine_tell_layers(engine);
	bool good = engine_tell_sample(engine, 0, &error);
	engine_tell_verdict(engine, true);
	if (good && engine_tell_checkpoint(engine, 0, true, &error)) {
		engine_tell_state(engine, end);
		return;
	}
	judge_trouble(engine, &error);
	engine_fail(engine, &error);
}

/* ---- stepping ---- */

static void add_to_sums(struct metric_sums *sums, const struct step_report *report)
{
	sums->count += 1;
	sums->loss_d += report->loss[NETWORK_D];
	sums->loss_g += report->loss[NETWORK_G];
	sums->d_real += report->d_real;
	sums->d_fake += report->d_fake;
	sums->penalty += isnan(report->penalty) ? 0 : report->penalty;
	sums->gradient_d += report->gradient_norm[NETWORK_D];
	sums->gradient_g += report->gradient_norm[NETWORK_G];
}

static void tell_metrics(struct engine *engine)
{
	struct metric_sums *sums = &engine->sums;
	struct event event = engine_new_event(engine, EVENT_METRICS);
	event.progress = engine->progress;
	struct step_report *mean = &event.progress.report;
	mean->loss[NETWORK_D] = (float)(sums->loss_d / sums->count);
	mean->loss[NETWORK_G] = (float)(sums->loss_g / sums->count);
	mean->d_real = (float)(sums->d_real / sums->count);
	mean->d_fake = (float)(sums->d_fake / sums->count);
	mean->wasserstein = isnan(mean->wasserstein) ? NAN : mean->d_real - mean->d_fake;
	mean->penalty = trainer_settings(engine->trainer)->gradient_penalty > 0 ? (float)(sums->penalty / sums->count) : NAN;
	mean->gradient_norm[NETWORK_D] = (float)(sums->gradient_d / sums->count);
	mean->gradient_norm[NETWORK_G] = (float)(sums->gradient_g / sums->count);
	*sums = (struct metric_sums){0};
	engine_tell(engine, &event);
	struct verdict_point point = {
		.step = mean->step, .loss_d = mean->loss[NETWORK_D], .loss_g = mean->loss[NETWORK_G], .d_real = mean->d_real,
		.d_fake = mean->d_fake, .gradient_d = mean->gradient_norm[NETWORK_D], .gradient_g = mean->gradient_norm[NETWORK_G],
		.wasserstein = mean->wasserstein};
	model_put_on_scale(trainer_settings(engine->trainer), &point);
	verdict_judge_add_point(engine->judge, &point);
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
	struct event event = engine_new_event(engine, EVENT_PROGRESS);
	event.progress = engine->progress;
	engine_tell_merged(engine, &event);
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
		engine_tell_layers(engine);
	if ((change || due(step, settings->sample_every)) && !engine_tell_sample(engine, 0, error))
		return false;
	if (due(step, settings->metric_every))
		engine_tell_verdict(engine, false);
	engine->checkpoint_wanted |= due(step, settings->checkpoint_every);
	if (engine->checkpoint_wanted && atomic_load(&engine->checkpoints_in_flight) < CHECKPOINTS_IN_FLIGHT)
		return engine_tell_checkpoint(engine, 0, false, error);
	return true;
}

/* The refused update was not applied: the state before it is still there to be kept. A person may try the next batch, or
 * go back further, where the trouble has not begun yet; or put a picture file back that cannot be read, and try again. */
static void take_trouble(struct engine *engine, const struct error *error)
{
	bool hold = engine->options.hold && (error->code == ERROR_NUMERIC || error->code == ERROR_INPUT || error->code == ERROR_IO);
	judge_trouble(engine, error);
	if (!engine->held_saved)
		engine->held_saved = engine_tell_checkpoint(engine, 0, !hold, NULL);
	if (hold) {
		engine->steps_asked = 0;
		engine_tell_trouble(engine, ENGINE_PAUSED, error);
		engine_journal(engine, COMMAND_PAUSE, "state", "paused", error->text);
	} else {
		engine_fail(engine, error);
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
		if (!engine_scores_end(engine))
			engine_finish(engine, ENGINE_FINISHED);
		return;
	}
	if (!tell_periodic(engine, report.step, &error)) {
		take_trouble(engine, &error);
		return;
	}
	engine_scores_stepped(engine, report.seconds);
	if (engine->steps_asked > 0 && --engine->steps_asked == 0)
		engine_tell_state(engine, ENGINE_PAUSED);
}
/* ---- the loop ---- */

static bool ended(const struct engine *engine)
{
	return engine->state == ENGINE_FINISHED || engine->state == ENGINE_STOPPED || engine->state == ENGINE_FAILED;
}

/* A replay has to go as it went: what is refused now was done then. */
static void obey_cues(struct engine *engine)
{
	for (; engine->state == ENGINE_RUNNING && engine->next_cue < engine->options.cue_count; engine->next_cue++) {
		const struct engine_cue *cue = &engine->cues[engine->next_cue];
		struct error error;
		if (cue->step > trainer_steps_done(engine->trainer))
			return;
		if (!engine_obey(engine, &cue->command, &error)) {
			error_prefix(&error, "replaying the change after step %" PRId64, cue->step);
			engine_fail(engine, &error);
		}
	}
}

static bool turn(struct engine *engine)
{
	struct command command;
	struct error refusal; /* told in the reply */
	/* Those that come meanwhile wait for the next turn: a stream of commands must not hold up the training. */
	for (size_t waiting = queue_length(engine->commands); waiting > 0 && !ended(engine); waiting--)
		if (queue_pop(engine->commands, &command))
			engine_obey(engine, &command, &refusal);
	if (atomic_load(&engine->cancelled) || ended(engine))
		return false;
	obey_cues(engine);
	if (ended(engine))
		return false;
	if (engine_scores_turn(engine))
		return true;
	if (engine->scoring.ending && !engine->scoring.active)
		engine_finish(engine, ENGINE_FINISHED);
	else if (engine->state == ENGINE_RUNNING && !engine->scoring.ending)
		step(engine);
	return !ended(engine);
}

/* The end is reached already when a finished run is resumed without more steps. */
static void begin(struct engine *engine)
{
	load(engine);
	if (!ended(engine) && at_the_end(engine))
		engine_finish(engine, ENGINE_FINISHED);
}

/* From here on engine_send answers: whatever is pushed after this store is seen by it, what was pushed before by us. */
static void leave(struct engine *engine)
{
	atomic_store(&engine->left, true);
	engine_answer_late_commands(engine);
}

static void *engine_main(void *context)
{
	struct engine *engine = context;
	parallel_lower_priority();
	begin(engine);
	while (turn(engine))
		if (engine->state == ENGINE_PAUSED && engine_scores_wait(engine))
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
	engine_scores_clear(engine);
	trainer_destroy(engine->trainer);
	dataset_destroy(engine->dataset);
	queue_destroy(engine->commands);
	queue_destroy(engine->events);
	pthread_mutex_destroy(&engine->lock);
	free(engine->cues);
	free(engine);
}

static struct engine_cue *copy_cues(const struct engine_options *options)
{
	struct engine_cue *cues = memory_zeroed((size_t)options->cue_count + 1, sizeof *cues);
	if (options->cue_count > 0)
		memcpy(cues, options->cues, (size_t)options->cue_count * sizeof *cues);
	return cues;
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
	engine->cues = copy_cues(options);
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
		engine_answer_late_commands(engine);
	return true;
}

bool engine_poll(struct engine *engine, struct event *event)
{
	if (!queue_pop(engine->events, event))
		return false;
	int slot = engine_merged_slot(event->kind);
	if (slot < 0)
		return true;
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
