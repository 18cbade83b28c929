/* A view as a training in full swing fills it: fixed numbers, fixed clock. For the screen tests. */
#ifndef QGAN_TESTS_VIEW_FIXTURE_H
#define QGAN_TESTS_VIEW_FIXTURE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "ui/view.h"

static uint64_t fixture_state;

/* 0..1, the same sequence on every machine. */
static inline double fixture_random(void)
{
	fixture_state = fixture_state * 6364136223846793005u + 1442695040888963407u;
	return (double)(fixture_state >> 40) / (double)(1 << 24);
}

/* Roughly normal, by a sum of uniforms. */
static inline double fixture_noise(void)
{
	double sum = 0;
	for (int i = 0; i < 12; i++)
		sum += fixture_random();
	return sum - 6;
}

/* Thousandths: the last bits of libm must not decide where a dot falls. */
static inline void fixture_append(struct series *series, int64_t step, double value)
{
	series_append(series, step, round(value * 1000) / 1000);
}

static inline void fixture_curves(struct view *view, int64_t steps)
{
	for (int64_t step = 1; step <= steps; step++) {
		double t = (double)step / 400, settled = t / (1 + t);
		double wave = sin((double)step / 130) + 0.6 * sin((double)step / 47 + 1);
		double relaxed = step > 2400 ? 1 - exp(-((double)step - 2400) / 200) : 0;
		double g = 1.3 + 2.2 * settled - 0.9 * relaxed + 0.25 * wave + 0.45 * fixture_noise();
		double d = 1.25 - 0.75 * settled + 0.25 * (step > 1900) - 0.08 * wave + 0.16 * fixture_noise();
		fixture_append(&view->loss[VIEW_D], step, fmax(d, 0.02));
		fixture_append(&view->loss[VIEW_G], step, fmax(g, 0.02) + (step == 1203 ? 5 : 0));
		double belief = 0.5 + 0.28 * settled + 0.05 * wave + 0.05 * fixture_noise();
		fixture_append(&view->d_real, step, fmin(belief, 0.999));
		fixture_append(&view->d_fake, step, fmax(1.02 - belief - 0.03 * wave + 0.05 * fixture_noise(), 0.001));
	}
	view->run.loss_d = view->loss[VIEW_D].last;
	view->run.loss_g = view->loss[VIEW_G].last;
	view->run.d_real = view->d_real.last;
	view->run.d_fake = view->d_fake.last;
}

static const double fixture_deviation = 0.0194;

/* Normal weights in 2^bits equal steps between +-2.2 standard deviations. */
static inline void fixture_count_states(struct view_layer *layer)
{
	double width = 4.4 / layer->states, entropy = 0;
	layer->alpha = width * fixture_deviation;
	layer->beta = (width / 2 - 2.2) * fixture_deviation;
	uint64_t left = layer->weights, middle = (uint64_t)layer->states / 2;
	for (int z = 0; z < layer->states; z++) {
		double low = -2.2 + z * width, high = low + width;
		double share = 0.5 * (erf(high / sqrt(2)) - erf(low / sqrt(2)));
		if (z == 0 || z == layer->states - 1)
			share += 0.5 * (1 + erf(-2.2 / sqrt(2)));
		layer->levels[z] = layer->beta + z * layer->alpha;
		layer->counts[z] = (uint64_t)(share * (double)layer->weights);
		left -= layer->counts[z];
		entropy -= share > 0 ? share * log2(share) : 0;
	}
	layer->counts[middle] += left;
	layer->utilization = entropy / layer->bits;
	layer->mse = layer->variance * 0.361 / pow(3.3, layer->bits - 1);
	layer->sqnr_db = 10 * log10(layer->variance / layer->mse);
	layer->flips = 0.0012;
	layer->flip_steps = 100;
	layer->iterations = 7;
	for (layer->trace_count = 0; layer->trace_count <= layer->iterations; layer->trace_count++)
		layer->trace[layer->trace_count] = (float)(layer->mse * (1 + 0.4 * exp(-layer->trace_count)));
}

static inline void fixture_set_bits(struct view_layer *layer, const char *quantizer, int bits)
{
	layer->bits = bits;
	layer->states = bits < 32 ? 1 << bits : 0;
	layer->groups = 1;
	layer->packed_bytes = (double)layer->weights * bits / 8 + (bits < 32 ? 8 : 0);
	text_copy(layer->quantizer, sizeof layer->quantizer, bits < 32 ? quantizer : "float");
	if (bits < 32)
		fixture_count_states(layer);
}

