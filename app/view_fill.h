/* Turns the engine's events, and a recorded run, into the plain data screens draw. Both write the same struct view,
 * so that a past run looks exactly like a live one. Main thread. */
#ifndef QGAN_APP_VIEW_FILL_H
#define QGAN_APP_VIEW_FILL_H

#include "app/training.h"
#include "store/store.h"
#include "ui/view.h"

struct view *view_create(void);
void view_destroy(struct view *view); /* also the sample it holds; NULL is fine */

/* Empties everything about a run: another one will be shown. */
void view_forget_run(struct view *view);

/* From a run's row; `config` (may be NULL when it cannot be read) adds what the row does not hold. */
void view_set_run(struct view *view, const struct run *run, const struct gan_settings *config);

/* How the run is judged, as recorded. */
void view_set_verdict(struct view *view, const struct run_verdict *verdict);

/* An engine event of the run shown. Takes the picture out of a SAMPLE it shows as a copy of its own. */
void view_take_event(struct view *view, const struct event *event);

/* Everything the store knows about the run: curves, marks, log, layers at their newest step, the newest sample. */
bool view_load_past(struct view *view, struct store *store, int64_t run, struct error *error);

/* A journal entry is an event that has been written down: it goes the way of a live one. `view` is a struct view: this is a
 * visitor of store_visit_journal. */
void view_take_journal(void *view, const struct journal_entry *entry);

/* What a run that another process trains has added since. */
bool view_follow_past(struct view *view, struct store *store, struct error *error);

/* ---- scores (app/view_scores.c) ---- */

void view_forget_scores(struct view *view);
/* One point with its error around it. */
void view_append_score(struct series *series, int64_t step, double value, double error);
/* A visitor of store_visit_scores, in order of steps; `view` is a struct view. */
void view_add_score(void *view, const struct score *score);
void view_take_score(struct view *view, const struct event *event);
void view_take_scoring(struct view *view, const struct event *event);
bool view_load_scores(struct view *view, struct store *store, int64_t run, struct error *error);

/* ---- looking back (app/view_back.c) ---- */

/* Finer buckets of the curves between two steps; where the view holds every point already, none. */
bool view_load_detail(struct view *view, struct store *store, int64_t first, int64_t last, struct error *error);
/* The curves of a recorded run from its beginning; of a very long one in buckets. */
bool view_load_curves(struct view *view, struct store *store, int64_t run, struct error *error);
/* The recorded samples `by` steps of recording away from those shown; beyond an end: at it. Past the newest looking back
 * ends. */
bool view_walk_samples(struct view *view, struct store *store, int64_t by, struct error *error);
bool view_walk_layers(struct view *view, struct store *store, int64_t by, struct error *error);
/* Samples and layers as they were recorded last at that step, or first after it. */
bool view_look_back_to(struct view *view, struct store *store, int64_t step, struct error *error);
/* How many samples and layer records there are to look back at. */
bool view_count_records(struct view *view, struct store *store, struct error *error);

/* ---- lineage (app/view_lineage.c) ---- */

/* The curves of the runs it was forked from, up to the step of the fork; once until the view forgets the run. parent 0: none. */
bool view_load_lineage(struct view *view, struct store *store, int64_t parent, int64_t step, struct error *error);
void view_mark_fork(struct view *view); /* the fork and what was changed before it, in front of all other marks */
void view_forget_lineage(struct view *view);
/* The marks alone, of a view that shows no run: the journal's and those before the fork. */
bool view_load_marks(struct view *view, struct store *store, const struct run *run, struct error *error);
/* What a bucket knows of a quantity, if anything. */
void view_append_bucket(struct series *series, const struct metric_bucket *bucket, enum metric_series metric);

/* The log and the marks of a recorded run, in the order of time (app/view_log.c). */
bool view_load_log(struct view *view, struct store *store, const struct run *run, struct error *error);

/* What is written down about the shown run (app/view_page.c). */
bool view_load_page(struct view *view, struct store *store, struct error *error);

/* What a finished study of layers has measured of the shown run, or of one it comes from; of several the newest
 * (app/view_costs.c). */
bool view_load_costs(struct view *view, struct store *store, struct error *error);

/* A picture of the samples takes the place of the one before. */
void view_set_sample(struct view *view, const struct sample *sample, struct image *picture);
/* The layers at the last recorded step <= step (-1: the newest), with their sizes. */
bool view_load_layers(struct view *view, struct store *store, int64_t run, int64_t step, struct error *error);
/* A recorded point: its curves and numbers, or the numbers alone. */
void view_add_point(struct view *view, const struct metric_point *point);
void view_take_numbers(struct view *view, const struct metric_point *point);

/* One layer, from a live report and from a recorded row: the same numbers give the same bytes. */
void view_fill_layer(struct view_layer *layer, const struct layer_report *report);
void view_fill_stored_layer(struct view_layer *layer, const struct layer_stats *stats);

/* One more record of a layer's states (app/view_history.c). A record of the newest one's step takes its place. */
void view_history_add(struct view_history *history, int64_t step, int bits, int states, const int64_t *counts);
void view_history_forget(struct view *view);

/* One more metric point of the clock: the epochs done, and the time spent training since the run began. What was
 * spent otherwise, between two points further apart than the speed explains, does not count. */
void view_clock_add(struct view *view, int64_t step, double epochs, double time, double images_per_second);

/* Sizes of the networks: sums over their layers. */
void view_sum_sizes(struct view *view);

void view_log(struct view *view, double time, bool warning, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
