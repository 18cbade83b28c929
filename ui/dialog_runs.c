#include "ui/dialog_runs.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/dialog.h"
#include "ui/keymap.h"
#include "ui/widget_form.h"
#include "ui/widget_table.h"

enum { PROMPT_LINES = 3, LIST_LINES = 16, NAME_WIDTH = 22, KEY_WIDTH = 5, TEXT_SIZE = 160, NUMBER_SIZE = 32 };

/* ---- one line of text */

static const struct prompt {
	enum action action;
	const char *title, *hint;
} prompts[] = {
	{ACTION_RUN_RENAME, "rename the run", "letters, digits, . _ - ; its checkpoints move along"},
	{ACTION_RUN_TAGS, "tags", "letters, digits, . _ - each, blanks between them"},
	{ACTION_RUN_NOTE, "note", "one line; empty: none"},
	{ACTION_RUNS_VIEW_SAVE, "save this view", "a name for its filter, columns and sorting"},
};

static const struct prompt *prompt_of(enum action action)
{
	for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++)
		if (prompts[i].action == action)
			return &prompts[i];
	return NULL;
}

static bool close_prompt(struct run_dialog *dialog, uint32_t key, struct action_request *out)
{
	if (key == KEYMAP_ESCAPE)
		return true;
	if (key != KEYMAP_ENTER) {
		line_edit_key(&dialog->edit, key);
		return false;
	}
	*out = dialog->request;
	text_copy(out->text, sizeof out->text, dialog->edit.text);
	return true;
}

static void draw_prompt(struct run_dialog *dialog, const struct prompt *prompt, struct canvas *canvas)
{
	struct canvas inside = dialog_box(canvas, PROMPT_LINES + 1, prompt->title);
	struct canvas field = canvas_part(&inside, (struct rect){2, 0, inside.clip.width - 2, 1});
	canvas_put(&inside, 0, 0, '>', ROLE_FOCUS, CELL_BOLD);
	line_edit_draw(&dialog->edit, &field, ROLE_TEXT);
	canvas_text(&inside, 0, 2, ROLE_QUIET, 0, prompt->hint);
	canvas_text(&inside, 0, 3, ROLE_QUIET, 0, "Enter: save   Esc: cancel");
}

/* ---- the filter: at the foot of the screen, so that the list is seen while it is typed */

static bool type_filter(struct run_dialog *dialog, const struct view *view, uint32_t key, struct action_request *out)
{
	bool typed = false, end = key == KEYMAP_ENTER || key == KEYMAP_ESCAPE;
	if (key == KEYMAP_ESCAPE)
		*out = dialog->request; /* as it was */
	else if (key != KEYMAP_ENTER)
		typed = line_edit_key(&dialog->edit, key);
	else if (view->runs && view->runs->complaint[0])
		return false; /* what is wrong stands there */
	if (typed) {
		out->action = ACTION_RUNS_FILTER;
		text_copy(out->text, sizeof out->text, dialog->edit.text);
	}
	return end;
}

static void draw_filter(struct run_dialog *dialog, const struct view *view, struct canvas *canvas)
{
	char found[TEXT_SIZE], count[NUMBER_SIZE], total[NUMBER_SIZE];
	const struct view_runs *runs = view->runs;
	int width = canvas->clip.width, top = canvas->clip.height - 1 - PROMPT_LINES;
	struct canvas foot = canvas_part(canvas, (struct rect){0, top < 0 ? 0 : top, width, PROMPT_LINES});
	canvas_fill(&foot, (struct rect){0, 0, width, PROMPT_LINES}, ' ', ROLE_TEXT, 0);
	canvas_text(&foot, 0, 0, ROLE_FOCUS, CELL_BOLD, "/");
	text_count(count, sizeof count, view_run_count(view));
	snprintf(found, sizeof found, "%s of %s runs", count, text_count(total, sizeof total, runs ? runs->total : 0));
	int right = canvas_text_width(found);
	struct canvas field = canvas_part(&foot, (struct rect){2, 0, width - right - 4, 1});
	line_edit_draw(&dialog->edit, &field, ROLE_TEXT);
	canvas_text_right(&foot, width - 2, 0, ROLE_TITLE, 0, found);
	if (runs && runs->complaint[0]) {
		if (runs->complaint_at >= 0 && runs->complaint_at < field.clip.width)
			canvas_put(&foot, 2 + runs->complaint_at, 1, '^', ROLE_BAD, CELL_BOLD);
		canvas_text(&foot, 2, 2, ROLE_BAD, CELL_BOLD, runs->complaint);
		return;
	}
	canvas_text(&foot, 2, 1, ROLE_QUIET, 0, "bits.g<=2 fid<60 tag:paper -status:crashed (data:cifar10 or data:celeba) name~^fm age<3d");
	canvas_text(&foot, 2, 2, ROLE_QUIET, 0, "Enter: keep   Esc: as before");
}

