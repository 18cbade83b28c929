#include "ui/form.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/widget_form.h"

enum {
	MIN_WIDTH = 40, MIN_HEIGHT = 10, WIDE = 110, TALL = 30,
	NAME_WIDTH = 21, ORIGIN_WIDTH = 13, SUMMARY_NAME = 9, MOST_HELP = 3,
};

static void draw_keys(struct canvas *canvas, int y, const struct form *form, const struct view_form *view)
{
	static const struct form_hint rows[] = {{"Enter", "change"}, {"s", "start"}, {"Esc", "cancel"}, {"\xe2\x86\x90\xe2\x86\x92", "choice"},
		{"d", "default"}, {"\xe2\x86\x91\xe2\x86\x93", "move"}, {0}};
	static const struct form_hint edit[] = {{"Enter", "take"}, {"Esc", "leave as it was"}, {"Tab", "take, next"}, {0}};
	static const struct form_hint list[] = {{"Enter", "take"}, {"Esc", "leave as it was"}, {"\xe2\x86\x91\xe2\x86\x93", "move"}, {0}};
	static const struct form_hint way[] = {{"s", "stop and save it, then start"}, {"Esc", "back"}, {0}};
	static const struct form_hint starting[] = {{"Esc", "do not start"}, {0}};
	static const struct form_hint *const hints[] = {[FORM_ROWS] = rows, [FORM_EDIT] = edit, [FORM_LIST] = list};
	form_draw_hints(canvas, y, view->starting ? starting : *view->in_the_way ? way : hints[form->mode]);
}

/* ---- the rows ---- */

/* Lines of the list: a row each, and its group's heading above it where there is room for such. */
struct line { int row; const char *heading; };

static int collect(const struct view_form *view, bool headings, struct line lines[2 * VIEW_FORM_ROWS])
{
	int count = 0;
	for (int i = 0; i < view->row_count; i++) {
		if (headings && view->rows[i].group)
			lines[count++] = (struct line){-1, view->rows[i].group};
		lines[count++] = (struct line){i, NULL};
	}
	return count;
}

static void draw_row(struct canvas *canvas, int y, const struct form *form, const struct view_form *view, int index)
{
	const struct view_form_row *row = &view->rows[index];
	bool focused = index == form->row;
	int width = canvas->clip.width, origin = width >= 60 ? ORIGIN_WIDTH : 0;
	struct form_line line = {.name = row->name, .value = row->value, .note = *row->error ? "not taken" : row->fixed ? "fixed" : row->origin,
		.name_width = NAME_WIDTH, .note_width = origin, .focused = focused, .marked = row->changed, .wrong = *row->error,
		.quiet = row->fixed, .edit = focused && form->mode == FORM_EDIT ? &form->edit : NULL};
	struct canvas part = canvas_part(canvas, (struct rect){0, y, width, 1});
	form_draw_line(&part, &line);
	canvas_hit(&part, (struct rect){0, 0, width, 1}, (struct hit){.click = ACTION_PICK_ROW, .value = index});
}

static void draw_rows(struct canvas *canvas, struct form *form, const struct view_form *view, bool headings)
{
	struct line lines[2 * VIEW_FORM_ROWS];
	int count = collect(view, headings, lines), at = 0, height = canvas->clip.height;
	for (int i = 0; i < count; i++)
		if (lines[i].row == form->row)
			at = i;
	form->rows = height;
	form->top = form_scroll(form->top, at, count, height);
	if (headings && form->top == at && at > 0 && lines[at - 1].heading)
		form->top--; /* a row brings its heading along */
	for (int y = 0; y < height && form->top + y < count; y++) {
		const struct line *line = &lines[form->top + y];
		if (line->heading)
			canvas_text(canvas, 1, y, ROLE_TITLE, CELL_BOLD, line->heading);
		else
			draw_row(canvas, y, form, view, line->row);
	}
	form_draw_scrollbar(canvas, form->top, count);
}

static void draw_list(struct canvas *canvas, struct form *form, const struct view_form_row *row)
{
	int count = 0;
	while (row->choices[count])
		count++;
	form_draw_choices(canvas, row->name, row->choices, count, row->other ? "type another ..." : NULL, form->choice, &form->choice_top);
}

/* ---- what it says about the row, and about all of them ---- */

static int draw_help(struct canvas *canvas, const struct view_form_row *row, int lines)
{
	if (*row->error)
		return form_draw_wrapped(canvas, (struct rect){0, 0, canvas->clip.width, lines}, ROLE_BAD, row->error);
	struct text words = {0};
	text_format(&words, "%s", row->help);
	if (*row->expected)
		text_format(&words, "; %s", row->expected);
	if (*row->standard && strcmp(row->standard, row->value) != 0 && !row->fixed)
		text_format(&words, " (d: %s)", row->standard);
	int used = form_draw_wrapped(canvas, (struct rect){0, 0, canvas->clip.width, lines}, ROLE_TEXT, words.bytes);
	text_clear(&words);
	return used;
}

