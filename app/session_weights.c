/* The weights screen's questions: "what would this layer, or network, be under another method or width". The weights are
 * those of the moment the question was opened: a copy of the live state that the engine is asked for, or a past run's
 * newest checkpoint. The inspector answers on its own thread; what it says lands in view->what_if. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/session_parts.h"
#include "engine/base/text.h"

enum { FIRST_BITS = 2 /* asked of a float layer */, USUAL_TILES = 64 };

static const enum network_id network_ids[VIEW_NETWORKS] = {[VIEW_D] = NETWORK_D, [VIEW_G] = NETWORK_G};

static int method_index(const char *name)
{
	for (int i = 0; quantizers[i]; i++)
		if (!strcmp(quantizers[i]->name, name))
			return i;
	return -1;
}

/* ---- putting the question ---- */

static void hide_picture(struct session_question *question, enum view_blink which)
{
	struct view_what_if *what_if = &question->view->what_if;
	image_destroy(question->pictures[which]);
	question->pictures[which] = NULL;
	what_if->picture[which] = NULL;
	what_if->picture_version[which] = ++question->versions;
}

/* What was answered is about another question. The float picture stays: it is of the same weights. */
static void clear_answers(struct session_question *question)
{
	struct view_what_if *what_if = &question->view->what_if;
	what_if->answer = (struct view_layer){0};
	what_if->best_error = what_if->network_bytes = NAN;
	what_if->seconds[0] = what_if->seconds[1] = NAN;
	what_if->message[0] = '\0';
	what_if->busy = true;
	hide_picture(question, VIEW_BLINK_QUANTIZED);
}

static void clear_table(struct view_what_if *what_if)
{
	memset(what_if->methods, 0, sizeof what_if->methods);
	for (int i = 0; i < VIEW_METHODS; i++)
		for (int bits = 0; bits < VIEW_WHAT_IF_BITS; bits++)
			what_if->errors[i][bits] = NAN;
	for (int i = 0; i < VIEW_METHODS && quantizers[i]; i++)
		text_copy(what_if->methods[i], sizeof what_if->methods[i], quantizers[i]->name);
}

static void give_up(struct session_question *question, const char *why)
{
	text_copy(question->view->what_if.message, sizeof question->view->what_if.message, why);
	question->view->what_if.busy = false;
}

static void ask(struct session_question *question)
{
	const struct view_what_if *what_if = &question->view->what_if;
	int tiles = question->view->sample_tiles;
	struct inspector_question asked = {
		.id = ++question->id,
		.what_if = {
			.network = network_ids[what_if->network],
			.layer = what_if->whole_network ? -1 : what_if->layer,
			.quantizer = quantizer_find(what_if->method, NULL),
			.bits = what_if->bits,
			.per_channel = what_if->per_channel,
		},
		.layer = what_if->layer,
		.samples = tiles > 0 ? tiles : USUAL_TILES,
	};
	inspector_ask(question->inspector, &asked);
}

/* A live state is asked for and comes as an event. */
static void find_subject(struct session *session)
{
	struct session_question *question = &session->question;
	struct error error = {0};
	struct checkpoint_row row;
	if (question->view == session->live && session_live(session)) {
		question->snapshot = session_give(session, (struct command){.kind = COMMAND_SNAPSHOT});
		if (!question->snapshot)
			give_up(question, "the engine is busy; ask again");
	} else if (store_find_checkpoint(session->reader, question->view->run.id, -1, &row, &error)) {
		inspector_set_subject_file(question->inspector, row.path, row.hash);
		question->has_subject = true;
		ask(question);
	} else {
		give_up(question, error.text);
	}
}

static void put_question(struct session *session)
{
	struct session_question *question = &session->question;
	clear_answers(question);
	if (question->has_subject)
		ask(question);
	else if (!question->snapshot)
		find_subject(session);
}

/* ---- opening and closing ---- */

static bool have_inspector(struct session *session)
{
	struct session_question *question = &session->question;
	struct error error = {0};
	if (question->inspector)
		return true;
	question->inspector = inspector_create(&error);
	if (question->inspector)
		session_watch(session, inspector_wake_descriptor(question->inspector));
	else
		session_warn(session, &error);
	return question->inspector != NULL;
}

static const struct view_layer *asked_layer(const struct session *session, const struct action_request *request)
{
	const struct view *view = session_shown(session);
	if (request->network < 0 || request->network >= VIEW_NETWORKS)
		return NULL;
	bool known = request->layer >= 0 && request->layer < view->layer_count[request->network];
	return known ? &view->layers[request->network][request->layer] : NULL;
}