/* ---- lists */

static bool move_choice(struct run_dialog *dialog, uint32_t key, int count)
{
	int page = dialog->rows > 1 ? dialog->rows - 1 : 1, choice = dialog->choice;
	switch (key) {
	case KEYMAP_UP: case 'k': choice--; break;
	case KEYMAP_DOWN: case 'j': case KEYMAP_TAB: choice++; break;
	case KEYMAP_PAGE_UP: choice -= page; break;
	case KEYMAP_PAGE_DOWN: choice += page; break;
	case KEYMAP_HOME: case 'g': choice = 0; break;
	case KEYMAP_END: case 'G': choice = count - 1; break;
	default: return false;
	}
	choice = choice >= count ? count - 1 : choice;
	dialog->choice = choice < 0 ? 0 : choice;
	return true;
}

/* The lines in sight; `write` gives a line its texts. */
static void draw_list(struct run_dialog *dialog, const struct view_runs *runs, int count, const char *title, const char *hint,
	void (*write)(const struct view_runs *runs, int line, char *name, char *help), struct canvas *canvas)
{
	int most = canvas->clip.height - 4, lines = count < LIST_LINES ? count : LIST_LINES;
	lines = lines > most ? most : lines;
	struct canvas inside = dialog_box(canvas, lines + 2, title);
	dialog->rows = lines;
	dialog->top = table_scroll(dialog->top, dialog->choice, count, lines);
	for (int y = 0; y < lines && dialog->top + y < count; y++) {
		char name[TEXT_SIZE] = "", help[TEXT_SIZE] = "";
		bool chosen = dialog->top + y == dialog->choice;
		write(runs, dialog->top + y, name, help);
		if (chosen)
			canvas_fill(&inside, (struct rect){0, y, inside.clip.width, 1}, ' ', ROLE_SELECTED, 0);
		canvas_text(&inside, 0, y, chosen ? ROLE_SELECTED : ROLE_TEXT, 0, name);
		form_draw_wrapped(&inside, (struct rect){NAME_WIDTH, y, inside.clip.width - NAME_WIDTH, 1}, chosen ? ROLE_SELECTED : ROLE_QUIET,
		                  help);
		canvas_hit(&inside, (struct rect){0, y, inside.clip.width, 1}, (struct hit){.click = ACTION_PICK_ROW, .value = dialog->top + y});
	}
	canvas_text(&inside, 0, lines + 1, ROLE_QUIET, 0, hint);
}

/* ---- columns: every change is seen at once */

static int place_of(const struct view_runs *runs, int column)
{
	for (int i = 0; i < runs->shown_count && i < VIEW_RUN_SHOWN; i++)
		if (runs->shown[i] == column)
			return i;
	return -1;
}

static void write_column(const struct view_runs *runs, int line, char *name, char *help)
{
	int place = place_of(runs, line);
	if (place >= 0)
		snprintf(name, TEXT_SIZE, "[%2d] %s", place + 1, runs->columns[line].name);
	else
		snprintf(name, TEXT_SIZE, "[  ] %s", runs->columns[line].name);
	text_copy(help, TEXT_SIZE, runs->columns[line].help);
}

static void send_columns(const struct view_runs *runs, const int columns[], int count, struct action_request *out)
{
	out->action = ACTION_RUNS_COLUMNS;
	for (int i = 0; i < count; i++) {
		size_t length = strlen(out->text);
		snprintf(out->text + length, sizeof out->text - length, "%s%s", i ? "," : "", runs->columns[columns[i]].name);
	}
}

