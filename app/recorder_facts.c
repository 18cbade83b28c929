#include "app/recorder_facts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_verdict.h"
#include "app/score_row.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/data/picture_file.h"

/* ---- events become facts ---- */

struct fact *fact_create(enum fact_kind kind, struct recorded_run *run, int64_t step)
{
	struct fact *fact = memory_zeroed(1, sizeof *fact);
	fact->kind = kind;
	fact->run = run;
	fact->step = step;
	fact->time = clock_unix();
	return fact;
}

/* The run's status for each state of the engine. */
static const enum run_status status_of_state[] = {
	[ENGINE_LOADING] = RUN_LIVE,
	[ENGINE_RUNNING] = RUN_LIVE,
	[ENGINE_PAUSED] = RUN_PAUSED,
	[ENGINE_STOPPING] = RUN_LIVE,
	[ENGINE_FINISHED] = RUN_FINISHED,
	[ENGINE_STOPPED] = RUN_STOPPED,
	[ENGINE_FAILED] = RUN_FAILED,
};

static void take_state(struct fact *fact, struct event *event)
{
	fact->state.status = status_of_state[event->state];
	fact->state.running = event->state == ENGINE_RUNNING;
	if (event->error.code != ERROR_NONE) /* it has failed, or waits for a person */
		fact->state.message = memory_text(event->error.text);
}

static void take_started(struct fact *fact, struct event *event)
{
	fact->started = memory_zeroed(1, sizeof *fact->started);
	*fact->started = event->facts;
}

static void take_progress(struct fact *fact, struct event *event)
{
	const struct step_report *report = &event->progress.report;
	fact->metric = (struct metric_point){
		.step = report->step,
		.time = event->time,
		.epochs = report->epochs,
		.loss_d = report->loss[NETWORK_D],
		.loss_g = report->loss[NETWORK_G],
		.d_real = report->d_real,
		.d_fake = report->d_fake,
		.gradient_d = report->gradient_norm[NETWORK_D],
		.gradient_g = report->gradient_norm[NETWORK_G],
		.images_per_second = event->progress.images_per_second,
		.wasserstein = report->wasserstein,
		.penalty = report->penalty,
	};
}

static void take_journal(struct fact *fact, struct event *event)
{
	struct journal_entry *entry = fact->journal = memory_zeroed(1, sizeof *entry);
	entry->step = event->step;
	entry->time = event->time;
	text_copy(entry->kind, sizeof entry->kind, command_name(event->command));
	text_copy(entry->field, sizeof entry->field, event->field);
	text_copy(entry->value, sizeof entry->value, event->value);
	text_copy(entry->text, sizeof entry->text, event->text);
}

static void take_layers(struct fact *fact, struct event *event)
{
	fact->layers.reports = event->layers;
	fact->layers.count = event->layer_count;
	event->layers = NULL;
}

static void take_sample(struct fact *fact, struct event *event)
{
	fact->sample.picture = event->picture;
	fact->sample.tiles = event->tiles;
	fact->sample.columns = event->columns;
	fact->sample.seed = event->seed;
	fact->sample.diversity = event->diversity;
	event->picture = NULL;
}

static void take_checkpoint(struct fact *fact, struct event *event)
{
	fact->checkpoint.state = event->checkpoint;
	fact->checkpoint.last = event->last;
	fact->checkpoint.best = event->best;
	/* The last one is among the newest anyway, and would be kept after every stop if it counted as asked for. */
	fact->checkpoint.kept = event->command_id != 0 && !event->last;
	event->checkpoint = NULL;
}

static void take_verdict(struct fact *fact, struct event *event)
{
	fact->verdict = memory_zeroed(1, sizeof *fact->verdict);
	run_verdict_fill(fact->verdict, &event->verdict);
}

static void take_score(struct fact *fact, struct event *event)
{
	fact->score = memory_zeroed(1, sizeof *fact->score);
	fact->score->time = event->time;
	score_row_fill(fact->score, event->score);
}

