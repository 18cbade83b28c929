/* Finding and choosing; the commands with words are in palette_commands.c. */
#include "ui/palette.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"
#include "ui/widget_form.h"

enum { MOST_WORDS = 4 };
static const int NO_MATCH = -1000, WHOLE_NAME = 4096;

void palette_open(struct palette *palette, enum action_scope scope)
{
	*palette = (struct palette){.open = true, .scope = scope};
	line_edit_begin(&palette->edit, "");
}

/* ---- finding ---- */

static bool begins_word(const char *text, size_t at)
{
	return at == 0 || text[at - 1] == '-' || text[at - 1] == ' ';
}

/* The letters in order from `at` on, wherever they stand: more for those at the beginning of words and for neighbours. -1:
 * not all. */
static int match_from(const char *letters, size_t count, const char *text, size_t at)
{
	enum { LETTER = 1, NEIGHBOUR = 8, BEGINNING = 6 };
	int score = 0;
	size_t last = (size_t)-2;
	for (size_t i = 0; i < count; i++) {
		while (text[at] && tolower((unsigned char)text[at]) != tolower((unsigned char)letters[i]))
			at++;
		if (!text[at])
			return -1;
		score += LETTER + (at == last + 1 ? NEIGHBOUR : 0) + (begins_word(text, at) ? BEGINNING : 0);
		last = at++;
	}
	return score;
}

static int match_letters(const char *letters, size_t count, const char *text)
{
	int best = -1;
	for (size_t at = 0; text[at]; at++) {
		int score = match_from(letters, count, text, at);
		best = score > best ? score : best;
	}
	return best;
}

/* Within the words of the help only as they stand: letters strewn over a sentence would find everything. */
static int match_help(const char *letters, size_t count, const char *help)
{
	for (const char *c = help; *c; c++)
		if (strncasecmp(c, letters, count) == 0)
			return begins_word(help, (size_t)(c - help)) ? 2 : 1;
	return -1;
}

/* Every word typed must be found; else NO_MATCH. */
static int match(const char *typed, const char *name, const char *brief, const char *help)
{
	int score = 0;
	if (!*typed)
		return 0; /* all, as they stand in their tables */
	for (const char *word = typed; *word;) {
		word += strspn(word, " ");
		size_t count = strcspn(word, " ");
		if (count == 0)
			break;
		int by_name = match_letters(word, count, name), by_help = match_help(word, count, help);
		int by_brief = match_help(word, count, brief);
		int best = by_name > by_brief ? by_name : by_brief;
		best = best > by_help ? best : by_help;
		if (best < 0)
			return NO_MATCH;
		score += best;
		word += count;
	}
	enum { EXACT = 1024 };
	return score * 16 - (int)strlen(name) / 2 + (strcasecmp(typed, name) == 0 ? EXACT : 0); /* of equals the shorter name */
}

static bool is_here(const struct palette *palette, enum action_scope scope)
{
	return scope == SCOPE_EVERYWHERE || scope == palette->scope || scope == action_scope_around(palette->scope);
}

static int by_score(const void *a, const void *b)
{
	const struct palette_entry *x = a, *y = b;
	if (x->score != y->score)
		return y->score - x->score;
	const void *left = x->command ? (const void *)x->command : x->action, *right = y->command ? (const void *)y->command : y->action;
	return (left > right) - (left < right); /* as they stand in their table */
}

static bool is_named(const struct palette_command *command, const char *typed)
{
	size_t length = strlen(command->name);
	return strncmp(typed, command->name, length) == 0 && (typed[length] == ' ' || !typed[length]);
}

/* A command's name and what follows it: the words are not looked for. */
static int match_command(const struct palette_command *command, const char *typed)
{
	if (is_named(command, typed))
		return WHOLE_NAME;
	return match(typed, command->name, "", command->help);
}

