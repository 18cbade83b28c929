/* Views with anything in them: odd numbers, odd texts, odd counts. The same sequence on every machine. */
#ifndef QGAN_TESTS_RANDOM_VIEW_H
#define QGAN_TESTS_RANDOM_VIEW_H

#include "tests/view_fixture.h"

static inline int64_t random_below(int64_t limit) { return (int64_t)(fixture_random() * (double)limit); }

static inline double random_number(void)
{
	static const double odd[] = {0, 1, -1, 1e300, -1e300, 1e-300, 32, 100, 0.5};
	if (random_below(8) == 0)
		return NAN;
	if (random_below(8) == 0)
		return random_below(2) ? INFINITY : -INFINITY;
	return random_below(2) ? odd[random_below(9)] : fixture_noise() * pow(10, (double)random_below(12) - 4);
}

static inline void random_text(char *text, size_t size)
{
	static const char *const pieces[] = {"a", " ", "loss", "\xff", "\xe2\x96", "\xe4\xb8\xad", "\t",
		"%s", "-", "\n", "very-long-word-without-any-blank", "\xcc\x81"};
	text[0] = '\0';
	for (int64_t i = random_below(60); i > 0; i--)
		if (strlen(text) + 40 < size)
			strcat(text, pieces[random_below(12)]);
}

static inline void random_run(struct view_run *run)
{
	static const int bits[] = {32, 1, 2, 8, 0, -5, 1000000};
	*run = (struct view_run){.id = random_below(9), .state = (enum view_state)random_below(VIEW_FAILED + 1),
		.steerable = random_below(2), .size = (int)random_below(200) - 10, .channels = (int)random_below(5),
		.width = (int)random_below(2000000000), .batch = (int)random_below(100) - 50, .threads = (int)random_below(99),
		.seed = (uint64_t)random_below(INT64_MAX), .step = random_below(INT64_MAX),
		.last_step = random_below(3) * random_below(INT64_MAX / 4),
		.epochs = random_number(), .last_epoch = random_number(), .loss_d = random_number(), .loss_g = random_number(),
		.d_real = random_number(), .d_fake = random_number(), .wasserstein = random_number(), .penalty = random_number(),
		.estimates_distance = random_below(2), .images_per_second = random_number(), .gflops = random_number(),
		.quantize_share = random_number(), .eta_seconds = random_number(), .loading = random_number(),
		.diversity = random_number()};
	for (int i = 0; i < VIEW_NETWORKS; i++) {
		run->bits[i] = bits[random_below(7)];
		run->learning_rate[i] = random_number();
		run->gradient_norm[i] = random_number();
		run->weights[i] = (uint64_t)random_below(INT64_MAX);
		run->packed_bytes[i] = random_number();
		run->float_bytes[i] = random_number();
	}
	random_text(run->name, sizeof run->name);
	random_text(run->d_says, sizeof run->d_says);
	random_text(run->loss_unit, sizeof run->loss_unit);
	random_text(run->model, sizeof run->model);
	random_text(run->data, sizeof run->data);
	random_text(run->quantizer, sizeof run->quantizer);
	random_text(run->message, sizeof run->message);
	random_text(run->verdict.kind, sizeof run->verdict.kind);
	random_text(run->verdict.reason, sizeof run->verdict.reason);
	random_text(run->verdict.action, sizeof run->verdict.action);
}

static inline void random_scores(struct view_scores *scores)
{
	*scores = (struct view_scores){.fid = random_number(), .fid_std = random_number(), .is = random_number(),
		.is_std = random_number(), .best_fid = random_number(), .best_is = random_number(), .best_fid_step = random_below(INT64_MAX),
		.best_is_step = random_below(INT64_MAX), .now = {.active = random_below(2), .live = random_below(2),
			.held = random_below(2), .reference = random_below(2), .samples = random_below(INT64_MAX),
			.share = random_number(), .seconds_left = random_number()}};
	random_text(scores->recipe, sizeof scores->recipe);
	for (int64_t step = 0; step < 40; step += 1 + random_below(9))
		series_append(&scores->fid_curve, step, random_number());
}

