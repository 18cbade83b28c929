/* ui/ui, ui/terminal, ui/terminal_guard, ui/graphics behind a pseudo-terminal: what a person's terminal gets, however it
 * answers, whatever becomes of the line or of the program. The screens here are fakes. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "tests/pty_terminal.h"
#include "ui/screen.h"
#include "ui/ui.h"

enum { PATIENCE = 20, ENDED = 10, ENDED_BY_SIGNAL = 40, REFUSED = 9, TILE = 8 };

/* --- the program: two screens, an overlay, a host whose run lives until it is told to end --- */

static struct program {
	struct ui_options options;
	struct view *view;
	struct image *picture;
	int acts, requests;
	bool over;
} program;

static void draw_first(struct screen_state *state, const struct view *view, struct canvas *canvas,
	struct picture_request *picture)
{
	(void)state;
	int width = canvas->width, height = canvas->height;
	canvas_format(canvas, 0, 0, ROLE_BAD, 0, "first %dx%d acts %d requests %d version %u", width, height, program.acts,
		program.requests, view->sample_version);
	canvas_text(canvas, 0, 1, ROLE_TEXT, 0, "\u2500\u2588");
	canvas_put(canvas, width - 1, height - 1, '#', ROLE_TEXT, 0);
	canvas_hit(canvas, (struct rect){0, 1, width, 1}, (struct hit){.click = ACTION_LOG_SCALE, .twice = ACTION_SCREEN_RUNS});
	struct canvas place = canvas_part(canvas, (struct rect){2, 3, width - 4, height - 3}); /* down into the last row */
	picture_place(picture, &place, program.picture, view->sample_version, 1);
}

static void draw_second(struct screen_state *state, const struct view *view, struct canvas *canvas,
	struct picture_request *picture)
{
	(void)state, (void)view, (void)picture;
	canvas_format(canvas, 0, 0, ROLE_TEXT, 0, "second %d", canvas->width);
}

static void draw_help(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	(void)state, (void)view, (void)picture;
	struct canvas inside = canvas_frame(canvas, (struct rect){0, 2, canvas->width, canvas->height - 4}, "overlay", NULL, true);
	canvas_clear(&inside);
}

static bool act_on_first(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	(void)state, (void)view, (void)out;
	program.acts += action != ACTION_NONE;
	return action == ACTION_LOG_SCALE;
}

static const struct screen first = {"first", "First", ACTION_SCREEN_TRAIN, SCOPE_TRAIN, false, draw_first, act_on_first};
static const struct screen second = {"second", "Second", ACTION_SCREEN_RUNS, SCOPE_RUNS, false, draw_second, NULL};
static const struct screen help = {"help", "Help", ACTION_HELP, SCOPE_EVERYWHERE, true, draw_help, NULL};
const struct screen *const screens[] = {&first, &second, &help, NULL};

static void paint(unsigned version)
{
	for (int i = 0; i < 16 * TILE * TILE; i++) {
		uint8_t *pixel = program.picture->pixels + 3 * i;
		pixel[0] = (uint8_t)(i / 4);
		pixel[1] = (uint8_t)(255 - i / 4);
		pixel[2] = (uint8_t)(version * 40);
	}
}

static const struct view *get_view(void *context) { (void)context; return program.view; }
static bool update(void *context) { (void)context; return false; }
static bool leaving(void *context) { (void)context; return program.over; }

static void *crash(void *context)
{
	*(volatile int *)context = 1;
	return NULL;
}

static void act(void *context, const struct action_request *request)
{
	(void)context;
	pthread_t thread;
	program.requests++;
	switch ((int)request->action) {
	case ACTION_SAMPLE:
		paint(++program.view->sample_version);
		break;
	case ACTION_PAUSE:
		fprintf(stderr, "a library complains\n");
		break;
	case ACTION_STEP:
		if (pthread_create(&thread, NULL, crash, NULL) == 0)
			pthread_join(thread, NULL);
		break;
	case ACTION_QUIT_SAVE:
		program.over = true;
		break;
	}
}