/* About the layer as it is; about a float one as the run would quantize it. */
static bool open_question(struct session *session, const struct action_request *request)
{
	const struct view_layer *layer = asked_layer(session, request);
	if (!layer) {
		session_tell(session, true, "no layer statistics are known of this run yet");
		return false;
	}
	if (!have_inspector(session))
		return false;
	session_close_question(session);
	struct session_question *question = &session->question;
	question->view = session_shown(session);
	struct view_what_if *what_if = &question->view->what_if;
	bool quantized = layer->states > 0 && method_index(layer->quantizer) >= 0;
	*what_if = (struct view_what_if){
		.asked = true,
		.network = request->network,
		.layer = request->layer,
		.bits = quantized ? layer->bits : FIRST_BITS,
		.per_channel = layer->groups > 1,
		.step = question->view->layers_step,
	};
	const char *method = quantized ? layer->quantizer : question->view->run.quantizer;
	text_copy(what_if->method, sizeof what_if->method, method_index(method) >= 0 ? method : quantizers[0]->name);
	clear_table(what_if);
	return true;
}

void session_close_question(struct session *session)
{
	struct session_question *question = &session->question;
	if (!question->view)
		return;
	hide_picture(question, VIEW_BLINK_QUANTIZED);
	hide_picture(question, VIEW_BLINK_FLOAT);
	question->view->what_if = (struct view_what_if){0};
	question->view = NULL;
	question->has_subject = false;
	question->snapshot = 0;
	inspector_set_subject(question->inspector, NULL);
}

void session_destroy_question(struct session *session)
{
	session_close_question(session);
	inspector_destroy(session->question.inspector);
}

/* ---- actions ---- */

/* The question as it stands before a key changes it; NULL: it has just been opened, or cannot be. */
static struct view_what_if *open_already(struct session *session, const struct action_request *request)
{
	if (session->question.view)
		return &session->question.view->what_if;
	if (open_question(session, request))
		put_question(session);
	return NULL;
}

static void next_method(struct view_what_if *what_if)
{
	const struct quantizer *next = quantizers[method_index(what_if->method) + 1];
	text_copy(what_if->method, sizeof what_if->method, next ? next->name : quantizers[0]->name);
}

/* Every width, and float above them. */
static void change_bits(struct view_what_if *what_if, int direction)
{
	if (what_if->bits > QUANT_MAX_BITS)
		what_if->bits = direction < 0 ? QUANT_MAX_BITS : QUANT_FLOAT_BITS;
	else if (direction > 0)
		what_if->bits = what_if->bits < QUANT_MAX_BITS ? what_if->bits + 1 : QUANT_FLOAT_BITS;
	else if (what_if->bits > QUANT_MIN_BITS)
		what_if->bits--;
}

/* Method, bits, scope and scales: the first press opens a question, later ones change it. */
void session_act_what_if(struct session *session, const struct action_request *request)
{
	struct view_what_if *what_if = open_already(session, request);
	if (!what_if)
		return;
	int bits = what_if->bits;
	switch ((int)request->action) {
	case ACTION_WHAT_IF_METHOD:
		next_method(what_if);
		break;
	case ACTION_WHAT_IF_BITS_DOWN: case ACTION_WHAT_IF_BITS_UP:
		change_bits(what_if, request->action == ACTION_WHAT_IF_BITS_UP ? 1 : -1);
		if (what_if->bits == bits)
			return;
		break;
	case ACTION_WHAT_IF_SCOPE:
		what_if->whole_network = !what_if->whole_network;
		break;
	case ACTION_WHAT_IF_CHANNELS:
		what_if->per_channel = !what_if->per_channel;
		clear_table(what_if);
		break;
	}
	put_question(session);
}

void session_act_what_if_close(struct session *session, const struct action_request *request)
{
	(void)request;
	session_close_question(session);
}

void session_act_blink(struct session *session, const struct action_request *request)
{
	struct view_what_if *what_if = open_already(session, request);
	if (what_if)
		what_if->blink = what_if->blink == VIEW_BLINK_FLOAT ? VIEW_BLINK_QUANTIZED : VIEW_BLINK_FLOAT;
}

void session_act_layer_shown(struct session *session, const struct action_request *request)
{
	struct session_question *question = &session->question;
	if (question->view != session_shown(session) || !asked_layer(session, request))
		return;
	struct view_what_if *what_if = &question->view->what_if;
	if (what_if->layer == request->layer && (int)what_if->network == request->network)
		return;
	what_if->network = request->network;
	what_if->layer = request->layer;
	clear_table(what_if);
	put_question(session);
}

/* ---- applying ---- */

static bool apply_bits(struct session *session)
{
	const struct view *view = session->question.view;
	const struct view_what_if *what_if = &view->what_if;
	struct command command = {
		.kind = what_if->whole_network ? COMMAND_SET_BITS : COMMAND_SET_LAYER_BITS,
		.network = network_ids[what_if->network],
		.bits = what_if->bits,
	};
	if (!what_if->whole_network)
		text_copy(command.name, sizeof command.name, view->layers[what_if->network][what_if->layer].name);
	if (!session_send(session, command))
		return false;
	if (what_if->whole_network)
		session->wanted.bits[what_if->network] = what_if->bits;
	return true;
}

