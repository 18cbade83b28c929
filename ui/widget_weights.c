#include "ui/widget_weights.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/widget_histogram.h"
#include "ui/widget_segments.h"
#include "ui/widget_states.h"

enum {
	EIGHTHS = 8, CROSS = 0xD7, LEVEL_MARK = 0x25B2, LEFT_MARK = 0x25C0, RIGHT_MARK = 0x25B6, LINE = 0x2500, TICK = 0x252C,
	WORD_SIZE = 32, WORD_ROWS = 3, MAX_BAR_WIDTH = 5, LABEL_DISTANCE = 11, AXIS_ROWS = 2,
	CAPTION_HEIGHT = 11,    /* lower figures go without a caption */
	MOST_WORDED = 16,       /* unless there are more states than are named one by one */
	LIST_GAP = 2, MOST_LIST_ROWS = 4,
	LEAST_PICTURE_ROWS = 3, /* for bars and histogram beside a list */
};
/* Levels are followed so far beyond the weights, in spans of the weights. */
static const double FARTHEST_LEVEL = 1.5;
/* How much of the room for both goes to the bars. */
static const double BARS_SHARE = 0.4;

struct state_bar {
	int first, last;             /* its states */
	uint64_t count;
	double level;                /* mean of its states'; infinite where they are */
	int centre;                  /* column */
	int width;                   /* of its words */
	char words[WORD_ROWS][WORD_SIZE];
};

struct state_bars {
	struct state_bar items[STATES_MOST_BARS];
	int count, per_bar, column_width;
	uint64_t fullest, total;
	int moved;                   /* columns that a bar stands beside its level, at most */
};

/* How a bar is put into words: so many rows below it. In order of preference. */
enum words { WORDS_LEVEL, WORDS_THREE, WORDS_TWO, WORDS_ONE, WORDS_COUNT, WORDS_LIST, WORDS_NONE };
static const int word_rows[] = {
	[WORDS_LEVEL] = 3, [WORDS_THREE] = 3, [WORDS_TWO] = 2, [WORDS_ONE] = 1, [WORDS_COUNT] = 1, [WORDS_LIST] = 1, [WORDS_NONE] = 0,
};

bool weights_is_float(const struct view_layer *layer) { return layer->states < 1 || layer->states > VIEW_MAX_STATES; }

/* ---- the axis */

static void include(struct weights_span *span, double value)
{
	span->low = span->known ? fmin(span->low, value) : value;
	span->high = span->known ? fmax(span->high, value) : value;
	span->known = true;
}

void weights_span_add(struct weights_span *span, const struct view_layer *layer)
{
	double low = layer->histogram_min, high = layer->histogram_max;
	if (!isfinite(low) || !isfinite(high))
		return;
	double reach = FARTHEST_LEVEL * fabs(high - low);
	include(span, low);
	include(span, high);
	for (int z = 0; !weights_is_float(layer) && z < layer->states; z++)
		if (layer->levels[z] >= low - reach && layer->levels[z] <= high + reach)
			include(span, layer->levels[z]);
}

struct axis weights_span_axis(const struct weights_span *span, int width)
{
	struct weights_span known = *span;
	double size = fmax(fabs(known.low), fabs(known.high));
	if (!known.known || size > 1e30) /* nothing that weights could be */
		known = (struct weights_span){-1, 1, true};
	else if (size < 1e-30)
		known = (struct weights_span){-1e-3, 1e-3, true};
	return axis_for_values(known.low, known.high, (double)width / LABEL_DISTANCE);
}

/* Labels stay between the columns from free_from on and free_to. */
static void draw_axis(struct canvas *canvas, int y, const struct axis *axis, int free_from, int free_to)
{
	char label[WORD_SIZE];
	int width = canvas->clip.width;
	canvas_fill(canvas, (struct rect){0, y, width, 1}, LINE, ROLE_FRAME, 0);
	for (int i = 0; i < axis->tick_count; i++) {
		int x = histogram_column(axis, axis->ticks[i], width);
		int length = canvas_text_width(axis_label(label, sizeof label, axis, axis->ticks[i]));
		int start = x - length / 2;
		start = start + length > width ? width - length : start < 0 ? 0 : start;
		canvas_put(canvas, x, y, TICK, ROLE_FRAME, 0);
		if (start >= free_from && start + length <= free_to)
			free_from = start + canvas_text(canvas, start, y + 1, ROLE_QUIET, 0, label) + 1;
	}
}

