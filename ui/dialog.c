#include "ui/dialog.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"
#include "ui/screen_parts.h"

enum { MAX_OPTIONS = 4, BOX_WIDTH = 58, BOX_FRAME = 4, RATE_ROWS = VIEW_NETWORKS, KEYS_COLUMN = 5 };
static const double LARGEST_RATE = 1.0;

/* One answer to a question: its key, what it says, what it sends (ACTION_NONE: nothing, the safe one). */
struct option {
	uint32_t key;
	const char *key_name, *text;
	enum action action;
};

struct question {
	enum action asked;
	const char *title, *text; /* text follows the name of the run that is trained; NULL: says what is in question */
	struct option options[MAX_OPTIONS];
	int count, first; /* first: chosen at first: the safe one, unless all can be undone */
	bool any_time;    /* asked whether or not a run is trained here, and not about it */
};

static const struct question questions[] = {
	{ACTION_QUIT, "leave qgan?", "is being trained.", {
		{'s', "s", "stop and save a checkpoint, then leave", ACTION_QUIT_SAVE},
		{'d', "d", "detach: leave, train on headless", ACTION_QUIT_DETACH},
		{KEYMAP_ESCAPE, "Esc", "cancel: stay here", ACTION_NONE},
	}, 3, 2},
	{ACTION_STOP, "stop training?", "can be resumed from the run list.", {
		{'x', "x", "stop and save a checkpoint", ACTION_STOP},
		{KEYMAP_ESCAPE, "Esc", "cancel: train on", ACTION_NONE},
	}, 2, 1},
	{ACTION_ROLLBACK, "go back?", "goes back to the checkpoint before this step.", {
		{'u', "u", "go back, paused; later steps are forgotten", ACTION_ROLLBACK},
		{KEYMAP_ESCAPE, "Esc", "cancel: stay here", ACTION_NONE},
	}, 2, 1},
	{ACTION_WHAT_IF_APPLY, "train on with what is in question?", NULL, {
		{'a', "a", "apply from the next step; float weights stay", ACTION_WHAT_IF_APPLY},
		{KEYMAP_ESCAPE, "Esc", "cancel: change nothing", ACTION_NONE},
	}, 2, 0},
	{ACTION_SEARCH_CUT, "cut this cell?", "Its training ends now, without a score.", {
		{'x', "x", "end its training", ACTION_SEARCH_CUT},
		{KEYMAP_ESCAPE, "Esc", "cancel: train on", ACTION_NONE},
	}, 2, 1, true},
	{ACTION_SEARCH_NEW, "search the fewest bits?", "Trains many runs from this one, behind this screen.", {
		{'n', "n", "FID at most 1.3 times its own; + and - move it", ACTION_SEARCH_NEW},
		{KEYMAP_ESCAPE, "Esc", "cancel", ACTION_NONE},
	}, 2, 1, true},
};

static const struct question *question_about(enum action asked)
{
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		if (questions[i].asked == asked)
			return &questions[i];
	return NULL;
}

static bool opened_run_is_live(const struct view *view)
{
	static const bool live[] = {[VIEW_LOADING] = true, [VIEW_LIVE] = true, [VIEW_PAUSED] = true, [VIEW_STOPPING] = true};
	return view->run.steerable && (unsigned)view->run.state < sizeof live / sizeof *live && live[view->run.state];
}

/* The run this process trains, opened or not; NULL: none. */
static const char *live_run(const struct view *view)
{
	if (opened_run_is_live(view))
		return view->run.name;
	return view->runs && view->runs->here[0] ? view->runs->here : NULL;
}

static void show_rate(struct dialog *dialog, const struct view *view)
{
	snprintf(dialog->text, sizeof dialog->text, "%.6g", view->run.learning_rate[dialog->network]);
	dialog->edited = false;
	dialog->complaint[0] = '\0';
}

static bool asks_first(enum action action, const struct view *view)
{
	if (action == ACTION_RATES)
		return opened_run_is_live(view);
	if (action == ACTION_WHAT_IF_APPLY)
		return view->what_if.asked && opened_run_is_live(view);
	if (action == ACTION_OTHER_OPEN)
		return view->run.state != VIEW_NOTHING;
	const struct question *question = question_about(action);
	return question && (question->any_time || live_run(view));
}

bool dialog_open(struct dialog *dialog, enum action action, const struct view *view)
{
	const struct question *question = question_about(action);
	if (!asks_first(action, view))
		return false;
	*dialog = (struct dialog){.asked = action, .choice = question ? question->first : 0, .offered = -1};
	if (action == ACTION_RATES)
		show_rate(dialog, view);
	return true;
}

