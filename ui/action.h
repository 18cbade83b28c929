/* Actions: what a key can mean. One table holds id, name, default keys, help and where it works; the footer, the
 * help page, the man page and the conflict test read the same rows (ui/action.c). */
#ifndef QGAN_UI_ACTION_H
#define QGAN_UI_ACTION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum action {
	ACTION_NONE,
	/* handled inside ui/ */
	ACTION_HELP, ACTION_PALETTE, ACTION_THEME /* the next one */,
	ACTION_SCREEN_TRAIN, ACTION_SCREEN_SAMPLES, ACTION_SCREEN_WEIGHTS, ACTION_SCREEN_RUNS, ACTION_SCREEN_COMPARE,
	ACTION_SCREEN_SEARCH, ACTION_SCREEN_LOG, ACTION_SCREEN_RUN,
	ACTION_LAST_SCREEN,
	ACTION_UP, ACTION_DOWN, ACTION_LEFT, ACTION_RIGHT, ACTION_PAGE_UP, ACTION_PAGE_DOWN, ACTION_HOME, ACTION_END,
	ACTION_BACK, ACTION_REDRAW, ACTION_ACCEPT, ACTION_NEXT_PANE, ACTION_SORT_LAYERS,
	ACTION_ZOOM_IN, ACTION_ZOOM_OUT, ACTION_FIT, ACTION_LOG_SCALE, ACTION_SMOOTH_LESS, ACTION_SMOOTH_MORE, ACTION_CURSOR,
	ACTION_X_AXIS,
	ACTION_DIFFERENCES, /* run page: only settings that are not at their default */
	/* what the mouse does beyond other actions; sent to a screen with a struct pointer (ui/hit.h) */
	ACTION_PICK_ROW, ACTION_PICK_COLUMN, ACTION_CHART_POINT, ACTION_CHART_DRAG, ACTION_CHART_DROP,
	ACTION_LOWER_PANE, /* weights: which pane lies below the figure, where not all have room */
	ACTION_RUNS_SORT_BEFORE, ACTION_RUNS_SORT_AFTER, ACTION_RUNS_REVERSE, /* send RUNS_SORT */
	ACTION_COMPARE_SETTINGS, ACTION_COMPARE_QUANTITY, ACTION_COMPARE_SEEDS, ACTION_COMPARE_ZOOM, ACTION_COMPARE_PANE_BEFORE,
	ACTION_QUIT, /* asks (a dialog: stop and save, go on training headless, cancel) when a run is live */
	/* sent to the session */
	ACTION_PAUSE,           /* pause or resume */
	ACTION_STEP,            /* one step, then paused */
	ACTION_STOP,            /* stop and save (asks) */
	ACTION_ROLLBACK,        /* back to the newest checkpoint before the present step, paused (asks) */
	ACTION_D_BITS_DOWN, ACTION_D_BITS_UP, ACTION_G_BITS_DOWN, ACTION_G_BITS_UP,
	ACTION_QUANTIZER,       /* next method */
	ACTION_SET_BITS,        /* network (-1: both), value */
	ACTION_SET_QUANTIZER,   /* text: its name */
	ACTION_SET_THEME,       /* text: its name; shown by then, to be remembered */
	ACTION_RATES,           /* opens the prompt; sent with network (-1: both) and value */
	ACTION_EVALUATE,        /* a paper-grade score; gives up the one that runs, goes on with one that is held */
	ACTION_CHECKPOINT, ACTION_SAMPLE, ACTION_SAMPLE_NOISE, /* the fixed grid now; fresh noise or back to the fixed noise */
	ACTION_RUN_OPEN,        /* run: id */
	ACTION_RUN_RESUME,      /* run: id */
	ACTION_NEW_RUN,         /* opens the form */
	ACTION_RUN_FORK,        /* opens the form for a run from this checkpoint; run: id, step: of it, -1 the newest; run 0: the shown */
	/* the form's */
	ACTION_FORM_SET,        /* layer: row, text: its value */
	ACTION_FORM_START,      /* value: 0 starts, or says which run is in the way; 1 stops and saves that one first; -1 thinks better of it */
	ACTION_FORM_CLOSE,
	/* The weights screen's: each is sent with the layer under the cursor (network, layer). */
	ACTION_WHAT_IF_METHOD,  /* the next method in question; the first press asks about the present one */
	ACTION_WHAT_IF_BITS_DOWN, ACTION_WHAT_IF_BITS_UP,
	ACTION_WHAT_IF_SCOPE,   /* this layer, or its whole network */
	ACTION_WHAT_IF_CHANNELS, /* one scale a tensor, or one a channel */
	ACTION_WHAT_IF_APPLY,   /* train on with method and bits in question, for this layer or its network; asked about first */
	ACTION_WHAT_IF_CLOSE,
	ACTION_BLINK,           /* float or quantized pictures of the same noise */
	ACTION_LAYER_SHOWN,     /* the cursor is on another layer: an open question moves with it */
	ACTION_OTHER_OPEN,      /* text: "RUN@STEP", "@STEP" or "RUN"; empty: this run at its first recorded step */
	ACTION_OTHER_BEFORE, ACTION_OTHER_AFTER, /* its recorded step before, after */
	ACTION_OTHER_CLOSE,
	ACTION_EXPORT_LAYER,    /* PNG picture and CSV of this layer into the working directory */
	/* The samples screen's: recorded grids of the fixed noise, and the newest again; value: how many steps, 0: one. */
	ACTION_SAMPLE_BEFORE, ACTION_SAMPLE_AFTER, ACTION_SAMPLE_FIRST, ACTION_SAMPLE_NEWEST, ACTION_SAMPLE_PLAY,
	/* Likewise of the weights screen: the layers at a recorded step. */
	ACTION_LAYERS_BEFORE, ACTION_LAYERS_AFTER, ACTION_LAYERS_NEWEST,
	ACTION_EXPORT_CHARTS,   /* every chart of the opened run as PNG, all its curves as CSV */
	ACTION_CHART_RANGE,     /* the charts show these steps: finer buckets are wanted, and what was at the cursor's step */
	/* The run list's. What is about runs is about the marked ones if there are any, except where run says so. */
	ACTION_RUN_MARK,        /* run: marked or not */
	ACTION_RUN_MARK_RANGE,  /* run, other: all from one to the other */
	ACTION_RUN_MARK_ALL, ACTION_RUN_MARK_NONE, /* all shown; none at all */
	ACTION_RUN_COMPARE,     /* run: the one under the cursor, taken where too few are marked */
	ACTION_RUNS_FILTER,     /* text; sent with every key while it is typed */
	ACTION_RUNS_SORT,       /* text: a column's name, '-' before it: falling; empty: newest first */
	ACTION_RUNS_COLUMNS,    /* text: names, commas between them */
	ACTION_RUNS_VIEW,       /* text: name of a saved look; empty: the usual one */
	ACTION_RUNS_VIEW_SAVE, ACTION_RUNS_VIEW_DELETE, /* text: its name */
	ACTION_RUNS_TRASH,      /* the trash, or the list again */
	ACTION_RUN_RENAME, ACTION_RUN_NOTE, /* run; text */
	ACTION_RUN_TAGS,        /* run; text: all its tags, blanks between them */
	ACTION_RUN_ARCHIVE,     /* run; or back again */
	ACTION_RUN_DELETE,      /* run: to the trash, or back from it */
	ACTION_RUN_PURGE,       /* run; from the trash for ever; value 1: everything listed there (asks) */
	ACTION_RUN_UNDO,
	ACTION_COMPARE_BEFORE, ACTION_COMPARE_AFTER, /* the strips' recorded step before, after */
	ACTION_COMPARE_FIRST, ACTION_COMPARE_LAST,
	ACTION_COMPARE_NOISE,   /* the strips as recorded, or drawn from checkpoints by one noise */
	ACTION_COMPARE_EXPORT,  /* the curves over one another and scores against size, as PNG, the curves as CSV */
	/* The search screen's. */
	ACTION_SEARCH_OPEN,     /* handled by the screen: sent as RUN_OPEN with the cell's run */
	ACTION_SEARCH_CELL,     /* the cursor is on another cell: run is its id (0: there is none yet) */
	ACTION_SEARCH_QUEUE,    /* likewise; layer and value are D's and G's bits of an empty place */
	ACTION_SEARCH_CUT,      /* the cell under the cursor (asks) */
	ACTION_SEARCH_EASIER, ACTION_SEARCH_HARDER, /* the target */
	ACTION_SEARCH_METHOD,   /* the next method's map */
	ACTION_SEARCH_BEFORE, ACTION_SEARCH_AFTER, /* the study begun before, after */
	ACTION_SEARCH_WORK,     /* a process of its own goes on with the study */
	ACTION_SEARCH_NEW,      /* a search from the opened run (asks) */
	ACTION_QUIT_SAVE,       /* stop, save, leave */
	ACTION_QUIT_DETACH,     /* leave the terminal, train on headless */
	ACTION_QUIT_NOW,        /* nothing is live: leave */
	ACTION_COUNT,
};

