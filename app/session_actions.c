/* Run control: what the keys of every screen do to the training. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/choices.h"
#include "app/session_parts.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

/* The keys step through these; other widths can be set by flag. */
static const int BIT_LADDER[] = {1, 2, 3, 4, 8, QUANT_FLOAT_BITS};
enum { BIT_STEPS = sizeof BIT_LADDER / sizeof *BIT_LADDER };

uint64_t session_give(struct session *session, struct command command)
{
	command.id = session->commands + 1;
	if (!training_send(session->training, &command))
		return 0;
	session->unanswered++;
	return ++session->commands;
}

/* False, and why: the shown run is not one that keys of this program steer. */
static bool can_steer(struct session *session)
{
	const struct run *run = session_follows_another(session) ? session_find_run(session, session->past->run.id) : NULL;
	if (run)
		session_tell(session, true, "%s is trained by another program (process %" PRId64 " on %s): here it can only be watched",
		             run->name, run->pid, run->host);
	else if (!session_live(session))
		session_tell(session, true, "no training is live here: t in the run list (5) resumes one");
	else if (session->showing_past)
		session_tell(session, true, "this is a past run; open the live one first (5, Enter)");
	else
		return true;
	return false;
}

bool session_send(struct session *session, struct command command)
{
	if (!can_steer(session))
		return false;
	bool given = session_give(session, command);
	if (!given)
		session_tell(session, true, "too many commands are waiting; try again");
	return given;
}

static void act_pause(struct session *session, const struct action_request *request)
{
	(void)request;
	bool pause = !session->wanted.paused;
	if (session_send(session, (struct command){.kind = pause ? COMMAND_PAUSE : COMMAND_RESUME}))
		session->wanted.paused = pause;
}

static void act_step(struct session *session, const struct action_request *request)
{
	(void)request;
	session_send(session, (struct command){.kind = COMMAND_STEP});
}

/* The live run, whatever is shown: the question named it. */
static void act_stop(struct session *session, const struct action_request *request)
{
	(void)request;
	if (session_live(session) || can_steer(session))
		session_stop(session);
}

/* The next rung below or above; from a width between rungs to the nearest one that way. */
static int next_bits(int bits, int direction)
{
	if (direction > 0) {
		for (int i = 0; i < BIT_STEPS; i++)
			if (BIT_LADDER[i] > bits)
				return BIT_LADDER[i];
	} else {
		for (int i = BIT_STEPS - 1; i >= 0; i--)
			if (BIT_LADDER[i] < bits)
				return BIT_LADDER[i];
	}
	return bits;
}

static void act_bits(struct session *session, const struct action_request *request)
{
	bool d = request->action == ACTION_D_BITS_DOWN || request->action == ACTION_D_BITS_UP;
	bool up = request->action == ACTION_D_BITS_UP || request->action == ACTION_G_BITS_UP;
	enum view_network network = d ? VIEW_D : VIEW_G;
	int bits = next_bits(session->wanted.bits[network], up ? 1 : -1);
	if (!can_steer(session) || bits == session->wanted.bits[network])
		return;
	if (session_send(session, (struct command){.kind = COMMAND_SET_BITS, .network = d ? NETWORK_D : NETWORK_G, .bits = bits}))
		session->wanted.bits[network] = bits;
}

/* To one network or both, by a command. */
static void act_set_bits(struct session *session, const struct action_request *request)
{
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		struct command command = {.kind = COMMAND_SET_BITS, .network = network == VIEW_D ? NETWORK_D : NETWORK_G,
			.bits = (int)request->value};
		if ((request->network < 0 || request->network == network) && session_send(session, command))
			session->wanted.bits[network] = command.bits;
	}
}

static int fewest_bits(const struct session *session)
{
	const int *bits = session->wanted.bits;
	return bits[VIEW_D] < bits[VIEW_G] ? bits[VIEW_D] : bits[VIEW_G];
}

/* The method after the present one; those without states for the bits in use would be refused and are passed over. */
static void act_quantizer(struct session *session, const struct action_request *request)
{
	(void)request;
	int index = 0, count = 0;
	for (; quantizers[count]; count++)
		if (!strcmp(quantizers[count]->name, session->wanted.quantizer))
			index = count;
	const struct quantizer *next = quantizers[(index + 1) % count];
	for (int i = 1; i < count && next->least_bits > fewest_bits(session); i++) {
		session_tell(session, false, "%s needs %d bits or more: passed over", next->label, next->least_bits);
		next = quantizers[(index + 1 + i) % count];
	}
	struct command command = {.kind = COMMAND_SET_QUANTIZER};
	text_copy(command.name, sizeof command.name, next->name);
	if (session_send(session, command))
		text_copy(session->wanted.quantizer, sizeof session->wanted.quantizer, command.name);
}

static void act_set_quantizer(struct session *session, const struct action_request *request)
{
	struct command command = {.kind = COMMAND_SET_QUANTIZER};
	struct error error = {0};
	if (!quantizer_find(request->text, &error))
		session_warn(session, &error);
	else if (text_copy(command.name, sizeof command.name, request->text) && session_send(session, command))
		text_copy(session->wanted.quantizer, sizeof session->wanted.quantizer, command.name);
}

