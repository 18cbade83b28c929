/* A run as an event file. TensorBoard sorts by step itself, so the kinds follow one another. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/run_export.h"
#include "app/settings.h"
#include "engine/base/memory.h"
#include "engine/data/picture_file.h"
#include "engine/file/event_file.h"

/* ---- curves ---- */

static void add_curves(struct text *file, const struct run *run, const struct run_curves *curves)
{
	double time = run->created;
	for (size_t row = 0; row < curves->count; row++) {
		struct text values = {0};
		for (int i = 0; i < curves->column_count; i++)
			event_add_scalar(&values, curves->names[i], run_curves_value(curves, row, i));
		if (isfinite(curves->times[row]))
			time = curves->times[row];
		event_file_add(file, time, curves->steps[row], &values);
	}
}

/* ---- words ---- */

static void add_settings(struct text *file, const struct run *run)
{
	struct gan_settings settings;
	struct text words = {0}, values = {0};
	struct error unreadable;
	if (!settings_from_text(run->config_json, &settings, &unreadable))
		return; /* of a newer program: the curves are good all the same */
	text_format(&words, "| setting | value |\n|---|---|\n");
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char value[SETTING_TEXT_SIZE];
		text_format(&words, "| %s | %s |\n", row->name, settings_get(&settings, row, value, sizeof value));
	}
	event_add_text(&values, "settings", words.bytes);
	event_file_add(file, run->created, 0, &values);
	text_clear(&words);
}

static void take_entry(void *context, const struct journal_entry *entry)
{
	struct text values = {0};
	if (*entry->text)
		event_add_text(&values, "journal", entry->text);
	event_file_add(context, entry->time, entry->step, &values);
}

/* ---- layers ---- */

/* Sums from the middles of the bins: the weights themselves are not in the store. */
static void add_weights(struct text *values, const char *tag, const struct layer_stats *stats)
{
	double width = (stats->histogram_max - stats->histogram_min) / stats->bins;
	double *limits = memory_zeroed(2 * (size_t)stats->bins, sizeof *limits), *counts = limits + stats->bins;
	struct event_histogram histogram = {
		.min = stats->histogram_min, .max = stats->histogram_max, .limits = limits, .counts = counts, .bins = (size_t)stats->bins};
	for (int i = 0; i < stats->bins; i++) {
		double middle = stats->histogram_min + (i + 0.5) * width;
		limits[i] = stats->histogram_min + (i + 1) * width;
		counts[i] = (double)stats->histogram[i];
		histogram.sum += counts[i] * middle;
		histogram.sum_of_squares += counts[i] * middle * middle;
	}
	event_add_histogram(values, tag, &histogram);
	free(limits);
}

static void take_layer(void *context, const struct layer_stats *stats)
{
	struct text *values = context;
	char tag[80];
	const struct { const char *group; double value; } numbers[] = {
		{"bits", stats->bits}, {"utilization", stats->utilization}, {"sqnr_db", stats->sqnr_db}, {"alpha", stats->alpha},
		{"beta", stats->beta}, {"flips", stats->flips},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		snprintf(tag, sizeof tag, "%s/%c.%s", numbers[i].group, stats->network, stats->layer);
		event_add_scalar(values, tag, numbers[i].value);
	}
	snprintf(tag, sizeof tag, "weights/%c.%s", stats->network, stats->layer);
	if (stats->bins > 0 && isfinite(stats->histogram_min) && isfinite(stats->histogram_max))
		add_weights(values, tag, stats);
}

/* The time of a step, as the points beside it tell. */
static double time_of(const struct run *run, const struct run_curves *curves, int64_t step)
{
	double time = run->created;
	for (size_t low = 0, high = curves->count; low < high;) {
		size_t middle = low + (high - low) / 2;
		if (curves->steps[middle] > step) {
			high = middle;
			continue;
		}
		time = isfinite(curves->times[middle]) ? curves->times[middle] : time;
		low = middle + 1;
	}
	return time;
}

static bool add_layers(struct store *store, const struct run *run, const struct run_curves *curves, struct text *file,
                       struct error *error)
{
	int64_t *steps;
	size_t count;
	if (!store_list_layer_steps(store, run->id, &steps, &count, error))
		return false;
	bool good = true;
	for (size_t i = 0; good && i < count; i++) {
		struct text values = {0};
		good = store_visit_layer_stats(store, run->id, steps[i], take_layer, &values, error);
		event_file_add(file, time_of(run, curves, steps[i]), steps[i], &values);
	}
	free(steps);
	return good;
}

/* ---- samples ---- */

/* The size stands in the picture alone; one that cannot be read is left out. */
static void add_sample(struct text *file, const struct sample *sample)
{
	struct error unreadable;
	struct image *image = picture_decode(sample->png, sample->png_size, 0, "a sample", &unreadable);
	struct text values = {0};
	if (image)
		event_add_png(&values, "samples/fixed noise", image->width, image->height, image->channels, sample->png, sample->png_size);
	event_file_add(file, sample->time, sample->step, &values);
	image_destroy(image);
}

static bool add_samples(struct store *store, const struct run *run, struct text *file, struct error *error)
{
	int64_t *steps;
	size_t count;
	if (!store_list_sample_steps(store, run->id, &steps, &count, error))
		return false;
	bool good = true;
	for (size_t i = 0; good && i < count; i++) {
		struct sample sample = {0};
		bool found;
		good = store_find_sample(store, run->id, steps[i], &sample, &found, error);
		if (good && found)
			add_sample(file, &sample);
		sample_clear(&sample);
	}
	free(steps);
	return good;
}

bool run_export_events(struct store *store, const struct run *run, const struct run_curves *curves, struct text *file,
                       struct error *error)
{
	event_file_begin(file, run->created);
	add_settings(file, run);
	add_curves(file, run, curves);
	return store_visit_journal(store, run->id, take_entry, file, error) && add_layers(store, run, curves, file, error) &&
	       add_samples(store, run, file, error);
}