static inline void fixture_layer(struct view *view, enum view_network network, const char *name, const char *shape,
	uint64_t weights)
{
	struct view_layer *layer = &view->layers[network][view->layer_count[network]++];
	*layer = (struct view_layer){.weights = weights, .alpha = NAN, .beta = NAN,
		.variance = fixture_deviation * fixture_deviation, .mse = NAN, .sqnr_db = NAN, .utilization = NAN,
		.flips = NAN, .histogram_min = -0.09f, .histogram_max = 0.09f};
	text_copy(layer->name, sizeof layer->name, name);
	text_copy(layer->shape, sizeof layer->shape, shape);
	for (int i = 0; i < VIEW_BINS; i++)
		layer->histogram[i] = (uint32_t)(1000 * exp(-pow((i - 47.5) / 16, 2)));
	fixture_set_bits(layer, "em", view->run.bits[network]);
	view->run.weights[network] += weights;
	view->run.float_bytes[network] += 4.0 * (double)weights;
	view->run.packed_bytes[network] += (double)weights * layer->bits / 8 + 8;
}

static inline void fixture_layers(struct view *view, int d_bits, int g_bits)
{
	view->run.bits[VIEW_D] = d_bits;
	view->run.bits[VIEW_G] = g_bits;
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		view->layer_count[network] = 0;
		view->run.weights[network] = 0;
		view->run.float_bytes[network] = view->run.packed_bytes[network] = 0;
	}
	fixture_layer(view, VIEW_D, "conv1", "64x1x4x4", 1024);
	fixture_layer(view, VIEW_D, "conv2", "128x64x4x4", 131072);
	fixture_layer(view, VIEW_D, "conv3", "256x128x4x4", 524288);
	fixture_layer(view, VIEW_D, "conv4", "1x256x4x4", 4096);
	fixture_layer(view, VIEW_G, "deconv1", "100x256x4x4", 409600);
	fixture_layer(view, VIEW_G, "deconv2", "256x128x4x4", 524288);
	fixture_layer(view, VIEW_G, "deconv3", "128x64x4x4", 131072);
	fixture_layer(view, VIEW_G, "deconv4", "64x1x4x4", 1024);
	struct view_layer *last = &view->layers[VIEW_D][3];
	if (last->states >= 4) { /* one dead state, its weights next door */
		last->counts[last->states - 2] += last->counts[last->states - 1];
		last->counts[last->states - 1] = 0;
		last->dead_states = 1;
		last->sqnr_db -= 1.4;
	}
	view->layers_step = view->run.step;
}

/* A record every 20 steps: float until 1,900 (D) or 2,400 (G), then the states drift to what they are now. */
static inline void fixture_history(struct view *view)
{
	for (int network = 0; network < VIEW_NETWORKS; network++)
		for (int i = 0; i < view->layer_count[network]; i++) {
			const struct view_layer *layer = &view->layers[network][i];
			struct view_history *history = &view->history[network][i];
			*history = (struct view_history){.count = 156, .merged = 1};
			for (int c = 0; c < history->count; c++) {
				struct view_history_column *column = &history->columns[c];
				column->step = 20 * (c + 1);
				column->bits = column->step <= (network == VIEW_D ? 1900 : 2400) ? 32 : layer->bits;
				int shown = layer->states < VIEW_HISTORY_STATES ? layer->states : VIEW_HISTORY_STATES;
				for (int z = 0; column->bits < 32 && z < layer->states; z++) {
					double now = (double)layer->counts[z] / (double)layer->weights;
					double old = z == layer->states / 2 ? 0.7 : 0.3 / (layer->states - 1);
					double mixed = exp(-(double)(column->step - 1900) / 150);
					column->shares[z * shown / layer->states] += (float)(now + (old - now) * (mixed < 1 ? mixed : 1));
				}
			}
		}
}

