/* The run store: one SQLite file in WAL mode, plain structs in and out. One writer connection (the recorder's
 * thread), any number of readers, each struct store used by one thread at a time. Functions that change something
 * need a store opened for writing. Checkpoints are files beside it: FILE-runs/<run name>/step-000123.safetensors.
 *
 * The schema is documented in store/schema.c and its position in PRAGMA user_version; a newer file is refused. */
#ifndef QGAN_STORE_STORE_H
#define QGAN_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

enum { RUN_NAME_SIZE = 64, RUN_NOTE_SIZE = 512, STORE_PATH_SIZE = 4096, STORE_TEXT_SIZE = 256 };

struct store;

enum store_mode { STORE_READ, STORE_WRITE }; /* WRITE creates the file and its folder and migrates; READ needs the file */

struct store *store_open(const char *path, enum store_mode mode, struct error *error);
void store_close(struct store *store); /* NULL is fine */
const char *store_path(const struct store *store);
bool store_begin(struct store *store, struct error *error);  /* one transaction around many inserts */
bool store_commit(struct store *store, struct error *error); /* on failure everything since begin is undone */
void store_rollback(struct store *store);

/* "ok", or one sentence about what is wrong (integrity_check, network file system). */
bool store_health(struct store *store, char *text, size_t size, struct error *error);
int64_t store_changes(struct store *store); /* grows whenever another connection wrote: PRAGMA data_version */

/* ---- runs (store/runs.c) ---- */
enum run_status { RUN_LIVE, RUN_PAUSED, RUN_FINISHED, RUN_STOPPED, RUN_CRASHED, RUN_FAILED };
const char *run_status_name(enum run_status status); /* "live" ... */
bool run_status_parse(const char *name, enum run_status *status);

struct run_verdict {            /* how the training is judged; engine/gan/verdict.h says what the words mean */
	char kind[16];              /* "undecided", "convergent", "unstable", "failed"; empty: never judged */
	char warnings[STORE_TEXT_SIZE]; /* names, blanks between them: "collapse d-saturated" */
	char reason[STORE_TEXT_SIZE], action[STORE_TEXT_SIZE]; /* why, and what to try next */
};

/* The summary of a run's scores. All numbers are of one identity (struct score): that of its newest live score, or of its
 * newest score at all when none was live. NaN: not known. */
struct run_scores {
	char identity[STORE_TEXT_SIZE]; /* empty: never scored; then steps are 0 */
	int64_t step;               /* of the last one */
	double fid, fid_std, kid, kid_std, is_mean, is_std;
	int64_t best_fid_step, best_is_step; /* the lowest FID, the highest Inception Score */
	double best_fid, best_fid_std, best_is, best_is_std;
};

/* Bytes of the quantizable weights at the last recorded statistics: codes and scales, and as float. NaN: not known. */
struct run_sizes {
	double packed_d, float_d, packed_g, float_g;
};

struct run {
	int64_t id;
	char name[RUN_NAME_SIZE];   /* unique: "fmnist-dcgan-7f3a" */
	enum run_status status;     /* as shown: a live or paused run whose process died reads RUN_CRASHED */
	char model[32], data[STORE_TEXT_SIZE], quantizer[32];
	int size, channels, width, batch, d_bits, g_bits;
	uint64_t seed;
	char *config_json;          /* all settings; owned (run_clear) */
	char version[32];           /* of the program */
	char machine[STORE_TEXT_SIZE];
	char host[64], boot_id[40]; /* of the process that trains it: tells a dead one from a live one */
	int64_t pid;
	double created, heartbeat, ended; /* unix seconds; ended 0: not yet */
	double train_seconds;       /* time spent training, over all resumptions */
	int64_t step, last_step;    /* steps done; where it ends (0: never) */
	double epochs;
	double loss_d, loss_g;      /* last metric point; NaN: none */
	int64_t parent_id, parent_step; /* 0: no parent */
	char message[STORE_TEXT_SIZE];  /* of a failure */
	struct run_verdict verdict;
	struct run_scores scores;
	struct run_sizes sizes;
	int64_t process_start;      /* of pid, clock ticks after boot: tells it from a later process of the same number */
	char tags[STORE_TEXT_SIZE]; /* in alphabetical order, blanks between them */
	char note[RUN_NOTE_SIZE];   /* one line for people */
	bool archived;
	double trashed;             /* unix seconds; 0: not in the trash */
	int64_t change;             /* grows with every change of the row */
};
void run_clear(struct run *run);