static void act_rates(struct session *session, const struct action_request *request)
{
	for (int network = 0; network < VIEW_NETWORKS; network++)
		if (request->network < 0 || request->network == network)
			session_send(session, (struct command){.kind = COMMAND_SET_LEARNING_RATE,
				.network = network == VIEW_D ? NETWORK_D : NETWORK_G, .rate = request->value});
}

/* The next workbench begins with it. */
static void act_theme(struct session *session, const struct action_request *request)
{
	struct error error = {0};
	if (theme_remember(request->text, &error))
		session_tell(session, false, "theme: %s", request->text);
	else
		session_warn(session, &error);
}

static void act_checkpoint(struct session *session, const struct action_request *request)
{
	(void)request;
	session_send(session, (struct command){.kind = COMMAND_CHECKPOINT});
}

static void act_evaluate(struct session *session, const struct action_request *request)
{
	(void)request;
	const struct view_scoring *now = &session->live->scores.now;
	bool running = now->active && !now->live && !now->held;
	session_send(session, (struct command){.kind = running ? COMMAND_STOP_EVALUATION : COMMAND_EVALUATE});
}

static void act_sample(struct session *session, const struct action_request *request)
{
	bool fresh = request->action == ACTION_SAMPLE_NOISE && session->live->sample_seed == 0;
	session->live->sample_back.on = session->live->sample_plays = false; /* it is to be seen */
	uint64_t seed = fresh ? (uint64_t)session->live->run.step * 2 + 1 : 0;
	session_send(session, (struct command){.kind = COMMAND_SAMPLE, .seed = seed});
}

void session_open_run(struct session *session, int64_t run)
{
	session_close_question(session);
	session->live->other.shown = false; /* other_id tells of the shown view's */
	session->showing_past = run != session->live->run.id;
	struct error error = {0};
	bool good = !session->showing_past || view_load_past(session->past, session->reader, run, &error);
	session->showing_past &= good;
	if (!good || !view_load_page(session_shown(session), session->reader, &error) ||
	    !view_load_costs(session_shown(session), session->reader, &error))
		session_warn(session, &error);
}

static void act_open(struct session *session, const struct action_request *request)
{
	session_open_run(session, request->run);
}

static bool resume(struct session *session, int64_t id, struct error *error)
{
	char name[24];
	snprintf(name, sizeof name, "%" PRId64, id);
	struct training_start start;
	return training_prepare_resume(session->reader, name, &start, error) && session_start_training(session, &start, error);
}

static void act_resume(struct session *session, const struct action_request *request)
{
	struct error error = {0};
	if (session_live(session))
		error_set(&error, ERROR_STATE, "%s is being trained: stop it first (x), then resume another", session->live->run.name);
	else if (resume(session, request->run, &error))
		return;
	session_warn(session, &error);
}

/* What happened stands in the journal, where the rewinding has left nothing of it. */
static void note_rollback(struct session *session, int64_t from)
{
	const struct view_run *run = &session->live->run;
	struct event event = {.kind = EVENT_JOURNAL, .step = run->step, .time = clock_unix(), .command = COMMAND_RESUME};
	text_copy(event.field, sizeof event.field, "state");
	text_copy(event.value, sizeof event.value, "rolled-back");
	snprintf(event.text, sizeof event.text, "back from step %" PRId64, from);
	view_take_event(session->live, &event);
	recorder_take_event(session->recorder, &event);
	session_tell(session, true, "back at step %" PRId64 ": lower a rate (l) or turn bits up, then go on (p)", run->step);
}

/* The run begins again, paused, at its newest checkpoint before the present step: what came later is forgotten. */
static void act_rollback(struct session *session, const struct action_request *request)
{
	(void)request;
	enum { FLUSH_SECONDS = 1 };
	struct error error = {0};
	struct training_start start;
	char id[24];
	int64_t from = session->live->run.step;
	if (!can_steer(session))
		return;
	snprintf(id, sizeof id, "%" PRId64, session->live->run.id);
	recorder_flush(session->recorder, FLUSH_SECONDS); /* a checkpoint on its way counts */
	bool good = training_prepare_rollback(session->reader, id, from, &start, &error);
	start.paused = true;
	if (good && session_start_training(session, &start, &error)) {
		session->live->run.step = start.checkpoint_step;
		note_rollback(session, from);
	} else {
		session_warn(session, &error);
	}
}

static void act_quit(struct session *session, const struct action_request *request)
{
	if (request->action == ACTION_QUIT_SAVE)
		session_stop(session);
	session->leaving = true;
}