static bool apply_method(struct session *session)
{
	const struct view_what_if *what_if = &session->question.view->what_if;
	struct command command = {.kind = COMMAND_SET_QUANTIZER};
	if (what_if->bits == QUANT_FLOAT_BITS || !strcmp(session->wanted.quantizer, what_if->method))
		return true;
	text_copy(command.name, sizeof command.name, what_if->method);
	if (!session_send(session, command))
		return false;
	text_copy(session->wanted.quantizer, sizeof session->wanted.quantizer, command.name);
	return true;
}

/* Bits that the present method has no states for wait until the method has changed. */
static bool apply(struct session *session)
{
	const struct quantizer *present = quantizer_find(session->wanted.quantizer, NULL);
	if (present && session->question.view->what_if.bits < present->least_bits)
		return apply_method(session) && apply_bits(session);
	return apply_bits(session) && apply_method(session);
}

/* Whether a tensor has one scale or many is settled when a run begins. */
static bool scales_are_asked(const struct view *view)
{
	const struct view_what_if *what_if = &view->what_if;
	const struct view_layer *layer = &view->layers[what_if->network][what_if->layer];
	return layer->states > 0 && what_if->per_channel != (layer->groups > 1);
}

/* What was asked about becomes what is: the question is closed. */
void session_act_apply(struct session *session, const struct action_request *request)
{
	(void)request;
	const struct view *view = session->question.view;
	if (!view)
		session_tell(session, true, "no question is open: m asks what another method would do");
	else if (scales_are_asked(view))
		session_tell(session, true, "one scale a tensor or a channel is chosen when a run begins: c, then apply the rest");
	else if (apply(session))
		session_close_question(session);
}

/* ---- news ---- */

void session_question_event(struct session *session, struct event *event)
{
	struct session_question *question = &session->question;
	if (event->kind == EVENT_SNAPSHOT && question->snapshot) {
		inspector_set_subject(question->inspector, event->checkpoint);
		event->checkpoint = NULL;
		question->snapshot = 0;
		question->has_subject = true;
		question->view->what_if.step = event->step;
		ask(question);
	} else if (event->kind == EVENT_REPLY && question->snapshot == event->command_id && event->error.code != ERROR_NONE) {
		question->snapshot = 0;
		give_up(question, event->error.text);
	}
}

static void take_picture(struct session_question *question, enum view_blink which, struct inspector_answer *answer)
{
	hide_picture(question, which);
	question->pictures[which] = answer->picture;
	answer->picture = NULL;
	question->view->what_if.picture[which] = question->pictures[which];
}

static void take_layer(struct session_question *question, struct inspector_answer *answer)
{
	view_fill_layer(&question->view->what_if.answer, answer->report);
	question->view->what_if.seconds[0] = answer->seconds;
}

static void take_quantized(struct session_question *question, struct inspector_answer *answer)
{
	take_picture(question, VIEW_BLINK_QUANTIZED, answer);
	question->view->what_if.seconds[1] = answer->seconds;
}

static void take_float(struct session_question *question, struct inspector_answer *answer)
{
	take_picture(question, VIEW_BLINK_FLOAT, answer);
}

static void take_bytes(struct session_question *question, struct inspector_answer *answer)
{
	question->view->what_if.network_bytes = answer->value;
}

static void take_cell(struct session_question *question, struct inspector_answer *answer)
{
	int method = method_index(answer->quantizer->name);
	if (method >= 0 && method < VIEW_METHODS && answer->bits <= VIEW_WHAT_IF_BITS)
		question->view->what_if.errors[method][answer->bits - 1] = answer->value;
}

static void take_best(struct session_question *question, struct inspector_answer *answer)
{
	question->view->what_if.best_error = answer->value;
}

static void take_done(struct session_question *question, struct inspector_answer *answer)
{
	(void)answer;
	question->view->what_if.busy = false;
}

static void take_failure(struct session_question *question, struct inspector_answer *answer)
{
	give_up(question, answer->error.text);
}

static void take_answer(struct session_question *question, struct inspector_answer *answer)
{
	static void (*const handlers[])(struct session_question *, struct inspector_answer *) = {
		[INSPECTOR_LAYER] = take_layer, [INSPECTOR_PICTURE] = take_quantized, [INSPECTOR_FLOAT_PICTURE] = take_float,
		[INSPECTOR_BYTES] = take_bytes, [INSPECTOR_ERROR_CELL] = take_cell, [INSPECTOR_BEST_LEVELS] = take_best,
		[INSPECTOR_DONE] = take_done, [INSPECTOR_FAILED] = take_failure,
	};
	if (answer->kind != INSPECTOR_FAILED)
		question->view->what_if.step = answer->step;
	handlers[answer->kind](question, answer);
}

bool session_pump_question(struct session *session)
{
	struct session_question *question = &session->question;
	struct inspector_answer answer;
	bool any = false;
	if (!question->inspector)
		return false;
	inspector_drain_wake(question->inspector);
	while (inspector_poll(question->inspector, &answer)) {
		bool wanted = question->view && answer.id == question->id;
		if (wanted)
			take_answer(question, &answer);
		any |= wanted;
		inspector_answer_clear(&answer);
	}
	return any;
}
