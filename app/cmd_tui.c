/* qgan tui, or just qgan: the workbench. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/background.h"
#include "app/choices.h"
#include "app/commands.h"
#include "app/interrupt.h"
#include "app/session.h"
#include "app/train_options.h"
#include "engine/base/log.h"
#include "ui/terminal.h"

struct tui_arguments {
	struct train_options train;
	const char *graphics, *theme;
	bool ascii, no_mouse, browse, paused;
	int64_t frames;
};

static const char *const graphics_names[] = {
	[UI_GRAPHICS_AUTO] = "auto", [UI_GRAPHICS_SIXEL] = "sixel", [UI_GRAPHICS_BLOCKS] = "blocks",
	[UI_GRAPHICS_ASCII] = "ascii", [UI_GRAPHICS_NONE] = "none", NULL,
};

static const char *const theme_names[] = {"dark", "light", "colour-blind", "mono", NULL};

static struct ui_options make_ui_options(const struct tui_arguments *arguments)
{
	struct ui_options options = {.ascii = arguments->ascii, .no_mouse = arguments->no_mouse, .frames = (int)arguments->frames};
	for (int i = 0; arguments->graphics && graphics_names[i]; i++)
		if (!strcmp(arguments->graphics, graphics_names[i]))
			options.graphics = (enum ui_graphics)i;
	options.theme = arguments->theme ? arguments->theme : theme_remembered() ? theme_remembered()->name : NULL;
	if (arguments->browse)
		options.first_screen = ACTION_SCREEN_RUNS;
	return options;
}

static bool stop_requested(void)
{
	static int seen;
	bool more = interrupt_count() > seen;
	seen = interrupt_count();
	return more;
}

/* A closing line about the run, while its view is still there. */
static void print_last_run(const struct session *session)
{
	const struct view_run *run = session_last_run(session);
	if (run)
		fprintf(stderr, "%s: %s at step %" PRId64 "\n", run->name, view_state_name(run->state), run->step);
}

/* Saves what is left to save and closes the books. */
static int close_books(struct session *session, int status)
{
	if (session_destroy(session, interrupt_count() > 1 ? 0 : TRAINING_SAVE_SECONDS) > 0) {
		cli_warn("some facts could not be written to the store; see the log");
		return CLI_FAILED;
	}
	return interrupt_exit_status() ? interrupt_exit_status() : status;
}

/* Detaching hands the run over: it is saved here and continued, bit for bit, by `qgan train --resume` in a session of
 * its own, which no terminal can take along. The prompt is back at once. */
static int detach(struct session *session)
{
	char store_path[PATH_SIZE], name[VIEW_TEXT];
	text_copy(store_path, sizeof store_path, session_store_path(session));
	text_copy(name, sizeof name, session_last_run(session)->name);
	session_stop(session);
	session_train_headless(session, stop_requested);
	bool unfinished = session_last_run(session)->state == VIEW_STOPPED;
	if (!unfinished)
		print_last_run(session);
	int status = close_books(session, CLI_DONE);
	struct error error = {0};
	if (status != CLI_DONE || !unfinished)
		return status;
	if (!background_resume(name, store_path, &error))
		return cli_fail(&error);
	fprintf(stderr, "%s trains on in the background; qgan --browse shows it, kill %d saves and ends it\n", name,
	        (int)background_process());
	return CLI_DONE;
}

/* The screen is gone; what is left is to finish the training and the books. */
static int finish(struct session *session, enum ui_end end, int signal_number)
{
	if (end == UI_DETACHED && session_live(session))
		return detach(session);
	if (end == UI_SIGNAL || end == UI_LEFT)
		session_stop(session); /* left while live: --frames */
	session_train_headless(session, stop_requested);
	if (end != UI_LOST)
		print_last_run(session);
	return close_books(session, end == UI_SIGNAL ? 128 + signal_number : CLI_DONE);
}

static void open_log(void)
{
	char path[PATH_SIZE];
	struct error error = {0};
	if (!path_log(path, &error) || !path_make_parents(path, &error) || !log_open(path, &error))
		cli_warn("%s", error.text);
}

static int workbench(const struct tui_arguments *arguments, const char *store_path, const struct training_start *start)
{
	struct error error = {0};
	interrupt_install(); /* what the screen puts back when it goes: no signal falls between the two */
	struct session *session = session_create(store_path, start, &error);
	if (!session)
		return cli_fail(&error);
	struct ui_host host = session_host(session);
	struct ui_options options = make_ui_options(arguments);
	enum ui_end end = UI_LEFT;
	int signal_number = 0;
	if (!ui_run(&host, &options, &end, &signal_number, &error)) {
		session_destroy(session, 5);
		return cli_fail(&error);
	}
	return finish(session, end, signal_number);
}

static int run(int argc, char **argv)
{
	struct tui_arguments arguments = {.graphics = "auto"};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_tui.syntax, subcommand_tui.help, argc, argv, &arguments, &words, &status))
		return status;
	char store_path[PATH_SIZE];
	struct training_start start;
	struct error error = {0};
	if (!terminal_check(&error)) /* before a run is recorded that nobody will see */
		return cli_fail(&error);
	if (!train_options_resolve(&arguments.train, store_path, &start, NULL, &error))
		return cli_fail(&error);
	open_log();
	start.paused = arguments.paused;
	status = workbench(&arguments, store_path, arguments.browse ? NULL : &start);
	log_close();
	return status;
}

static const struct cli_option options[] = {
	TRAIN_OPTIONS(struct tui_arguments, train),
	{.name = "browse", .kind = CLI_FLAG, .offset = offsetof(struct tui_arguments, browse),
	 .help = "open the run list and train nothing"},
	{.name = "paused", .kind = CLI_FLAG, .offset = offsetof(struct tui_arguments, paused),
	 .help = "wait for p before the first step"},
	{.name = "graphics", .kind = CLI_CHOICE, .argument = "HOW", .offset = offsetof(struct tui_arguments, graphics),
	 .choices = graphics_names, .standard = "auto", .help = "how pictures are drawn"},
	{.name = "theme", .kind = CLI_CHOICE, .argument = "NAME", .offset = offsetof(struct tui_arguments, theme),
	 .choices = theme_names, .help = "colours; else the theme chosen last, at first dark (NO_COLOR: none)"},
	{.name = "ascii", .kind = CLI_FLAG, .offset = offsetof(struct tui_arguments, ascii),
	 .help = "draw with plain characters only"},
	{.name = "no-mouse", .kind = CLI_FLAG, .offset = offsetof(struct tui_arguments, no_mouse),
	 .help = "leave the mouse to the terminal"},
	{.name = "frames", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct tui_arguments, frames),
	 .min = 0, .max = 1e6, .help = "leave after so many frames (0: never)"},
	{.name = NULL},
};

const struct subcommand subcommand_tui = {
	.name = "tui",
	.help = "The workbench: train, steer and watch in the terminal (also plain qgan).",
	.syntax = {
		.options = options,
		.shared_title = "Settings",
		.shared = settings_options,
		.shared_offset = offsetof(struct tui_arguments, train.settings),
	},
	.run = run,
};