static const struct {
	enum fact_kind kind;
	void (*take)(struct fact *fact, struct event *event); /* NULL: events of this kind are nothing to record */
} events[] = {
	[EVENT_STATE] = {FACT_STATE, take_state},
	[EVENT_STARTED] = {FACT_STARTED, take_started},
	[EVENT_LOADING] = {0},
	[EVENT_PROGRESS] = {FACT_PROGRESS, take_progress},
	[EVENT_METRICS] = {FACT_METRIC, take_progress},
	[EVENT_LAYERS] = {FACT_LAYERS, take_layers},
	[EVENT_SAMPLE] = {FACT_SAMPLE, take_sample},
	[EVENT_CHECKPOINT] = {FACT_CHECKPOINT, take_checkpoint},
	[EVENT_JOURNAL] = {FACT_JOURNAL, take_journal},
	[EVENT_REPLY] = {0},
	[EVENT_SNAPSHOT] = {0},
	[EVENT_VERDICT] = {FACT_VERDICT, take_verdict},
	[EVENT_SCORE] = {FACT_SCORE, take_score},
	[EVENT_SCORING] = {0},
};

struct fact *fact_from_event(struct recorded_run *run, struct event *event)
{
	if (!events[event->kind].take)
		return NULL;
	struct fact *fact = fact_create(events[event->kind].kind, run, event->step);
	fact->time = event->time;
	events[event->kind].take(fact, event);
	return fact;
}

/* ---- facts become rows ---- */

static void note_point(struct recorded_run *run, const struct metric_point *point)
{
	run->progress.step = point->step;
	run->progress.epochs = point->epochs;
	run->progress.loss_d = point->loss_d;
	run->progress.loss_g = point->loss_g;
}

static void note_settings(struct recorded_run *run, const struct gan_settings *settings)
{
	run->progress.d_bits = settings->bits[NETWORK_D];
	run->progress.g_bits = settings->bits[NETWORK_G];
	text_copy(run->progress.quantizer, sizeof run->progress.quantizer, settings->quantizer);
}

static bool write_started(struct fact *fact, struct store *store, struct error *error)
{
	note_settings(fact->run, &fact->started->settings);
	return store_update_run_facts(store, fact->run->run.id, fact->started->settings.channels, fact->started->last_step, NULL, error);
}

static bool write_progress(struct fact *fact, struct store *store, struct error *error)
{
	(void)store;
	(void)error;
	note_point(fact->run, &fact->metric);
	return true;
}

static bool write_metric(struct fact *fact, struct store *store, struct error *error)
{
	if (fact->metric.step >= fact->run->progress.step)
		note_point(fact->run, &fact->metric);
	return store_insert_metrics(store, fact->run->run.id, &fact->metric, 1, error);
}

static void note_bits(int *bits, const char *value)
{
	int64_t number;
	if (text_to_int64(value, &number))
		*bits = (int)number;
}

static bool write_journal(struct fact *fact, struct store *store, struct error *error)
{
	const struct journal_entry *entry = fact->journal;
	struct run_progress *progress = &fact->run->progress;
	if (strcmp(entry->field, "d-bits") == 0)
		note_bits(&progress->d_bits, entry->value);
	else if (strcmp(entry->field, "g-bits") == 0)
		note_bits(&progress->g_bits, entry->value);
	else if (strcmp(entry->field, "quantizer") == 0)
		text_copy(progress->quantizer, sizeof progress->quantizer, entry->value);
	return store_insert_journal(store, fact->run->run.id, entry, error);
}

/* Room for what is wider in the store than in a report. */
struct wide_layer {
	int64_t counts[QUANT_MAX_STATES], histogram[QUANT_HISTOGRAM_BINS];
	double trace[QUANT_TRACE];
};

static void widen_layer(const struct layer_report *report, int states, struct wide_layer *wide)
{
	for (int i = 0; i < states; i++)
		wide->counts[i] = (int64_t)report->statistics.counts[i];
	for (int i = 0; i < QUANT_HISTOGRAM_BINS; i++)
		wide->histogram[i] = report->statistics.histogram[i];
	for (int i = 0; i < report->trace.count; i++)
		wide->trace[i] = report->trace.errors[i];
}