/* Fills run->id; makes the name unique by a suffix if taken (unless exact) and writes it back. Names are file names:
 * letters, digits, '.', '_', '-', beginning with a letter or digit, not all digits (those are ids). A live or paused
 * run without a pid gets this process as its owner; created 0 is now. */
bool store_insert_run(struct store *store, struct run *run, bool exact_name, struct error *error);
/* Unknown: the error names the nearest. */
bool store_find_run(struct store *store, const char *name_or_id, struct run *run, struct error *error);
/* Newest first, without those in the trash and without config_json (NULL). *runs is an array of *count, freed by
 * store_free_runs. */
bool store_list_runs(struct store *store, struct run **runs, size_t *count, struct error *error);
void store_free_runs(struct run *runs, size_t count);
/* Those forked from it, likewise. */
bool store_list_forks(struct store *store, int64_t run, struct run **runs, size_t *count, struct error *error);

/* What is new since an earlier look, so that a list of thousands is brought up to date at the price of what changed. */
struct run_changes {
	struct run *runs; /* newest first, the trash among them, with config_json; freed by store_free_runs */
	size_t count;
	bool all;         /* these are all there are: `since` was 0, or some were purged. Else: those to replace or to add */
	int64_t now;      /* `since` of the next look */
};
bool store_list_changes(struct store *store, int64_t since, struct run_changes *changes, struct error *error);
/* Nothing is written when a process dies: a live run that was read earlier may have become a crashed one. */
void store_check_processes(struct run *runs, size_t count);

struct run_progress { /* what changes while it trains */
	enum run_status status;
	int64_t step;
	double epochs, loss_d, loss_g, train_seconds;
	int d_bits, g_bits;
	char quantizer[32];
	char message[STORE_TEXT_SIZE];
};
/* Also the heartbeat, and `ended` when the status says so. */
bool store_update_run(struct store *store, int64_t run, const struct run_progress *progress, struct error *error);
/* Host, pid, boot id become this process and the run is live; ERROR_STATE when a live process (also this one) owns it. */
bool store_claim_run(struct store *store, int64_t run, struct error *error);
/* What is known only once the data set is open, and what a resumption may change: config_json NULL leaves it. */
bool store_update_run_facts(struct store *store, int64_t run, int channels, int64_t last_step, const char *config_json,
                            struct error *error);
bool store_set_verdict(struct store *store, int64_t run, const struct run_verdict *verdict, struct error *error);
/* Forgets metric points, journal, statistics, samples, scores and checkpoints after `step`, and the verdict: a resumed run
 * trains them anew. */
bool store_rewind_run(struct store *store, int64_t run, int64_t step, struct error *error);

/* ---- editing runs (store/runs_edit.c) ----
 * ERROR_STATE where a live process owns the run and the change would be in its way. */

/* The checkpoint files move along: whenever the power fails, every row has its file. */
bool store_rename_run(struct store *store, int64_t run, const char *name, struct error *error);
/* A tag has letters, digits, '.', '_' and '-'. Adding one that is there and removing one that is not changes nothing. */
bool store_tag_run(struct store *store, int64_t run, const char *tag, bool add, struct error *error);
bool store_note_run(struct store *store, int64_t run, const char *note, struct error *error); /* "": none */
bool store_archive_run(struct store *store, int64_t run, bool archived, struct error *error);
bool store_trash_run(struct store *store, int64_t run, bool trashed, struct error *error);
/* For ever, with everything that hangs on it and its files: only from the trash. *bytes (NULL is fine): of those files. */
bool store_purge_run(struct store *store, int64_t run, double *bytes, struct error *error);