int palette_find(const struct palette *palette, struct palette_entry entries[PALETTE_ENTRIES])
{
	enum { ELSEWHERE = 8, MOVING = 4 }; /* later among equals: of other screens; what nobody looks for */
	int count = 0;
	const char *typed = palette->edit.text + strspn(palette->edit.text, " :");
	for (const struct palette_command *command = palette_commands; command->name && count < PALETTE_ENTRIES; command++) {
		int score = match_command(command, typed);
		if (score == WHOLE_NAME && typed[strlen(command->name)]) { /* its words follow: nothing else is meant */
			entries[0] = (struct palette_entry){.command = command, .score = score};
			return 1;
		}
		if (score > NO_MATCH)
			entries[count++] = (struct palette_entry){.command = command, .score = score};
	}
	for (const struct action_row *row = action_rows; row->name && count < PALETTE_ENTRIES; row++) {
		bool offered = row->scope != SCOPE_INTERNAL && row->action != ACTION_PALETTE, elsewhere = !is_here(palette, row->scope);
		int score = offered ? match(typed, row->name, row->brief, row->help) : NO_MATCH;
		if (score > NO_MATCH)
			entries[count++] = (struct palette_entry){.action = row, .elsewhere = elsewhere,
				.score = score - (elsewhere ? ELSEWHERE : row->group == GROUP_MOVE ? MOVING : 0)};
	}
	qsort(entries, (size_t)count, sizeof *entries, by_score);
	return count;
}

/* ---- choosing ---- */

/* Cuts the line into its words. */
static int split(char *line, char *words[MOST_WORDS])
{
	int count = 0;
	for (char *rest = line, *word; count < MOST_WORDS && (word = strtok_r(rest, " ", &rest));)
		words[count++] = word;
	return count;
}

/* A command without its words waits for them. */
static void run_command(struct palette *palette, const struct palette_command *command, const struct view *view,
	struct action_request *out)
{
	char line[LINE_EDIT_SIZE], *words[MOST_WORDS + 1];
	const char *typed = palette->edit.text + strspn(palette->edit.text, " :");
	size_t length = strlen(command->name);
	text_copy(line, sizeof line, is_named(command, typed) ? typed + length : "");
	int count = split(line, words);
	*out = (struct action_request){.action = ACTION_NONE};
	if (count > 0 && command->read(view, count, words, out, palette->complaint, sizeof palette->complaint)) {
		palette->open = false;
		return;
	}
	out->action = ACTION_NONE;
	if (count > 0)
		return;
	text_copy(line, sizeof line, command->name);
	line[length] = ' ';
	line[length + 1] = '\0';
	line_edit_begin(&palette->edit, line);
	palette->edit.selected = false;
	palette->chosen = 0;
}

static void choose(struct palette *palette, const struct view *view, struct palette_choice *chosen, struct action_request *out)
{
	struct palette_entry entries[PALETTE_ENTRIES];
	int count = palette_find(palette, entries);
	if (palette->chosen >= count) {
		text_copy(palette->complaint, sizeof palette->complaint, "nothing is called so");
		return;
	}
	const struct palette_entry *entry = &entries[palette->chosen];
	if (entry->command) {
		run_command(palette, entry->command, view, out);
		return;
	}
	*chosen = (struct palette_choice){entry->action->action, entry->action->scope, entry->elsewhere};
	palette->open = false;
}

void palette_key(struct palette *palette, const struct view *view, uint32_t key, struct palette_choice *chosen,
	struct action_request *out)
{
	struct palette_entry entries[PALETTE_ENTRIES];
	int count = palette_find(palette, entries);
	*chosen = (struct palette_choice){ACTION_NONE, SCOPE_EVERYWHERE, false};
	*out = (struct action_request){.action = ACTION_NONE};
	palette->complaint[0] = '\0';
	switch (key) {
	case KEYMAP_ESCAPE: palette->open = false; break;
	case KEYMAP_ENTER: choose(palette, view, chosen, out); break;
	case KEYMAP_UP: case KEYMAP_BACK_TAB: palette->chosen -= palette->chosen > 0; break;
	case KEYMAP_DOWN: case KEYMAP_TAB: palette->chosen += palette->chosen + 1 < count; break;
	case KEYMAP_PAGE_UP: palette->chosen = palette->chosen > 8 ? palette->chosen - 8 : 0; break;
	case KEYMAP_PAGE_DOWN: palette->chosen = palette->chosen + 8 < count ? palette->chosen + 8 : count > 0 ? count - 1 : 0; break;
	default:
		if (key == KEYMAP_BACKSPACE && !*palette->edit.text)
			palette->open = false;
		else if (line_edit_key(&palette->edit, key))
			palette->chosen = palette->top = 0;
	}
}

