#include "app/bench_walk.h"

#include <stdlib.h>
#include <string.h>

#include "ui/theme.h"

enum { HEADER_LINES = 2, FOOTER_LINES = 2, SHORTEST_NAME = 3 };

#define ESC "\033"
#define PAGE_UP ESC "[5~"
#define PAGE_DOWN ESC "[6~"
#define CTRL_U "\025"
#define LIST "runs"
#define FILTER "filter"
#define COMPARISON "compare"
#define PAST "past run"
#define LIVE "live run"
#define TYPED(key, text) {key, key, FILTER, BENCH_TEXT, "/ " text}

const struct bench_key bench_walk[] = {
	{"5", "5", LIVE, BENCH_TEXT, "newest first"},
	{"j", "j", LIST, BENCH_ROW}, {"j", "j", LIST, BENCH_ROW}, {"k", "k", LIST, BENCH_ROW},
	{PAGE_DOWN, "PgDn", LIST, BENCH_ROW}, {PAGE_DOWN, "PgDn", LIST, BENCH_ROW}, {PAGE_UP, "PgUp", LIST, BENCH_ROW},
	{"G", "G", LIST, BENCH_ROW}, {PAGE_UP, "PgUp", LIST, BENCH_ROW}, {"g", "g", LIST, BENCH_ROW}, {"j", "j", LIST, BENCH_ROW},
	{" ", "Space", LIST, BENCH_TEXT, "1 marked"}, {" ", "Space", LIST, BENCH_TEXT, "2 marked"},
	{" ", "Space", LIST, BENCH_TEXT, "3 marked"},

	{"c", "c", LIST, BENCH_TEXT, "S-Tab pane"},
	{"d", "d", COMPARISON, BENCH_BODY}, {"d", "d", COMPARISON, BENCH_BODY}, {"\t", "Tab", COMPARISON, BENCH_BODY},
	{"v", "v", COMPARISON, BENCH_BODY}, {"W", "W", COMPARISON, BENCH_BODY}, {"+", "+", COMPARISON, BENCH_BODY},
	{"0", "0", COMPARISON, BENCH_BODY}, {"w", "w", COMPARISON, BENCH_BODY},
	{"z", "z", COMPARISON, BENCH_UNASKED}, {"z", "z", COMPARISON, BENCH_UNASKED}, /* a small screen shows one pane anyway */
	{ESC "[Z", "S-Tab", COMPARISON, BENCH_BODY}, {"5", "5", COMPARISON, BENCH_TEXT, "newest first"},
	{"U", "U", LIST, BENCH_GONE, "3 marked"},

	{"/", "/", LIST, BENCH_TEXT, "Esc: as before"},
	TYPED("n", "n"), TYPED("a", "na"), TYPED("m", "nam"), TYPED("e", "name"), TYPED("~", "name~"), TYPED("-", "name~-"),
	TYPED("e", "name~-e"), TYPED("m", "name~-em"),
	{"\r", "Enter", FILTER, BENCH_GONE, "Esc: as before"},
	{">", ">", LIST, BENCH_TEXT, "by name rising"}, {"r", "r", LIST, BENCH_TEXT, "by name falling"},
	{">", ">", LIST, BENCH_GONE, "by name"},
	{"<", "<", LIST, BENCH_TEXT, "by name"}, {"<", "<", LIST, BENCH_TEXT, "newest first"},
	{"o", "o", LIST, BENCH_TEXT, "show or hide"}, {"j", "j", "columns", BENCH_ROW}, {ESC, "Esc", "columns", BENCH_GONE, "show or hide"},
	{"G", "G", LIST, BENCH_UNASKED},
	{"/", "/", LIST, BENCH_TEXT, "Esc: as before"}, {CTRL_U, "Ctrl-U", FILTER, BENCH_GONE, "name~-em"},
	{"\r", "Enter", FILTER, BENCH_GONE, "Esc: as before"},
	{"g", "g", LIST, BENCH_ROW}, {"j", "j", LIST, BENCH_ROW},

	{"\r", "Enter", LIST, BENCH_TEXT, BENCH_DASHBOARD},
	{"+", "+", PAST, BENCH_BODY}, {"+", "+", PAST, BENCH_BODY}, {"h", "h", PAST, BENCH_BODY}, {"-", "-", PAST, BENCH_BODY},
	{"0", "0", PAST, BENCH_BODY}, {"c", "c", PAST, BENCH_BODY}, {"h", "h", PAST, BENCH_BODY}, {"c", "c", PAST, BENCH_BODY},
	{"t", "t", PAST, BENCH_TEXT, " epochs"}, {"t", "t", PAST, BENCH_TEXT, " images"}, {"t", "t", PAST, BENCH_GONE, " images"},
	{"t", "t", PAST, BENCH_TEXT, " steps"}, {"y", "y", PAST, BENCH_BODY}, {"y", "y", PAST, BENCH_BODY},
	{"W", "W", PAST, BENCH_BODY}, {"w", "w", PAST, BENCH_BODY},
	{"8", "8", PAST, BENCH_TEXT, "differ from the defaults"}, {"d", "d", "run page", BENCH_BODY}, {"d", "d", "run page", BENCH_BODY},
	{"5", "5", "run page", BENCH_TEXT, "newest first"}, {"g", "g", LIST, BENCH_ROW}, {"\r", "Enter", LIST, BENCH_TEXT, "LIVE"},

	{"3", "3", LIVE, BENCH_GONE, BENCH_DASHBOARD}, {"j", "j", "weights", BENCH_ROW}, {"j", "j", "weights", BENCH_ROW},
	{"l", "l", "weights", BENCH_ROW}, {"h", "h", "weights", BENCH_ROW}, {"k", "k", "weights", BENCH_ROW}, {"k", "k", "weights", BENCH_ROW},
	{"1", "1", "weights", BENCH_TEXT, BENCH_DASHBOARD},
	{"W", "W", LIVE, BENCH_UNASKED}, {"+", "+", LIVE, BENCH_UNASKED}, {"c", "c", LIVE, BENCH_UNASKED},
	{"h", "h", LIVE, BENCH_UNASKED}, {"c", "c", LIVE, BENCH_UNASKED}, {"0", "0", LIVE, BENCH_UNASKED},
	{"w", "w", LIVE, BENCH_UNASKED}, {"t", "t", LIVE, BENCH_TEXT, " epochs"}, {"t", "t", LIVE, BENCH_TEXT, " images"},
	{"t", "t", LIVE, BENCH_GONE, " images"}, {"t", "t", LIVE, BENCH_UNASKED},
	{"]", "]", LIVE, BENCH_UNASKED}, {"2", "2", LIVE, BENCH_GONE, BENCH_DASHBOARD}, {"[", "[", LIVE, BENCH_UNASKED},
	{"1", "1", "samples", BENCH_TEXT, BENCH_DASHBOARD},
	{"?", "?", LIVE, BENCH_TEXT, "Esc closes"}, {"?", "?", "help", BENCH_GONE, "Esc closes"},
	{":", ":", LIVE, BENCH_TEXT, "Enter does it"}, {"e", "e", "palette", BENCH_TEXT, ": e"}, {"x", "x", "palette", BENCH_TEXT, ": ex"},
	{ESC, "Esc", "palette", BENCH_GONE, "Enter does it"},
	{"a", "a", LIVE, BENCH_TEXT, "what it takes"}, {"j", "j", "form", BENCH_ROW}, {"j", "j", "form", BENCH_ROW},
	{PAGE_DOWN, "PgDn", "form", BENCH_ROW}, {ESC, "Esc", "form", BENCH_GONE, "what it takes"},
	{"7", "7", LIVE, BENCH_TEXT, "following"}, {"1", "1", "log", BENCH_TEXT, BENCH_DASHBOARD},
};
const int bench_walk_length = sizeof bench_walk / sizeof *bench_walk;

