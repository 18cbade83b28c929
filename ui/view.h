/* Everything a screen may show, as plain read-only data, filled by app/session on the main thread. Screens draw it
 * and send actions back; they know neither engine nor store. Numbers that are not known are NaN, texts empty. */
#ifndef QGAN_UI_VIEW_H
#define QGAN_UI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/image.h"
#include "engine/base/series.h"
#include "ui/view_form.h"
#include "ui/view_search.h"

enum {
	VIEW_TEXT = 128, VIEW_MAX_LAYERS = 16, VIEW_MAX_MARKS = 256, VIEW_LOG_LINES = 512, VIEW_MAX_STATES = 256, VIEW_BINS = 96,
	VIEW_TRACE = 64, VIEW_HISTORY = 256, VIEW_HISTORY_STATES = 16, VIEW_METHODS = 8, VIEW_WHAT_IF_BITS = 8,
	VIEW_COMPARED = 8, VIEW_SETTINGS = 48, VIEW_TWEAKS = 128, VIEW_POINTS = 512, VIEW_FACTS = 64,
};
enum view_network { VIEW_D, VIEW_G, VIEW_NETWORKS };

enum view_state { /* of the opened run; the word shown is in view_state_name */
	VIEW_NOTHING,  /* no run is open */
	VIEW_LOADING, VIEW_LIVE, VIEW_PAUSED, VIEW_STOPPING, VIEW_FINISHED, VIEW_STOPPED, VIEW_CRASHED, VIEW_FAILED,
};
const char *view_state_name(enum view_state state); /* "LIVE" ... */

struct view_run {
	int64_t id;
	char name[VIEW_TEXT], model[32], data[VIEW_TEXT], quantizer[32], machine[VIEW_TEXT];
	enum view_state state;
	bool steerable;            /* this process trains it: run-control keys work */
	int size, channels, width, batch, threads;
	uint64_t seed;
	int bits[VIEW_NETWORKS];   /* 32: float */
	double learning_rate[VIEW_NETWORKS];
	uint64_t weights[VIEW_NETWORKS];
	double packed_bytes[VIEW_NETWORKS], float_bytes[VIEW_NETWORKS];
	int64_t step, last_step;   /* last_step 0: no end */
	double epochs, last_epoch; /* done; last_epoch 0: no end */
	char d_says[16];           /* what d_real and d_fake are: "P(real)", from 0 to 1, or "score" */
	char loss_unit[16];        /* "nats"; may be empty */
	bool estimates_distance;   /* a critic: `wasserstein` is what D is about */
	double loss_d, loss_g, d_real, d_fake, gradient_norm[VIEW_NETWORKS];
	double wasserstein, penalty; /* of critics; NaN: there is none */
	double images_per_second, gflops, quantize_share, eta_seconds;
	double loading;            /* 0..1 while VIEW_LOADING; NaN: unknown */
	double diversity;          /* of the newest fixed-noise samples, 1: as real pictures; NaN: unknown */
	char message[ERROR_TEXT_SIZE]; /* why it failed, or is paused */
	struct view_verdict {
		char kind[16];         /* "convergent", "unstable", "failed", "undecided"; empty: not judged */
		bool warned;           /* the reason is a warning */
		char reason[192], action[192]; /* why, and what to try next; may be empty */
	} verdict;
};

struct view_mark { /* a journalled change, drawn as a labelled vertical line on every chart */
	int64_t step;
	char label[16]; /* "D>2" */
};

struct view_layer {
	char name[24], shape[32], quantizer[16]; /* quantizer of a float layer: "float" */
	int bits, states;          /* bits 32: float, states 0 */
	int groups;                /* scales: 1, or one a channel; then alpha, beta and levels are means */
	bool degenerate;           /* fewer bits than the method has states for */
	uint64_t weights;
	uint64_t counts[VIEW_MAX_STATES];
	double levels[VIEW_MAX_STATES]; /* rising; end states may be infinite */
	double alpha, beta, mse, variance, sqnr_db, utilization; /* utilization 0..1, NaN: unknown */
	double flips;              /* share of weights that left their state, 0..1; NaN: unknown */
	int64_t flip_steps;        /* flips were counted over so many steps; 0: unknown, and the share is shown as it is */
	double packed_bytes;       /* read from the packed codes, scales included; float: 4 a weight */
	int dead_states, iterations;
	int trace_count;
	float trace[VIEW_TRACE];   /* MSE after each of the latest iterations, oldest first */
	uint32_t histogram[VIEW_BINS];
	float histogram_min, histogram_max;
};