/* One more, one less (never none), or one place to the left or right. */
static void change_columns(const struct view_runs *runs, int column, uint32_t key, struct action_request *out)
{
	int columns[VIEW_RUN_SHOWN + 1], count = 0, place = place_of(runs, column), step = key == '<' ? -1 : key == '>' ? 1 : 0;
	for (int i = 0; i < runs->shown_count && i < VIEW_RUN_SHOWN; i++)
		columns[count++] = runs->shown[i];
	if (step && place >= 0 && place + step >= 0 && place + step < count) {
		columns[place] = columns[place + step];
		columns[place + step] = column;
	} else if (!step && place < 0 && count < VIEW_RUN_SHOWN) {
		columns[count++] = column;
	} else if (!step && place >= 0 && count > 1) {
		memmove(columns + place, columns + place + 1, (size_t)(count - place - 1) * sizeof *columns);
		count--;
	} else {
		return;
	}
	send_columns(runs, columns, count, out);
}

static bool choose_columns(struct run_dialog *dialog, const struct view_runs *runs, uint32_t key, struct action_request *out)
{
	if (key == KEYMAP_ESCAPE || key == KEYMAP_ENTER)
		return true;
	if (!move_choice(dialog, key, runs->column_count) && (key == KEYMAP_SPACE || key == '<' || key == '>'))
		change_columns(runs, dialog->choice, key, out);
	return false;
}

/* ---- saved views: the first line is the usual list */

static void write_view(const struct view_runs *runs, int line, char *name, char *help)
{
	text_copy(name, TEXT_SIZE, line ? runs->views[line - 1] : "every run");
	if (!line)
		text_copy(help, TEXT_SIZE, "no filter, the usual columns, newest first");
	else if (!strcmp(runs->view, runs->views[line - 1]))
		text_copy(help, TEXT_SIZE, "the present one");
}

static bool choose_view(struct run_dialog *dialog, const struct view_runs *runs, uint32_t key, struct action_request *out)
{
	if (key == KEYMAP_ESCAPE)
		return true;
	if (move_choice(dialog, key, runs->view_count + 1))
		return false;
	const char *name = dialog->choice > 0 && dialog->choice <= runs->view_count ? runs->views[dialog->choice - 1] : "";
	if (key == KEYMAP_ENTER)
		out->action = ACTION_RUNS_VIEW;
	else if (key == 'd' && name[0])
		out->action = ACTION_RUNS_VIEW_DELETE;
	text_copy(out->text, sizeof out->text, name);
	return key == KEYMAP_ENTER;
}

/* ---- the trash */

enum { MOST_ANSWERS = 3 };

/* The last answer is the safe one: it sends nothing and is chosen at first. */
static const struct deletion {
	enum action action;
	const char *title;
	bool from_trash; /* asked there, or on the usual list */
	int count;
	struct { uint32_t key; const char *name, *text; double value; } answers[MOST_ANSWERS];
} deletions[] = {
	{ACTION_RUN_DELETE, "delete?", false, 2, {
		{'d', "d", "to the trash; u brings it back", 0},
		{KEYMAP_ESCAPE, "Esc", "cancel: delete nothing", 0},
	}},
	{ACTION_RUN_PURGE, "delete for ever?", true, 3, {
		{'D', "D", "for ever, with samples and checkpoints", 0},
		{'a', "a", "likewise every run listed here", 1},
		{KEYMAP_ESCAPE, "Esc", "cancel: leave them in the trash", 0},
	}},
};

/* NULL: not asked about. */
static const struct deletion *deletion_of(enum action action, const struct view_runs *runs)
{
	for (size_t i = 0; i < sizeof deletions / sizeof *deletions; i++)
		if (deletions[i].action == action && deletions[i].from_trash == runs->trash)
			return &deletions[i];
	return NULL;
}

static bool confirm_deletion(struct run_dialog *dialog, const struct deletion *deletion, uint32_t key, struct action_request *out)
{
	int safe = deletion->count - 1, answer = key == KEYMAP_ENTER ? dialog->choice : -1;
	for (int i = 0; i < deletion->count; i++)
		answer = deletion->answers[i].key == key ? i : answer;
	if (answer >= 0 && answer < safe) {
		*out = dialog->request;
		out->value = deletion->answers[answer].value;
	}
	int move = key == KEYMAP_DOWN || key == KEYMAP_TAB ? 1 : key == KEYMAP_UP || key == KEYMAP_BACK_TAB ? -1 : 0;
	dialog->choice = (dialog->choice + move + deletion->count) % deletion->count;
	return answer >= 0;
}

