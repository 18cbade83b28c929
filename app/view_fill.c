#include "app/view_fill.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/model.h"

struct view *view_create(void)
{
	struct view *view = memory_zeroed(1, sizeof *view);
	view_forget_run(view);
	return view;
}

void view_destroy(struct view *view)
{
	if (!view)
		return;
	image_destroy((struct image *)view->sample);
	free(view);
}

void view_forget_run(struct view *view)
{
	view->run = (struct view_run){
		.bits = {QUANT_FLOAT_BITS, QUANT_FLOAT_BITS},
		.loss_d = NAN, .loss_g = NAN, .d_real = NAN, .d_fake = NAN, .wasserstein = NAN, .penalty = NAN,
		.gradient_norm = {NAN, NAN},
		.images_per_second = NAN, .gflops = NAN, .quantize_share = NAN, .eta_seconds = NAN, .loading = NAN,
		.diversity = NAN,
	};
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		series_reset(&view->loss[network]);
		view->layer_count[network] = 0;
	}
	view_forget_scores(view);
	series_reset(&view->d_real);
	series_reset(&view->d_fake);
	series_reset(&view->wasserstein);
	series_reset(&view->penalty);
	series_reset(&view->seconds);
	view_forget_lineage(view);
	view->costs = (struct view_costs){0};
	view->clock_time = view->clock_seconds = 0;
	view->first_step = 0;
	view->first_epochs = NAN;
	view->detail.known = false;
	view->mark_count = 0;
	view->layers_step = 0;
	view_history_forget(view);
	view->other = (struct view_other){0};
	view->what_if = (struct view_what_if){0};
	view->sample_back = view->layers_back = (struct view_back){0};
	view->sample_plays = false;
	view->page = (struct view_page){0};
	image_destroy((struct image *)view->sample);
	view->sample = NULL;
	view->sample_version++;
	view->log_count = 0;
}

void view_log(struct view *view, double time, bool warning, const char *format, ...)
{
	struct view_log_line *line = &view->log[view->log_count++ % VIEW_LOG_LINES];
	line->time = time;
	line->warning = warning;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line->text, sizeof line->text, format, arguments);
	va_end(arguments);
}

/* ---- numbers that follow from others ---- */

void view_sum_sizes(struct view *view)
{
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		view->run.packed_bytes[network] = 0;
		for (int i = 0; i < view->layer_count[network]; i++)
			view->run.packed_bytes[network] += view->layers[network][i].packed_bytes;
		view->run.float_bytes[network] = (double)view->run.weights[network] * sizeof(float);
	}
}

static struct view_mark *new_mark(struct view *view, int64_t step)
{
	if (view->mark_count == VIEW_MAX_MARKS) /* the oldest gives way */
		memmove(view->marks, view->marks + 1, sizeof view->marks[0] * (VIEW_MAX_MARKS - 1));
	else
		view->mark_count++;
	view->marks[view->mark_count - 1].step = step;
	return &view->marks[view->mark_count - 1];
}

/* The value names every layer with bits of its own; which one has changed stands in the text: "G.deconv1 bits 32 > 4". */
static void add_layer_mark(struct view *view, int64_t step, const char *text)
{
	char layer[LAYER_NAME_SIZE];
	int before, bits;
	if (sscanf(text, "%23s bits %d > %d", layer, &before, &bits) != 3)
		return;
	struct view_mark *mark = new_mark(view, step);
	snprintf(mark->label, sizeof mark->label, "%.11s>%d", layer, bits % 100);
}

static void add_mark(struct view *view, int64_t step, const char *field, const char *value)
{
	static const struct { const char *field, *short_name; } rows[] = {
		{"d-bits", "D"}, {"g-bits", "G"}, {"quantizer", "Q"}, {"d-learning-rate", "Dlr"}, {"g-learning-rate", "Glr"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(field, rows[i].field) != 0)
			continue;
		struct view_mark *mark = new_mark(view, step);
		double number;
		if (text_to_double(value, &number))
			snprintf(mark->label, sizeof mark->label, "%s>%.4g", rows[i].short_name, number);
		else
			snprintf(mark->label, sizeof mark->label, "%s>%.9s", rows[i].short_name, value);
	}
}