bool dialog_ask(struct dialog *dialog, const struct action_request *request, const struct view *view)
{
	struct run_dialog runs;
	if (!run_dialog_open(&runs, request, view))
		return false;
	*dialog = (struct dialog){.asked = request->action, .runs = runs};
	return true;
}

static bool is_of_run_list(const struct dialog *dialog)
{
	return dialog->asked != ACTION_NONE && dialog->runs.request.action == dialog->asked;
}

static bool close_with(struct dialog *dialog, enum action action, struct action_request *out)
{
	dialog->asked = ACTION_NONE;
	out->action = action;
	return true;
}

/* +1, -1 or 0: which way a key moves among rows. */
static int movement(uint32_t key)
{
	if (key == KEYMAP_DOWN || key == KEYMAP_TAB)
		return 1;
	return key == KEYMAP_UP || key == KEYMAP_BACK_TAB ? -1 : 0;
}

static bool answer_question(struct dialog *dialog, const struct question *question, const struct view *view, uint32_t key,
	struct action_request *out)
{
	if (dialog->asked == ACTION_WHAT_IF_APPLY) {
		out->network = view->what_if.network;
		out->layer = view->what_if.layer;
	}
	int move = key == 'j' ? 1 : key == 'k' ? -1 : movement(key);
	if (key == KEYMAP_ENTER)
		return close_with(dialog, question->options[dialog->choice].action, out);
	for (int i = 0; i < question->count; i++)
		if (question->options[i].key == key)
			return close_with(dialog, question->options[i].action, out);
	dialog->choice = (dialog->choice + move + question->count) % question->count;
	return false;
}

static bool send_rate(struct dialog *dialog, struct action_request *out)
{
	double value;
	if (!text_to_double(dialog->text, &value)) {
		snprintf(dialog->complaint, sizeof dialog->complaint, "a number such as 0.0002 or 2e-4, please");
		return false;
	}
	if (!(value > 0) || value > LARGEST_RATE) {
		snprintf(dialog->complaint, sizeof dialog->complaint, "a rate lies above 0 and is at most %g", LARGEST_RATE);
		return false;
	}
	out->network = dialog->network;
	out->value = value;
	return close_with(dialog, ACTION_RATES, out);
}

static void edit_rate(struct dialog *dialog, uint32_t key)
{
	size_t length = strlen(dialog->text);
	bool wanted = (key >= '0' && key <= '9') || key == '.' || key == '-' || key == '+' || key == 'e' || key == 'E';
	if (key == KEYMAP_BACKSPACE || key == KEYMAP_DELETE) {
		dialog->text[length ? length - 1 : 0] = '\0';
		dialog->edited = true;
	} else if (wanted && !dialog->edited) {
		snprintf(dialog->text, sizeof dialog->text, "%c", (char)key);
		dialog->edited = true;
	} else if (wanted && length + 1 < sizeof dialog->text) {
		dialog->text[length] = (char)key;
		dialog->text[length + 1] = '\0';
	}
	dialog->complaint[0] = '\0';
}

static bool answer_rates(struct dialog *dialog, const struct view *view, uint32_t key, struct action_request *out)
{
	if (key == KEYMAP_ESCAPE)
		return close_with(dialog, ACTION_NONE, out);
	if (key == KEYMAP_ENTER)
		return send_rate(dialog, out);
	int network = key == 'd' ? VIEW_D : key == 'g' ? VIEW_G : movement(key) ? (dialog->network + 1) % VIEW_NETWORKS : -1;
	if (network >= 0) {
		dialog->network = network;
		show_rate(dialog, view);
	} else {
		edit_rate(dialog, key);
	}
	return false;
}

/* Tab puts the names of the listed runs there, one after another, the opened one left out. */
static void offer_run(struct dialog *dialog, const struct view *view, int direction)
{
	int count = view_run_count(view);
	for (int tried = 0; tried < count; tried++) {
		dialog->offered = (dialog->offered + direction + (dialog->offered < 0 && direction < 0)) % count;
		dialog->offered += dialog->offered < 0 ? count : 0;
		struct view_run_row run = view_run_at(view, dialog->offered);
		if (run.id == view->run.id)
			continue;
		text_copy(dialog->text, sizeof dialog->text, run.name);
		return;
	}
}

/* The last character, all its bytes. */
static void drop_character(char *text)
{
	size_t length = strlen(text);
	while (length && ((unsigned char)text[length - 1] & 0xC0) == 0x80)
		length--;
	text[length ? length - 1 : 0] = '\0';
}

