/* The comparison's pictures of weights and samples: the states of one layer in every run, and a strip of samples a run. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/screen_compare.h"
#include "ui/widget_states.h"
#include "ui/widget_weights.h"

enum { COLUMN_LEAST = 9, LINES_BELOW = 5, SCRUBBER_LABEL = 16, KNOB = 0x25CF, RAIL = 0x2500 };

/* ---- states of one layer */

static int layer_count(const struct view_compared *run, enum view_network network)
{
	int count = run->layer_count[network];
	return count < 0 ? 0 : count > VIEW_MAX_LAYERS ? VIEW_MAX_LAYERS : count;
}

/* The run that names the layers: the first with the most of them. */
static const struct view_compared *naming_run(const struct view_compare *compare, enum view_network network)
{
	const struct view_compared *best = NULL;
	for (int i = 0; i < compare_count(compare); i++)
		if (!best || layer_count(&compare->runs[i], network) > layer_count(best, network))
			best = &compare->runs[i];
	return best;
}

bool compare_clamp_layer(const struct view_compare *compare, struct compare_state *state)
{
	const struct view_compared *names = naming_run(compare, state->network);
	int count = names ? layer_count(names, state->network) : 0;
	state->layer = state->layer >= count ? count - 1 : state->layer;
	state->layer = state->layer < 0 ? 0 : state->layer;
	return count > 0;
}

static const char *layer_name(const struct view_compare *compare, const struct compare_state *state)
{
	const struct view_compared *names = naming_run(compare, state->network);
	return names && state->layer < layer_count(names, state->network) ? names->layers[state->network][state->layer].name : "";
}

static const struct view_layer *find_layer(const struct view_compared *run, enum view_network network, const char *name)
{
	for (int i = 0; i < layer_count(run, network); i++)
		if (strcmp(run->layers[network][i].name, name) == 0)
			return &run->layers[network][i];
	return NULL;
}

void compare_title_states(const struct view_compare *compare, const struct compare_state *state, char *title, char *note)
{
	const char *name = layer_name(compare, state);
	snprintf(title, COMPARE_TEXT, "states of %c%s%.23s", state->network == VIEW_D ? 'D' : 'G', *name ? "." : "", name);
	note[0] = '\0';
	if (*name)
		snprintf(note, COMPARE_TEXT, "layer %d of %d", state->layer + 1,
			layer_count(naming_run(compare, state->network), state->network));
}

static void write_number(struct canvas *canvas, int y, const char *name, const char *text)
{
	if (y < 0 || y >= canvas->clip.height)
		return;
	int used = canvas_format(canvas, 0, y, ROLE_QUIET, 0, "%s ", name);
	canvas_text(canvas, used, y, ROLE_TEXT, 0, text);
}

/* The numbers below the bars: method, utilization, error, dead states, step. */
static void draw_numbers(struct canvas *column, int y, const struct view_compared *run, const struct view_layer *layer)
{
	char text[COMPARE_TEXT];
	if (weights_is_float(layer)) {
		canvas_text(column, 0, y, ROLE_TEXT, CELL_BOLD, "float");
	} else {
		snprintf(text, sizeof text, "%s %d bit", layer->quantizer, layer->bits);
		canvas_text(column, 0, y, ROLE_TEXT, CELL_BOLD, text);
		if (layer->utilization >= 0 && layer->utilization <= 1 + 1e-6) {
			snprintf(text, sizeof text, "%.0f %%", 100 * layer->utilization);
			write_number(column, y + 1, "util", text);
		}
		if (isfinite(layer->sqnr_db) && fabs(layer->sqnr_db) < 1e4) {
			snprintf(text, sizeof text, "%.1f dB", layer->sqnr_db);
			write_number(column, y + 2, "SQNR", text);
		}
		if (layer->dead_states > 0) {
			weights_dead(text, sizeof text, layer);
			canvas_format(column, 0, y + 3, ROLE_WARNING, 0, "dead %s", text);
		}
	}
	write_number(column, y + 4, "at", text_count(text, sizeof text, run->layers_step));
}

