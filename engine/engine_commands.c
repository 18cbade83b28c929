/* What the engine obeys: a function a command, between two steps. */
#include <stdio.h>

#include "engine/base/text.h"
#include "engine/engine_parts.h"
#include "engine/gan/layer_bits.h"

/* What comes is another training than what was. */
static void judge_anew(struct engine *engine)
{
	verdict_judge_begin_anew(engine->judge, trainer_steps_done(engine->trainer));
	engine_tell_judge_bits(engine);
	engine_tell_verdict(engine, false);
}

/* A change shows in bars and pictures after the next step, or at once when there is none coming. */
static void show_change(struct engine *engine)
{
	engine_scores_changed(engine);
	engine->show_change = engine->state == ENGINE_RUNNING;
	if (engine->show_change)
		return;
	engine_tell_layers(engine);
	engine_tell_sample(engine, 0, NULL);
}

static bool obey_pause(struct engine *engine, const struct command *command, struct error *error)
{
	(void)error;
	engine->steps_asked = 0;
	engine_scores_hold(engine, true);
	if (engine->state == ENGINE_RUNNING) {
		engine_tell_state(engine, ENGINE_PAUSED);
		engine_journal(engine, command->kind, "state", "paused", "paused");
	}
	return true;
}

static bool obey_resume(struct engine *engine, const struct command *command, struct error *error)
{
	(void)error;
	engine->steps_asked = 0;
	engine_scores_hold(engine, false);
	if (engine->state == ENGINE_PAUSED) {
		engine_tell_state(engine, ENGINE_RUNNING);
		engine_journal(engine, command->kind, "state", "running", "resumed");
	}
	return true;
}

static bool obey_step(struct engine *engine, const struct command *command, struct error *error)
{
	(void)command;
	if (engine->state == ENGINE_RUNNING && engine->steps_asked == 0)
		return error_set(error, ERROR_STATE, "a single step needs a paused training");
	if (engine->scoring.ending)
		return error_set(error, ERROR_STATE, "the last step is done; the training ends when it is scored");
	if (engine->steps_asked++ == 0)
		engine_tell_state(engine, ENGINE_RUNNING);
	return true;
}

static bool obey_stop(struct engine *engine, const struct command *command, struct error *error)
{
	(void)error;
	engine_journal(engine, command->kind, "state", "stopped", "stopped");
	engine_finish(engine, ENGINE_STOPPED);
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
	engine_journal(engine, command->kind, command->network == NETWORK_D ? "d-bits" : "g-bits", value, text);
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
	engine_journal(engine, command->kind, "quantizer", command->name, text);
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
	engine_journal(engine, command->kind, command->network == NETWORK_D ? "d-learning-rate" : "g-learning-rate", value, text);
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
	engine_journal(engine, command->kind, "bits", *settings->layer_bits ? settings->layer_bits : "none", text);
	judge_anew(engine);
	show_change(engine);
	return true;
}

/* A copy to be looked at. It is not part of the run's record, so it does not count as in flight. */
static bool obey_snapshot(struct engine *engine, const struct command *command, struct error *error)
{
	struct event event = engine_new_event(engine, EVENT_SNAPSHOT);
	event.checkpoint = trainer_checkpoint(engine->trainer, error);
	event.command_id = command->id;
	if (event.checkpoint)
		engine_tell(engine, &event);
	return event.checkpoint != NULL;
}

static bool obey_checkpoint(struct engine *engine, const struct command *command, struct error *error)
{
	if (atomic_load(&engine->checkpoints_in_flight) >= CHECKPOINTS_IN_FLIGHT)
		return error_set(error, ERROR_STATE, "two checkpoints are still being written; try again when one is done");
	return engine_tell_checkpoint(engine, command->id, false, error);
}

static bool obey_sample(struct engine *engine, const struct command *command, struct error *error)
{
	return engine_tell_sample(engine, command->seed, error);
}

static bool obey_evaluate(struct engine *engine, const struct command *command, struct error *error)
{
	(void)command;
	return engine_scores_ask(engine, error);
}

static bool obey_stop_evaluation(struct engine *engine, const struct command *command, struct error *error)
{
	(void)command;
	return engine_scores_cancel(engine, error);
}

static void reply(struct engine *engine, const struct command *command, const struct error *error)
{
	struct event event = engine_new_event(engine, EVENT_REPLY);
	event.command = command->kind;
	event.command_id = command->id;
	event.error = *error;
	engine_tell(engine, &event);
}

bool engine_obey(struct engine *engine, const struct command *command, struct error *error)
{
	static bool (*const handlers[])(struct engine *, const struct command *, struct error *) = {
		[COMMAND_PAUSE] = obey_pause, [COMMAND_RESUME] = obey_resume, [COMMAND_STEP] = obey_step,
		[COMMAND_STOP] = obey_stop, [COMMAND_SET_BITS] = obey_set_bits, [COMMAND_SET_QUANTIZER] = obey_set_quantizer,
		[COMMAND_SET_LEARNING_RATE] = obey_set_learning_rate, [COMMAND_CHECKPOINT] = obey_checkpoint,
		[COMMAND_SAMPLE] = obey_sample, [COMMAND_SET_LAYER_BITS] = obey_set_layer_bits, [COMMAND_SNAPSHOT] = obey_snapshot,
		[COMMAND_EVALUATE] = obey_evaluate, [COMMAND_STOP_EVALUATION] = obey_stop_evaluation,
	};
	*error = (struct error){0};
	bool done = handlers[command->kind](engine, command, error);
	if (done)
		error->code = ERROR_NONE;
	reply(engine, command, error);
	return done;
}

void engine_answer_late_commands(struct engine *engine)
{
	struct command command;
	struct error refusal = {.code = ERROR_STATE, .text = "the training has ended"}, none = {0};
	while (queue_pop(engine->commands, &command))
		reply(engine, &command, command.kind == COMMAND_STOP ? &none : &refusal);
}
