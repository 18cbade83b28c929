/* The walk of qgan bench ui: the screen it reads is what libvterm makes of the same bytes, and a training that changes the
 * screen by itself is never taken for the answer to a key. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <vterm.h>

#include "app/bench_walk.h"
#include "engine/base/text.h"
#include "engine/tensor/random.h"

enum { COLUMNS = 40, ROWS = 12, ROUNDS = 300, OPERATIONS = 60 };

/* ---- against libvterm ---- */

struct pair {
	VTerm *vterm;
	VTermScreen *screen;
	struct screen_model *model;
};

static void feed(struct pair *pair, const char *bytes)
{
	vterm_input_write(pair->vterm, bytes, strlen(bytes));
	screen_model_take(pair->model, bytes, strlen(bytes));
}

static struct pair open_pair(void)
{
	struct pair pair = {.vterm = vterm_new(ROWS, COLUMNS), .model = screen_model_create(COLUMNS, ROWS, NULL, NULL)};
	vterm_set_utf8(pair.vterm, 1);
	pair.screen = vterm_obtain_screen(pair.vterm);
	vterm_screen_enable_altscreen(pair.screen, 1);
	vterm_screen_reset(pair.screen, 1);
	return pair;
}

static void close_pair(struct pair *pair)
{
	vterm_free(pair->vterm);
	screen_model_destroy(pair->model);
}

static int index_of(const VTermColor *colour, bool usual) { return usual ? -1 : VTERM_COLOR_IS_INDEXED(colour) ? colour->indexed.idx : -2; }

static void assert_same_cell(struct pair *pair, int x, int y)
{
	VTermScreenCell theirs;
	const struct screen_cell *ours = screen_model_row(pair->model, y) + x;
	vterm_screen_get_cell(pair->screen, (VTermPos){.row = y, .col = x}, &theirs);
	uint32_t character = theirs.chars[0] == 0 ? ' ' : theirs.chars[0];
	assert_int_equal(ours->character, character);
	assert_int_equal(ours->background, index_of(&theirs.bg, VTERM_COLOR_IS_DEFAULT_BG(&theirs.bg)));
	if (character == ' ')
		return; /* nobody sees the rest of the pen */
	assert_int_equal(ours->foreground, index_of(&theirs.fg, VTERM_COLOR_IS_DEFAULT_FG(&theirs.fg)));
	assert_int_equal(ours->attributes >> 1 & 1, theirs.attrs.bold);
	assert_int_equal(ours->attributes >> 4 & 1, theirs.attrs.underline != 0);
	assert_int_equal(ours->attributes >> 7 & 1, theirs.attrs.reverse);
}

static void assert_same(struct pair *pair)
{
	for (int y = 0; y < ROWS; y++)
		for (int x = 0; x < COLUMNS; x++)
			assert_same_cell(pair, x, y);
}

/* One of what curses sends to an xterm. */
static void write_something(struct random *random, char *bytes, size_t size)
{
	static const char *const texts[] = {"a", "loss, nats", "\xe2\x94\x80\xe2\x94\x80", "\xe2\xa0\x81", "  ", "42"};
	static const char *const fixed[] = {"\r", "\b", "\033[H", "\033[K", "\033[1K", "\033[J", "\033[m", "\033(B", "\033[1m", "\033[4m",
		"\033[7m",
		"\033[22m", "\033[24m", "\033[27m", "\033[39;49m", "\033[H\033[2J", "\033[?25l", "\r\n", "\r\033M",
		"\033[3;9r", "\033[r", "\033[2S", "\033[3T", "\033[0;1;38;5;255;48;5;24m", "\033Pq#0~\033\\"};
	int below = (int)random_below(random, 12), number = 1 + (int)random_below(random, COLUMNS);
	static const char moves[] = "ABCDGdX";
	if (below < 4)
		snprintf(bytes, size, "%s", texts[random_below(random, sizeof texts / sizeof *texts)]);
	else if (below < 7)
		snprintf(bytes, size, "%s", fixed[random_below(random, sizeof fixed / sizeof *fixed)]);
	else if (below == 7)
		snprintf(bytes, size, "\033[%d;%dHx\033[%db", 1 + (int)random_below(random, ROWS), number / 2 + 1, number / 3 + 1); /* stays in its line */
	else if (below == 8)
		snprintf(bytes, size, "\033[%d;%dH", 1 + (int)random_below(random, ROWS), number);
	else if (below == 9)
		snprintf(bytes, size, "\033[38;5;%dm\033[4%dm", number, (int)random_below(random, 8));
	else
		snprintf(bytes, size, "\033[%d%c", number, moves[random_below(random, sizeof moves - 1)]);
}

static void test_model_shows_what_a_terminal_shows(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 3, RANDOM_TEST);
	for (int round = 0; round < ROUNDS; round++) {
		struct pair pair = open_pair();
		for (int i = 0; i < OPERATIONS; i++) {
			char bytes[64];
			write_something(&random, bytes, sizeof bytes);
			feed(&pair, bytes);
		}
		assert_same(&pair);
		close_pair(&pair);
	}
}

static void count_frame(void *context, const char *sequence) { *(int *)context += strcmp(sequence, "?2026l") == 0; }