/* A journalled change to what the header shows. */
static void apply_change(struct view *view, const char *field, const char *value)
{
	struct view_run *run = &view->run;
	double number = 0;
	bool numeric = text_to_double(value, &number);
	if (!strcmp(field, "d-bits") && numeric)
		run->bits[VIEW_D] = (int)number;
	else if (!strcmp(field, "g-bits") && numeric)
		run->bits[VIEW_G] = (int)number;
	else if (!strcmp(field, "d-learning-rate") && numeric)
		run->learning_rate[VIEW_D] = number;
	else if (!strcmp(field, "g-learning-rate") && numeric)
		run->learning_rate[VIEW_G] = number;
	else if (!strcmp(field, "quantizer"))
		text_copy(run->quantizer, sizeof run->quantizer, value);
}

/* ---- a run's identity ---- */

static enum view_state state_of_status(enum run_status status)
{
	static const enum view_state states[] = {
		[RUN_LIVE] = VIEW_LIVE, [RUN_PAUSED] = VIEW_PAUSED, [RUN_FINISHED] = VIEW_FINISHED, [RUN_STOPPED] = VIEW_STOPPED,
		[RUN_CRASHED] = VIEW_CRASHED, [RUN_FAILED] = VIEW_FAILED,
	};
	return states[status];
}

static void set_settings(struct view *view, const struct gan_settings *settings)
{
	struct view_run *run = &view->run;
	const struct model_family *family = model_family_find(settings->model, NULL);
	text_copy(run->model, sizeof run->model, settings->model);
	text_copy(run->d_says, sizeof run->d_says, family ? family->score_name : "score");
	text_copy(run->loss_unit, sizeof run->loss_unit, family ? family->loss_unit : "");
	run->estimates_distance = family && family->wasserstein;
	text_copy(run->data, sizeof run->data, settings->data);
	text_copy(run->quantizer, sizeof run->quantizer, settings->quantizer);
	run->size = settings->size;
	run->channels = settings->channels;
	run->width = settings->width;
	run->batch = settings->batch;
	run->threads = settings->threads;
	run->seed = settings->seed;
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		run->bits[network] = settings->bits[network];
		run->learning_rate[network] = settings->learning_rate[network];
	}
	run->last_step = settings->steps;
	run->last_epoch = (double)settings->epochs;
}

void view_set_run(struct view *view, const struct run *run, const struct gan_settings *config)
{
	if (config)
		set_settings(view, config);
	struct view_run *shown = &view->run;
	shown->id = run->id;
	text_copy(shown->name, sizeof shown->name, run->name);
	text_copy(shown->model, sizeof shown->model, run->model);
	text_copy(shown->data, sizeof shown->data, run->data);
	text_copy(shown->quantizer, sizeof shown->quantizer, run->quantizer);
	text_copy(shown->machine, sizeof shown->machine, run->machine);
	text_copy(shown->message, sizeof shown->message, run->message);
	shown->state = state_of_status(run->status);
	shown->size = run->size;
	shown->channels = run->channels;
	shown->width = run->width;
	shown->batch = run->batch;
	shown->seed = run->seed;
	shown->bits[VIEW_D] = run->d_bits;
	shown->bits[VIEW_G] = run->g_bits;
	shown->step = run->step;
	shown->last_step = run->last_step;
	shown->epochs = run->epochs;
	shown->loss_d = run->loss_d;
	shown->loss_g = run->loss_g;
	if (run->verdict.kind[0] != '\0') /* else what was worked out from its curve stays */
		view_set_verdict(view, &run->verdict);
}

void view_set_verdict(struct view *view, const struct run_verdict *verdict)
{
	struct view_verdict *shown = &view->run.verdict;
	text_copy(shown->kind, sizeof shown->kind, verdict->kind);
	text_copy(shown->reason, sizeof shown->reason, verdict->reason);
	text_copy(shown->action, sizeof shown->action, verdict->action);
	shown->warned = verdict->warnings[0] != '\0';
}

/* ---- engine events ---- */

