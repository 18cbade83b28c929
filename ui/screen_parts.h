/* What the screens share: their memory between frames, the header, the log line, panes, and how numbers are written.
 * Private to ui/screen_*.c and ui/screens.c. */
#ifndef QGAN_UI_SCREEN_PARTS_H
#define QGAN_UI_SCREEN_PARTS_H

#include "ui/chart_look.h"
#include "ui/screen.h"

enum { SCREEN_MIN_WIDTH = 40, SCREEN_MIN_HEIGHT = 10 };

/* The layer under the cursor of the weights screen. */
struct layers_cursor {
	enum view_network network;
	int layer;               /* index in its network */
	bool by_utilization;     /* order of the tables: worst used first */
};

/* The comparison: which pane has the keys, and what each of them shows. */
enum compare_pane { COMPARE_SETTINGS, COMPARE_CURVES, COMPARE_SAMPLES, COMPARE_STATES, COMPARE_JOURNAL, COMPARE_SIZES, COMPARE_PANES };
struct compare_state {
	enum compare_pane pane;
	bool zoomed;             /* that pane alone, whatever the room */
	bool all_settings;       /* not only those that differ */
	bool by_seed;            /* runs that differ in the seed only become their mean and range */
	struct chart_look look;  /* of the curves */
	struct chart_clock clock; /* what the first run's steps are worth */
	int64_t looked[VIEW_COMPARED]; /* the runs looked at: others are shown whole */
	enum view_quantity quantity;
	int top[COMPARE_PANES], rows[COMPARE_PANES], lines[COMPARE_PANES]; /* first line shown, lines shown, all lines: last frame */
	int left;                /* settings: the first column shown */
	enum view_network network; /* states: which layer, by its place in that network */
	int layer;
};

/* The search: the place of the cursor on the map, or the line of the list. */
struct search_state {
	int64_t study;           /* looked at: in another one the cursor begins anew */
	int row, column, top, rows; /* rows: of the list, in the last frame */
};

struct screen_state {
	int chart;                /* dashboard: which chart is shown where only one has room */
	struct chart_look look;   /* of all charts, and what the opened run's steps are worth in the last frame */
	struct chart_clock clock;
	int64_t look_run;         /* the run looked at: another one is shown whole */
	bool pointed;             /* the action comes from the mouse, which is here: */
	struct pointer pointer;
	int64_t runs_selected;    /* run list: id under the cursor; it stays there when rows come and go */
	int runs_cursor, runs_top, runs_rows; /* its row, the first row shown, rows shown in the last frame */
	bool runs_ranging;        /* a range is being marked, from .. */
	int64_t runs_anchor;      /* .. this run .. */
	int runs_anchor_row;      /* .. in this row */
	int64_t log_end;          /* log: number of the line after the last one shown; 0: follow the newest */
	int log_rows, log_width;  /* in the last frame */
	struct layers_cursor weights; /* weights: the layer looked at */
	int weights_lower;        /* weights: which pane lies below, enum lower_pane of screen_weights.c */
	bool weights_stacked;     /* weights: both networks in one table in the last frame */
	struct compare_state compare;
	int page_top, page_rows, page_lines; /* run page: first setting shown, how many have room, how many there are */
	bool page_all, page_facts; /* run page: settings at their default too; nothing but facts, where both have no room */
	struct search_state search;
	enum action_scope scope;  /* help: whose keys; the screen drawn last */
	int help_top, help_rows, help_lines;
};

/* The screen's state for a single test. */
extern const struct screen screen_train, screen_samples, screen_weights, screen_runs, screen_compare, screen_search,
	screen_log, screen_run, screen_help;

/* False, and a sentence on the canvas: there is not enough room for any screen. */
bool screen_has_room(struct canvas *canvas);

/* Identity and progress of the opened run, on one line or two. Returns the lines used. */
int screen_draw_header(struct canvas *canvas, const struct view *view);

/* Why the run failed, in full, below the header; returns the lines used (0: it did not). */
int screen_draw_failure(struct canvas *canvas, int y, int most_lines, const struct view *view);

/* The colour of a verdict; the word stands beside it in any case. */
enum theme_role screen_verdict_role(const char *kind);

/* A lasting warning if there is one, else the newest log line. */
void screen_draw_log_line(struct canvas *canvas, int y, const struct view *view);

/* Header and log line, failure included; the region between them and above the footer. */
struct canvas screen_draw_surroundings(struct canvas *canvas, const struct view *view, const enum action *footer);

/* A titled region: boxed, or under a rule that saves two lines. Returns the inside. */
struct canvas screen_pane(struct canvas *canvas, struct rect rect, const char *title, const char *note, bool boxed);
bool screen_is_boxed(const struct canvas *canvas); /* large enough for boxes */

/* Lines of text centred in the canvas, wrapped at words. */
void screen_draw_centred(struct canvas *canvas, enum theme_role role, const char *text);

/* Before the charts of the opened run are drawn: fits the look to what there is. */
void screen_look_at(struct screen_state *state, const struct view *view);
/* The finer buckets for the range looked at; NULL: none are needed or known. */
const struct view_detail *screen_detail(const struct screen_state *state, const struct view *view);
/* What keys and mouse do to the charts of the opened run; asks the session for finer buckets of a new range. False: nothing. */
bool screen_act_charts(struct screen_state *state, const struct view *view, enum action action, struct action_request *out);

/* Lines of text from the left, wrapped at words; returns how many it takes, drawn or not (canvas NULL). */
int screen_draw_wrapped(struct canvas *canvas, int x, int y, int width, enum theme_role role, const char *text);

/* One entry of the log, wrapped at words beside its time; returns the rows it takes, drawn or not (canvas NULL). */
int screen_draw_log_entry(struct canvas *inside, int y, int width, const struct view_log_line *line);
/* How many entries before number `end` fit into the rows, at least one; and how many from number `first` on. */
int64_t screen_log_before(const struct view *view, int64_t end, int rows, int width);
int64_t screen_log_after(const struct view *view, int64_t first, int rows, int width);
int64_t screen_log_oldest(const struct view *view); /* number of the oldest entry that is kept */
/* The newest that fit, the newest at the bottom. */
void screen_draw_log_tail(struct canvas *inside, const struct view *view);

/* Said where no run is open: what to do. */
void screen_draw_nothing(struct canvas *canvas);

/* The sample grid with its caption below, or what to do to get one. */
void screen_draw_samples(struct canvas *inside, const struct view *view, struct picture_request *picture);

/* "training" keys work: this process trains the opened run. */
bool screen_steerable(const struct view *view);

/* Numbers of any size with `digits` figures, without padding zeros: "0.0213", "5.2e-5", "-" when not finite. Returns target. */
char *screen_number(char *target, size_t size, double value, int digits);
char *screen_percent(char *target, size_t size, double fraction, int decimals); /* "93", without the sign; "-" when unknown */

#endif
