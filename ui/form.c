/* What keys and the mouse do; how it looks is in form_draw.c. */
#include "ui/form.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"

bool form_follow(struct form *form, const struct view_form *view)
{
	bool gone = form->shown && !view;
	if (view && (!form->shown || form->serial != view->serial))
		*form = (struct form){.serial = view->serial};
	form->shown = view != NULL;
	return gone && form->started;
}

static void send(struct action_request *out, enum action action, int row, const char *text)
{
	out->action = action;
	out->layer = row;
	text_copy(out->text, sizeof out->text, text);
}

static int count_choices(const struct view_form_row *row)
{
	int count = 0;
	while (row->choices && row->choices[count])
		count++;
	return count;
}

/* -1: the value is none of them. */
static int present_choice(const struct view_form_row *row)
{
	for (int i = 0; row->choices && row->choices[i]; i++)
		if (strcmp(row->choices[i], row->value) == 0)
			return i;
	return -1;
}

/* ---- typing ---- */

static void begin_typing(struct form *form, const struct view_form_row *row)
{
	form->mode = FORM_EDIT;
	line_edit_begin(&form->edit, row->value);
}

static void move_row(struct form *form, const struct view_form *view, int by)
{
	int row = form->row + by;
	form->row = row < 0 ? 0 : row >= view->row_count ? view->row_count - 1 : row;
}

static void type_key(struct form *form, const struct view_form *view, uint32_t key, struct action_request *out)
{
	if (key == KEYMAP_ESCAPE) {
		form->mode = FORM_ROWS;
	} else if (key == KEYMAP_ENTER || key == KEYMAP_TAB || key == KEYMAP_DOWN || key == KEYMAP_UP || key == KEYMAP_BACK_TAB) {
		form->mode = FORM_ROWS;
		send(out, ACTION_FORM_SET, form->row, form->edit.text);
		if (key != KEYMAP_ENTER)
			move_row(form, view, key == KEYMAP_UP || key == KEYMAP_BACK_TAB ? -1 : 1);
	} else {
		line_edit_key(&form->edit, key);
	}
}

/* ---- picking ---- */

static void begin_picking(struct form *form, const struct view_form_row *row)
{
	int present = present_choice(row);
	form->mode = FORM_LIST;
	form->choice = present >= 0 ? present : 0;
	form->choice_top = 0;
}

/* The next choice below that begins with the letter typed, round about. */
static void jump_to_letter(struct form *form, const struct view_form_row *row, uint32_t key)
{
	int count = count_choices(row);
	for (int i = 1; key < 0x80 && i <= count; i++)
		if (tolower((unsigned char)row->choices[(form->choice + i) % count][0]) == tolower((int)key)) {
			form->choice = (form->choice + i) % count;
			return;
		}
}

static void pick_key(struct form *form, const struct view_form_row *row, uint32_t key, struct action_request *out)
{
	int count = count_choices(row) + row->other;
	switch (key) {
	case KEYMAP_ESCAPE: form->mode = FORM_ROWS; break;
	case KEYMAP_UP: case KEYMAP_BACK_TAB: form->choice = (form->choice + count - 1) % count; break;
	case KEYMAP_DOWN: case KEYMAP_TAB: form->choice = (form->choice + 1) % count; break;
	case KEYMAP_HOME: form->choice = 0; break;
	case KEYMAP_END: form->choice = count - 1; break;
	case KEYMAP_ENTER:
		form->mode = FORM_ROWS;
		if (form->choice < count_choices(row))
			send(out, ACTION_FORM_SET, form->row, row->choices[form->choice]);
		else
			begin_typing(form, row);
		break;
	default: jump_to_letter(form, row, key);
	}
}

/* The choice before or after, without the list. */
static void step_choice(const struct form *form, const struct view_form_row *row, int by, struct action_request *out)
{
	int count = count_choices(row), present = present_choice(row);
	if (count > 0 && !row->fixed)
		send(out, ACTION_FORM_SET, form->row, row->choices[((present < 0 && by < 0 ? 0 : present) + by + count) % count]);
}

/* ---- rows ---- */

static void open_row(struct form *form, const struct view_form_row *row)
{
	if (row->fixed)
		return;
	if (row->choices)
		begin_picking(form, row);
	else
		begin_typing(form, row);
}

/* To what keeps it from starting, if anything does. */
static void start(struct form *form, const struct view_form *view, struct action_request *out)
{
	for (int i = 0; i < view->row_count; i++)
		if (*view->rows[i].error) {
			form->row = i;
			return;
		}
	form->started = true;
	send(out, ACTION_FORM_START, 0, "");
}