static void take_state(struct view *view, const struct event *event)
{
	static const enum view_state states[] = {
		[ENGINE_LOADING] = VIEW_LOADING, [ENGINE_RUNNING] = VIEW_LIVE, [ENGINE_PAUSED] = VIEW_PAUSED,
		[ENGINE_STOPPING] = VIEW_STOPPING, [ENGINE_FINISHED] = VIEW_FINISHED, [ENGINE_STOPPED] = VIEW_STOPPED,
		[ENGINE_FAILED] = VIEW_FAILED,
	};
	enum view_state before = view->run.state;
	char step[32];
	view->run.state = states[event->state];
	bool ended = event->state == ENGINE_FINISHED || event->state == ENGINE_STOPPED || event->state == ENGINE_FAILED;
	view->run.steerable = !ended;
	if (ended)
		view->run.images_per_second = view->run.gflops = view->run.eta_seconds = NAN;
	text_copy(view->run.message, sizeof view->run.message, event->error.code != ERROR_NONE ? event->error.text : "");
	if (event->error.code != ERROR_NONE) {
		view_log(view, event->time, true, "%s: %.180s", engine_state_name(event->state), event->error.text);
	} else if (before != view->run.state && view->run.state == VIEW_FINISHED) { /* the journal tells of a stop */
		view_log(view, event->time, false, "step %s  %s", text_count(step, sizeof step, event->step), engine_state_name(event->state));
	}
}

static void take_started(struct view *view, const struct event *event)
{
	const struct trainer_facts *facts = &event->facts;
	set_settings(view, &facts->settings);
	for (int network = 0; network < VIEW_NETWORKS; network++)
		view->run.weights[network] = facts->weights[network];
	view->run.last_step = facts->last_step;
	if (!facts->settings.epochs && facts->last_step && facts->steps_per_epoch)
		view->run.last_epoch = (double)facts->last_step / (double)facts->steps_per_epoch;
	view->run.step = event->step;
	view->run.loading = NAN;
	view_log(view, event->time, false, "%s on %s, %lld steps an epoch", facts->settings.model, facts->settings.data,
	         (long long)facts->steps_per_epoch);
}

static void take_loading(struct view *view, const struct event *event)
{
	view->run.loading = event->total ? (double)event->done / (double)event->total : NAN;
}

static void take_progress(struct view *view, const struct event *event)
{
	const struct progress *progress = &event->progress;
	const struct step_report *report = &progress->report;
	struct view_run *run = &view->run;
	run->step = report->step;
	run->epochs = report->epochs;
	run->loss_d = report->loss[NETWORK_D];
	run->loss_g = report->loss[NETWORK_G];
	run->d_real = report->d_real;
	run->d_fake = report->d_fake;
	run->wasserstein = report->wasserstein;
	run->penalty = report->penalty;
	for (int network = 0; network < VIEW_NETWORKS; network++)
		run->gradient_norm[network] = report->gradient_norm[network];
	run->images_per_second = progress->images_per_second;
	run->gflops = progress->gflops;
	run->eta_seconds = progress->eta_seconds;
	run->quantize_share = progress->quantize_share;
}

static void add_point(struct view *view, const struct step_report *mean)
{
	series_append(&view->loss[VIEW_D], mean->step, mean->loss[NETWORK_D]);
	series_append(&view->loss[VIEW_G], mean->step, mean->loss[NETWORK_G]);
	series_append(&view->d_real, mean->step, mean->d_real);
	series_append(&view->d_fake, mean->step, mean->d_fake);
	series_append(&view->wasserstein, mean->step, mean->wasserstein);
	series_append(&view->penalty, mean->step, mean->penalty);
}

void view_clock_add(struct view *view, int64_t step, double epochs, double time, double images_per_second)
{
	static const double patience = 10, least = 60; /* slower than so many times the usual speed, and so many seconds: a pause */
	const struct series *known = &view->seconds;
	double spent = 0;
	if (known->count == 0) {
		view->first_step = step;
		view->first_epochs = epochs;
	} else {
		int64_t before = known->buckets[known->count - 1].last_step;
		double usual = images_per_second > 0 ? (double)(step - before) * view->run.batch / images_per_second : 0;
		spent = fmax(0, time - view->clock_time);
		spent = spent > fmax(patience * usual, least) ? usual : spent;
	}
	view->clock_seconds += spent;
	view->clock_time = time;
	series_append(&view->seconds, step, view->clock_seconds);
}