/* ---- saved views of the list of runs (store/views.c) ---- */
enum { VIEW_FILTER_SIZE = 512, VIEW_COLUMNS_SIZE = 512 };
struct run_view {
	char name[RUN_NAME_SIZE];        /* like a run's */
	char filter[VIEW_FILTER_SIZE];   /* app/run_filter.h; empty: every run */
	char columns[VIEW_COLUMNS_SIZE]; /* names of fields, commas between them; empty: the usual ones */
	char sort[STORE_TEXT_SIZE];      /* likewise, '-' before a field: falling; empty: newest first */
};
bool store_save_view(struct store *store, const struct run_view *view, struct error *error); /* replaces one of that name */
bool store_find_view(struct store *store, const char *name, struct run_view *view, struct error *error);
/* In alphabetical order; *views is an array of *count, free(*views). */
bool store_list_views(struct store *store, struct run_view **views, size_t *count, struct error *error);
bool store_delete_view(struct store *store, const char *name, struct error *error);

/* ---- metric points (store/metrics.c) ---- */
struct metric_point {
	int64_t step;
	double time;      /* unix seconds */
	double epochs;
	double loss_d, loss_g, d_real, d_fake, gradient_d, gradient_g, images_per_second;
	double wasserstein, penalty; /* of critics; NaN elsewhere */
};
bool store_insert_metrics(struct store *store, int64_t run, const struct metric_point *points, size_t count, struct error *error);
bool store_find_last_metric(struct store *store, int64_t run, struct metric_point *point, bool *found, struct error *error);
bool store_has_more_metrics(struct store *store, int64_t run, int64_t than, bool *more, struct error *error);
/* Points after `after_step` in order; each is given to `visit`. */
bool store_visit_metrics(struct store *store, int64_t run, int64_t after_step,
                         void (*visit)(void *context, const struct metric_point *point), void *context, struct error *error);

/* ---- where a run's settings came from (store/run_origins.c) ----
 * A flat JSON object, names as in config_json: "flag", "recipe" .. of those that are not at their default. */
bool store_set_run_origins(struct store *store, int64_t run, const char *json, struct error *error);
bool store_find_run_origins(struct store *store, int64_t run, char **json, struct error *error); /* free(*json); NULL: not known */

/* ---- questions in SQL (store/query.c) ---- */
enum query_kind { QUERY_NULL, QUERY_INTEGER, QUERY_REAL, QUERY_TEXT, QUERY_BLOB };
struct query_value {
	enum query_kind kind;
	int64_t integer;
	double real;
	const char *text; /* TEXT: terminated; valid during the visit only */
	size_t size;      /* bytes of TEXT and BLOB */
};
struct query_visitor {
	void *context;
	void (*columns)(void *context, const char *const names[], int count);             /* once, before the rows */
	void (*row)(void *context, const struct query_value values[], int count);
};
enum { QUERY_MAX_COLUMNS = 256 };
/* One statement that only reads: whatever would write, attach or set something is refused (ERROR_INPUT), also to a store open
 * for writing. At most `limit` rows are told; *more: there were others. ERROR_INPUT says what is wrong with the SQL, and where. */
bool store_query(struct store *store, const char *sql, int64_t limit, const struct query_visitor *visitor, bool *more,
                 struct error *error);

/* ---- the schema in words (store/schema.c) ---- */
struct schema_row {
	const char *table;  /* NULL ends the list */
	const char *column; /* NULL: about the table, before its columns; else one or several: "a, b", "a .. d" */
	const char *help;   /* one line, no full stop */
};
extern const struct schema_row schema_rows[];

/* ---- curves at any zoom (store/metric_buckets.c) ---- */
enum metric_series {
	METRIC_LOSS_D, METRIC_LOSS_G, METRIC_D_REAL, METRIC_D_FAKE, METRIC_GRADIENT_D, METRIC_GRADIENT_G, METRIC_IMAGES_PER_SECOND,
	METRIC_WASSERSTEIN, METRIC_PENALTY,
	METRIC_SERIES,
};
struct metric_bucket { /* neighbouring points: no spike between them is lost */
	int64_t first_step, last_step, points;
	double first_time, last_time, first_epochs, last_epochs;
	struct {
		double low, high, mean; /* of those that are known; NaN: none is */
	} values[METRIC_SERIES];
};
/* The points of the steps from `from` to `to` (below 0: the first, the last) in order, as `buckets` parts of equal width in
 * steps; parts without points are left out. Reads some thousand rows, whatever the length of the run: a bucket near an edge
 * may hold a few points of its neighbour, but none from outside the range. */