/* ---- drawing ---- */

static void draw_entry(struct canvas *canvas, int y, const struct palette_entry *entry, int index, bool here)
{
	enum { KEYS = 13, NAME = 21 };
	char name[64], key[16] = "";
	enum theme_role role = here ? ROLE_SELECTED : entry->elsewhere ? ROLE_QUIET : ROLE_TEXT;
	int wide = canvas->clip.width >= 60, help_x = 1 + (wide ? KEYS : 0) + NAME;
	if (here)
		canvas_fill(canvas, (struct rect){0, y, canvas->clip.width - 1, 1}, ' ', ROLE_SELECTED, 0);
	if (entry->command)
		snprintf(name, sizeof name, "%s %s", entry->command->name, entry->command->words);
	else
		text_copy(name, sizeof name, entry->action->name);
	if (entry->action)
		keymap_key_of(key, sizeof key, entry->action->action, canvas->unicode);
	if (wide)
		canvas_text(canvas, 1, y, here ? ROLE_SELECTED : ROLE_KEY, CELL_BOLD, entry->command ? ":" : key);
	struct canvas names = canvas_part(canvas, (struct rect){help_x - NAME, y, NAME - 1, 1});
	canvas_text(&names, 0, 0, role, here ? CELL_BOLD : 0, name);
	canvas_hit(canvas, (struct rect){0, y, canvas->clip.width, 1}, (struct hit){.click = ACTION_PICK_ROW, .value = index});
	form_draw_wrapped(canvas, (struct rect){help_x, y, canvas->clip.width - help_x - 1, 1}, here ? ROLE_SELECTED : ROLE_QUIET,
		entry->command ? entry->command->help : entry->action->help);
}

void palette_draw(struct palette *palette, struct canvas *canvas)
{
	enum { WIDTH = 96, LINES = 18, MARGIN = 2 };
	struct palette_entry entries[PALETTE_ENTRIES];
	int count = palette_find(palette, entries), room = canvas->clip.height - 2 * MARGIN;
	int width = canvas->clip.width - 2 * MARGIN < WIDTH ? canvas->clip.width - 2 * MARGIN : WIDTH;
	int height = room < LINES ? room : LINES;
	if (width < 20 || height < 5) {
		width = canvas->clip.width;
		height = canvas->clip.height;
	}
	struct rect box = {(canvas->clip.width - width) / 2, height < canvas->clip.height ? MARGIN : 0, width, height};
	canvas_fill(canvas, box, ' ', ROLE_TEXT, 0);
	struct canvas inside = canvas_frame(canvas, box, "command", "Enter does it, Esc closes", true);
	struct canvas field = canvas_part(&inside, (struct rect){3, 0, inside.clip.width - 4, 1});
	struct canvas list = canvas_part(&inside, (struct rect){0, 2, inside.clip.width, inside.clip.height - 2});
	canvas_put(&inside, 1, 0, ':', ROLE_FOCUS, CELL_BOLD);
	line_edit_draw(&palette->edit, &field, ROLE_TEXT);
	if (*palette->complaint)
		form_draw_wrapped(&inside, (struct rect){1, 1, inside.clip.width - 2, 1}, ROLE_BAD, palette->complaint);
	palette->chosen = palette->chosen >= count ? (count > 0 ? count - 1 : 0) : palette->chosen;
	palette->top = form_scroll(palette->top, palette->chosen, count, list.clip.height);
	for (int y = 0; y < list.clip.height && palette->top + y < count; y++)
		draw_entry(&list, y, &entries[palette->top + y], palette->top + y, palette->top + y == palette->chosen);
	form_draw_scrollbar(&list, palette->top, count);
	if (count == 0)
		canvas_text(&list, 1, 0, ROLE_QUIET, 0, "nothing is called so");
}