enum action_scope {
	SCOPE_EVERYWHERE,
	SCOPE_CHARTS,   /* every screen with charts: action_scope_around leads here */
	SCOPE_ABOUT_RUN, /* the list of runs and the page of one, likewise */
	SCOPE_TRAIN, SCOPE_SAMPLES, SCOPE_WEIGHTS, SCOPE_RUNS, SCOPE_COMPARE, SCOPE_SEARCH, SCOPE_RUN,
	SCOPE_INTERNAL, /* no key of its own */
};
/* Where a key is looked for when a scope has no row for it; SCOPE_EVERYWHERE is the last. */
enum action_scope action_scope_around(enum action_scope scope);

/* How help and man page gather the rows. */
enum action_group {
	GROUP_RUN, GROUP_QUANTIZATION, GROUP_WEIGHTS, GROUP_SAMPLES, GROUP_CHARTS, GROUP_RUNS, GROUP_COMPARE,
	GROUP_SEARCH, GROUP_MOVE, GROUP_SCREENS, GROUP_PROGRAM, GROUP_COUNT
};
const char *action_group_name(enum action_group group); /* "Run control" */

struct action_row {
	enum action action;
	const char *name;   /* "d-bits-up": palette, key file */
	const char *keys;   /* default keys in keymap.h's spelling, blank-separated: "] F8" */
	const char *brief;  /* for the footer: "D bits"; neighbours with the same brief share one entry there */
	const char *help;   /* one line for help and man page */
	enum action_scope scope;
	enum action_group group;
	bool run_control;   /* only while this process trains the opened run */
};
extern const struct action_row action_rows[]; /* ends with a row whose name is NULL */
const struct action_row *action_find(enum action action); /* NULL for ACTION_NONE */

/* The key table as scdoc text, one section a group: part of the man page. */
void action_print_manual(FILE *file);

enum { ACTION_TEXT_SIZE = 1024 };

/* What the ui sends to the session. */
struct action_request {
	enum action action;
	int64_t run;     /* RUN_OPEN, RUN_RESUME, RUN_FORK */
	int64_t other;   /* RUN_MARK_RANGE */
	int64_t step;    /* RUN_FORK; CHART_RANGE: under the cursor, -1: there is none */
	int network;     /* RATES, what the weights screen sends: enum view_network */
	int layer;       /* what the weights screen sends: index in view->layers[network] */
	double value;    /* RATES, SAMPLE_BEFORE, SAMPLE_AFTER; EXPORT_CHARTS, COMPARE_EXPORT: the x axis, an enum chart_unit */
	int64_t first_step, last_step; /* CHART_RANGE; equal: everything */
	char text[ACTION_TEXT_SIZE]; /* OTHER_OPEN, FORM_SET, SET_QUANTIZER, SET_THEME */
};

#endif