/* The exit status says how it ended. Sanitizers' own handlers are taken away: the signals must do their work. */
static int run_program(void *options)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
	struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		signal(fatal[i], SIG_DFL);
	program.options = *(struct ui_options *)options;
	program.view = memory_zeroed(1, sizeof *program.view);
	program.view->run.state = VIEW_LIVE;
	program.view->run.steerable = true;
	program.picture = image_create(4 * TILE, 4 * TILE, 3, NULL);
	paint(0);
	struct ui_host host = {.view = get_view, .update = update, .act = act, .leaving = leaving, .wake_descriptors = {-1, -1, -1, -1}};
	enum ui_end end;
	int signal_number;
	struct error error;
	bool ran = ui_run(&host, &program.options, &end, &signal_number, &error);
	image_destroy(program.picture);
	free(program.view);
	if (!ran) {
		fprintf(stderr, "%s\n", error.text);
		return REFUSED;
	}
	return end == UI_SIGNAL ? ENDED_BY_SIGNAL + signal_number : ENDED + (int)end;
}

/* --- the tests' side --- */

static struct pty_terminal *start_with(struct pty_options terminal, struct ui_options options)
{
	struct pty_terminal *pty = pty_start_function(&terminal, run_program, &options);
	assert_non_null(pty);
	return pty;
}

static struct pty_terminal *start(struct pty_options terminal)
{
	struct pty_terminal *pty = start_with(terminal, (struct ui_options){0});
	assert_true(pty_wait_text(pty, "first ", PATIENCE));
	return pty;
}

static void assert_restored(struct pty_terminal *pty)
{
	const char *disorder = pty_disorder(pty);
	if (disorder)
		fail_msg("%s", disorder);
}

