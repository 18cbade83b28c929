/* Four marked runs beside each other, as the session fills them: two seeds of one setting, a float run, a rival method. */
#ifndef QGAN_TESTS_COMPARE_FIXTURE_H
#define QGAN_TESTS_COMPARE_FIXTURE_H

#include "tests/random_view.h"
#include "tests/view_fixture.h"

static inline void fixture_setting(struct view_compare *compare, const char *name, const char *const values[])
{
	struct view_setting *setting = &compare->settings[compare->setting_count++];
	text_copy(setting->name, sizeof setting->name, name);
	for (int i = 0; i < compare->count; i++) {
		text_copy(setting->values[i], sizeof setting->values[i], values[i % 4]);
		setting->differs |= strcmp(setting->values[i], setting->values[0]) != 0;
	}
}

static inline void fixture_compared_curves(struct view_compared *run, int index, double level)
{
	for (int64_t step = 10; step <= run->step; step += 10) {
		fixture_append(&run->seconds, step, (double)step / (4 + index));
		fixture_append(&run->epochs, step, (double)step / 782);
		fixture_append(&run->images, step, 64 * (double)step);
		double t = (double)step / 900, settled = t / (1 + t), wave = sin((double)step / (70 + 9 * index) + index);
		fixture_append(&run->curves[VIEW_LOSS_G], step, 1.2 + level * settled + 0.15 * wave + 0.1 * fixture_noise());
		fixture_append(&run->curves[VIEW_LOSS_D], step, 1.3 - 0.2 * level * settled + 0.05 * fixture_noise());
		fixture_append(&run->curves[VIEW_D_REAL], step, 0.5 + 0.1 * level * settled + 0.02 * wave);
		fixture_append(&run->curves[VIEW_D_FAKE], step, 0.5 - 0.1 * level * settled - 0.02 * wave);
		if (step % 200 == 0) {
			fixture_append(&run->curves[VIEW_FID], step, run->best_fid + 200 * exp(-t * 1.5) + 3 * fixture_noise());
			fixture_append(&run->curves[VIEW_IS], step, run->best_is * settled + 0.02 * fixture_noise());
		}
	}
}

static inline void fixture_tweak(struct view_compared *run, int64_t step, const char *label)
{
	run->tweaks[run->tweak_count].step = step;
	text_copy(run->tweaks[run->tweak_count++].label, sizeof run->tweaks->label, label);
}

static inline void fixture_compared_layers(struct view_compared *run, struct view *view, int d_bits, int g_bits)
{
	fixture_layers(view, d_bits, g_bits);
	memcpy(run->layers, view->layers, sizeof run->layers);
	memcpy(run->layer_count, view->layer_count, sizeof run->layer_count);
	run->layers_step = run->step;
	run->packed_bytes = view->run.packed_bytes[VIEW_G];
	run->float_bytes = view->run.float_bytes[VIEW_G];
}

static inline void fixture_compare_runs(struct view_compare *compare)
{
	static const struct { const char *name, *status, *verdict; int d_bits, g_bits, group; double fid, is, level; } rows[] = {
		{"cifar-1d2g-a", "finished", "convergent", 1, 2, 0, 58.9, 4.31, 1.6},
		{"cifar-1d2g-b", "live", "convergent", 1, 2, 0, 64.7, 4.2, 1.4},
		{"cifar-float", "finished", "convergent", 32, 32, 2, 41.3, 5.02, 2.2},
		{"cifar-minmax-2", "stopped", "unstable", 2, 2, 3, 110.2, 2.9, 3.6},
	};
	struct view *scratch = fixture_create();
	fixture_state = 4711;
	for (int i = 0; i < compare->count; i++) {
		struct view_compared *run = &compare->runs[i];
		int row = i % 4;
		*run = (struct view_compared){.id = 11 + i, .loaded = true, .group = rows[row].group, .step = i == 1 ? 2610 : 4200 - 40 * i,
			.fid = rows[row].fid + 3.3, .fid_std = 1.2, .best_fid = rows[row].fid, .best_fid_std = 1.1, .is = rows[row].is - 0.06,
			.is_std = 0.09, .best_is = rows[row].is, .best_is_std = 0.08, .recipe_number = 1, .sample_step = i == 1 ? 2600 : 3000};
		snprintf(run->name, sizeof run->name, i < 4 ? "%s" : "%s-%d", rows[row].name, i);
		text_copy(run->status, sizeof run->status, rows[row].status);
		text_copy(run->verdict, sizeof run->verdict, rows[row].verdict);
		run->bits[VIEW_D] = rows[row].d_bits;
		run->bits[VIEW_G] = rows[row].g_bits;
		text_copy(run->quantizer, sizeof run->quantizer, row == 3 ? "minmax" : "em");
		text_copy(run->recipe, sizeof run->recipe,
		          "classifier/cifar10 1a2b3c4d, 5000 pictures in 10 splits, against cifar10 train 9f86d081");
		fixture_compared_layers(run, scratch, rows[row].d_bits, rows[row].g_bits);
		fixture_compared_curves(run, i, rows[row].level);
	}
	fixture_tweak(&compare->runs[0], 1900, "D>1");
	fixture_tweak(&compare->runs[0], 2400, "G>2");
	fixture_tweak(&compare->runs[0], 2400, "Glr>0.0001");
	fixture_tweak(&compare->runs[1], 1900, "D>1");
	fixture_tweak(&compare->runs[1], 2500, "G>2");
	if (compare->count > 3)
		fixture_tweak(&compare->runs[3], 12, "Q>minmax");
	fixture_destroy(scratch);
}