/* How a layer's states were occupied over time: one column a record, old ones merged in pairs when there are too many. */
struct view_history {
	int count, merged;         /* columns; records in each, but for the newest column, which is the newest record alone .. */
	int open;                  /* .. and the one before it, which has so many up to now */
	struct view_history_column {
		int64_t step;          /* the first record's */
		int bits;              /* 32: float, no shares */
		float shares[VIEW_HISTORY_STATES]; /* 0..1; with more states than that, neighbours are added up */
	} columns[VIEW_HISTORY];
};

/* The layers of another run, or of this one at another step, beside the shown ones. */
struct view_other {
	bool shown;
	char run[VIEW_TEXT];
	int64_t step;
	struct view_layer layers[VIEW_NETWORKS][VIEW_MAX_LAYERS];
	int layer_count[VIEW_NETWORKS];
};

/* "What would these weights be under another method or width", asked on the weights screen, answered without training. */
enum view_blink { VIEW_BLINK_QUANTIZED, VIEW_BLINK_FLOAT };
struct view_what_if {
	bool asked;                /* a question is open: the fields below answer it as they become known */
	bool busy;                 /* answers are on their way */
	enum view_network network;
	int layer;                 /* the layer asked about */
	bool whole_network;        /* pictures: every layer of it, else this layer alone */
	char method[16];
	int bits;
	bool per_channel;
	int64_t step;              /* of the weights looked at */
	struct view_layer answer;  /* under method and bits; name empty: not yet known */
	char methods[VIEW_METHODS][16]; /* rows of the table, in display order; empty: no more */
	double errors[VIEW_METHODS][VIEW_WHAT_IF_BITS]; /* MSE over variance at 1..8 bits; NaN: not known yet; infinite: N/A */
	double best_error;         /* MSE over variance of the best levels of all for these bits; NaN: not known (yet) */
	double network_bytes;      /* packed, of the whole network under the question; NaN: not known */
	const struct image *picture[2]; /* by enum view_blink, borrowed; NULL: not known (yet), or D is asked about */
	unsigned picture_version[2];
	enum view_blink blink;
	double seconds[2];         /* spent on the states and on the pictures; NaN: not known */
	char message[VIEW_TEXT];   /* why there is no answer */
};

/* Marked runs beside each other. Large: one on the heap, owned by the session. */
enum view_quantity {
	VIEW_LOSS_G, VIEW_LOSS_D, VIEW_D_REAL, VIEW_D_FAKE, VIEW_FID, VIEW_IS,
	VIEW_USUAL_QUANTITIES, /* the others are offered where some run has them */
	VIEW_KID = VIEW_USUAL_QUANTITIES, VIEW_WASSERSTEIN, VIEW_PENALTY, VIEW_GRADIENT_G, VIEW_GRADIENT_D, VIEW_DIVERSITY, VIEW_SPEED,
	VIEW_QUANTITIES,
};

struct view_tweak { /* a journalled change */
	int64_t step;
	char label[16];            /* as on the charts: "D>2" */
};

struct view_compared {
	int64_t id;
	char name[VIEW_TEXT], status[12], verdict[16]; /* verdict empty: not judged */
	bool loaded;               /* everything below is there, else only the settings */
	int bits[VIEW_NETWORKS];   /* at present; 32: float */
	char quantizer[32];
	int group;                 /* index of the first run it differs from in nothing but the seed; its own: none before */
	int64_t step;
	double fid, fid_std, best_fid, best_fid_std, is, is_std, best_is, best_is_std; /* last and best; NaN: never scored */
	char recipe[192];          /* what the scores depend on; empty: never scored */
	int recipe_number;         /* scores of equal numbers may be compared; 0: never scored */
	double packed_bytes, float_bytes; /* of G's quantizable weights; NaN: not known */
	struct series curves[VIEW_QUANTITIES]; /* over steps */
	struct series epochs, images, seconds; /* done, and spent training, over steps; of a fork since its first ancestor began */
	struct view_layer layers[VIEW_NETWORKS][VIEW_MAX_LAYERS];
	int layer_count[VIEW_NETWORKS];
	int64_t layers_step;
	struct view_tweak tweaks[VIEW_TWEAKS]; /* rising steps; the latest ones */
	int tweak_count;
	int64_t sample_step;       /* of its strip below; -1: no sample is recorded up to there */
};