session_action *session_find_action(enum action action)
{
	static session_action *const actions[ACTION_COUNT] = {
		[ACTION_PAUSE] = act_pause, [ACTION_STEP] = act_step, [ACTION_STOP] = act_stop,
		[ACTION_D_BITS_DOWN] = act_bits, [ACTION_D_BITS_UP] = act_bits,
		[ACTION_G_BITS_DOWN] = act_bits, [ACTION_G_BITS_UP] = act_bits,
		[ACTION_QUANTIZER] = act_quantizer, [ACTION_SET_BITS] = act_set_bits, [ACTION_SET_QUANTIZER] = act_set_quantizer,
		[ACTION_SET_THEME] = act_theme, [ACTION_RATES] = act_rates, [ACTION_ROLLBACK] = act_rollback,
		[ACTION_CHECKPOINT] = act_checkpoint,
		[ACTION_EVALUATE] = act_evaluate,
		[ACTION_SAMPLE] = act_sample, [ACTION_SAMPLE_NOISE] = act_sample,
		[ACTION_RUN_OPEN] = act_open, [ACTION_RUN_RESUME] = act_resume,
		[ACTION_NEW_RUN] = session_act_new_run, [ACTION_RUN_FORK] = session_act_fork, [ACTION_FORM_SET] = session_act_form_set,
		[ACTION_FORM_START] = session_act_form_start, [ACTION_FORM_CLOSE] = session_act_form_close,
		[ACTION_WHAT_IF_METHOD] = session_act_what_if, [ACTION_WHAT_IF_BITS_DOWN] = session_act_what_if,
		[ACTION_WHAT_IF_BITS_UP] = session_act_what_if, [ACTION_WHAT_IF_SCOPE] = session_act_what_if,
		[ACTION_WHAT_IF_CHANNELS] = session_act_what_if, [ACTION_WHAT_IF_APPLY] = session_act_apply,
		[ACTION_WHAT_IF_CLOSE] = session_act_what_if_close, [ACTION_BLINK] = session_act_blink,
		[ACTION_LAYER_SHOWN] = session_act_layer_shown,
		[ACTION_OTHER_OPEN] = session_act_other_open, [ACTION_OTHER_BEFORE] = session_act_other_walk,
		[ACTION_OTHER_AFTER] = session_act_other_walk, [ACTION_OTHER_CLOSE] = session_act_other_close,
		[ACTION_CHART_RANGE] = session_act_range, [ACTION_SAMPLE_PLAY] = session_act_play,
		[ACTION_SAMPLE_BEFORE] = session_act_samples, [ACTION_SAMPLE_AFTER] = session_act_samples,
		[ACTION_SAMPLE_FIRST] = session_act_samples, [ACTION_SAMPLE_NEWEST] = session_act_samples,
		[ACTION_LAYERS_BEFORE] = session_act_layers, [ACTION_LAYERS_AFTER] = session_act_layers,
		[ACTION_LAYERS_NEWEST] = session_act_layers,
		[ACTION_EXPORT_LAYER] = session_act_export, [ACTION_EXPORT_CHARTS] = session_act_export_charts,
		[ACTION_RUN_MARK] = session_act_mark, [ACTION_RUN_MARK_RANGE] = session_act_mark_range,
		[ACTION_RUN_MARK_ALL] = session_act_mark_all, [ACTION_RUN_MARK_NONE] = session_act_mark_all,
		[ACTION_RUN_COMPARE] = session_act_compare, [ACTION_RUNS_FILTER] = session_act_filter,
		[ACTION_RUNS_SORT] = session_act_sort, [ACTION_RUNS_COLUMNS] = session_act_columns,
		[ACTION_RUNS_TRASH] = session_act_trash_shelf, [ACTION_RUNS_VIEW] = session_act_view,
		[ACTION_RUNS_VIEW_SAVE] = session_act_view_save, [ACTION_RUNS_VIEW_DELETE] = session_act_view_delete,
		[ACTION_RUN_RENAME] = session_act_edit, [ACTION_RUN_TAGS] = session_act_edit, [ACTION_RUN_NOTE] = session_act_edit,
		[ACTION_RUN_ARCHIVE] = session_act_edit, [ACTION_RUN_DELETE] = session_act_edit, [ACTION_RUN_UNDO] = session_act_undo,
		[ACTION_RUN_PURGE] = session_act_purge,
		[ACTION_COMPARE_BEFORE] = session_act_scrub, [ACTION_COMPARE_AFTER] = session_act_scrub,
		[ACTION_COMPARE_FIRST] = session_act_scrub, [ACTION_COMPARE_LAST] = session_act_scrub,
		[ACTION_COMPARE_NOISE] = session_act_noise, [ACTION_COMPARE_EXPORT] = session_act_export_comparison,
		[ACTION_SEARCH_QUEUE] = session_act_search_queue, [ACTION_SEARCH_CUT] = session_act_search_cut,
		[ACTION_SEARCH_EASIER] = session_act_search_target, [ACTION_SEARCH_HARDER] = session_act_search_target,
		[ACTION_SEARCH_METHOD] = session_act_search_method, [ACTION_SEARCH_CELL] = session_act_search_cell,
		[ACTION_SEARCH_BEFORE] = session_act_search_walk, [ACTION_SEARCH_AFTER] = session_act_search_walk,
		[ACTION_SEARCH_WORK] = session_act_search_work, [ACTION_SEARCH_NEW] = session_act_search_new,
		[ACTION_QUIT_SAVE] = act_quit, [ACTION_QUIT_NOW] = act_quit,
	};
	return actions[action];
}