static struct layer_stats describe_layer(const struct fact *fact, const struct layer_report *report, int position,
                                         struct wide_layer *wide)
{
	const struct quant_statistics *from = &report->statistics;
	bool quantized = from->fit.bits != QUANT_FLOAT_BITS;
	struct layer_stats stats = {
		.step = fact->step,
		.network = report->network == NETWORK_D ? 'D' : 'G',
		.position = position,
		.bits = from->fit.bits,
		.alpha = quantized ? from->fit.alpha : NAN,
		.beta = quantized ? from->fit.beta : NAN,
		.mse = quantized ? from->mean_squared_error : NAN,
		.variance = from->variance,
		.sqnr_db = quantized ? from->sqnr_db : NAN,
		.utilization = quantized ? from->utilization : NAN,
		.flips = report->flips,
		.flip_steps = isnan(report->flips) ? 0 : report->flip_steps,
		.iterations = from->fit.iterations,
		.states = quantized ? 1 << from->fit.bits : 0,
		.groups = quantized ? from->groups : 1,
		.weights = (int64_t)from->weights,
		.packed_bytes = quantized ? from->packed_bytes : (double)from->weights * sizeof(float),
		.trace_count = quantized ? report->trace.count : 0,
		.trace = wide->trace,
		.levels = from->levels,
		.counts = wide->counts,
		.histogram_min = from->histogram_min,
		.histogram_max = from->histogram_max,
		.bins = QUANT_HISTOGRAM_BINS,
		.histogram = wide->histogram,
	};
	text_copy(stats.layer, sizeof stats.layer, report->name);
	text_copy(stats.shape, sizeof stats.shape, report->shape);
	text_copy(stats.quantizer, sizeof stats.quantizer, quantized && report->quantizer ? report->quantizer->name : "float");
	widen_layer(report, stats.states, wide);
	return stats;
}

static bool write_layers(struct fact *fact, struct store *store, struct error *error)
{
	struct wide_layer wide;
	int positions[NETWORK_COUNT] = {0};
	for (int i = 0; i < fact->layers.count; i++) {
		const struct layer_report *report = &fact->layers.reports[i];
		struct layer_stats stats = describe_layer(fact, report, positions[report->network]++, &wide);
		if (!store_insert_layer_stats(store, fact->run->run.id, &stats, 1, error))
			return false;
	}
	return true;
}

static bool prepare_sample(struct fact *fact, struct error *error)
{
	if (!picture_encode_png(fact->sample.picture, &fact->sample.png, error))
		return false;
	image_destroy(fact->sample.picture);
	fact->sample.picture = NULL;
	return true;
}

static bool write_sample(struct fact *fact, struct store *store, struct error *error)
{
	const struct sample sample = {
		.step = fact->step,
		.time = fact->time,
		.tiles = fact->sample.tiles,
		.columns = fact->sample.columns,
		.seed = fact->sample.seed,
		.d_bits = fact->run->progress.d_bits,
		.g_bits = fact->run->progress.g_bits,
		.diversity = fact->sample.diversity,
		.png_size = fact->sample.png.length,
		.png = (uint8_t *)fact->sample.png.bytes,
	};
	return store_insert_sample(store, fact->run->run.id, &sample, error);
}

static bool write_keep(struct fact *fact, struct store *store, struct error *error)
{
	return store_keep_checkpoint(store, fact->run->run.id, fact->step, error);
}

static bool write_verdict(struct fact *fact, struct store *store, struct error *error)
{
	return store_set_verdict(store, fact->run->run.id, fact->verdict, error);
}

static bool write_score(struct fact *fact, struct store *store, struct error *error)
{
	return store_insert_score(store, fact->run->run.id, fact->score, error);
}

static bool is_over(enum run_status status)
{
	return status != RUN_LIVE && status != RUN_PAUSED;
}

