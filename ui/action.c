#include "ui/action.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* Table order is display order. `l` steers the learning rates on the dashboard and moves right elsewhere: a screen's
 * own rows come before those that work everywhere. */
const struct action_row action_rows[] = {
	{ACTION_PAUSE, "pause", "p", "pause", "Pause training after the present step, or go on.", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_STEP, "step", ".", "step", "Train one step, then stay paused.", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_STOP, "stop", "x F4", "stop", "Stop training and save a checkpoint (asks first).", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_ROLLBACK, "rollback", "u F9", "go back", "Back to the checkpoint before, paused (asks first).",
	 SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_CHECKPOINT, "checkpoint", "s", "save", "Save a checkpoint now.", SCOPE_EVERYWHERE, GROUP_RUN, true},
	{ACTION_EVALUATE, "evaluate", "e", "evaluate", "Score 5,000 pictures now; again: give it up.",
	 SCOPE_EVERYWHERE, GROUP_RUN, true},
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
	{ACTION_QUANTIZER, "quantizer", "m F6", "quantizer", "Next quantization method.", SCOPE_EVERYWHERE, GROUP_QUANTIZATION, true},

	{ACTION_WHAT_IF_METHOD, "what-if-method", "m", "what if", "Ask what the weights would be under the next method.",
	 SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_WHAT_IF_BITS_DOWN, "what-if-bits-down", "( b", "bits asked", "Fewer bits in question: 8 down to 1.",
	 SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_WHAT_IF_BITS_UP, "what-if-bits-up", ") B", "bits asked", "More bits in question.", SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_WHAT_IF_SCOPE, "what-if-scope", "n", "layer/network", "Ask about this layer alone, or its whole network.",
	 SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_WHAT_IF_CHANNELS, "what-if-channels", "c", "scales", "One scale a tensor in question, or one a channel.",
	 SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_BLINK, "blink", "Space", "blink", "Blink between float and quantized pictures.", SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_WHAT_IF_APPLY, "what-if-apply", "Enter", "apply", "Train on with what is in question (asks).",
	 SCOPE_WEIGHTS, GROUP_WEIGHTS, true},
	{ACTION_WHAT_IF_CLOSE, "what-if-close", "", "close", "Close the question.", SCOPE_INTERNAL, GROUP_WEIGHTS},
	{ACTION_LAYER_SHOWN, "layer-shown", "", "layer", "The question follows the cursor.", SCOPE_INTERNAL, GROUP_WEIGHTS},
	{ACTION_OTHER_OPEN, "other-open", "o", "compare", "Another run or step beside this one (asks which).",
	 SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_OTHER_BEFORE, "other-before", "<", "step", "Recorded step before: of the other run, or of this.", SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_OTHER_AFTER, "other-after", ">", "step", "Recorded step after.", SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_OTHER_CLOSE, "other-close", "O", "newest", "Close the other run; back to the newest step.", SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_SORT_LAYERS, "sort-layers", "w", "sort", "Layers by worst utilization, or as they lie in the network.",
	 SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_LOWER_PANE, "lower-pane", "t", "below", "The next pane below, where not all have room.", SCOPE_WEIGHTS, GROUP_WEIGHTS},
	{ACTION_EXPORT_LAYER, "export-layer", "E", "export", "This layer as PNG picture and CSV, into the working directory.",
	 SCOPE_WEIGHTS, GROUP_WEIGHTS},

	{ACTION_SAMPLE_BEFORE, "sample-before", "<", "step", "The recorded samples before (also Left, PgUp, Home).", SCOPE_SAMPLES,
	 GROUP_SAMPLES},
	{ACTION_SAMPLE_AFTER, "sample-after", ">", "step", "The recorded samples after (also Right, PgDn, End).", SCOPE_SAMPLES, GROUP_SAMPLES},
	{ACTION_SAMPLE_FIRST, "sample-first", "", "first", "The first recorded samples.", SCOPE_INTERNAL, GROUP_SAMPLES},
	{ACTION_SAMPLE_NEWEST, "sample-newest", "", "newest", "The newest samples again.", SCOPE_INTERNAL, GROUP_SAMPLES},
	{ACTION_SAMPLE_PLAY, "sample-play", "Space", "play", "Play the recorded samples from here on, or stop.",
	 SCOPE_SAMPLES, GROUP_SAMPLES},
	{ACTION_LAYERS_BEFORE, "layers-before", "", "step", "The layers at the recorded step before.", SCOPE_INTERNAL, GROUP_WEIGHTS},
	{ACTION_LAYERS_AFTER, "layers-after", "", "step", "The layers at the recorded step after.", SCOPE_INTERNAL, GROUP_WEIGHTS},
	{ACTION_LAYERS_NEWEST, "layers-newest", "", "newest", "The newest layers again.", SCOPE_INTERNAL, GROUP_WEIGHTS},

	{ACTION_ZOOM_IN, "zoom-in", "+ =", "zoom", "Charts: zoom in, at the cursor or the newest end.",
	 SCOPE_CHARTS, GROUP_CHARTS},
	{ACTION_ZOOM_OUT, "zoom-out", "-", "zoom", "Charts: zoom out.", SCOPE_CHARTS, GROUP_CHARTS},
	{ACTION_FIT, "fit", "0", "fit", "The whole run again.", SCOPE_CHARTS, GROUP_CHARTS},
	{ACTION_CURSOR, "cursor", "c", "cursor", "A cursor: its values, samples and layers of its step.",
	 SCOPE_CHARTS, GROUP_CHARTS},
	{ACTION_SMOOTH_LESS, "smooth-less", "w", "smooth", "Smooth the curves less.", SCOPE_CHARTS, GROUP_CHARTS},
	{ACTION_SMOOTH_MORE, "smooth-more", "W", "smooth", "Smooth more; the raw trace stays behind.",
	 SCOPE_CHARTS, GROUP_CHARTS},
	{ACTION_X_AXIS, "x-axis", "t", "x axis", "Over steps, epochs, images or time in training.", SCOPE_CHARTS, GROUP_CHARTS},
	{ACTION_EXPORT_CHARTS, "export-charts", "E", "export", "The charts as PNG, all curves as CSV, written here.",
	 SCOPE_CHARTS, GROUP_CHARTS},
	{ACTION_LOG_SCALE, "log-scale", "y", "log scale", "Logarithmic or linear, where the scale is not fixed.",
	 SCOPE_CHARTS, GROUP_CHARTS},

	{ACTION_NEW_RUN, "new-run", "a F3", "new run", "A form for a new run: settings, what it takes, start.", SCOPE_EVERYWHERE, GROUP_RUNS},
	{ACTION_RUN_FORK, "run-fork", "f", "fork", "A new run from the newest checkpoint of this one.",
	 SCOPE_EVERYWHERE, GROUP_RUNS},
	{ACTION_FORM_SET, "form-set", "", "set", "A value in the form.", SCOPE_INTERNAL, GROUP_RUNS},
	{ACTION_FORM_START, "form-start", "", "start", "Start what the form says.", SCOPE_INTERNAL, GROUP_RUNS},
	{ACTION_FORM_CLOSE, "form-close", "", "cancel", "Close the form.", SCOPE_INTERNAL, GROUP_RUNS},
	{ACTION_DIFFERENCES, "differences", "d", "differing/all", "Every setting, or those that are not at their default.",
	 SCOPE_RUN, GROUP_RUNS},

	{ACTION_RUN_OPEN, "run-open", "Enter", "open", "Open the selected run.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_MARK, "run-mark", "Space", "mark", "Mark the run, or no longer, and go on to the next.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_MARK_RANGE, "run-mark-range", "v", "range", "Mark a range: once at its beginning, once at its end.",
	 SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_MARK_ALL, "run-mark-all", "*", "all", "Mark all runs shown.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_MARK_NONE, "run-mark-none", "U", "none", "No marks.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_COMPARE, "run-compare", "c", "compare", "Put the marked runs beside each other.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUNS_FILTER, "runs-filter", "/", "filter", "Which runs: bits.g<=2 fid<60 tag:paper -status:crashed.",
	 SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUNS_SORT_BEFORE, "runs-sort-before", "<", "sort", "Sort by the column before.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUNS_SORT_AFTER, "runs-sort-after", ">", "sort", "Sort by the column after.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUNS_REVERSE, "runs-reverse", "r", "reverse", "The other way round.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUNS_SORT, "runs-sort", "", "sort", "Sort by a column.", SCOPE_INTERNAL, GROUP_RUNS},
	{ACTION_RUNS_COLUMNS, "runs-columns", "o", "columns", "Choose the columns.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUNS_VIEW, "runs-view", "V", "views", "Choose a saved view: its filter, columns and sorting.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUNS_VIEW_SAVE, "runs-view-save", "W", "save view", "Save filter, columns and sorting under a name.",
	 SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUNS_VIEW_DELETE, "runs-view-delete", "", "delete view", "Delete a saved view.", SCOPE_INTERNAL, GROUP_RUNS},
	{ACTION_RUN_RESUME, "run-resume", "t", "resume", "Train the run on where it was saved.", SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_RENAME, "run-rename", "R", "rename", "Another name for the run.", SCOPE_ABOUT_RUN, GROUP_RUNS},
	{ACTION_RUN_TAGS, "run-tags", "T", "tags", "Change the run's tags.", SCOPE_ABOUT_RUN, GROUP_RUNS},
	{ACTION_RUN_NOTE, "run-note", "N", "note", "A note about the run, one line.", SCOPE_ABOUT_RUN, GROUP_RUNS},
	{ACTION_RUN_ARCHIVE, "run-archive", "A", "archive", "Archive the marked runs or this one, or bring them back.",
	 SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_DELETE, "run-delete", "d", "delete", "The marked runs or this one to the trash (asks), or back from it.",
	 SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_PURGE, "run-purge", "D", "for ever", "In the trash: delete the marked runs, this one or all for ever (asks).",
	 SCOPE_RUNS, GROUP_RUNS},
	{ACTION_RUN_UNDO, "run-undo", "u", "undo", "Take back the last change: names, tags, notes, archive, trash.",
	 SCOPE_ABOUT_RUN, GROUP_RUNS},
	{ACTION_RUNS_TRASH, "runs-trash", "X", "trash", "What was deleted, or the list again.", SCOPE_RUNS, GROUP_RUNS},

	{ACTION_COMPARE_SETTINGS, "compare-settings", "d", "all settings", "Every setting, or only those that differ.",
	 SCOPE_COMPARE, GROUP_COMPARE},
	{ACTION_COMPARE_QUANTITY, "compare-quantity", "v", "quantity", "The next quantity in the curves: losses, scores, gradients, speed.",
	 SCOPE_COMPARE, GROUP_COMPARE},
	{ACTION_COMPARE_SEEDS, "compare-seeds", "m", "seeds", "Every run, or mean and range of runs that differ in the seed only.",
	 SCOPE_COMPARE, GROUP_COMPARE},
	{ACTION_COMPARE_BEFORE, "compare-before", "<", "samples' step", "Samples and states of the recorded step before.",
	 SCOPE_COMPARE, GROUP_COMPARE},
	{ACTION_COMPARE_AFTER, "compare-after", ">", "samples' step", "Samples and states of the recorded step after.",
	 SCOPE_COMPARE, GROUP_COMPARE},
	{ACTION_COMPARE_FIRST, "compare-first", "", "samples' step", "The first recorded samples.", SCOPE_INTERNAL, GROUP_COMPARE},
	{ACTION_COMPARE_LAST, "compare-last", "", "samples' step", "The last recorded samples.", SCOPE_INTERNAL, GROUP_COMPARE},
	{ACTION_COMPARE_NOISE, "compare-noise", "n", "noise", "Recorded samples, or drawn anew, all from the same noise.",
	 SCOPE_COMPARE, GROUP_COMPARE},
	{ACTION_COMPARE_EXPORT, "compare-export", "E", "export", "Charts and samples as PNG, curves as CSV, written here.",
	 SCOPE_COMPARE, GROUP_COMPARE},
	{ACTION_COMPARE_ZOOM, "compare-zoom", "z", "zoom", "The chosen pane alone, or several.", SCOPE_COMPARE, GROUP_COMPARE},
	{ACTION_COMPARE_PANE_BEFORE, "compare-pane-before", "S-Tab", "pane", "The pane before.", SCOPE_COMPARE, GROUP_COMPARE},

	{ACTION_SEARCH_OPEN, "search-open", "Enter", "open", "Open the run of this cell.", SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_QUEUE, "search-queue", "a", "queue", "Queue this cell: it comes before what the study asks for.",
	 SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_CUT, "search-cut", "x", "cut", "End this cell's training (asks first).", SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_EASIER, "search-easier", "+", "target", "A target 5 % easier to meet.", SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_HARDER, "search-harder", "-", "target", "A target 5 % harder to meet.", SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_METHOD, "search-method", "m", "method", "The map of the next method.", SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_BEFORE, "search-before", "<", "study", "The study begun before this one.", SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_AFTER, "search-after", ">", "study", "The study begun after it.", SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_WORK, "search-work", "w", "go on", "Go on with this study in the background.", SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_NEW, "search-new", "n", "new search", "Search the fewest bits from the opened run (asks first).",
	 SCOPE_SEARCH, GROUP_SEARCH},
	{ACTION_SEARCH_CELL, "search-cell", "", "cell", "The pictures follow the cursor.", SCOPE_INTERNAL, GROUP_SEARCH},

	{ACTION_UP, "up", "Up k", "move", "One line up.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_DOWN, "down", "Down j", "move", "One line down.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_LEFT, "left", "Left h", "D/G", "What lies before; charts: earlier, cursor back.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_RIGHT, "right", "Right l", "D/G", "What lies after; charts: later, cursor on.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_PAGE_UP, "page-up", "PgUp Ctrl-U", "page", "One page up.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_PAGE_DOWN, "page-down", "PgDn Ctrl-D", "page", "One page down.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_HOME, "home", "Home g", "ends", "To the first line; charts: to the beginning.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_END, "end", "End G", "ends", "To the last line; charts: to the newest.", SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_NEXT_PANE, "next-pane", "Tab", "pane", "The next chart, network or pane, where one has room.",
	 SCOPE_EVERYWHERE, GROUP_MOVE},
	{ACTION_PICK_ROW, "pick-row", "", "select", "The row under the mouse.", SCOPE_INTERNAL, GROUP_MOVE},
	{ACTION_PICK_COLUMN, "pick-column", "", "sort", "The column under the mouse.", SCOPE_INTERNAL, GROUP_MOVE},
	{ACTION_CHART_RANGE, "chart-range", "", "range", "The charts show another range.", SCOPE_INTERNAL, GROUP_CHARTS},
	{ACTION_CHART_POINT, "chart-point", "", "cursor", "The cursor to the mouse.", SCOPE_INTERNAL, GROUP_CHARTS},
	{ACTION_CHART_DRAG, "chart-drag", "", "mark", "Mark a range with the mouse.", SCOPE_INTERNAL, GROUP_CHARTS},
	{ACTION_CHART_DROP, "chart-drop", "", "zoom", "Zoom to the marked range.", SCOPE_INTERNAL, GROUP_CHARTS},
	{ACTION_ACCEPT, "accept", "", "accept", "Accept what a dialog offers.", SCOPE_INTERNAL, GROUP_MOVE},
	{ACTION_BACK, "back", "Esc", "back", "Close what is open; back to the dashboard.", SCOPE_EVERYWHERE, GROUP_MOVE},

	{ACTION_SCREEN_TRAIN, "screen-train", "1", "Train", "The dashboard of the opened run.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_SAMPLES, "screen-samples", "2", "Samples", "The samples, as large as fits.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_WEIGHTS, "screen-weights", "3", "Weights", "Every state of every weight, and what if.",
	 SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_SEARCH, "screen-search", "4", "Search", "Searches and studies: every cell, and what it is worth.",
	 SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_RUNS, "screen-runs", "5", "Runs", "Every run of the store.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_COMPARE, "screen-compare", "6", "Compare", "Marked runs beside each other.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_LOG, "screen-log", "7", "Log", "What happened, line by line.", SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_SCREEN_RUN, "screen-run", "8", "Run", "The opened run: settings, parent, machine, note.",
	 SCOPE_EVERYWHERE, GROUP_SCREENS},
	{ACTION_LAST_SCREEN, "last-screen", "- Backspace", "last", "Back to the screen before this one.", SCOPE_EVERYWHERE, GROUP_SCREENS},

	{ACTION_HELP, "help", "? F1", "help", "The keys of this screen.", SCOPE_EVERYWHERE, GROUP_PROGRAM},
	{ACTION_PALETTE, "palette", ": Ctrl-P", "command", "Every action by name, and commands such as :bits d 2.", SCOPE_EVERYWHERE,
	 GROUP_PROGRAM},
	{ACTION_THEME, "theme", "F2", "theme", "The next theme: dark, light, colour-blind, mono.", SCOPE_EVERYWHERE, GROUP_PROGRAM},
	{ACTION_SET_THEME, "set-theme", "", "theme", "This theme.", SCOPE_INTERNAL, GROUP_PROGRAM},
	{ACTION_SET_BITS, "set-bits", "", "bits", "So many bits.", SCOPE_INTERNAL, GROUP_QUANTIZATION, true},
	{ACTION_SET_QUANTIZER, "set-quantizer", "", "quantizer", "This method.", SCOPE_INTERNAL, GROUP_QUANTIZATION, true},
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
		[GROUP_WEIGHTS] = "Weights",
		[GROUP_SAMPLES] = "Samples",
		[GROUP_CHARTS] = "Charts",
		[GROUP_RUNS] = "Run list",
		[GROUP_COMPARE] = "Comparing",
		[GROUP_SEARCH] = "Search and studies",
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

enum action_scope action_scope_around(enum action_scope scope)
{
	static const enum action_scope around[SCOPE_INTERNAL + 1] = { /* the others: SCOPE_EVERYWHERE, which is 0 */
		[SCOPE_TRAIN] = SCOPE_CHARTS, [SCOPE_COMPARE] = SCOPE_CHARTS, [SCOPE_RUNS] = SCOPE_ABOUT_RUN, [SCOPE_RUN] = SCOPE_ABOUT_RUN,
	};
	return around[scope];
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
	static const char *const where[SCOPE_INTERNAL + 1] = {
		[SCOPE_EVERYWHERE] = "", [SCOPE_CHARTS] = " Where there are charts.", [SCOPE_TRAIN] = " On the dashboard.",
		[SCOPE_WEIGHTS] = " On the weights screen.", [SCOPE_RUNS] = " On the run list.", [SCOPE_COMPARE] = " On the comparison.",
		[SCOPE_SEARCH] = " On the search screen.", [SCOPE_SAMPLES] = " On the samples screen.", [SCOPE_RUN] = " On the run page.",
		[SCOPE_ABOUT_RUN] = " On the run list and the run page.",
		[SCOPE_INTERNAL] = "",
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