static bool beyond(const struct axis *axis, double level, bool left)
{
	return left ? level < axis->low : level > axis->high;
}

/* How many levels the axis does not reach on one side, as a note in the corner of the line of labels. Returns its width. */
static int draw_beyond(struct canvas *canvas, int y, const struct axis *axis, const struct view_layer *layer, bool left,
	enum theme_role role)
{
	char text[WORD_SIZE];
	int count = 0, width = canvas->clip.width;
	bool infinite = false;
	for (int z = 0; z < layer->states; z++)
		if (beyond(axis, layer->levels[z], left)) {
			count++;
			infinite |= isinf(layer->levels[z]);
		}
	if (!count)
		return 0;
	const char *name = infinite ? left ? "-inf" : "+inf" : left ? "below" : "above";
	snprintf(text, sizeof text, count == 1 && infinite ? "%s" : infinite ? "%s, %d levels" : "%s: %d levels", name, count);
	int length = canvas_text_width(text);
	canvas_text(canvas, left ? 0 : width - length, y + 1, role, 0, text);
	return length + 1;
}

static void draw_scale(struct canvas *canvas, int y, const struct axis *axis, const struct view_layer *layer,
	enum theme_role role)
{
	int states = weights_is_float(layer) ? 0 : layer->states, width = canvas->clip.width;
	int left = states ? draw_beyond(canvas, y, axis, layer, true, role) : 0;
	int right = states ? draw_beyond(canvas, y, axis, layer, false, role) : 0;
	draw_axis(canvas, y, axis, left, width - right);
	if (left)
		canvas_put(canvas, 0, y, LEFT_MARK, role, CELL_BOLD);
	if (right)
		canvas_put(canvas, width - 1, y, RIGHT_MARK, role, CELL_BOLD);
	for (int z = 0; z < states; z++)
		if (layer->levels[z] >= axis->low && layer->levels[z] <= axis->high)
			canvas_put(canvas, histogram_column(axis, layer->levels[z], width), y, LEVEL_MARK, role, CELL_BOLD);
}

/* ---- the bars */

static void gather(struct state_bars *bars, const struct view_layer *layer, int width)
{
	int columns;
	bars->count = states_layout(layer->states, width / 2, &bars->per_bar, &columns);
	for (int i = 0; i < bars->count; i++) {
		struct state_bar *bar = &bars->items[i];
		*bar = (struct state_bar){.first = i * bars->per_bar, .last = (i + 1) * bars->per_bar - 1};
		for (int z = bar->first; z <= bar->last; z++) {
			bar->count += layer->counts[z];
			bar->level += layer->levels[z] / bars->per_bar;
		}
		bars->total += bar->count;
		bars->fullest = bar->count > bars->fullest ? bar->count : bars->fullest;
	}
}

static double share_of(const struct state_bars *bars, const struct state_bar *bar)
{
	return bars->total ? (double)bar->count / (double)bars->total : 0;
}

static void word_bar(const struct state_bars *bars, struct state_bar *bar, const struct axis *axis, enum words words)
{
	struct axis fine = *axis;
	char count[WORD_SIZE], share[WORD_SIZE], level[WORD_SIZE] = "";
	fine.step /= 100;
	if (isinf(bar->level))
		text_copy(level, sizeof level, bar->level < 0 ? "-inf" : "+inf");
	else if (isfinite(bar->level))
		axis_label(level, sizeof level, &fine, bar->level);
	text_count(count, sizeof count, bar->count > INT64_MAX ? INT64_MAX : (int64_t)bar->count);
	snprintf(share, sizeof share, "%.1f %%", 100 * share_of(bars, bar));
	memset(bar->words, 0, sizeof bar->words);
	const char *number = bar->count ? count : "dead", *part = bar->count ? share : "";
	if (words == WORDS_LEVEL)
		snprintf(bar->words[0], WORD_SIZE, "z%d %.12s", bar->first, level);
	else if (words == WORDS_THREE)
		snprintf(bar->words[0], WORD_SIZE, "z%d", bar->first);
	else if (words == WORDS_TWO || words == WORDS_COUNT)
		snprintf(bar->words[0], WORD_SIZE, "z%d %.22s", bar->first, number);
	else
		snprintf(bar->words[0], WORD_SIZE, "z%d %.15s %.8s", bar->first, number, part);
	if (word_rows[words] >= 2)
		text_copy(bar->words[1], WORD_SIZE, words == WORDS_TWO ? part : number);
	if (word_rows[words] >= 3)
		text_copy(bar->words[2], WORD_SIZE, part);
	bar->width = 1;
	for (int i = 0; i < WORD_ROWS; i++) {
		int width = canvas_text_width(bar->words[i]);
		bar->width = width > bar->width ? width : bar->width;
	}
}