/* A question about one layer, answered: `method` at `bits` with rivals' errors. */
static inline void fixture_ask(struct view *view, enum view_network network, int layer, const char *method, int bits)
{
	static const char *const methods[] = {"em", "minmax", "log", "tanh"};
	static const double errors[4][4] = {{0.361, 0.117, 0.0376, 0.0117}, {8.21, 0.503, 0.0889, 0.0196},
		{INFINITY, 0.79, 0.412, 0.131}, {INFINITY, 288, 71, 15.9}};
	struct view_what_if *what_if = &view->what_if;
	*what_if = (struct view_what_if){.asked = true, .network = network, .layer = layer, .bits = bits, .step = view->run.step,
		.best_error = 0.1081, .network_bytes = 270000, .seconds = {0.0124, 0.41}};
	text_copy(what_if->method, sizeof what_if->method, method);
	for (int m = 0; m < 4; m++) {
		text_copy(what_if->methods[m], sizeof what_if->methods[m], methods[m]);
		for (int k = 0; k < VIEW_WHAT_IF_BITS; k++)
			what_if->errors[m][k] = k < 4 ? errors[m][k] : errors[m][3] / pow(3.6, k - 3);
	}
	what_if->answer = view->layers[network][layer];
	fixture_set_bits(&what_if->answer, method, bits);
	if (strcmp(method, "tanh") == 0 && bits < 32) {
		struct view_layer *answer = &what_if->answer;
		double states = answer->states;
		memset(answer->counts, 0, sizeof answer->counts);
		for (int z = 0; z < answer->states; z++)
			answer->levels[z] = atanh(2.0 * z / (states - 1) - 1);
		answer->counts[answer->states / 2 - 1] = answer->weights / 2;
		answer->counts[answer->states / 2] = answer->weights - answer->weights / 2;
		answer->dead_states = answer->states - 2;
		answer->utilization = 1.0 / bits;
		answer->mse = 288 * answer->variance;
		answer->sqnr_db = -24.6;
		answer->alpha = answer->beta = NAN;
	}
	what_if->answer.flips = NAN;
}

/* The same network of another run, 1 bit. */
static inline void fixture_other(struct view *view)
{
	view->other = (struct view_other){.shown = true, .step = 26100};
	text_copy(view->other.run, sizeof view->other.run, "cifar-1d2g-b");
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		view->other.layer_count[network] = view->layer_count[network];
		for (int i = 0; i < view->layer_count[network]; i++) {
			struct view_layer *layer = &view->other.layers[network][i];
			*layer = view->layers[network][i];
			layer->histogram_min *= 0.6f;
			layer->histogram_max *= 0.6f;
			fixture_set_bits(layer, "em", 1);
		}
	}
}

static inline void fixture_log(struct view *view, double time, bool warning, const char *text)
{
	struct view_log_line *line = &view->log[view->log_count++ % VIEW_LOG_LINES];
	line->time = time;
	line->warning = warning;
	text_copy(line->text, sizeof line->text, text);
}

static inline void fixture_mark(struct view *view, int64_t step, const char *label)
{
	view->marks[view->mark_count].step = step;
	text_copy(view->marks[view->mark_count++].label, sizeof view->marks->label, label);
}

/* The list of runs as the session writes it, from rows that tests may change. */
struct fixture_row {
	int64_t id;
	char name[64], status[12], verdict[16], tags[32], model[16], data[64], quantizer[16];
	int d_bits, g_bits;
	int64_t step, last_step;
	double fid, best_fid, is, ratio, age;
	bool marked, here;
	char note[96];
};

enum { FIXTURE_ROWS = 16 };
struct fixture_list {
	struct view_runs view; /* first: what view->runs points to */
	struct fixture_row rows[FIXTURE_ROWS];
};

static inline struct fixture_list *fixture_list(const struct view *view) { return (struct fixture_list *)view->runs; }

static inline void fixture_row(const void *context, int row, struct view_run_row *out)
{
	const struct fixture_row *run = (const struct fixture_row *)context + (row >= 0 && row < FIXTURE_ROWS ? row : 0);
	*out = (struct view_run_row){run->id, run->name, run->status, run->verdict, run->tags, run->note, run->marked, run->here};
}