/* Sequences arrive in any portions. */
static void test_model_takes_bytes_one_at_a_time(void **state)
{
	(void)state;
	int frames = 0;
	struct screen_model *model = screen_model_create(COLUMNS, ROWS, count_frame, &frames);
	const char bytes[] = "\033[?2026h\033[2;3H\033[1;38;5;75m\xe2\x96\xb8 D\033P0;1q#0~~\033\\\033[?2026l";
	for (size_t i = 0; i < sizeof bytes - 1; i++)
		screen_model_take(model, bytes + i, 1);
	char *text = screen_model_text(model);
	assert_string_equal(text, "\n  \xe2\x96\xb8 D\n\n\n\n\n\n\n\n\n\n\n");
	assert_int_equal(frames, 1);
	assert_int_equal(screen_model_row(model, 1)[4].foreground, 75);
	free(text);
	screen_model_destroy(model);
}

/* Half of a wide character is none: libvterm leaves the other half, an xterm does not. */
static void test_wide_characters_go_as_a_whole(void **state)
{
	(void)state;
	struct screen_model *model = screen_model_create(COLUMNS, ROWS, NULL, NULL);
	const char bytes[] = "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\033[1;2Hab\033[1;6Hc";
	screen_model_take(model, bytes, sizeof bytes - 1);
	char *text = screen_model_text(model);
	assert_int_equal(strncmp(text, " ab  c\n", 7), 0);
	free(text);
	screen_model_destroy(model);
}

/* ---- answers ---- */

static const struct bench_key row_key = {"j", "j", "list", BENCH_ROW, NULL}, body_key = {"z", "z", "compare", BENCH_BODY, NULL},
	text_key = {"W", "W", "live", BENCH_TEXT, "smooth 0.5"}, gone_key = {"w", "w", "live", BENCH_GONE, "smooth 0.5"};

static struct screen_model *screen_of(const char *bytes)
{
	struct screen_model *model = screen_model_create(COLUMNS, ROWS, NULL, NULL);
	screen_model_take(model, bytes, strlen(bytes));
	return model;
}

static bool answered_by(const struct bench_key *key, const char *before, const char *frame)
{
	struct screen_model *screen = screen_of(before);
	struct bench_before look = bench_walk_look(screen);
	screen_model_take(screen, frame, strlen(frame));
	bool answered = bench_walk_answered(key, &look, screen);
	screen_model_destroy(screen);
	return answered;
}

#define SELECTED "\033[0;1;38;5;255;48;5;24m"
#define LIST "\033[Hqgan step 1\033[4;1H" SELECTED "   bench-em-000007  live  12 \033[m\033[5;1H   bench-log-000006  stopped"

static void test_training_is_no_answer(void **state)
{
	(void)state;
	const char *const frames[] = {
		"", "\033[1;11H2 more", "\033[2;1Hepoch 3", "\033[4;27H" SELECTED "13\033[m" /* the live run's numbers, selected or not */,
		"\033[11;1H23:10:00 step 900 saved", "\033[12;1H p pause",
	};
	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		assert_false(answered_by(&row_key, LIST, frames[i]));
		assert_false(answered_by(&text_key, LIST, frames[i]));
		if (!strstr(frames[i], "13"))
			assert_false(answered_by(&body_key, LIST, frames[i]));
	}
}

static void test_answers(void **state)
{
	(void)state;
	/* The selection goes to the next line; the list scrolls under it. */
	assert_true(answered_by(&row_key, LIST, "\033[4;1H   bench-em-000007  live  12 \033[5;1H" SELECTED "   bench-log-000006"));
	assert_true(answered_by(&row_key, LIST, "\033[4;4H" SELECTED "bench-em-000107"));
	/* Only one digit of it is sent. */
	assert_true(answered_by(&row_key, LIST, "\033[4;18H" SELECTED "8"));
	assert_true(answered_by(&body_key, LIST, "\033[6;9Hx"));
	assert_true(answered_by(&body_key, LIST, "\033[4;4H" SELECTED "b\033[7mench"));
	/* Text that is there but for a part, of which only that part is sent. */
	assert_true(answered_by(&text_key, "\033[8;1Hsmooth 0.8", "\033[8;10H5"));
	assert_false(answered_by(&text_key, "\033[8;1Hsmooth 0.8", "\033[8;10H9"));
	assert_true(answered_by(&gone_key, "\033[8;1Hsmooth 0.5", "\033[8;1H\033[K"));
	assert_false(answered_by(&gone_key, "\033[8;1Hsmooth 0.5", "\033[9;1Hx"));
}

static void test_walk_is_whole(void **state)
{
	(void)state;
	int asked = 0;
	for (int i = 0; i < bench_walk_length; i++) {
		const struct bench_key *key = &bench_walk[i];
		assert_true(key->bytes && *key->bytes && key->name && *key->name && key->where && *key->where);
		assert_int_equal(key->answer == BENCH_TEXT || key->answer == BENCH_GONE, key->text != NULL);
		asked += key->answer != BENCH_UNASKED;
	}
	assert_true(asked > bench_walk_length * 3 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_shows_what_a_terminal_shows),
		cmocka_unit_test(test_model_takes_bytes_one_at_a_time),
		cmocka_unit_test(test_wide_characters_go_as_a_whole),
		cmocka_unit_test(test_training_is_no_answer),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_walk_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