static void assert_exits(struct pty_terminal *pty, int expected)
{
	int status;
	assert_true(pty_wait_exit(pty, &status, PATIENCE));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void quit(struct pty_terminal *pty)
{
	pty_keys(pty, "Q");
	assert_exits(pty, ENDED + UI_LEFT);
	assert_restored(pty);
	assert_int_equal(pty_unread(pty), 0);
	pty_destroy(pty);
}

static const struct pty_options with_sixel = {.columns = 60, .rows = 20, .sixel = true, .synchronized = true};

static void frame_is_drawn_and_screen_given_back(void **state)
{
	(void)state;
	struct pty_terminal *pty = start((struct pty_options){.columns = 50, .rows = 12});
	assert_true(pty_wait_text(pty, "first 50x12", PATIENCE));
	assert_int_equal(pty_cell(pty, 49, 11).character, '#'); /* the last cell, and nothing has scrolled */
	assert_int_equal(pty_cell(pty, 0, 1).character, 0x2500);
	assert_true(pty_mode(pty, 1049));
	assert_false(pty_mode(pty, 25));
	quit(pty);
}

static void keys_reach_dialog_overlay_and_screens(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	pty_keys(pty, "5");
	assert_true(pty_wait_text(pty, "second 60", PATIENCE));
	pty_keys(pty, "-");
	assert_true(pty_wait_text(pty, "first", PATIENCE));
	pty_keys(pty, "?");
	assert_true(pty_wait_text(pty, "overlay", PATIENCE));
	pty_keys(pty, "\033");
	assert_true(pty_wait_no_text(pty, "overlay", PATIENCE));
	pty_keys(pty, "?");
	assert_true(pty_wait_text(pty, "overlay", PATIENCE));
	pty_keys(pty, "y"); /* a key of the screen below: it acts, and is seen again */
	assert_true(pty_wait_no_text(pty, "overlay", PATIENCE));
	assert_true(pty_wait_text(pty, "acts 1 ", PATIENCE));
	pty_keys(pty, "q");
	assert_true(pty_wait_text(pty, "leave qgan?", PATIENCE));
	pty_keys(pty, "?"); /* the dialog's own: nothing else may see it */
	pty_keys(pty, "\033");
	assert_true(pty_wait_no_text(pty, "leave qgan?", PATIENCE));
	assert_false(pty_has_text(pty, "overlay"));
	pty_keys(pty, "qs");
	assert_exits(pty, ENDED + UI_LEFT);
	assert_restored(pty);
	pty_destroy(pty);
}

static int row_of(struct pty_terminal *pty, const char *text)
{
	char *all = pty_text(pty), *found = strstr(all, text);
	int row = 0;
	assert_non_null(found);
	for (char *at = all; at < found; at++)
		row += *at == '\n';
	free(all);
	return row;
}

static void the_mouse_acts_like_keys(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	assert_true(pty_wait_text(pty, "acts 0 ", PATIENCE));
	assert_true(pty_mode(pty, 1002));
	assert_true(pty_mode(pty, 1006));
	pty_keys(pty, "\033[<0;5;9M\033[<0;5;9m"); /* where nothing is */
	pty_keys(pty, "\033[<0;5;2M\033[<0;5;2m");
	assert_true(pty_wait_text(pty, "acts 1 ", PATIENCE));
	pty_keys(pty, "\033[<65;5;9M"); /* three lines down */
	assert_true(pty_wait_text(pty, "acts 4 ", PATIENCE));
	pty_keys(pty, "\033[<0;5;2M\033[<0;5;2m\033[<0;5;2M\033[<0;5;2m");
	assert_true(pty_wait_text(pty, "second", PATIENCE));
	pty_keys(pty, "1?");
	assert_true(pty_wait_text(pty, "overlay", PATIENCE));
	pty_keys(pty, "\033[<0;5;2M\033[<0;5;2m"); /* the overlay lies over it and is closed */
	assert_true(pty_wait_no_text(pty, "overlay", PATIENCE));
	pty_keys(pty, "q");
	assert_true(pty_wait_text(pty, "leave qgan?", PATIENCE));
	pty_keys(pty, "\033[<0;5;2M\033[<0;5;2m"); /* below a dialog nothing is clicked */
	char click[64];
	int y = row_of(pty, "cancel: stay") + 1;
	snprintf(click, sizeof click, "\033[<0;20;%dM\033[<0;20;%dm", y, y);
	pty_keys(pty, click);
	assert_true(pty_wait_no_text(pty, "leave qgan?", PATIENCE));
	quit(pty);
	pty = start_with(with_sixel, (struct ui_options){.no_mouse = true});
	assert_true(pty_wait_text(pty, "first ", PATIENCE));
	assert_false(pty_mode(pty, 1000) || pty_mode(pty, 1002) || pty_mode(pty, 1006));
	quit(pty);
}

/* A frame in which nothing has changed sends nothing; one word sends about a word; never the picture again. */
static void frames_send_only_what_changed(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	pty_settle(pty, 0.3);
	size_t before = pty_bytes(pty);
	pty_settle(pty, 1.3); /* a tick of the clock, and the frame it makes */
	assert_int_equal(pty_bytes(pty) - before, 0);
	for (int i = 0; i < 10; i++)
		pty_keys(pty, "k");
	assert_true(pty_wait_text(pty, "acts 10 ", PATIENCE));
	pty_settle(pty, 0.3);
	assert_in_range(pty_bytes(pty) - before, 10, 10 * 60);
	assert_int_equal(pty_picture_count(pty), 1);
	quit(pty);
}

static void detaching_ends_at_once(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	pty_keys(pty, "qd");
	assert_exits(pty, ENDED + UI_DETACHED);
	assert_restored(pty);
	pty_destroy(pty);
}

static void picture_comes_once_and_fits(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	struct pty_picture picture = pty_picture(pty, 0);
	assert_int_equal(picture.width, picture.height);
	assert_int_equal(picture.width, 10 * 4 * TILE); /* rows 3 to 18: the last one is left out */
	assert_true(picture.keeps_background);
	assert_false(picture.too_low);
	assert_false(picture.too_large);
	assert_true(picture.x >= 2 && picture.y >= 3);
	assert_in_range(picture.colours, 2, 256);
	pty_keys(pty, "kkk"); /* frames that do not touch it */
	pty_settle(pty, 0.3);
	assert_int_equal(pty_picture_count(pty), 1);
	assert_int_equal(pty_picture(pty, 0).touched, 0);
	quit(pty);
}

static void changed_picture_takes_its_place(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	for (int version = 1; version <= 4; version++) {
		assert_true(pty_wait_pictures(pty, version, PATIENCE));
		pty_keys(pty, "i");
	}
	assert_true(pty_wait_pictures(pty, 5, PATIENCE));
	struct pty_picture before = pty_picture(pty, 0), after = pty_picture(pty, -1);
	assert_int_equal(before.x, after.x);
	assert_int_equal(before.y, after.y);
	assert_int_equal(after.touched, 0);
	assert_int_equal(pty_picture(pty, 3).touched, 0); /* replaced without a hole */
	quit(pty);
}

/* Twenty changes at once: not twenty pictures in the line. */
static void pictures_wait_for_the_terminal(void **state)
{
	(void)state;
	struct pty_options slow = with_sixel;
	slow.answer_delay = 0.2;
	struct pty_terminal *pty = start(slow);
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	pty_keys(pty, "iiiiiiiiiiiiiiiiiiii");
	assert_true(pty_wait_text(pty, "version 20", PATIENCE));
	assert_in_range(pty_picture_count(pty), 1, 4);
	assert_true(pty_wait_pictures(pty, 2, PATIENCE));
	pty_settle(pty, 0.6);
	assert_in_range(pty_picture_count(pty), 2, 5);
	quit(pty);
}

static bool is_gone(struct pty_terminal *pty, void *index)
{
	struct pty_picture picture = pty_picture(pty, *(int *)index);
	return picture.touched == picture.columns * picture.rows;
}

static void covered_picture_is_taken_away_and_comes_back(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	int index = 0;
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	pty_keys(pty, "?");
	assert_true(pty_wait(pty, is_gone, &index, PATIENCE));
	assert_int_equal(pty_picture_count(pty), 1);
	pty_keys(pty, "?");
	assert_true(pty_wait_pictures(pty, 2, PATIENCE));
	index = 1;
	pty_keys(pty, "5");
	assert_true(pty_wait(pty, is_gone, &index, PATIENCE));
	pty_keys(pty, "1");
	assert_true(pty_wait_pictures(pty, 3, PATIENCE));
	pty_keys(pty, "\f");
	assert_true(pty_wait_pictures(pty, 4, PATIENCE));
	assert_int_equal(pty_picture(pty, -1).touched, 0);
	quit(pty);
}

static void few_registers_are_raised_and_given_back(void **state)
{
	(void)state;
	struct pty_options poor = with_sixel;
	poor.registers = 16;
	struct pty_terminal *pty = start(poor);
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	assert_int_equal(pty_registers(pty), 256);
	quit(pty);
	pty = start(poor);
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	pty_signal(pty, SIGSEGV);
	int status;
	assert_true(pty_wait_exit(pty, &status, PATIENCE));
	pty_settle(pty, 0.05);
	assert_int_equal(pty_registers(pty), 16);
	pty_destroy(pty);
}

static void small_limits_of_the_terminal_are_kept(void **state)
{
	(void)state;
	struct pty_options limited = with_sixel;
	limited.largest_width = 100;
	limited.largest_height = 90;
	struct pty_terminal *pty = start(limited);
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	assert_false(pty_picture(pty, 0).too_large);
	quit(pty);
}

static int coloured_cells(struct pty_terminal *pty)
{
	int count = 0;
	for (int y = 3; y < pty_rows(pty); y++)
		for (int x = 0; x < pty_columns(pty); x++)
			count += pty_cell(pty, x, y).character == 0x2580;
	return count;
}

static bool has_blocks(struct pty_terminal *pty, void *nothing) { (void)nothing; return coloured_cells(pty) > 100; }

static void without_sixel_half_blocks_are_drawn(void **state)
{
	(void)state;
	static const struct pty_options cases[] = {
		{.columns = 60, .rows = 20},                                     /* no sixel */
		{.columns = 60, .rows = 20, .silent = true},                     /* no answer, ever */
		{.columns = 60, .rows = 20, .sixel = true, .cell_width = -1},    /* sixel, but nobody knows how large a cell is */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pty_terminal *pty = start(cases[i]);
		assert_true(pty_wait(pty, has_blocks, NULL, PATIENCE));
		struct pty_cell cell = {0};
		for (int x = 0; x < 60 && cell.character != 0x2580; x++)
			cell = pty_cell(pty, x, 3);
		assert_true((cell.foreground >> 8 & 0xFF) > (cell.foreground >> 16)); /* its top is green */
		assert_int_equal(pty_picture_count(pty), 0);
		quit(pty);
	}
}

/* However late the answers: no key is seen, none is left over, and the picture comes. */
static void late_answers_are_no_keys(void **state)
{
	(void)state;
	struct pty_options late = with_sixel;
	late.answer_delay = 0.4;
	late.registers = 16;
	struct pty_terminal *pty = start(late);
	assert_true(pty_wait_text(pty, "acts 0 requests 0", PATIENCE));
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	assert_true(pty_has_text(pty, "acts 0 requests 0"));
	late.answer_delay = 0.1;
	quit(pty);
	pty = start(late);
	pty_keys(pty, "Q"); /* before the first answer */
	assert_exits(pty, ENDED + UI_LEFT);
	pty_settle(pty, 0.2);
	assert_int_equal(pty_unread(pty), 0);
	pty_destroy(pty);
}

static void typed_ahead_keys_are_kept(void **state)
{
	(void)state;
	struct pty_options options = with_sixel;
	struct pty_terminal *pty = start_with(options, (struct ui_options){0});
	pty_keys(pty, "5");
	assert_true(pty_wait_text(pty, "second", PATIENCE));
	quit(pty);
}

static void pasted_text_steers_nothing(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	assert_true(pty_mode(pty, 2004));
	pty_keys(pty, "\033[200~ipQ5\033[201~k");
	assert_true(pty_wait_text(pty, "acts 1 requests 0", PATIENCE));
	assert_true(pty_has_text(pty, "first"));
	quit(pty);
}

static void fatal_signals_restore_the_terminal(void **state)
{
	(void)state;
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
		struct pty_terminal *pty = start(with_sixel);
		int status;
		pty_signal(pty, fatal[i]);
		assert_true(pty_wait_exit(pty, &status, PATIENCE));
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), fatal[i]);
		assert_restored(pty);
		pty_destroy(pty);
	}
}