static bool answer_other(struct dialog *dialog, const struct view *view, uint32_t key, struct action_request *out)
{
	char character[8];
	size_t length = strlen(dialog->text);
	if (key == KEYMAP_ESCAPE)
		return close_with(dialog, ACTION_NONE, out);
	if (key == KEYMAP_ENTER) {
		text_copy(out->text, sizeof out->text, dialog->text);
		return close_with(dialog, ACTION_OTHER_OPEN, out);
	}
	if (movement(key)) {
		offer_run(dialog, view, movement(key));
	} else if (key == KEYMAP_BACKSPACE || key == KEYMAP_DELETE) {
		drop_character(dialog->text);
	} else if (key > ' ' && key < KEYMAP_UP) {
		keymap_name(character, sizeof character, key, false);
		if (length + strlen(character) < sizeof dialog->text)
			memcpy(dialog->text + length, character, strlen(character) + 1);
	}
	return false;
}

bool dialog_key(struct dialog *dialog, const struct view *view, uint32_t key, struct action_request *out)
{
	const struct question *question = question_about(dialog->asked);
	*out = (struct action_request){.action = ACTION_NONE};
	if (is_of_run_list(dialog)) {
		bool closed = run_dialog_key(&dialog->runs, view, key, out);
		dialog->asked = closed ? ACTION_NONE : dialog->asked;
		return closed;
	}
	if (question)
		return answer_question(dialog, question, view, key, out);
	return dialog->asked == ACTION_RATES ? answer_rates(dialog, view, key, out) : answer_other(dialog, view, key, out);
}

/* A line of a list is what Enter or Space does there. */
bool dialog_pick(struct dialog *dialog, const struct view *view, int line, struct action_request *out)
{
	*out = (struct action_request){.action = ACTION_NONE};
	if (!is_of_run_list(dialog))
		return false;
	dialog->runs.choice = line;
	return dialog_key(dialog, view, dialog->asked == ACTION_RUNS_COLUMNS ? KEYMAP_SPACE : KEYMAP_ENTER, out);
}

struct canvas dialog_box(struct canvas *canvas, int lines, const char *title)
{
	int width = BOX_WIDTH < canvas->clip.width ? BOX_WIDTH : canvas->clip.width;
	int height = lines + 2 < canvas->clip.height ? lines + 2 : canvas->clip.height;
	struct rect box = {(canvas->clip.width - width) / 2, (canvas->clip.height - height) / 2, width, height};
	canvas_fill(canvas, box, ' ', ROLE_TEXT, 0);
	struct canvas inside = canvas_frame(canvas, box, title, NULL, true);
	return canvas_part(&inside, (struct rect){1, 0, inside.clip.width - 2, inside.clip.height});
}

static void draw_option(struct canvas *inside, int y, const struct option *option, bool chosen)
{
	if (chosen)
		canvas_fill(inside, (struct rect){0, y, inside->clip.width, 1}, ' ', ROLE_SELECTED, 0);
	canvas_hit(inside, (struct rect){0, y, inside->clip.width, 1}, (struct hit){.key = option->key});
	canvas_put(inside, 0, y, chosen ? '>' : ' ', chosen ? ROLE_SELECTED : ROLE_TEXT, 0);
	canvas_text(inside, 2, y, chosen ? ROLE_SELECTED : ROLE_KEY, CELL_BOLD, option->key_name);
	canvas_text(inside, 2 + KEYS_COLUMN, y, chosen ? ROLE_SELECTED : ROLE_TEXT, 0, option->text);
}

/* What applying would do, in words. */
static void draw_applied(struct canvas *inside, const struct view *view)
{
	const struct view_what_if *what_if = &view->what_if;
	const char *letter = what_if->network == VIEW_D ? "D" : "G";
	bool known = what_if->layer >= 0 && what_if->layer < VIEW_MAX_LAYERS && !what_if->whole_network;
	const char *layer = known ? view->layers[what_if->network == VIEW_D ? VIEW_D : VIEW_G][what_if->layer].name : "";
	const char *what = known ? layer : "all layers of it";
	bool other_method = strcmp(what_if->method, view->run.quantizer) != 0;
	canvas_format(inside, 0, 0, ROLE_TEXT, 0, "%s%s%s: %s %d bit%s", letter, known ? "." : ", ", what, what_if->method,
		what_if->bits, what_if->per_channel ? ", a scale a channel" : "");
	if (other_method)
		canvas_format(inside, 0, 1, ROLE_WARNING, 0, "the run's method becomes %s, for every layer", what_if->method);
}