static const struct view_run_column fixture_columns[] = {
	{"name", "name", "name of the run", 18, 40, 0, false}, {"status", "status", "live, paused or how it ended", 9, 0, 0, false},
	{"verdict", "verdict", "how the training is judged", 10, 0, 4, false}, {"tags", "tags", "tags of the run", 8, 24, 3, false},
	{"model", "model", "model family", 6, 8, 7, false}, {"data", "data", "data set, as given", 13, 28, 3, false},
	{"bits.d", "D", "present bits of D", 2, 5, 1, true}, {"bits.g", "G", "present bits of G", 2, 5, 1, true},
	{"quantizer", "quantizer", "how weights become states", 9, 0, 4, false}, {"step", "step", "steps done", 7, 10, 1, true},
	{"fid", "FID", "last FID", 6, 8, 1, true}, {"fid.best", "best", "lowest FID", 6, 8, 1, true},
	{"is", "IS", "last Inception Score", 5, 7, 2, true}, {"ratio", "ratio", "float bytes over packed bytes", 6, 7, 3, true},
	{"age", "age", "since it ended, or said something", 6, 0, 2, true}, {"seed", "seed", "seed of the run", 6, 0, 8, true},
};

static inline void fixture_number(char *text, double value, const char *format)
{
	if (isfinite(value))
		snprintf(text, VIEW_CELL, format, value);
	else
		text_copy(text, VIEW_CELL, "-");
}

static inline void fixture_cell(const void *context, int row, int column, char text[VIEW_CELL])
{
	const struct fixture_row *run = (const struct fixture_row *)context + (row >= 0 && row < FIXTURE_ROWS ? row : 0);
	const char *const texts[] = {run->name, run->status, run->verdict, run->tags, run->model, run->data};
	text[0] = '\0';
	if (column < 6)
		text_copy(text, VIEW_CELL, texts[column][0] ? texts[column] : "-");
	else if (column <= 7)
		snprintf(text, VIEW_CELL, "%d", column == 6 ? run->d_bits : run->g_bits);
	else if (column == 8)
		text_copy(text, VIEW_CELL, run->quantizer);
	else if (column == 9)
		text_count(text, VIEW_CELL, run->step);
	else if (column <= 12)
		fixture_number(text, column == 10 ? run->fid : column == 11 ? run->best_fid : run->is, column == 12 ? "%.2f" : "%.1f");
	else if (column == 13)
		fixture_number(text, run->ratio, "%.1fx");
	else if (column == 14)
		text_age(text, VIEW_CELL, run->age);
}

static inline void fixture_runs(struct view *view)
{
	static const struct fixture_row rows[] = {
		{7, "fmnist-dcgan-7f3a", "live", "unstable", "", "dcgan", "fashion-mnist", "em", 2, 1, 3120, 11250, 31.4, 28.9, 5.11, 20.4, 2,
			false, true, ""},
		{6, "cifar-1d2g-b", "paused", "undecided", "paper", "dcgan", "cifar10:/data/cifar-10-batches-bin", "em", 1, 2, 26100, 42000, 66,
			64.7, 4.2, 21.1, 5400, true, false, ""},
		{5, "cifar-float", "finished", "convergent", "paper base", "dcgan", "cifar10:/data/cifar-10-batches-bin", "em", 32, 32, 42000,
			42000, 42.2, 41.3, 5.02, 1, 18000, true, false, "the float run that all others are held against"},
		{4, "cifar-minmax-2", "stopped", "failed", "", "dcgan", "cifar10:/data/cifar-10-batches-bin", "minmax", 2, 2, 12000, 42000, 118.4,
			110.2, 2.9, 15.9, 86400, false, false, ""},
		{3, "faces-64", "crashed", "", "", "dcgan", "images:/data/faces", "em", 4, 4, 880, 0, NAN, NAN, NAN, 7.9, 200000, false, false, ""},
		{2, "shapes-nan", "failed", "failed", "", "dcgan", "shapes", "tanh", 2, 1, 41, 5000, NAN, NAN, NAN, NAN, 500000, false, false, ""},
	};
	struct fixture_list *list = memory_zeroed(1, sizeof *list);
	memcpy(list->rows, rows, sizeof rows);
	list->view = (struct view_runs){.count = sizeof rows / sizeof *rows, .total = 412, .marked = 2, .columns = fixture_columns,
		.column_count = sizeof fixture_columns / sizeof *fixture_columns, .shown_count = 15, .sorted = -1, .complaint_at = -1,
		.views = {"paper", "this-week"}, .view_count = 2, .store_bytes = 1.2e9, .here = "fmnist-dcgan-7f3a", .context = list->rows,
		.row = fixture_row, .cell = fixture_cell};
	for (int i = 0; i < list->view.shown_count; i++)
		list->view.shown[i] = i;
	view->runs = &list->view;
}