static bool write_state(struct fact *fact, struct store *store, struct error *error)
{
	(void)store;
	(void)error;
	struct recorded_run *run = fact->run;
	if (run->running_since > 0)
		run->trained += fmax(fact->time - run->running_since, 0);
	run->running_since = fact->state.running ? fact->time : 0;
	run->progress.status = fact->state.status;
	text_copy(run->progress.message, sizeof run->progress.message, fact->state.message ? fact->state.message : "");
	run->changed = true;
	return true;
}

static bool write_end(struct fact *fact, struct store *store, struct error *error)
{
	return is_over(fact->run->progress.status) || write_state(fact, store, error);
}

/* ---- release ---- */

static void release_started(struct fact *fact) { free(fact->started); }
static void release_journal(struct fact *fact) { free(fact->journal); }
static void release_layers(struct fact *fact) { free(fact->layers.reports); }
static void release_state(struct fact *fact) { free(fact->state.message); }
static void release_verdict(struct fact *fact) { free(fact->verdict); }
static void release_score(struct fact *fact) { free(fact->score); }

static void release_sample(struct fact *fact)
{
	image_destroy(fact->sample.picture);
	text_clear(&fact->sample.png);
}

static void release_checkpoint(struct fact *fact)
{
	checkpoint_destroy(fact->checkpoint.state);
	free(fact->checkpoint.row);
}

static const struct {
	const char *name;
	bool (*prepare)(struct fact *fact, struct error *error);                     /* NULL: nothing to prepare */
	bool (*write)(struct fact *fact, struct store *store, struct error *error); /* NULL: see FACT_CHECKPOINT */
	void (*release)(struct fact *fact);                                          /* NULL: owns nothing */
} kinds[] = {
	[FACT_STARTED] = {.name = "start", .write = write_started, .release = release_started},
	[FACT_PROGRESS] = {.name = "progress", .write = write_progress},
	[FACT_METRIC] = {.name = "metric point", .write = write_metric},
	[FACT_JOURNAL] = {.name = "journal entry", .write = write_journal, .release = release_journal},
	[FACT_LAYERS] = {.name = "layer statistics", .write = write_layers, .release = release_layers},
	[FACT_SAMPLE] = {.name = "sample", .prepare = prepare_sample, .write = write_sample, .release = release_sample},
	[FACT_CHECKPOINT] = {.name = "checkpoint", .release = release_checkpoint},
	[FACT_KEEP] = {.name = "kept mark", .write = write_keep},
	[FACT_VERDICT] = {.name = "verdict", .write = write_verdict, .release = release_verdict},
	[FACT_SCORE] = {.name = "score", .write = write_score, .release = release_score},
	[FACT_STATE] = {.name = "state", .write = write_state, .release = release_state},
	[FACT_END] = {.name = "end", .write = write_end, .release = release_state},
};

void fact_destroy(struct fact *fact)
{
	if (kinds[fact->kind].release)
		kinds[fact->kind].release(fact);
	free(fact);
}

const char *fact_name(const struct fact *fact)
{
	return kinds[fact->kind].name;
}

bool fact_ends_run(const struct fact *fact)
{
	return fact->kind == FACT_END || (fact->kind == FACT_STATE && is_over(fact->state.status));
}

bool fact_prepare(struct fact *fact, struct error *error)
{
	return !kinds[fact->kind].prepare || kinds[fact->kind].prepare(fact, error);
}

bool fact_write(struct fact *fact, struct store *store, struct error *error)
{
	fact->run->changed = true;
	return kinds[fact->kind].write(fact, store, error);
}

bool recorded_run_write(struct recorded_run *run, struct store *store, struct error *error)
{
	double running = run->running_since > 0 ? fmax(clock_unix() - run->running_since, 0) : 0;
	run->progress.train_seconds = run->trained + running;
	if (!store_update_run(store, run->run.id, &run->progress, error))
		return false;
	run->written = clock_seconds();
	run->changed = false;
	return true;
}