static void answer_stop(struct form *form, uint32_t key, struct action_request *out)
{
	form->started = key == 's';
	if (key != 's' && key != KEYMAP_ESCAPE)
		return;
	send(out, ACTION_FORM_START, 0, "");
	out->value = key == 's' ? 1 : -1;
}

static void row_key(struct form *form, const struct view_form *view, uint32_t key, struct action_request *out)
{
	const struct view_form_row *row = &view->rows[form->row];
	int page = form->rows > 1 ? form->rows - 1 : 1;
	switch (key) {
	case KEYMAP_UP: case KEYMAP_BACK_TAB: case 'k': move_row(form, view, -1); break;
	case KEYMAP_DOWN: case KEYMAP_TAB: case 'j': move_row(form, view, 1); break;
	case KEYMAP_PAGE_UP: move_row(form, view, -page); break;
	case KEYMAP_PAGE_DOWN: move_row(form, view, page); break;
	case KEYMAP_HOME: case 'g': form->row = 0; break;
	case KEYMAP_END: case 'G': form->row = view->row_count - 1; break;
	case KEYMAP_LEFT: case 'h': step_choice(form, row, -1, out); break;
	case KEYMAP_RIGHT: case 'l': case KEYMAP_SPACE: step_choice(form, row, 1, out); break;
	case KEYMAP_ENTER: open_row(form, row); break;
	case 'd':
		if (!row->fixed)
			send(out, ACTION_FORM_SET, form->row, row->standard);
		break;
	case 's': start(form, view, out); break;
	case KEYMAP_ESCAPE: case 'q': send(out, ACTION_FORM_CLOSE, 0, ""); break;
	default:
		if (((key >= '0' && key <= '9') || key == '.' || key == '-') && !row->fixed) {
			begin_typing(form, row);
			line_edit_key(&form->edit, key);
		}
	}
}

/* ---- the mouse ---- */

/* A row that is typed into is taken when another one is gone to. */
static void click_row(struct form *form, const struct view_form *view, int row, struct action_request *out)
{
	bool here = row == form->row;
	if (form->mode == FORM_LIST) {
		form->mode = FORM_ROWS;
	} else if (!here) {
		if (form->mode == FORM_EDIT)
			send(out, ACTION_FORM_SET, form->row, form->edit.text);
		form->mode = FORM_ROWS;
		form->row = row;
	} else if (form->mode == FORM_ROWS) {
		open_row(form, &view->rows[row]);
	}
}

static void turn_wheel(struct form *form, const struct view_form *view, int lines)
{
	int last = form->mode == FORM_LIST ? count_choices(&view->rows[form->row]) + view->rows[form->row].other - 1 : 0;
	if (form->mode == FORM_ROWS)
		move_row(form, view, lines);
	int choice = form->choice + (lines < 0 ? -1 : 1);
	if (form->mode == FORM_LIST && choice >= 0 && choice <= last)
		form->choice = choice;
}

void form_mouse(struct form *form, const struct view_form *view, const struct mouse_answer *mouse, struct action_request *out)
{
	*out = (struct action_request){.action = ACTION_NONE};
	int value = mouse->pointer.value;
	if (view->starting || *view->in_the_way)
		return;
	if (form->row >= view->row_count)
		form->row = 0;
	if (mouse->action == ACTION_PICK_ROW && value >= 0 && value < view->row_count)
		click_row(form, view, value, out);
	else if (mouse->action == ACTION_UP || mouse->action == ACTION_DOWN)
		turn_wheel(form, view, mouse->action == ACTION_UP ? -mouse->times : mouse->times);
	else if (mouse->action == ACTION_ACCEPT && form->mode == FORM_LIST) {
		form->choice = value;
		pick_key(form, &view->rows[form->row], KEYMAP_ENTER, out);
	}
}

/* ---- keys ---- */

void form_key(struct form *form, const struct view_form *view, uint32_t key, struct action_request *out)
{
	*out = (struct action_request){.action = ACTION_NONE};
	form->started &= view->starting;
	if (form->row >= view->row_count)
		form->row = 0;
	if (view->starting) {
		if (key == KEYMAP_ESCAPE)
			answer_stop(form, key, out);
	} else if (*view->in_the_way) {
		answer_stop(form, key, out);
	} else if (form->mode == FORM_EDIT) {
		type_key(form, view, key, out);
	} else if (form->mode == FORM_LIST) {
		pick_key(form, &view->rows[form->row], key, out);
	} else if (view->row_count > 0) {
		row_key(form, view, key, out);
	}
}