static void draw_question(const struct dialog *dialog, const struct question *question, const struct view *view,
	struct canvas *canvas)
{
	char words[2 * VIEW_TEXT] = "";
	const char *name = live_run(view);
	const int width = (BOX_WIDTH < canvas->clip.width ? BOX_WIDTH : canvas->clip.width) - BOX_FRAME;
	if (question->text)
		snprintf(words, sizeof words, "%s%s%s", question->any_time ? "" : name ? name : "The run", question->any_time ? "" : " ",
			question->text);
	const int lines = question->text ? screen_draw_wrapped(NULL, 0, 0, width, ROLE_TEXT, words) : 2;
	struct canvas inside = dialog_box(canvas, question->count + lines + 1, question->title);
	if (question->text)
		screen_draw_wrapped(&inside, 0, 0, width, ROLE_TEXT, words);
	else
		draw_applied(&inside, view);
	for (int i = 0; i < question->count; i++)
		draw_option(&inside, lines + 1 + i, &question->options[i], i == dialog->choice);
}

static void draw_other(const struct dialog *dialog, struct canvas *canvas)
{
	struct canvas inside = dialog_box(canvas, 6, "compare with another run or step");
	struct canvas field = canvas_part(&inside, (struct rect){2, 2, inside.clip.width - 2, 1});
	int width = canvas_text_width(dialog->text), hidden = width + 1 > field.clip.width ? width + 1 - field.clip.width : 0;
	canvas_text(&inside, 0, 0, ROLE_TEXT, 0, "RUN, RUN@STEP or @STEP; empty: this run's first step");
	canvas_put(&inside, 0, 2, '>', ROLE_FOCUS, CELL_BOLD);
	canvas_text(&field, -hidden, 0, ROLE_TEXT, CELL_UNDERLINE, dialog->text);
	canvas_put(&field, width - hidden, 0, '_', ROLE_FOCUS, CELL_BOLD);
	canvas_text(&inside, 0, 4, ROLE_QUIET, 0, "Tab: the next run   Enter: compare   Esc: cancel");
}

static void draw_rate_row(struct canvas *inside, int y, const struct dialog *dialog, const struct view *view, int network)
{
	static const enum theme_role roles[VIEW_NETWORKS] = {[VIEW_D] = ROLE_D, [VIEW_G] = ROLE_G};
	static const char *const names[VIEW_NETWORKS] = {[VIEW_D] = "D", [VIEW_G] = "G"};
	static const char keys[VIEW_NETWORKS] = {[VIEW_D] = 'd', [VIEW_G] = 'g'};
	bool chosen = network == dialog->network;
	canvas_hit(inside, (struct rect){0, y, inside->clip.width, 1}, (struct hit){.key = (uint32_t)keys[network]});
	canvas_put(inside, 0, y, chosen ? '>' : ' ', ROLE_TEXT, CELL_BOLD);
	canvas_text(inside, 2, y, roles[network], CELL_BOLD, names[network]);
	if (!chosen) {
		canvas_format(inside, 2 + KEYS_COLUMN, y, ROLE_QUIET, 0, "%.6g", view->run.learning_rate[network]);
		return;
	}
	int used = canvas_text(inside, 2 + KEYS_COLUMN, y, dialog->edited ? ROLE_TEXT : ROLE_SELECTED, CELL_UNDERLINE, dialog->text);
	canvas_put(inside, 2 + KEYS_COLUMN + used, y, '_', ROLE_FOCUS, CELL_BOLD);
	if (dialog->edited)
		canvas_format(inside, 2 + KEYS_COLUMN + used + 3, y, ROLE_QUIET, 0, "now %.6g", view->run.learning_rate[network]);
}

static void draw_rates(const struct dialog *dialog, const struct view *view, struct canvas *canvas)
{
	struct canvas inside = dialog_box(canvas, RATE_ROWS + 4, "learning rates");
	canvas_text(&inside, 0, 0, ROLE_TEXT, 0, "Takes effect at the next step and is journalled.");
	for (int i = 0; i < RATE_ROWS; i++)
		draw_rate_row(&inside, 2 + i, dialog, view, i);
	if (dialog->complaint[0])
		canvas_text(&inside, 0, 3 + RATE_ROWS, ROLE_BAD, CELL_BOLD, dialog->complaint);
	else
		canvas_text(&inside, 0, 3 + RATE_ROWS, ROLE_QUIET, 0, "d g or Tab: which   Enter: set   Esc: cancel");
}

void dialog_draw(struct dialog *dialog, const struct view *view, struct canvas *canvas)
{
	const struct question *question = question_about(dialog->asked);
	if (is_of_run_list(dialog))
		run_dialog_draw(&dialog->runs, view, canvas);
	else if (question)
		draw_question(dialog, question, view, canvas);
	else if (dialog->asked == ACTION_RATES)
		draw_rates(dialog, view, canvas);
	else if (dialog->asked == ACTION_OTHER_OPEN)
		draw_other(dialog, canvas);
}