static void take_metrics(struct view *view, const struct event *event)
{
	const struct step_report *mean = &event->progress.report;
	view_clock_add(view, mean->step, mean->epochs, event->time, event->progress.images_per_second);
	add_point(view, mean);
}

void view_fill_layer(struct view_layer *layer, const struct layer_report *report)
{
	const struct quant_statistics *statistics = &report->statistics;
	bool quantized = statistics->fit.bits != QUANT_FLOAT_BITS;
	*layer = (struct view_layer){
		.bits = statistics->fit.bits,
		.states = quantized ? 1 << statistics->fit.bits : 0,
		.groups = quantized ? statistics->groups : 1,
		.degenerate = quantized && report->quantizer && statistics->fit.bits < report->quantizer->least_bits,
		.weights = statistics->weights,
		.alpha = quantized ? statistics->fit.alpha : NAN,
		.beta = quantized ? statistics->fit.beta : NAN,
		.mse = quantized ? statistics->mean_squared_error : NAN,
		.variance = statistics->variance,
		.sqnr_db = quantized ? statistics->sqnr_db : NAN,
		.utilization = quantized ? statistics->utilization : NAN,
		.flips = report->flips,
		.flip_steps = isnan(report->flips) ? 0 : report->flip_steps,
		.packed_bytes = quantized ? statistics->packed_bytes : (double)statistics->weights * sizeof(float),
		.dead_states = statistics->dead_states,
		.iterations = statistics->fit.iterations,
		.trace_count = quantized ? report->trace.count : 0,
		.histogram_min = statistics->histogram_min,
		.histogram_max = statistics->histogram_max,
	};
	text_copy(layer->name, sizeof layer->name, report->name);
	text_copy(layer->shape, sizeof layer->shape, report->shape);
	text_copy(layer->quantizer, sizeof layer->quantizer, quantized && report->quantizer ? report->quantizer->name : "float");
	memcpy(layer->counts, statistics->counts, sizeof layer->counts[0] * (size_t)layer->states);
	memcpy(layer->levels, statistics->levels, sizeof layer->levels[0] * (size_t)layer->states);
	memcpy(layer->trace, report->trace.errors, sizeof layer->trace[0] * (size_t)layer->trace_count);
	memcpy(layer->histogram, statistics->histogram, sizeof layer->histogram);
}

static bool is_degenerate(const char *quantizer, int bits)
{
	const struct quantizer *row = quantizer_find(quantizer, NULL);
	return row && bits < row->least_bits;
}

/* A file may say anything: what does not fit is left out. */
void view_fill_stored_layer(struct view_layer *layer, const struct layer_stats *stats)
{
	int states = stats->states < VIEW_MAX_STATES ? stats->states : VIEW_MAX_STATES;
	int errors = stats->trace_count < VIEW_TRACE ? stats->trace_count : VIEW_TRACE;
	*layer = (struct view_layer){
		.bits = stats->bits, .states = states, .groups = stats->groups, .degenerate = is_degenerate(stats->quantizer, stats->bits),
		.weights = (uint64_t)stats->weights, .alpha = stats->alpha, .beta = stats->beta, .mse = stats->mse,
		.variance = stats->variance, .sqnr_db = stats->sqnr_db, .utilization = stats->utilization,
		.flips = stats->flips, .flip_steps = stats->flip_steps, .packed_bytes = stats->packed_bytes,
		.iterations = stats->iterations, .trace_count = errors,
		.histogram_min = (float)stats->histogram_min, .histogram_max = (float)stats->histogram_max,
	};
	text_copy(layer->name, sizeof layer->name, stats->layer);
	text_copy(layer->shape, sizeof layer->shape, stats->shape);
	text_copy(layer->quantizer, sizeof layer->quantizer, stats->quantizer);
	for (int i = 0; i < states; i++) {
		layer->counts[i] = (uint64_t)stats->counts[i];
		layer->levels[i] = stats->levels[i];
		layer->dead_states += stats->counts[i] == 0;
	}
	for (int i = 0; i < errors; i++)
		layer->trace[i] = (float)stats->trace[stats->trace_count - errors + i];
	for (int i = 0; i < stats->bins && i < VIEW_BINS; i++)
		layer->histogram[i] = (uint32_t)stats->histogram[i];
}