static inline void fixture_compare_settings(struct view_compare *compare)
{
	fixture_setting(compare, "model", (const char *[]){"dcgan", "dcgan", "dcgan", "dcgan"});
	fixture_setting(compare, "data", (const char *[]){"cifar10:/data/cifar", "cifar10:/data/cifar", "cifar10:/data/cifar",
		"cifar10:/data/cifar"});
	fixture_setting(compare, "width", (const char *[]){"128", "128", "128", "64"});
	fixture_setting(compare, "d-bits", (const char *[]){"32", "32", "32", "2"});
	fixture_setting(compare, "g-bits", (const char *[]){"32", "32", "32", "2"});
	fixture_setting(compare, "quantizer", (const char *[]){"em", "em", "em", "minmax"});
	fixture_setting(compare, "seed", (const char *[]){"7", "8", "7", "7"});
	fixture_setting(compare, "batch", (const char *[]){"64", "64", "64", "64"});
	fixture_setting(compare, "from", (const char *[]){"", "", "", "cifar-float@42000"});
}

/* Compares `count` runs, four of them over and over; gone with the view. */
static inline struct view_compare *fixture_compare(struct view *view, int count)
{
	static struct image strips = {384, 4 * 64, 3, NULL};
	struct view_compare *compare = memory_zeroed(1, sizeof *compare);
	compare->count = compare->marked = count;
	fixture_compare_runs(compare);
	fixture_compare_settings(compare);
	for (int i = 0; i < count; i++)
		compare->points[compare->point_count++] = (struct view_point){i, compare->runs[i].packed_bytes, compare->runs[i].best_fid, 1,
			false};
	for (int i = 0; i < compare->point_count; i++)
		for (int k = i + 1; k < compare->point_count; k++)
			if (compare->points[k].bytes < compare->points[i].bytes) {
				struct view_point other = compare->points[i];
				compare->points[i] = compare->points[k];
				compare->points[k] = other;
			}
	double best = INFINITY;
	for (int i = 0; i < compare->point_count; i++)
		if (compare->points[i].fid < best) {
			compare->points[i].front = true;
			best = compare->points[i].fid;
		}
	compare->scrub = 3000;
	compare->first_sample = 200;
	compare->last_sample = 4200;
	compare->strips = &strips;
	compare->strips_version = 1;
	view->compare = compare;
	return compare;
}

static inline void random_compared(struct view_compared *run)
{
	*run = (struct view_compared){.id = random_below(9), .loaded = random_below(2), .group = (int)random_below(12) - 2,
		.step = random_below(INT64_MAX), .fid = random_number(), .fid_std = random_number(), .best_fid = random_number(),
		.best_fid_std = random_number(), .is = random_number(), .is_std = random_number(), .best_is = random_number(),
		.best_is_std = random_number(), .recipe_number = (int)random_below(4), .packed_bytes = random_number(),
		.float_bytes = random_number(), .layers_step = random_below(INT64_MAX), .tweak_count = (int)random_below(200) - 20,
		.sample_step = random_below(1000) - 5};
	random_text(run->name, sizeof run->name);
	random_text(run->status, sizeof run->status);
	random_text(run->verdict, sizeof run->verdict);
	random_text(run->recipe, sizeof run->recipe);
	random_text(run->quantizer, sizeof run->quantizer);
	run->bits[VIEW_D] = (int)random_below(50) - 5;
	for (int q = 0; q < VIEW_QUANTITIES; q++)
		for (int64_t i = random_below(40), step = 0; i > 0; i--, step += random_below(100000))
			series_append(&run->curves[q], step, random_number());
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		run->layer_count[network] = (int)random_below(20) - 2;
		for (int i = 0; i < 2; i++)
			random_layer(&run->layers[network][i]);
	}
	int64_t step = 0;
	for (int i = 0; i < VIEW_TWEAKS; i++) {
		run->tweaks[i].step = step += random_below(3);
		random_text(run->tweaks[i].label, sizeof run->tweaks[i].label);
	}
}

static inline void random_compare(struct view_compare *compare)
{
	const struct image *strips = compare->strips;
	memset(compare, 0, sizeof *compare);
	compare->count = (int)random_below(12) - 1;
	compare->marked = (int)random_below(1000) - 3;
	compare->loading = random_below(2);
	compare->setting_count = (int)random_below(60) - 3;
	compare->point_count = (int)random_below(600) - 20;
	compare->scrub = random_below(INT64_MAX) - 5;
	compare->first_sample = random_below(1000) - 5;
	compare->last_sample = random_below(1000) - 5;
	compare->same_noise = random_below(2);
	compare->strips = random_below(2) ? strips : NULL;
	for (int i = 0; i < VIEW_COMPARED; i++)
		random_compared(&compare->runs[i]);
	for (int i = 0; i < VIEW_SETTINGS; i++) {
		compare->settings[i].differs = random_below(2);
		random_text(compare->settings[i].name, sizeof compare->settings[i].name);
		random_text(compare->settings[i].values[i % 8], sizeof compare->settings[i].values[0]);
	}
	for (int i = 0; i < VIEW_POINTS; i++)
		compare->points[i] = (struct view_point){(int)random_below(12) - 2, random_number(), random_number(), (int)random_below(3),
			random_below(2)};
	random_text(compare->message, sizeof compare->message);
}

#endif
