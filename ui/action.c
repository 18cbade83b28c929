#include "ui/action.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* Table order is display order. `l` steers the learning rates on the dashboard and moves right elsewhere: a screen's
 * own rows come before those that work everywhere. */
const struct action_row action_rows[] = {
	{ACTION_PAUSE, "pause", "p", "pause", "Pause training after the present step, or go on.", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_STEP, "step", ".", "step", "Train one step, then stay paused.", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_STOP, "stop", "x", "stop", "Stop training and save a checkpoint (asks first).", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_CHECKPOINT, "checkpoint", "s", "save", "Save a checkpoint now.", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_SAMPLE, "sample", "i", "samples", "Draw the sample grid again now.", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_SAMPLE_NOISE, "sample-noise", "I", "noise", "Fresh noise for the samples, or the fixed noise again.",
	 SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_RATES, "learning-rates", "l", "learning rates", "Change the learning rate of D or G.", SCOPE_TRAIN, GROUP_RUN, true},

	{ACTION_D_BITS_DOWN, "d-bits-down", "[ F7", "D bits", "Fewer bits for D's weights: 32, 8, 4, 3, 2, 1.",
	 SCOPE_EVERYWHERE, GROUP_QUANTIZATION, true},
	{ACTION_D_BITS_UP, "d-bits-up", "] F8", "D bits", "More bits for D's weights.", SCOPE_EVERYWHERE, GROUP_QUANTIZATION, true},
	{ACTION_G_BITS_DOWN, "g-bits-down", "{ S-F7", "G bits", "Fewer bits for G's weights.",
	 SCOPE_EVERYWHERE, GROUP_QUANTIZATION, true},
	{ACTION_G_BITS_UP, "g-bits-up", "} S-F8", "G bits", "More bits for G's weights.", SCOPE_EVERYWHERE, GROUP_QUANTIZATION, true},
	{ACTION_QUANTIZER, "quantizer", "m", "quantizer", "Next quantization method.", SCOPE_EVERYWHERE, GROUP_QUANTIZATION, true},

	{ACTION_LOG_SCALE, "log-scale", "y", "log scale", "Logarithmic or linear losses.", SCOPE_TRAIN, GROUP_CHARTS},

	{ACTION_RUN_OPEN, "run-open", "Enter", "open", "Open the selected run.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_RESUME, "run-resume", "r", "resume", "Resume training of the selected run.", SCOPE_RUNS, GROUP_RUNS},

	{ACTION_UP, "up", "Up k", "move", "One line up.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_DOWN, "down", "Down j", "move", "One line down.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_LEFT, "left", "Left h", "chart", "The chart before, where only one has room.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_RIGHT, "right", "Right l", "chart", "The chart after.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_PAGE_UP, "page-up", "PgUp Ctrl-U", "page", "One page up.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_PAGE_DOWN, "page-down", "PgDn Ctrl-D", "page", "One page down.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_HOME, "home", "Home g", "ends", "To the first line.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_END, "end", "End G", "ends", "To the last line.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_NEXT_PANE, "next-pane", "Tab", "next chart", "The next chart, where only one has room.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_ACCEPT, "accept", "", "accept", "Accept what a dialog offers.", SCOPE_INTERNAL, GROUP_MOVE},
	{ACTION_BACK, "back", "Esc", "back", "Close what is open; back to the dashboard.", SCOPE_EVERYWHERE, GROUP_MOVE},

	{ACTION_SCREEN_TRAIN, "screen-train", "1", "Train", "The dashboard of the opened run.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_SAMPLES, "screen-samples", "2", "Samples", "The samples, as large as fits.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_RUNS, "screen-runs", "5", "Runs", "Every run of the store.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_LOG, "screen-log", "7", "Log", "What happened, line by line.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_LAST_SCREEN, "last-screen", "-", "last", "Back to the screen before this one.", SCOPE_EVERYWHERE, GROUP_SCREENS},

	{ACTION_HELP, "help", "? F1", "help", "The keys of this screen.", SCOPE_EVERYWHERE, GROUP_PROGRAM},
	{ACTION_REDRAW, "redraw", "Ctrl-L", "redraw", "Draw the whole screen again.", SCOPE_EVERYWHERE, GROUP_PROGRAM},
	{ACTION_QUIT, "quit", "q", "quit", "Leave (asks while a run is live).", SCOPE_EVERYWHERE, GROUP_PROGRAM},
	{ACTION_QUIT_SAVE, "quit-save", "Q", "save and quit", "Stop, save and leave without asking.", SCOPE_EVERYWHERE, GROUP_PROGRAM},
	{ACTION_QUIT_DETACH, "quit-detach", "", "detach", "Leave the terminal and train on headless.", SCOPE_INTERNAL, GROUP_PROGRAM},
	{ACTION_QUIT_NOW, "quit-now", "", "leave", "Leave; nothing is live.", SCOPE_INTERNAL, GROUP_PROGRAM},
	{0},
};

const char *action_group_name(enum action_group group)
{
	static const char *const names[GROUP_COUNT] = {
		[GROUP_RUN] = "Run control",
		[GROUP_QUANTIZATION] = "Quantization",
		[GROUP_CHARTS] = "Charts",
		[GROUP_RUNS] = "Run list",
		[GROUP_MOVE] = "Moving",
		[GROUP_SCREENS] = "Screens",
		[GROUP_PROGRAM] = "Program",
	};
	return (unsigned)group < GROUP_COUNT ? names[group] : "";
}

const struct action_row *action_find(enum action action)
{
	for (const struct action_row *row = action_rows; row->name; row++)
		if (row->action == action)
			return row;
	return NULL;
}

/* scdoc reads punctuation as markup: every key is escaped. */
static void print_keys(FILE *file, const char *keys)
{
	fputc('*', file);
	for (; *keys; keys++) {
		if (*keys == ' ') {
			fputs("*, *", file);
			continue;
		}
		if (ispunct((unsigned char)*keys))
			fputc('\\', file);
		fputc(*keys, file);
	}
	fputs("*\n", file);
}

static void print_row(FILE *file, const struct action_row *row)
{
	static const char *const where[] = {
		[SCOPE_EVERYWHERE] = "", [SCOPE_TRAIN] = " On the dashboard.", [SCOPE_RUNS] = " On the run list.", [SCOPE_INTERNAL] = "",
	};
	print_keys(file, row->keys);
	fprintf(file, "\t%s%s\n\n", row->help, where[row->scope]);
}

void action_print_manual(FILE *file)
{
	for (enum action_group group = 0; group < GROUP_COUNT; group++) {
		fprintf(file, "## %s\n\n", action_group_name(group));
		for (const struct action_row *row = action_rows; row->name; row++)
			if (row->group == group && *row->keys)
				print_row(file, row);
	}
}