bool store_visit_metric_buckets(struct store *store, int64_t run, int64_t from, int64_t to, int buckets,
                                void (*visit)(void *context, const struct metric_bucket *bucket), void *context,
                                struct error *error);

/* ---- journal (store/journal.c) ---- */
struct journal_entry {
	int64_t step;
	double time;
	char kind[32], field[32], value[STORE_TEXT_SIZE]; /* "set-bits", "d-bits", "2"; a list of layers may be long */
	char text[STORE_TEXT_SIZE];          /* for people */
};
bool store_insert_journal(struct store *store, int64_t run, const struct journal_entry *entry, struct error *error);
bool store_visit_journal(struct store *store, int64_t run,
                         void (*visit)(void *context, const struct journal_entry *entry), void *context, struct error *error);

/* ---- layer statistics (store/layer_stats.c): histograms and state counts as rows, with edges ---- */
struct layer_stats {
	int64_t step;
	char network;               /* 'D' or 'G' */
	int position;               /* 0-based within the network */
	char layer[32], shape[32], quantizer[32]; /* quantizer of a float layer: "float" */
	int bits;                   /* 32: float; then no states */
	double alpha, beta, mse, variance, sqnr_db, utilization;
	double flips;               /* share of weights that left their state .. */
	int64_t flip_steps;         /* .. in so many steps; 0: not known */
	int iterations, states;
	int groups;                 /* scales: 1, or the number of channels */
	int64_t weights;
	double packed_bytes;        /* of codes and scales; float: 4 a weight; NaN: not known */
	int trace_count;
	const double *trace;        /* trace_count errors of the latest iterations, oldest first */
	const double *levels;       /* states; an end state may be infinite */
	const int64_t *counts;      /* states */
	double histogram_min, histogram_max;
	int bins;
	const int64_t *histogram;   /* bins, equal widths */
};
bool store_insert_layer_stats(struct store *store, int64_t run, const struct layer_stats *stats, size_t count,
                              struct error *error);
/* The statistics at the last recorded step <= step (-1: the newest). Arrays are valid during the visit only. */
bool store_visit_layer_stats(struct store *store, int64_t run, int64_t step,
                             void (*visit)(void *context, const struct layer_stats *stats), void *context, struct error *error);

/* The states of every layer at every recorded step, rising, D's layers first: for strips over time. */
struct layer_states {
	int64_t step;
	char network;
	int position, bits, states; /* bits 32: no states */
	const int64_t *counts;      /* valid during the visit only */
};
bool store_visit_layer_states(struct store *store, int64_t run, int64_t after_step,
                              void (*visit)(void *context, const struct layer_states *states), void *context,
                              struct error *error);
/* Steps with layer statistics, rising; free(*steps). */
bool store_list_layer_steps(struct store *store, int64_t run, int64_t **steps, size_t *count, struct error *error);

/* ---- samples (store/samples.c): PNG blobs ---- */
struct sample {
	int64_t id, step;
	double time;
	int tiles, columns;
	uint64_t seed;             /* 0: the run's fixed noise */
	int d_bits, g_bits;
	double diversity;          /* mean distance of its pictures over that of real ones; NaN: not known */
	size_t png_size;
	uint8_t *png;              /* owned when found (sample_clear); borrowed when inserted */
};
void sample_clear(struct sample *sample);
bool store_insert_sample(struct store *store, int64_t run, const struct sample *sample, struct error *error);
/* The fixed-noise sample at the last recorded step <= step (-1: the newest); found false: there is none. */
bool store_find_sample(struct store *store, int64_t run, int64_t step, struct sample *sample, bool *found, struct error *error);
/* Of every fixed-noise sample whose diversity is known, rising. */
bool store_visit_diversities(struct store *store, int64_t run, void (*visit)(void *context, int64_t step, double diversity),
                             void *context, struct error *error);
/* Of the fixed noise, rising; free(*steps). */
bool store_list_sample_steps(struct store *store, int64_t run, int64_t **steps, size_t *count, struct error *error);

