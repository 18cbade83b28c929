/* What the engine tells: events, with what the judge makes of them. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/engine_parts.h"
#include "engine/gan/diversity.h"

enum { VERDICT_STEPS = 100 }; /* a verdict that has not changed is told again, with new numbers, that seldom */

static const struct { const char *key; size_t offset; } metric_sum_rows[] = {
	{"metrics.count", offsetof(struct metric_sums, count)},
	{"metrics.loss_d", offsetof(struct metric_sums, loss_d)},
	{"metrics.loss_g", offsetof(struct metric_sums, loss_g)},
	{"metrics.d_real", offsetof(struct metric_sums, d_real)},
	{"metrics.d_fake", offsetof(struct metric_sums, d_fake)},
	{"metrics.penalty", offsetof(struct metric_sums, penalty)},
	{"metrics.gradient_d", offsetof(struct metric_sums, gradient_d)},
	{"metrics.gradient_g", offsetof(struct metric_sums, gradient_g)},
};
enum { METRIC_SUMS = sizeof metric_sum_rows / sizeof *metric_sum_rows };

struct event engine_new_event(struct engine *engine, enum event_kind kind)
{
	return (struct event){
		.kind = kind,
		.step = engine->trainer ? trainer_steps_done(engine->trainer) : 0,
		.time = clock_unix(),
		.state = engine->state,
	};
}

void engine_tell(struct engine *engine, const struct event *event)
{
	queue_push(engine->events, event);
}

int engine_merged_slot(enum event_kind kind)
{
	switch (kind) {
	case EVENT_LOADING:
		return MERGED_LOADING;
	case EVENT_PROGRESS:
		return MERGED_PROGRESS;
	case EVENT_SCORING:
		return MERGED_SCORING;
	default:
		return -1;
	}
}

void engine_tell_merged(struct engine *engine, const struct event *event)
{
	int slot = engine_merged_slot(event->kind);
	pthread_mutex_lock(&engine->lock);
	bool waiting = engine->latest_waiting[slot];
	engine->latest[slot] = *event;
	engine->latest_waiting[slot] = true;
	pthread_mutex_unlock(&engine->lock);
	if (!waiting)
		engine_tell(engine, event);
}

void engine_tell_state(struct engine *engine, enum engine_state state)
{
	engine->state = state;
	struct event event = engine_new_event(engine, EVENT_STATE);
	engine_tell(engine, &event);
}

void engine_tell_trouble(struct engine *engine, enum engine_state state, const struct error *error)
{
	engine->state = state;
	struct event event = engine_new_event(engine, EVENT_STATE);
	event.error = *error;
	engine_tell(engine, &event);
}

void engine_fail(struct engine *engine, const struct error *error)
{
	engine_tell_trouble(engine, ENGINE_FAILED, error);
}

void engine_journal(struct engine *engine, enum command_kind command, const char *field, const char *value, const char *text)
{
	struct event event = engine_new_event(engine, EVENT_JOURNAL);
	event.command = command;
	text_copy(event.field, sizeof event.field, field);
	text_copy(event.value, sizeof event.value, value);
	text_copy(event.text, sizeof event.text, text);
	engine_tell(engine, &event);
}

void engine_tell_verdict(struct engine *engine, bool with_new_numbers)
{
	struct event event = engine_new_event(engine, EVENT_VERDICT);
	verdict_judge_decide(engine->judge, &event.verdict);
	bool changed = !verdict_same(&event.verdict, &engine->verdict) || event.step - engine->verdict_step >= VERDICT_STEPS;
	if (!changed && !with_new_numbers)
		return;
	engine->verdict = event.verdict;
	engine->verdict_step = event.step;
	engine_tell(engine, &event);
}

void engine_tell_layers(struct engine *engine)
{
	struct event event = engine_new_event(engine, EVENT_LAYERS);
	event.layers = memory_zeroed(2 * TRAINER_MAX_LAYERS, sizeof *event.layers);
	event.layer_count = trainer_describe_layers(engine->trainer, event.layers, 2 * TRAINER_MAX_LAYERS);
	engine_tell(engine, &event);
}

bool engine_tell_sample(struct engine *engine, uint64_t seed, struct error *error)
{
	const struct gan_settings *settings = trainer_settings(engine->trainer);
	struct event event = engine_new_event(engine, EVENT_SAMPLE);
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
	engine_tell(engine, &event);
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

struct checkpoint *engine_copy_state(struct engine *engine, struct error *error)
{
	struct checkpoint *checkpoint = good_checkpoint(engine, error);
	for (int i = 0; checkpoint && i < METRIC_SUMS; i++)
		checkpoint_set_number(checkpoint, metric_sum_rows[i].key,
		                      *(const double *)((const char *)&engine->sums + metric_sum_rows[i].offset));
	if (checkpoint)
		engine_scores_save(engine, checkpoint);
	return checkpoint;
}

bool engine_tell_checkpoint(struct engine *engine, uint64_t command_id, bool last, struct error *error)
{
	struct event event = engine_new_event(engine, EVENT_CHECKPOINT);
	event.checkpoint = engine_copy_state(engine, error);
	if (!event.checkpoint)
		return false;
	event.command_id = command_id;
	event.last = last;
	atomic_fetch_add(&engine->checkpoints_in_flight, 1);
	engine->checkpoint_wanted = engine->held_saved = false;
	engine_tell(engine, &event);
	return true;
}

void engine_tell_best(struct engine *engine, struct checkpoint *state, int64_t step)
{
	struct event event = engine_new_event(engine, EVENT_CHECKPOINT);
	event.checkpoint = state;
	event.step = step;
	event.best = true;
	atomic_fetch_add(&engine->checkpoints_in_flight, 1);
	engine_tell(engine, &event);
}

void engine_restore_sums(struct engine *engine, const struct checkpoint *checkpoint)
{
	for (int i = 0; i < METRIC_SUMS; i++) {
		double value;
		if (checkpoint_get_number(checkpoint, metric_sum_rows[i].key, &value, NULL))
			*(double *)((char *)&engine->sums + metric_sum_rows[i].offset) = value;
	}
	engine_scores_restore(engine, checkpoint);
}

void engine_tell_judge_bits(struct engine *engine)
{
	const struct gan_settings *settings = trainer_settings(engine->trainer);
	bool network = settings->bits[NETWORK_D] != QUANT_FLOAT_BITS || settings->bits[NETWORK_G] != QUANT_FLOAT_BITS;
	verdict_judge_set_quantized(engine->judge, network || *settings->layer_bits);
}