static void crash_of_another_thread_restores_the_terminal(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	int status;
	pty_keys(pty, "p."); /* a complaint first: it is shown in the end */
	assert_true(pty_wait_exit(pty, &status, PATIENCE));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	assert_restored(pty);
	assert_true(pty_has_text(pty, "a library complains"));
	pty_destroy(pty);
}

static void complaints_wait_until_the_end(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	pty_keys(pty, "p");
	assert_true(pty_wait_text(pty, "requests 1", PATIENCE));
	assert_false(pty_has_text(pty, "a library complains"));
	pty_keys(pty, "Q");
	assert_exits(pty, ENDED + UI_LEFT);
	assert_true(pty_has_text(pty, "a library complains"));
	pty_destroy(pty);
}

static void end_signals_are_told(void **state)
{
	(void)state;
	static const int ends[] = {SIGINT, SIGTERM, SIGQUIT};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct pty_terminal *pty = start(with_sixel);
		pty_signal(pty, ends[i]);
		assert_exits(pty, ENDED_BY_SIGNAL + ends[i]);
		assert_restored(pty);
		pty_destroy(pty);
	}
	struct pty_terminal *pty = start(with_sixel);
	pty_keys(pty, "\003"); /* Ctrl-C */
	assert_exits(pty, ENDED_BY_SIGNAL + SIGINT);
	assert_restored(pty);
	pty_destroy(pty);
}