static void draw_summary(struct canvas *canvas, const struct view_form *view)
{
	int y = 0;
	if (*view->message)
		y = form_draw_wrapped(canvas, (struct rect){0, 0, canvas->clip.width, canvas->clip.height > 3 ? 3 : canvas->clip.height},
			ROLE_BAD, view->message);
	for (int i = 0; i < view->summary_count && y < canvas->clip.height; i++) {
		const struct view_form_line *line = &view->summary[i];
		canvas_text(canvas, 0, y, ROLE_QUIET, 0, line->name);
		y += form_draw_wrapped(canvas, (struct rect){SUMMARY_NAME, y, canvas->clip.width - SUMMARY_NAME, canvas->clip.height - y},
			line->warning ? ROLE_WARNING : ROLE_TEXT, line->value);
	}
}

static void draw_question(struct canvas *canvas, const struct view_form *view)
{
	char words[VIEW_FORM_SENTENCE];
	if (!*view->in_the_way)
		return;
	snprintf(words, sizeof words,
	         view->starting ? "%s is being saved; then this one starts." : "%s is being trained here. Stop and save it first?",
		view->in_the_way);
	form_draw_message(canvas, view->starting ? "starting" : "start?", words);
}

/* ---- the whole ---- */

/* Everything one below the other. */
static void draw_narrow(struct canvas *canvas, struct form *form, const struct view_form *view)
{
	int height = canvas->clip.height, help = height >= 18 ? 2 : 1, summary = height >= 18 ? view->summary_count : height >= 12 ? 2 : 0;
	summary = summary > height / 2 - 2 ? height / 2 - 2 : summary;
	int rows = height - help - summary - (summary > 0) - 1;
	struct canvas list = canvas_part(canvas, (struct rect){0, 0, canvas->clip.width, rows});
	struct canvas about = canvas_part(canvas, (struct rect){1, rows + 1, canvas->clip.width - 2, help});
	struct canvas sums = canvas_part(canvas, (struct rect){1, rows + help + 2, canvas->clip.width - 2, summary});
	draw_rows(&list, form, view, height >= TALL);
	form_draw_rule(canvas, rows, view->rows[form->row].name);
	draw_help(&about, &view->rows[form->row], help);
	if (summary > 0)
		form_draw_rule(canvas, rows + help + 1, "what it takes");
	draw_summary(&sums, view);
	if (form->mode == FORM_LIST)
		draw_list(&list, form, &view->rows[form->row]);
}

static void draw_wide(struct canvas *canvas, struct form *form, const struct view_form *view)
{
	int width = canvas->clip.width, height = canvas->clip.height, left = width * 55 / 100, about = MOST_HELP + 3;
	struct rect boxes[] = {{0, 0, left, height}, {left, 0, width - left, about}, {left, about, width - left, height - about}};
	struct canvas list = canvas_frame(canvas, boxes[0], "settings", NULL, true);
	struct canvas help = canvas_frame(canvas, boxes[1], view->rows[form->row].name, NULL, false);
	struct canvas sums = canvas_frame(canvas, boxes[2], "what it takes", NULL, false);
	help = canvas_part(&help, (struct rect){1, 0, help.clip.width - 2, help.clip.height});
	sums = canvas_part(&sums, (struct rect){1, 0, sums.clip.width - 2, sums.clip.height});
	draw_rows(&list, form, view, height >= TALL);
	draw_help(&help, &view->rows[form->row], help.clip.height);
	draw_summary(&sums, view);
	if (form->mode == FORM_LIST)
		draw_list(&list, form, &view->rows[form->row]);
}

void form_draw(struct form *form, const struct view_form *view, struct canvas *canvas)
{
	int width = canvas->clip.width, height = canvas->clip.height;
	canvas_fill(canvas, (struct rect){0, 0, width, height}, ' ', ROLE_TEXT, 0);
	if (width < MIN_WIDTH || height < MIN_HEIGHT || view->row_count == 0) {
		form_draw_wrapped(canvas, (struct rect){0, 0, width, height}, ROLE_WARNING, "too small for this form: needs 40x10");
		return;
	}
	if (form->row >= view->row_count)
		form->row = 0;
	canvas_text(canvas, 1, 0, ROLE_TITLE, CELL_BOLD, "qgan");
	canvas_text(canvas, 7, 0, ROLE_TITLE, 0, view->title);
	struct canvas body = canvas_part(canvas, (struct rect){0, 1, width, height - 2});
	if (width >= WIDE)
		draw_wide(&body, form, view);
	else
		draw_narrow(&body, form, view);
	draw_question(canvas, view);
	draw_keys(canvas, height - 1, form, view);
}