struct view_setting {
	char name[24];
	bool differs;
	char values[VIEW_COMPARED][64];
};

struct view_point { /* one marked run in the chart of scores against size */
	int run;                   /* index among the compared ones; -1: only marked */
	double bytes, fid;         /* finite */
	int recipe_number;
	bool front;                /* no other of its recipe is both smaller and better */
};

struct view_compare {
	struct view_compared runs[VIEW_COMPARED];
	int count, marked;         /* compared; marked, which may be more */
	bool loading;              /* more is on its way */
	struct view_setting settings[VIEW_SETTINGS];
	int setting_count;
	struct view_point points[VIEW_POINTS]; /* rising bytes */
	int point_count;
	int64_t scrub, first_sample, last_sample; /* the step wanted of the strips; recorded ones; -1: none */
	bool same_noise;           /* the recorded strips are of the same z, tile by tile */
	bool may_draw;             /* they are not, but could be drawn so .. */
	bool drawn, drawing;       /* .. and are, from checkpoints, by the first run's noise; some are still to come */
	const struct image *strips; /* one strip a run, from above, its number at the left; borrowed, NULL: none */
	unsigned strips_version;
	char message[VIEW_TEXT];   /* why something is missing */
};

/* Looking back: a recorded step is shown instead of the newest. */
struct view_back {
	bool on;
	int position, count;       /* which of the recorded steps, from 0; count 0: not known */
};

struct view_fact {             /* a line of the run page; value empty: a heading */
	char name[32], value[VIEW_TEXT];
	char standard[64];         /* a setting's default; empty: the value is that */
	char parent[64];           /* what the parent has; empty: the same, or there is none */
	char help[160];
	char origin[16];           /* where the value came from: "flag", "recipe"; empty: not known */
};

struct view_page {             /* all that is written down about the opened run */
	int fact_count, setting_count, differing; /* differing: settings that are not at their default */
	struct view_fact facts[VIEW_FACTS], settings[VIEW_FACTS];
	char tags[256], note[512];
};

/* Live scores of the opened run, all of one recipe: another one begins the curves anew. */
struct view_scores {
	char recipe[VIEW_TEXT];    /* for titles: "classifier/fashion-mnist, N 1,000"; empty: never scored */
	char identity[256];        /* all they depend on, in words */
	struct series fid_curve, is_curve; /* over steps; a bucket's min and max are the score less and plus its error */
	double fid, fid_std, is, is_std; /* newest; NaN: none */
	double best_fid, best_is;  /* NaN: none */
	int64_t best_fid_step, best_is_step;
	char asked[VIEW_TEXT];     /* the newest paper-grade evaluation: "FID 9.81 Â±" "0.2, IS 5.11 ..."; empty: none */
	struct view_scoring {      /* what is being scored */
		bool active, live;     /* live: due by itself; else asked for */
		bool held, reference;  /* waits for the training to go on; looks at real pictures first */
		int64_t samples, step;
		double share, seconds_left; /* 0..1; NaN: not known yet */
	} now;
};

struct view_log_line {
	double time; /* unix seconds */
	bool warning;
	char text[192];
};

/* The list of runs, as it is looked at now. Thousands of rows: the session writes a cell when it is drawn. */
enum { VIEW_RUN_COLUMNS = 64, VIEW_RUN_SHOWN = 24, VIEW_RUN_VIEWS = 32, VIEW_CELL = 96, VIEW_LIST_FILTER = 512 };
struct view_run_column {
	const char *name, *title, *help;
	int width, most, priority; /* as in ui/widget_table.h */
	bool right;
};

struct view_run_row {      /* what the screen must know of a row itself; texts are borrowed until the next one is asked for */
	int64_t id;
	const char *name, *status, *verdict, *tags, *note;
	bool marked, here;     /* trained in this process */
};