/* Columns that all words need beside each other. */
static int words_width(struct state_bars *bars, const struct axis *axis, enum words words)
{
	int width = -1;
	for (int i = 0; i < bars->count; i++) {
		word_bar(bars, &bars->items[i], axis, words);
		width += bars->items[i].width + 1;
	}
	return width;
}

static int list_columns(const struct state_bars *bars, int width, int *column)
{
	*column = 0;
	for (int i = 0; i < bars->count; i++)
		*column = bars->items[i].width + LIST_GAP > *column ? bars->items[i].width + LIST_GAP : *column;
	return width / *column > 0 ? width / *column : 1;
}

/* Room between the middles of two neighbours: a blank between words, none between bars without. */
static int distance(const struct state_bar *left, const struct state_bar *right)
{
	return left->width - left->width / 2 + right->width / 2 + (left->width > 1);
}

/* The middles of bars and words: as near to their levels as their widths allow. Pushing apart from the left and from the
 * right are both answers; the mean of two answers is one, and favours no side. */
static void place(struct state_bars *bars, const struct axis *axis, int width)
{
	struct state_bar *items = bars->items;
	int wanted[STATES_MOST_BARS], from_left[STATES_MOST_BARS], from_right[STATES_MOST_BARS], last = bars->count - 1;
	for (int i = 0; i <= last; i++) {
		int least = items[i].width / 2, most = width - items[i].width + items[i].width / 2;
		int x = isnan(items[i].level) ? (2 * i + 1) * width / (2 * bars->count) : histogram_column(axis, items[i].level, width);
		wanted[i] = x < least ? least : x > most ? most : x;
		from_left[i] = i && from_left[i - 1] + distance(&items[i - 1], &items[i]) > wanted[i]
			? from_left[i - 1] + distance(&items[i - 1], &items[i]) : wanted[i];
		from_right[i] = from_left[i];
	}
	for (int i = last, most = width - items[last].width + items[last].width / 2; i >= 0; i--) {
		from_left[i] = from_left[i] > most ? most : from_left[i];
		most = i ? from_left[i] - distance(&items[i - 1], &items[i]) : 0;
	}
	for (int i = last; i >= 0; i--) {
		int most = i < last ? from_right[i + 1] - distance(&items[i], &items[i + 1]) : wanted[i];
		from_right[i] = wanted[i] < most ? wanted[i] : most;
	}
	for (int i = 0, least = items[0].width / 2; i <= last; i++) {
		from_right[i] = from_right[i] < least ? least : from_right[i];
		least = i < last ? from_right[i] + distance(&items[i], &items[i + 1]) : 0;
	}
	bars->column_width = MAX_BAR_WIDTH;
	bars->moved = 0;
	for (int i = 0; i <= last; i++) {
		items[i].centre = (from_left[i] + from_right[i]) / 2;
		bool marked = items[i].level >= axis->low && items[i].level <= axis->high;
		int moved = abs(items[i].centre - histogram_column(axis, items[i].level, width));
		bars->moved = marked && moved > bars->moved ? moved : bars->moved;
		if (i && items[i].centre - items[i - 1].centre - 1 < bars->column_width)
			bars->column_width = items[i].centre - items[i - 1].centre - 1;
	}
	bars->column_width = bars->column_width < 1 ? 1 : bars->column_width;
}

static bool all_marked(const struct state_bars *bars, const struct axis *axis)
{
	for (int i = 0; i < bars->count; i++)
		if (!(bars->items[i].level >= axis->low && bars->items[i].level <= axis->high))
			return false;
	return true;
}