/* Only the end of the line tells. */
static int run_deaf(void *options)
{
	sigset_t hang_up;
	sigemptyset(&hang_up);
	sigaddset(&hang_up, SIGHUP);
	sigprocmask(SIG_BLOCK, &hang_up, NULL);
	return run_program(options);
}

static void dead_line_is_told(void **state)
{
	(void)state;
	struct pty_terminal *deaf = pty_start_function(&with_sixel, run_deaf, &(struct ui_options){0});
	assert_true(pty_wait_text(deaf, "first ", PATIENCE));
	pty_hang_up(deaf);
	assert_exits(deaf, ENDED + UI_LOST);
	pty_destroy(deaf);
	struct pty_terminal *pty = start(with_sixel);
	pty_hang_up(pty);
	assert_exits(pty, ENDED + UI_LOST);
	pty_destroy(pty);
	pty = start(with_sixel);
	pty_signal(pty, SIGHUP);
	assert_exits(pty, ENDED + UI_LOST);
	pty_destroy(pty);
}

static void stopped_program_leaves_and_comes_back(void **state)
{
	(void)state;
	struct pty_options poor = with_sixel;
	poor.registers = 16;
	struct pty_terminal *pty = start(poor);
	assert_true(pty_wait_pictures(pty, 1, PATIENCE));
	pty_keys(pty, "\032"); /* Ctrl-Z */
	assert_true(pty_wait_stopped(pty, PATIENCE));
	pty_settle(pty, 0.05);
	assert_restored(pty);
	assert_int_equal(pty_registers(pty), 16);
	assert_false(pty_has_text(pty, "first"));
	pty_signal(pty, SIGCONT);
	assert_true(pty_wait_text(pty, "first", PATIENCE));
	assert_true(pty_wait_pictures(pty, 2, PATIENCE));
	pty_signal(pty, SIGSTOP); /* without a chance to leave */
	assert_true(pty_wait_stopped(pty, PATIENCE));
	pty_signal(pty, SIGCONT);
	assert_true(pty_wait_pictures(pty, 3, PATIENCE));
	quit(pty);
}