static inline void fixture_page(struct view_page *page)
{
	static const struct view_fact facts[] = {
		{"name", "fmnist-dcgan-7f3a"}, {"number", "7"}, {"status", "live"},
		{"verdict", "unstable: D tells nothing apart: D(x) - D(G(z)) is 0.014 for 200 steps"}, {"tags", "bits paper"},
		{"step", "3,120 of 11,250, epoch 3.33"}, {"trained", "11:02"}, {"created", "2026-11-26 09:00:00"},
		{"last sign of life", "2026-11-26 09:11:02"}, {"best FID", "31.42 at step 3,000"}, {"parent", "fmnist-float at step 9,000"},
		{"machine", "4 cores, AVX-512"}, {"host", "ada, process 4711"}, {"version", "qgan 0.1.0"},
		{"checkpoints", "3, 16.2 MB, the newest at step 3,000"},
	};
	static const struct view_fact settings[] = {
		{"model", "dcgan", "", "", "model family", "default"}, {"data", "fashion-mnist", "", "", "data set", "run"},
		{"width", "64", "32", "", "feature maps of the widest layer, divided", "recipe"},
		{"batch", "64", "", "", "pictures a step", "default"},
		{"seed", "7", "1", "7", "of all random numbers", "flag"}, {"d-bits", "2", "32", "32", "bits of D's weights", "form"},
		{"g-bits", "1", "32", "32", "bits of G's weights", "form"}, {"quantizer", "em", "", "", "how weights are quantized", "default"},
		{"threads", "2", "0", "", "workers; 0: one a core", "config file"}, {"epochs", "12", "", "", "when to stop", "run"},
	};
	page->fact_count = sizeof facts / sizeof *facts;
	memcpy(page->facts, facts, sizeof facts);
	page->setting_count = sizeof settings / sizeof *settings;
	memcpy(page->settings, settings, sizeof settings);
	page->differing = 5;
	text_copy(page->note, sizeof page->note, "G at 1 bit from the float run, to see whether D at 2 bits can still teach it");
}

/* Owned by the caller: fixture_destroy. */
static inline struct view *fixture_create(void)
{
	struct view *view = memory_zeroed(1, sizeof *view);
	struct view_run *run = &view->run;
	fixture_state = 42;
	*run = (struct view_run){.id = 7, .name = "fmnist-dcgan-7f3a", .model = "dcgan", .data = "fashion-mnist", .quantizer = "em",
		.state = VIEW_LIVE, .steerable = true, .size = 32, .channels = 1, .width = 64, .batch = 64, .threads = 2, .seed = 7,
		.d_says = "P(real)", .loss_unit = "nats", .wasserstein = NAN, .penalty = NAN,
		.learning_rate = {2e-4, 2e-4}, .step = 3120, .last_step = 11250, .epochs = 3.33, .last_epoch = 12,
		.gradient_norm = {0.131, 0.0402}, .images_per_second = 284.1, .gflops = 61.2, .quantize_share = 0.041,
		.eta_seconds = 2470, .loading = NAN, .diversity = 0.93};
	run->verdict = (struct view_verdict){"unstable", true, "D tells nothing apart: D(x) - D(G(z)) is 0.014 for 200 steps",
		"give D more bits, or halve G's learning rate"};
	view->now = 1795476000;
	fixture_curves(view, run->step);
	fixture_layers(view, 2, 1);
	fixture_history(view);
	fixture_mark(view, 1900, "D>2");
	fixture_mark(view, 2400, "G>2");
	fixture_mark(view, 2650, "G>1");
	fixture_log(view, view->now - 900, false, "run fmnist-dcgan-7f3a: dcgan 32x32x1 w64 on fashion-mnist, seed 7");
	fixture_log(view, view->now - 500, false, "step 1,900  D bits 32 > 2");
	fixture_log(view, view->now - 300, false, "step 2,400  G bits 32 > 2");
	fixture_log(view, view->now - 280, true, "step 2,512  gradient of D is 40 times its mean");
	fixture_log(view, view->now - 200, false, "step 2,650  G bits 2 > 1");
	fixture_runs(view);
	fixture_page(&view->page);
	text_copy(view->store_path, sizeof view->store_path, "/home/ada/.local/share/qgan/runs.db");
	view->sample_step = 3100;
	view->sample_g_bits = 1;
	return view;
}

static inline void fixture_destroy(struct view *view)
{
	free((struct view_runs *)view->runs);
	free((struct view_compare *)view->compare);
	free((struct view_search *)view->search);
	free(view);
}

#endif