static void take_layers(struct view *view, const struct event *event)
{
	static struct view_layer fresh; /* large */
	int count[VIEW_NETWORKS] = {0};
	view->layers_back.count++;
	for (int i = 0; i < event->layer_count; i++) {
		int network = event->layers[i].network == NETWORK_D ? VIEW_D : VIEW_G;
		if (count[network] == VIEW_MAX_LAYERS)
			continue;
		int position = count[network]++;
		view_fill_layer(&fresh, &event->layers[i]);
		view_history_add(&view->history[network][position], event->step, fresh.bits, fresh.states, (const int64_t *)fresh.counts);
		if (!view->layers_back.on)
			view->layers[network][position] = fresh;
	}
	if (view->layers_back.on)
		return;
	memcpy(view->layer_count, count, sizeof count);
	view->layers_step = event->step;
	view_sum_sizes(view);
}

void view_set_sample(struct view *view, const struct sample *sample, struct image *picture)
{
	image_destroy((struct image *)view->sample);
	view->sample = picture;
	view->sample_version++;
	view->sample_step = sample->step;
	view->sample_g_bits = sample->g_bits;
	view->sample_seed = sample->seed;
	view->sample_tiles = sample->tiles;
	view->sample_columns = sample->columns;
}

/* Who looks back is not disturbed. */
static void take_sample(struct view *view, const struct event *event)
{
	struct sample sample = {.step = event->step, .g_bits = view->run.bits[VIEW_G], .seed = event->seed, .tiles = event->tiles,
	                        .columns = event->columns};
	if (event->seed == 0) {
		view->run.diversity = event->diversity;
		view->sample_back.count++;
	}
	struct image *copy = view->sample_back.on ? NULL : image_copy(event->picture, NULL);
	if (copy)
		view_set_sample(view, &sample, copy);
}

static void take_journal(struct view *view, const struct event *event)
{
	char step[32];
	apply_change(view, event->field, event->value);
	add_mark(view, event->step, event->field, event->value);
	if (!strcmp(event->field, "bits"))
		add_layer_mark(view, event->step, event->text);
	view_log(view, event->time, false, "step %s  %s", text_count(step, sizeof step, event->step), event->text);
}

/* A line in the log when the verdict changes, not when only its numbers do. */
static void take_verdict(struct view *view, const struct event *event)
{
	const struct verdict *verdict = &event->verdict;
	char step[32];
	struct view_verdict *shown = &view->run.verdict;
	const char *kind = verdict_kind_name(verdict->kind);
	bool news = strcmp(shown->kind, kind) != 0 || shown->warned != (verdict->warnings != 0);
	text_copy(shown->kind, sizeof shown->kind, kind);
	text_copy(shown->reason, sizeof shown->reason, verdict->reason);
	text_copy(shown->action, sizeof shown->action, verdict->action);
	shown->warned = verdict->warnings != 0;
	if (news && (shown->warned || verdict->kind != VERDICT_UNDECIDED))
		view_log(view, event->time, shown->warned, "step %s  %s: %.150s", text_count(step, sizeof step, event->step), kind,
		         verdict->reason);
}

static void take_reply(struct view *view, const struct event *event)
{
	if (event->error.code != ERROR_NONE)
		view_log(view, event->time, true, "%s refused: %.150s", command_name(event->command), event->error.text);
}

void view_take_event(struct view *view, const struct event *event)
{
	static void (*const handlers[])(struct view *, const struct event *) = {
		[EVENT_STATE] = take_state, [EVENT_STARTED] = take_started, [EVENT_LOADING] = take_loading,
		[EVENT_PROGRESS] = take_progress, [EVENT_METRICS] = take_metrics, [EVENT_LAYERS] = take_layers,
		[EVENT_SAMPLE] = take_sample, [EVENT_CHECKPOINT] = NULL, [EVENT_JOURNAL] = take_journal, [EVENT_REPLY] = take_reply,
		[EVENT_SNAPSHOT] = NULL, [EVENT_VERDICT] = take_verdict, [EVENT_SCORE] = view_take_score,
		[EVENT_SCORING] = view_take_scoring,
	};
	if (handlers[event->kind])
		handlers[event->kind](view, event);
}