/* ---- scores (store/scores.c): FID, KID and Inception Score with all they depend on ---- */
enum { SCORE_IDENTITY_SIZE = STORE_TEXT_SIZE };
struct score {
	int64_t id, step;
	double time;
	bool live;                 /* taken while it trained; else asked for */
	char recipe[32];           /* how many samples, splits and subsets: "standard" */
	char features[96];         /* network and weights, for people: "classifier/fashion-mnist 1a2b3c4d" */
	char weights_hash[65];     /* hex SHA-256 of the file of weights */
	char resize[STORE_TEXT_SIZE]; /* how pictures of another size are fitted, in words */
	char reference[STORE_TEXT_SIZE], split[16]; /* data set compared with, "train" or "test" */
	char reference_hash[65];   /* hex SHA-256 of its pictures and how they were looked at */
	int64_t samples, reference_samples;
	int splits, kid_subsets, kid_subset_size, dimensions;
	uint64_t seed;             /* of the noise and the subsets */
	int d_bits, g_bits;        /* of the networks at that step */
	bool regularized;          /* FID: a singular covariance was helped */
	double fid, fid_std, kid, kid_std, is_mean, is_std; /* NaN: not known */
	double seconds;            /* it took */
	char identity[SCORE_IDENTITY_SIZE]; /* filled by the store: scores may be compared only when this is equal */
};
/* "classifier/fashion-mnist 1a2b3c4d, 5000 pictures in 10 splits, against fashion-mnist train 9f86d081" */
void score_identity(const struct score *score, char identity[SCORE_IDENTITY_SIZE]);
/* Fills score->id and identity; the run's summary follows. */
bool store_insert_score(struct store *store, int64_t run, struct score *score, struct error *error);
/* In order of steps, and of their making within one. identity NULL: all. */
bool store_visit_scores(struct store *store, int64_t run, const char *identity,
                        void (*visit)(void *context, const struct score *score), void *context, struct error *error);
/* The one with the lowest FID of an identity; found false: there is none. */
bool store_find_best_score(struct store *store, int64_t run, const char *identity, struct score *score, bool *found,
                           struct error *error);
/* Whether the run's row says that of all its scores that of `step` has the lowest FID. */
bool store_is_best_score(struct store *store, int64_t run, int64_t step, bool *best, struct error *error);

/* ---- checkpoints (store/checkpoints.c): rows about files ---- */
struct checkpoint_row {
	int64_t id, step;
	double time;
	char path[STORE_PATH_SIZE]; /* absolute */
	char hash[65];              /* hex SHA-256 of the tensor data */
	uint64_t bytes;
	bool kept;                  /* before a live change, or by request: never pruned */
	bool best;                  /* of the lowest FID so far; one a run, not pruned while it is */
};
/* Where the file of a step goes; makes the folder. Needs run->name only. */
bool store_checkpoint_path(struct store *store, const struct run *run, int64_t step, char path[STORE_PATH_SIZE],
                           struct error *error);
/* A row of the same step is replaced, but stays kept if it was. A best one takes the place of the best before. */
bool store_insert_checkpoint(struct store *store, int64_t run, const struct checkpoint_row *row, struct error *error);
/* step -1: the newest whose file is there; else exactly that step. Unknown: an error that lists the steps there are. */
bool store_find_checkpoint(struct store *store, int64_t run, int64_t step, struct checkpoint_row *row, struct error *error);
/* No checkpoint of that step: nothing happens. */
bool store_keep_checkpoint(struct store *store, int64_t run, int64_t step, struct error *error);
/* It is the best from now on, and no other. No checkpoint of that step: nothing happens. */
bool store_set_best_checkpoint(struct store *store, int64_t run, int64_t step, struct error *error);
/* Oldest first; *rows is an array of *count, free(*rows). */
bool store_list_checkpoints(struct store *store, int64_t run, struct checkpoint_row **rows, size_t *count, struct error *error);
/* Deletes rows and files of all but the newest `keep` that are neither kept nor the best. */
bool store_prune_checkpoints(struct store *store, int64_t run, int keep, struct error *error);

#endif