/* Words below the bars that keep them near their levels; of equals the longest, and the longest of all where levels are
 * beyond the axis: nothing else tells them. False: none fit. */
static bool choose_below(struct state_bars *bars, const struct axis *axis, int width, int rows, enum words *chosen)
{
	int least = INT_MAX;
	bool marked = all_marked(bars, axis);
	*chosen = WORDS_NONE;
	for (enum words words = WORDS_LEVEL; words < WORDS_LIST && bars->per_bar == 1; words++) {
		if (word_rows[words] > rows || words_width(bars, axis, words) > width)
			continue;
		place(bars, axis, width);
		if (marked ? bars->moved + 1 < least : least == INT_MAX) {
			*chosen = words;
			least = bars->moved;
		}
	}
	words_width(bars, axis, *chosen == WORDS_NONE ? WORDS_ONE : *chosen);
	return *chosen != WORDS_NONE;
}

/* Words for width columns, given the rows for them, bars and histogram; *used: the rows they take. */
static enum words choose_words(struct state_bars *bars, const struct axis *axis, int width, int height, int *used)
{
	enum words below;
	int column, rows = height >= 10 ? 3 : height >= 6 ? 2 : 1;
	if (choose_below(bars, axis, width, rows, &below)) {
		*used = word_rows[below];
		return below;
	}
	*used = 0;
	for (enum words words = WORDS_ONE; words < WORDS_LIST && bars->per_bar == 1 && !*used; words++) {
		words_width(bars, axis, words);
		int columns = list_columns(bars, width, &column), needed = (bars->count + columns - 1) / columns;
		if (needed <= MOST_LIST_ROWS && height - needed >= LEAST_PICTURE_ROWS)
			*used = needed;
	}
	for (int i = 0; i < bars->count; i++)
		bars->items[i].width = 1;
	return *used ? WORDS_LIST : WORDS_NONE;
}

/* Bars without words stand close: they reach to the next one, so that rounding leaves no holes that look like states. */
static struct rect bar_columns(const struct state_bars *bars, int i, bool worded)
{
	const struct state_bar *bar = &bars->items[i];
	int next = i + 1 < bars->count ? bar[1].centre - bar->centre : bars->column_width;
	int width = worded || next > 2 ? bars->column_width : next;
	return (struct rect){worded || next > 2 ? bar->centre - width / 2 : bar->centre, 0, width, 1};
}

static void draw_bars(struct canvas *canvas, const struct state_bars *bars, bool worded, enum theme_role role)
{
	int full = canvas->clip.height * EIGHTHS;
	for (int i = 0; i < bars->count; i++) {
		const struct state_bar *bar = &bars->items[i];
		struct rect columns = bar_columns(bars, i, worded);
		if (bar->count)
			histogram_draw_column(canvas, columns.x, columns.width, states_eighths(bar->count, bars->fullest, full), role);
		else
			canvas_put(canvas, bar->centre, canvas->clip.height - 1, CROSS, ROLE_WARNING, CELL_BOLD);
	}
}

static void draw_words(struct canvas *canvas, const struct state_bars *bars, enum words words, enum theme_role role)
{
	int column = 1, columns = words == WORDS_LIST ? 1 : 0;
	struct state_bars list = *bars;
	if (words == WORDS_LIST) {
		for (int i = 0; i < list.count; i++)
			list.items[i].width = canvas_text_width(list.items[i].words[0]);
		columns = list_columns(&list, canvas->clip.width, &column);
	}
	int rows = columns ? (bars->count + columns - 1) / columns : 0;
	for (int i = 0; i < bars->count; i++) {
		const struct state_bar *bar = &bars->items[i];
		enum theme_role plain = bar->count ? ROLE_TEXT : ROLE_WARNING;
		for (int row = 0; columns == 0 && row < WORD_ROWS; row++)
			canvas_text(canvas, bar->centre - canvas_text_width(bar->words[row]) / 2, row,
				row == 0 && word_rows[words] > 1 ? role : plain, 0, bar->words[row]);
		if (columns)
			canvas_text(canvas, i / rows * column, i % rows, plain, 0, bar->words[0]);
	}
}

/* ---- words about the whole */