static void resize_storm_is_survived(void **state)
{
	(void)state;
	struct pty_terminal *pty = start(with_sixel);
	uint32_t random = 7;
	for (int i = 0; i < 100; i++) {
		random = random * 1664525u + 1013904223u;
		pty_resize(pty, 1 + (int)(random >> 8) % 200, 1 + (int)(random >> 20) % 60);
		pty_settle(pty, 0.001);
	}
	pty_resize(pty, 70, 22);
	assert_true(pty_wait_text(pty, "first 70x22", PATIENCE));
	int before = pty_picture_count(pty);
	pty_keys(pty, "\fi");
	assert_true(pty_wait_pictures(pty, before + 1, PATIENCE));
	pty_settle(pty, 0.2);
	assert_false(pty_picture(pty, -1).too_low);
	assert_int_equal(pty_cell(pty, 69, 21).character, '#');
	quit(pty);
}

static void environment_does_not_freeze_the_size(void **state)
{
	(void)state;
	static const char *const environment[] = {"LINES=5", "COLUMNS=11", NULL};
	struct pty_terminal *pty = start((struct pty_options){.columns = 60, .rows = 20, .environment = environment});
	assert_true(pty_wait_text(pty, "first 60x20", PATIENCE));
	pty_resize(pty, 44, 10);
	assert_true(pty_wait_text(pty, "first 44x10", PATIENCE));
	quit(pty);
}

static bool has_character_picture(struct pty_terminal *pty, void *nothing)
{
	(void)nothing;
	int marks = 0;
	for (int x = 0; x < pty_columns(pty); x++)
		marks += strchr(":-=+*", (int)pty_cell(pty, x, 10).character) != NULL && pty_cell(pty, x, 10).character < 127;
	return marks > 8;
}

static void poor_terminals_get_plain_characters(void **state)
{
	(void)state;
	static const char *const no_locale[] = {"LC_ALL=C", NULL}, *const vt100[] = {"TERM=vt100", NULL};
	const char *const *const cases[] = {no_locale, vt100};
	for (int i = 0; i < 2; i++) {
		struct pty_terminal *pty = start((struct pty_options){.columns = 60, .rows = 20, .environment = cases[i]});
		assert_true(pty_wait(pty, has_character_picture, NULL, PATIENCE));
		if (i == 0) {
			assert_int_equal(pty_cell(pty, 0, 1).character, '-');
			assert_int_equal(pty_cell(pty, 1, 1).character, '#');
		}
		quit(pty);
	}
}

static void no_color_takes_colour_from_text_not_from_pictures(void **state)
{
	(void)state;
	static const char *const environment[] = {"NO_COLOR=1", NULL};
	struct pty_terminal *pty = start((struct pty_options){.columns = 60, .rows = 20});
	assert_int_not_equal(pty_cell(pty, 0, 0).foreground, pty_cell(pty, 59, 19).foreground); /* an alarm is red */
	quit(pty);
	pty = start((struct pty_options){.columns = 60, .rows = 20, .environment = environment});
	assert_int_equal(pty_cell(pty, 0, 0).foreground, pty_cell(pty, 59, 19).foreground);
	assert_true(pty_cell(pty, 0, 0).bold && pty_cell(pty, 0, 0).underline);
	assert_true(pty_wait(pty, has_blocks, NULL, PATIENCE));
	for (int x = 0; x < 60; x++) {
		int colour = pty_cell(pty, x, 10).foreground;
		assert_int_equal(colour & 0xFF, colour >> 16); /* grey */
	}
	quit(pty);
}

static void useless_terminals_are_refused_in_one_sentence(void **state)
{
	(void)state;
	static const char *const dumb[] = {"TERM=dumb", NULL}, *const unset[] = {"TERM", NULL};
	static const char *const unknown[] = {"TERM=no-such-terminal", NULL};
	const char *const *const cases[] = {dumb, unknown, unset};
	for (int i = 0; i < 3; i++) {
		struct pty_options options = {.columns = 100, .rows = 5, .environment = cases[i]};
		struct pty_terminal *pty = start_with(options, (struct ui_options){0});
		assert_exits(pty, REFUSED);
		assert_true(pty_has_text(pty, "TERM"));
		assert_true(pty_bytes(pty) < 250);
		assert_restored(pty);
		pty_destroy(pty);
	}
}