static inline void random_layer(struct view_layer *layer)
{
	*layer = (struct view_layer){.bits = (int)random_below(40),
		.states = random_below(3) ? 1 << random_below(9) : (int)random_below(400) - 50,
		.weights = (uint64_t)random_below(INT64_MAX), .alpha = random_number(), .beta = random_number(), .mse = random_number(),
		.sqnr_db = random_number(), .utilization = random_number(), .flips = random_number(),
		.dead_states = (int)random_below(300) - 20,
		.iterations = (int)random_below(100) - 20};
	random_text(layer->name, sizeof layer->name);
	random_text(layer->shape, sizeof layer->shape);
	for (int i = 0; i < VIEW_MAX_STATES; i++)
		layer->counts[i] = random_below(3) ? (uint64_t)random_below(INT64_MAX) : 0;
	for (int i = 0; i < VIEW_BINS; i++)
		layer->histogram[i] = random_below(3) ? (uint32_t)random_below(UINT32_MAX) : 0;
	layer->histogram_min = (float)random_number();
	layer->histogram_max = random_below(4) ? layer->histogram_min + (float)fabs(random_number()) : layer->histogram_min;
	for (int z = 0; z < VIEW_MAX_STATES; z++)
		layer->levels[z] = random_below(3) ? (z - 128) * 0.01 : random_number();
	layer->levels[0] = random_below(2) ? -INFINITY : layer->levels[0];
	random_text(layer->quantizer, sizeof layer->quantizer);
	layer->groups = (int)random_below(600) - 3;
	layer->degenerate = random_below(2);
	layer->variance = random_number();
	layer->flip_steps = random_below(3) * random_below(1000);
	layer->packed_bytes = random_number();
	layer->trace_count = (int)random_below(100) - 10;
	for (int i = 0; i < VIEW_TRACE; i++)
		layer->trace[i] = (float)random_number();
}

static inline void random_history(struct view_history *history)
{
	static const int counts[] = {0, 1, 2, 37, 255, VIEW_HISTORY, -3, VIEW_HISTORY + 9};
	history->count = counts[random_below(8)];
	history->merged = (int)random_below(5);
	for (int i = 0; i < VIEW_HISTORY; i++) {
		struct view_history_column *column = &history->columns[i];
		column->step = random_below(INT64_MAX);
		column->bits = random_below(3) ? 1 + (int)random_below(8) : (int)random_below(40) - 3;
		for (int z = 0; z < VIEW_HISTORY_STATES; z++)
			column->shares[z] = random_below(4) ? (float)fixture_random() : (float)random_number();
	}
}

static inline void random_what_if(struct view *view, struct view_what_if *what_if)
{
	*what_if = (struct view_what_if){.asked = random_below(2), .busy = random_below(2),
		.network = (enum view_network)random_below(2),
		.layer = (int)random_below(VIEW_MAX_LAYERS + 4) - 2, .whole_network = random_below(2), .bits = (int)random_below(40) - 3,
		.per_channel = random_below(2), .step = random_below(INT64_MAX), .best_error = random_number(),
		.network_bytes = random_number(),
		.blink = (enum view_blink)random_below(2), .seconds = {random_number(), random_number()}};
	random_text(what_if->method, sizeof what_if->method);
	if (random_below(2))
		random_layer(&what_if->answer);
	for (int m = 0; m < (int)random_below(VIEW_METHODS + 1); m++)
		random_text(what_if->methods[m], sizeof what_if->methods[m]);
	for (int m = 0; m < VIEW_METHODS; m++)
		for (int k = 0; k < VIEW_WHAT_IF_BITS; k++)
			what_if->errors[m][k] = random_number();
	if (random_below(4) == 0)
		random_text(what_if->message, sizeof what_if->message);
	for (int i = 0; i < 2; i++)
		what_if->picture[i] = random_below(2) ? view->sample : NULL;
}

static inline void random_other(struct view_other *other)
{
	other->shown = random_below(2);
	other->step = random_below(INT64_MAX);
	random_text(other->run, sizeof other->run);
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		other->layer_count[network] = (int)random_below(VIEW_MAX_LAYERS + 1);
		for (int i = 0; i < other->layer_count[network]; i++)
			random_layer(&other->layers[network][i]);
	}
}