char *weights_dead(char *target, size_t size, const struct view_layer *layer)
{
	struct text text = {0};
	int dead = 0, runs = 0;
	for (int z = 0; !weights_is_float(layer) && z < layer->states; z++)
		dead += layer->counts[z] == 0;
	if (layer->states > 16 && dead)
		text_format(&text, "%d of %d: ", dead, layer->states);
	for (int z = 0; dead && z < layer->states; z++) {
		int first = z;
		if (layer->counts[z])
			continue;
		while (z + 1 < layer->states && !layer->counts[z + 1])
			z++;
		text_format(&text, runs++ ? ", z%d" : "z%d", first);
		if (z > first)
			text_format(&text, "-%d", z);
	}
	text_copy(target, size, weights_is_float(layer) ? "" : dead ? text.bytes : "none");
	text_clear(&text);
	return target;
}

static void draw_caption(struct canvas *canvas, const struct view_layer *layer, const struct state_bars *bars,
	enum theme_role role)
{
	char number[WORD_SIZE];
	uint32_t fullest = 0;
	struct segments caption = {.gap = 3};
	for (int i = 0; i < VIEW_BINS; i++)
		fullest = layer->histogram[i] > fullest ? layer->histogram[i] : fullest;
	segments_add(&caption, 3, ROLE_BAR, 0, "float: %d bins, fullest %s", VIEW_BINS, text_count(number, sizeof number, fullest));
	if (weights_is_float(layer)) {
		segments_add(&caption, 0, ROLE_TEXT, 0, "no states");
	} else {
		segments_add(&caption, 1, role, 0, "%d states, fullest bar %s", layer->states,
			text_count(number, sizeof number, bars->fullest > INT64_MAX ? INT64_MAX : (int64_t)bars->fullest));
		if (bars->per_bar > 1)
			segments_add(&caption, 0, ROLE_TEXT, 0, "%d neighbours a bar", bars->per_bar);
		if (bars->moved > 1)
			segments_add(&caption, 0, ROLE_QUIET, 0, "moved apart");
	}
	segments_fit(&caption, canvas->clip.width);
	segments_draw(canvas, 0, 0, &caption);
}

static void draw_histogram(struct canvas *canvas, int y, int rows, const struct view_layer *layer, const struct axis *axis)
{
	bool known = isfinite(layer->histogram_min) && isfinite(layer->histogram_max);
	struct canvas area = canvas_part(canvas, (struct rect){0, y, canvas->clip.width, rows});
	struct histogram histogram = {layer->histogram, VIEW_BINS, layer->histogram_min, layer->histogram_max};
	if (known)
		histogram_draw(&area, &histogram, axis, ROLE_BAR);
}

void weights_draw(struct canvas *canvas, const struct view_layer *layer, const struct axis *axis, enum theme_role role,
	bool reserve)
{
	int width = canvas->clip.width, height = canvas->clip.height, used = 0;
	struct state_bars bars = {.per_bar = 1};
	enum words words = WORDS_NONE;
	if (width < WEIGHTS_MIN_WIDTH || height < WEIGHTS_MIN_HEIGHT)
		return;
	if (!weights_is_float(layer))
		gather(&bars, layer, width);
	int caption = height >= CAPTION_HEIGHT || layer->states > MOST_WORDED, rows = height - caption - AXIS_ROWS;
	if (bars.count) {
		words = choose_words(&bars, axis, width, rows, &used);
		place(&bars, axis, width);
	}
	if (reserve && !bars.count)
		used = rows >= 10 ? 3 : rows >= 6 ? 2 : 1;
	int bar_rows = bars.count || reserve ? (int)lround((rows - used) * BARS_SHARE) : 0, upper = rows - used - bar_rows;
	struct canvas below = canvas_part(canvas, (struct rect){0, caption + upper + AXIS_ROWS, width, bar_rows});
	struct canvas lowest = canvas_part(canvas, (struct rect){0, height - used, width, used});
	if (caption)
		draw_caption(canvas, layer, &bars, role);
	draw_histogram(canvas, caption, upper, layer, axis);
	draw_scale(canvas, caption + upper, axis, layer, role);
	if (!bars.count)
		return;
	draw_bars(&below, &bars, words != WORDS_NONE, role);
	draw_words(&lowest, &bars, words, role);
}