const char *const bench_walk_home[] = {ESC, ESC, ESC, "5", "U", "V", "\033[H", "\r", "g", "\r", NULL};

/* ---- what the screen shows ---- */

static uint64_t mix(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x100000001B3u; }

static bool belongs_to_name(uint32_t character)
{
	return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
	       character == '-' || character == '_';
}

/* The first word of the selected cells of a line; what else stands there may change by itself. 0: none is selected. */
static uint64_t selected_name(const struct screen_cell *row, int columns, int selected)
{
	uint64_t sum = 0;
	int letters = 0;
	for (int x = 0; x < columns; x++) {
		bool letter = row[x].background == selected && belongs_to_name(row[x].character);
		if (!letter && letters >= SHORTEST_NAME)
			break;
		letters = letter ? letters + 1 : 0;
		sum = letter ? mix(letters == 1 ? 0 : sum, row[x].character) : sum;
	}
	return letters >= SHORTEST_NAME ? sum | 1 : 0;
}

static uint64_t selected_rows(const struct screen_model *screen)
{
	uint64_t sum = 0;
	int selected = themes[0].roles[ROLE_SELECTED].background;
	for (int y = 0; y < screen_model_rows(screen); y++) {
		uint64_t name = selected_name(screen_model_row(screen, y), screen_model_columns(screen), selected);
		if (name)
			sum = mix(mix(sum, name), (uint64_t)y);
	}
	return sum;
}

static uint64_t body_sum(const struct screen_model *screen)
{
	uint64_t sum = 0;
	for (int y = HEADER_LINES; y < screen_model_rows(screen) - FOOTER_LINES; y++)
		for (int x = 0; x < screen_model_columns(screen); x++) {
			const struct screen_cell *cell = screen_model_row(screen, y) + x;
			sum = mix(sum, cell->character | (uint64_t)cell->attributes << 32);
			sum = mix(sum, (uint64_t)(uint16_t)cell->foreground << 16 | (uint16_t)cell->background);
		}
	return sum;
}

struct bench_before bench_walk_look(const struct screen_model *screen)
{
	return (struct bench_before){.row = selected_rows(screen), .body = body_sum(screen)};
}

static bool has_text(const struct screen_model *screen, const char *text)
{
	char *all = screen_model_text(screen);
	bool found = strstr(all, text) != NULL;
	free(all);
	return found;
}

bool bench_walk_answered(const struct bench_key *key, const struct bench_before *before, const struct screen_model *screen)
{
	switch (key->answer) {
	case BENCH_UNASKED: return true;
	case BENCH_TEXT: return has_text(screen, key->text);
	case BENCH_GONE: return !has_text(screen, key->text);
	case BENCH_ROW: return selected_rows(screen) != before->row;
	case BENCH_BODY: return body_sum(screen) != before->body;
	}
	return false;
}