static inline void random_series(struct series *series)
{
	int64_t step = random_below(2) ? 0 : random_below(INT64_MAX / 2);
	series_reset(series);
	for (int64_t i = random_below(300); i > 0; i--) {
		series_append(series, step, random_number());
		step += random_below(3) * random_below(1000000);
	}
}

static inline void random_lists(struct view *view)
{
	view->mark_count = (int)random_below(VIEW_MAX_MARKS + 1);
	for (int i = 0; i < view->mark_count; i++) {
		view->marks[i].step = i * random_below(100000);
		random_text(view->marks[i].label, sizeof view->marks[i].label);
	}
	view->log_count = random_below(3) * random_below(1000);
	for (int i = 0; i < VIEW_LOG_LINES; i++) {
		view->log[i].time = fixture_random() * 4e9;
		view->log[i].warning = random_below(2);
		random_text(view->log[i].text, sizeof view->log[i].text);
	}
	struct fixture_list *list = fixture_list(view);
	list->view.count = (int)random_below(2) * (int)random_below(FIXTURE_ROWS);
	list->view.total = (int)random_below(20000);
	list->view.marked = (int)random_below(3) * (int)random_below(500);
	list->view.trash = random_below(2);
	list->view.sorted = (int)random_below(20) - 3;
	list->view.falling = random_below(2);
	list->view.shown_count = (int)random_below(30) - 3;
	list->view.store_bytes = random_number();
	list->view.complaint_at = (int)random_below(100) - 5;
	random_text(list->view.filter, sizeof list->view.filter);
	random_text(list->view.complaint, sizeof list->view.complaint);
	random_text(list->view.view, sizeof list->view.view);
	for (int i = 0; i < VIEW_RUN_SHOWN; i++)
		list->view.shown[i] = (int)random_below(20) - 2;
	for (int i = 0; i < list->view.count; i++) {
		struct fixture_row *run = &list->rows[i];
		random_text(run->name, sizeof run->name);
		random_text(run->data, sizeof run->data);
		random_text(run->note, sizeof run->note);
		run->id = random_below(5);
		run->fid = random_number();
		run->age = random_number();
		run->marked = random_below(2);
	}
}

/* Of the layers there are, or of none. */
static inline void random_costs(struct view *view)
{
	view->costs.count = (int)random_below(VIEW_SEARCH_LAYERS + 1);
	for (int i = 0; i < view->costs.count; i++) {
		struct view_search_layer *cost = &view->costs.layers[i];
		int network = i % VIEW_NETWORKS, layer = i / VIEW_NETWORKS % VIEW_MAX_LAYERS;
		snprintf(cost->name, sizeof cost->name, "%c.%.24s", "DG"[network], view->layers[network][layer].name);
		cost->bits = (int)random_below(40);
		cost->rise = random_number();
	}
}

static inline void random_view(struct view *view)
{
	random_run(&view->run);
	random_scores(&view->scores);
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		random_series(&view->loss[network]);
		view->layer_count[network] = (int)random_below(VIEW_MAX_LAYERS + 1);
		for (int i = 0; i < view->layer_count[network]; i++)
			random_layer(&view->layers[network][i]);
		for (int i = 0; i < VIEW_MAX_LAYERS; i++)
			random_history(&view->history[network][i]);
	}
	random_costs(view);
	random_what_if(view, &view->what_if);
	random_other(&view->other);
	random_series(&view->d_real);
	random_series(&view->d_fake);
	random_series(&view->wasserstein);
	random_series(&view->penalty);
	random_lists(view);
	random_text(view->store_path, sizeof view->store_path);
	random_text(view->warning, sizeof view->warning);
	view->layers_step = random_below(INT64_MAX);
	view->sample_step = random_below(INT64_MAX);
	view->sample_g_bits = (int)random_below(40);
	view->sample_seed = (uint64_t)random_below(3) * (uint64_t)random_below(INT64_MAX);
}

#endif