struct view_runs {
	int count, total;      /* that the filter lets through; that there are */
	int marked, hidden;    /* shown or not; those of them that are not */
	bool trash;            /* what was deleted is shown, and nothing else */
	const struct view_run_column *columns; /* all there are */
	int column_count;
	int shown[VIEW_RUN_SHOWN], shown_count; /* indices of columns, from the left */
	int sorted;            /* index of the column sorted by, -1: newest first */
	bool falling;
	char filter[VIEW_LIST_FILTER]; /* in effect */
	char complaint[160];   /* why the filter typed last is not; empty: it is */
	int complaint_at;      /* the place in it, in characters from 0; -1: none */
	char views[VIEW_RUN_VIEWS][64], view[64]; /* saved looks; the one that was chosen last, empty: none */
	int view_count;
	double store_bytes;    /* of the file; NaN: not known */
	char here[64];         /* the run trained in this process; empty: none */
	char undo[64];         /* what undoing would take back: "rename"; empty: nothing */
	const void *context;
	void (*row)(const void *context, int row, struct view_run_row *out);
	void (*cell)(const void *context, int row, int column, char text[VIEW_CELL]); /* column: index in `columns` */
};

struct view {
	double now;                        /* unix seconds of the filling */
	struct view_run run;
	struct series loss[VIEW_NETWORKS]; /* over steps */
	struct series d_real, d_fake;
	struct series wasserstein, penalty; /* empty but for critics */
	struct series seconds;             /* spent training, over steps .. */
	double clock_time, clock_seconds;  /* .. and its newest point: unix seconds, seconds trained */
	int64_t first_step;                /* its own first point, and the epochs done by then: NaN, there is none */
	double first_epochs;
	struct view_detail {               /* part of the curves, finer than above: what a zoomed chart shows */
		bool known;
		int64_t first, last;           /* the steps asked for */
		struct series loss[VIEW_NETWORKS], d_real, d_fake, wasserstein, penalty;
	} detail;
	struct view_before {               /* the runs it was forked from, up to the fork */
		bool known;
		int64_t fork_step;
		struct series loss[VIEW_NETWORKS], d_real, d_fake, wasserstein, penalty;
		char identity[256];            /* what the scores depend on, as in `scores`; empty: never scored */
		struct series fid_curve, is_curve;
		struct series epochs, images, seconds; /* done by all of them together, over steps */
		struct view_mark marks[VIEW_MAX_MARKS]; /* their changes and forks, rising steps, and the run's own fork; the latest ones */
		int mark_count;
	} before;
	struct view_scores scores;
	struct view_mark marks[VIEW_MAX_MARKS];
	int mark_count;
	struct view_layer layers[VIEW_NETWORKS][VIEW_MAX_LAYERS];
	int layer_count[VIEW_NETWORKS];
	struct view_history history[VIEW_NETWORKS][VIEW_MAX_LAYERS];
	int64_t layers_step;
	struct view_other other;
	struct view_what_if what_if;
	struct view_costs {                /* of lowering one layer alone, by a finished study of this run or one it comes from */
		char study[VIEW_TEXT];         /* empty: there is none */
		int count;
		struct view_search_layer layers[VIEW_SEARCH_LAYERS];
	} costs;
	const struct view_search *search;  /* borrowed; NULL: not read yet */
	const struct view_compare *compare; /* borrowed; NULL: nothing is compared */
	const struct image *sample;        /* borrowed, NULL: none yet */
	unsigned sample_version;           /* changes with every new picture */
	int64_t sample_step;
	int sample_g_bits;
	uint64_t sample_seed;              /* 0: the fixed noise */
	int sample_tiles, sample_columns;
	struct view_back sample_back, layers_back;
	bool sample_plays;                 /* the recorded samples follow each other by themselves */
	struct view_page page;
	struct view_log_line log[VIEW_LOG_LINES]; /* ring: the newest is log[(log_count - 1) % VIEW_LOG_LINES] */
	int64_t log_count;
	const struct view_runs *runs;      /* borrowed; NULL: there is no list */
	const struct view_form *form;      /* borrowed; NULL: none is open */
	char store_path[VIEW_TEXT];
	char warning[VIEW_TEXT];           /* a lasting trouble (store cannot be written): shown until it is gone */
};

/* What lowering the layer alone has cost; NULL: not measured. */
const struct view_search_layer *view_layer_cost(const struct view *view, enum view_network network, const char *layer);

int view_run_count(const struct view *view); /* rows of the list */
struct view_run_row view_run_at(const struct view *view, int row);

#endif