static void draw_deletion(struct run_dialog *dialog, const struct deletion *deletion, const struct view *view, struct canvas *canvas)
{
	char count[NUMBER_SIZE], unseen[NUMBER_SIZE];
	struct canvas inside = dialog_box(canvas, 2 + deletion->count, deletion->title);
	if (view->runs->marked > 0)
		canvas_format(&inside, 0, 0, ROLE_TEXT, 0, "%s marked run%s", text_count(count, sizeof count, view->runs->marked),
			view->runs->marked == 1 ? "" : "s");
	else
		canvas_text(&inside, 0, 0, ROLE_TEXT, 0, "the run under the cursor");
	if (view->runs->hidden > 0)
		canvas_format(&inside, 0, 1, ROLE_WARNING, CELL_BOLD, "%s of them hidden by the filter",
			text_count(unseen, sizeof unseen, view->runs->hidden));
	for (int i = 0; i < deletion->count; i++) {
		struct rect line = {0, 2 + i, inside.clip.width, 1};
		bool chosen = dialog->choice == i;
		if (chosen)
			canvas_fill(&inside, line, ' ', ROLE_SELECTED, 0);
		canvas_text(&inside, 2, 2 + i, chosen ? ROLE_SELECTED : ROLE_KEY, CELL_BOLD, deletion->answers[i].name);
		canvas_text(&inside, 2 + KEY_WIDTH, 2 + i, chosen ? ROLE_SELECTED : ROLE_TEXT, 0, deletion->answers[i].text);
		canvas_hit(&inside, line, (struct hit){.key = deletion->answers[i].key});
	}
}

/* ---- which */

bool run_dialog_open(struct run_dialog *dialog, const struct action_request *request, const struct view *view)
{
	bool list = request->action == ACTION_RUNS_COLUMNS || request->action == ACTION_RUNS_VIEW;
	const struct deletion *deletion = view->runs ? deletion_of(request->action, view->runs) : NULL;
	if (!view->runs || (!prompt_of(request->action) && request->action != ACTION_RUNS_FILTER && !list && !deletion))
		return false;
	*dialog = (struct run_dialog){.request = *request, .choice = deletion ? deletion->count - 1 : 0};
	line_edit_begin(&dialog->edit, request->action == ACTION_RUNS_VIEW_SAVE ? view->runs->view : request->text);
	if (request->action != ACTION_RUN_RENAME)
		dialog->edit.selected = false;
	return true;
}

bool run_dialog_key(struct run_dialog *dialog, const struct view *view, uint32_t key, struct action_request *out)
{
	const struct view_runs *runs = view->runs;
	enum action action = dialog->request.action;
	if (!runs)
		return true;
	if (action == ACTION_RUNS_FILTER)
		return type_filter(dialog, view, key, out);
	if (action == ACTION_RUNS_COLUMNS)
		return choose_columns(dialog, runs, key, out);
	if (action == ACTION_RUNS_VIEW)
		return choose_view(dialog, runs, key, out);
	const struct deletion *deletion = deletion_of(action, runs);
	return deletion ? confirm_deletion(dialog, deletion, key, out) : prompt_of(action) ? close_prompt(dialog, key, out) : true;
}

void run_dialog_draw(struct run_dialog *dialog, const struct view *view, struct canvas *canvas)
{
	enum action action = dialog->request.action;
	const struct prompt *prompt = prompt_of(action);
	if (!view->runs)
		return;
	if (prompt)
		draw_prompt(dialog, prompt, canvas);
	else if (action == ACTION_RUNS_FILTER)
		draw_filter(dialog, view, canvas);
	else if (action == ACTION_RUNS_COLUMNS)
		draw_list(dialog, view->runs, view->runs->column_count, "columns", "Space: show or hide   < >: move   Esc: close", write_column,
		          canvas);
	else if (action == ACTION_RUNS_VIEW)
		draw_list(dialog, view->runs, view->runs->view_count + 1, "views", "Enter: choose   d: delete   Esc: close", write_view, canvas);
	else if (deletion_of(action, view->runs))
		draw_deletion(dialog, deletion_of(action, view->runs), view, canvas);
}