static int run_without_terminal(void *options)
{
	int nothing[2];
	if (pipe(nothing) != 0)
		return 1;
	dup2(nothing[0], STDIN_FILENO);
	return run_program(options);
}

static void no_terminal_is_refused(void **state)
{
	(void)state;
	struct pty_options terminal = {.columns = 100, .rows = 5};
	struct pty_terminal *pty = pty_start_function(&terminal, run_without_terminal, &(struct ui_options){0});
	assert_exits(pty, REFUSED);
	assert_true(pty_has_text(pty, "needs a terminal"));
	pty_destroy(pty);
}

static void graphics_can_be_chosen(void **state)
{
	(void)state;
	struct pty_terminal *pty = start_with(with_sixel, (struct ui_options){.graphics = UI_GRAPHICS_BLOCKS});
	assert_true(pty_wait(pty, has_blocks, NULL, PATIENCE));
	assert_int_equal(pty_picture_count(pty), 0);
	quit(pty);
	pty = start_with(with_sixel, (struct ui_options){.graphics = UI_GRAPHICS_ASCII});
	assert_true(pty_wait(pty, has_character_picture, NULL, PATIENCE));
	quit(pty);
	pty = start_with((struct pty_options){.columns = 60, .rows = 20}, (struct ui_options){.graphics = UI_GRAPHICS_SIXEL});
	assert_true(pty_wait_pictures(pty, 1, PATIENCE)); /* though the terminal does not say it can */
	quit(pty);
	pty = start_with(with_sixel, (struct ui_options){.graphics = UI_GRAPHICS_NONE});
	assert_true(pty_wait_text(pty, "first", PATIENCE));
	pty_keys(pty, "i");
	assert_true(pty_wait_text(pty, "version 1", PATIENCE));
	assert_int_equal(pty_picture_count(pty), 0);
	assert_int_equal(coloured_cells(pty), 0);
	quit(pty);
}

static void so_many_frames_end_it(void **state)
{
	(void)state;
	struct pty_terminal *pty = start_with(with_sixel, (struct ui_options){.frames = 3});
	assert_exits(pty, ENDED + UI_LEFT);
	assert_restored(pty);
	pty_destroy(pty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_is_drawn_and_screen_given_back),
		cmocka_unit_test(keys_reach_dialog_overlay_and_screens),
		cmocka_unit_test(the_mouse_acts_like_keys),
		cmocka_unit_test(frames_send_only_what_changed),
		cmocka_unit_test(detaching_ends_at_once),
		cmocka_unit_test(picture_comes_once_and_fits),
		cmocka_unit_test(changed_picture_takes_its_place),
		cmocka_unit_test(pictures_wait_for_the_terminal),
		cmocka_unit_test(covered_picture_is_taken_away_and_comes_back),
		cmocka_unit_test(few_registers_are_raised_and_given_back),
		cmocka_unit_test(small_limits_of_the_terminal_are_kept),
		cmocka_unit_test(without_sixel_half_blocks_are_drawn),
		cmocka_unit_test(late_answers_are_no_keys),
		cmocka_unit_test(typed_ahead_keys_are_kept),
		cmocka_unit_test(pasted_text_steers_nothing),
		cmocka_unit_test(fatal_signals_restore_the_terminal),
		cmocka_unit_test(crash_of_another_thread_restores_the_terminal),
		cmocka_unit_test(complaints_wait_until_the_end),
		cmocka_unit_test(end_signals_are_told),
		cmocka_unit_test(dead_line_is_told),
		cmocka_unit_test(stopped_program_leaves_and_comes_back),
		cmocka_unit_test(resize_storm_is_survived),
		cmocka_unit_test(environment_does_not_freeze_the_size),
		cmocka_unit_test(poor_terminals_get_plain_characters),
		cmocka_unit_test(no_color_takes_colour_from_text_not_from_pictures),
		cmocka_unit_test(useless_terminals_are_refused_in_one_sentence),
		cmocka_unit_test(no_terminal_is_refused),
		cmocka_unit_test(graphics_can_be_chosen),
		cmocka_unit_test(so_many_frames_end_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