static void draw_layer(struct canvas *column, const struct view_compare *compare, int index, const char *name,
	enum view_network network)
{
	const struct view_compared *run = &compare->runs[index];
	const struct view_layer *layer = find_layer(run, network, name);
	canvas_put(column, 0, 0, (uint32_t)('1' + index), compare_role(index), CELL_BOLD);
	compare_draw_name(column, 2, 0, column->clip.width - 2, compare_role(index), 0, run->name);
	int below = column->clip.height - 1 - LINES_BELOW;
	int bars = below < 1 ? column->clip.height - 2 : below;
	struct canvas area = canvas_part(column, (struct rect){0, 1, column->clip.width, bars});
	if (!layer) {
		canvas_text(column, 0, 1 + bars / 2, ROLE_QUIET, 0, compare->loading && !run->loaded ? "..." : "none");
		return;
	}
	if (weights_is_float(layer))
		states_draw_histogram(&area, layer->histogram, VIEW_BINS, compare_role(index));
	else
		states_draw(&area, layer->counts, layer->states, compare_role(index));
	draw_numbers(column, 1 + bars, run, layer);
}

/* Columns that do not fit go below the others. */
void compare_draw_states(struct canvas *canvas, const struct view_compare *compare, const struct compare_state *state)
{
	int count = compare_count(compare), width = canvas->clip.width, height = canvas->clip.height;
	const char *name = layer_name(compare, state);
	if (!*name) {
		screen_draw_centred(canvas, ROLE_QUIET, compare->loading ? "reading the layers ..." : "no layer statistics are recorded");
		return;
	}
	int rows = 1;
	while (rows < count && width / ((count + rows - 1) / rows) < COLUMN_LEAST + 1 && height / (rows + 1) >= LINES_BELOW)
		rows++;
	int across = (count + rows - 1) / rows;
	for (int i = 0; i < count; i++) {
		int left = width * (i % across) / across, right = width * (i % across + 1) / across;
		int top = height * (i / across) / rows, bottom = height * (i / across + 1) / rows;
		struct canvas column = canvas_part(canvas, (struct rect){left, top, right - left - 1, bottom - top});
		draw_layer(&column, compare, i, name, state->network);
	}
}

/* ---- samples */

/* Only where a strip is not of the step that the scrubber shows. */
static void note_sample_step(const struct view_compare *compare, int index, char *text, size_t size)
{
	char number[COMPARE_NUMBER];
	int64_t step = compare->runs[index].sample_step;
	if (step < 0)
		snprintf(text, size, "none");
	else if (step != compare->scrub)
		snprintf(text, size, "@%s", text_count(number, sizeof number, step));
}

/* "step 3,100 ----o------ 12,000": where in all recorded samples the strips are. */
static void draw_scrubber(struct canvas *canvas, int y, const struct view_compare *compare)
{
	char number[COMPARE_NUMBER], label[COMPARE_TEXT];
	snprintf(label, sizeof label, "step %s", text_count(number, sizeof number, compare->scrub));
	int used = canvas_text(canvas, 0, y, ROLE_TITLE, 0, label) + 1;
	used = used < SCRUBBER_LABEL ? SCRUBBER_LABEL : used;
	text_count(number, sizeof number, compare->last_sample);
	int last = canvas_text_width(number), length = canvas->clip.width - used - last - 1;
	if (length < 3)
		return;
	canvas_fill(canvas, (struct rect){used, y, length, 1}, RAIL, ROLE_FRAME, 0);
	canvas_text(canvas, used + length + 1, y, ROLE_QUIET, 0, number);
	double span = (double)compare->last_sample - (double)compare->first_sample;
	double at = span > 0 ? ((double)compare->scrub - (double)compare->first_sample) / span : 1;
	canvas_put(canvas, used + (int)lround(fmax(0, fmin(1, at)) * (length - 1)), y, KNOB, ROLE_FOCUS, CELL_BOLD);
}

void compare_draw_samples(struct canvas *canvas, const struct view_compare *compare, struct picture_request *picture)
{
	int height = canvas->clip.height;
	if (compare->last_sample < 0) {
		screen_draw_centred(canvas, ROLE_QUIET, compare->loading ? "reading the samples ..." : "no samples are recorded");
		return;
	}
	if (compare->strips && height > 3) {
		struct canvas area = canvas_part(canvas, (struct rect){0, 0, canvas->clip.width, height - 2});
		picture_place(picture, &area, compare->strips, compare->strips_version, -1 - compare->runs[0].id);
	}
	if (height > 1)
		compare_draw_names(canvas, height - 2, compare, note_sample_step);
	draw_scrubber(canvas, height - 1, compare);
}
