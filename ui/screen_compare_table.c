/* The comparison's tables: scores and settings with one column a run, and what was changed while the runs trained. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/screen_compare.h"

enum {
	LABEL_WIDTH = 18, LABEL_LEAST = 13, LABEL_SHARE = 4, MOST_DECIMALS = 2, COLUMN_LEAST = 11, COLUMN_MOST = 26, STEP_WIDTH = 9,
	MEAN_WIDTH = 9,
	MOST_LINES = VIEW_SETTINGS + VIEW_COMPARED + 24, ELLIPSIS = 0x2026, THUMB = 0x2590,
};

/* ---- columns: the runs, then one a group of seeds */

struct columns {
	int count, width, label, first, shown; /* width of one; of the labels; the first in sight and how many */
	int lead[2 * VIEW_COMPARED];           /* the run a column is about */
	bool group[2 * VIEW_COMPARED];         /* mean and deviation over the runs that share its group */
};

static struct columns lay_out(const struct view_compare *compare, const struct canvas *canvas, int label, bool groups,
	int *first)
{
	struct columns columns = {.label = label};
	for (int i = 0; i < compare_count(compare); i++)
		columns.lead[columns.count++] = i;
	for (int i = 0; groups && i < compare_count(compare); i++)
		if (compare_leads_group(compare, i) && compare_group_size(compare, i) > 1) {
			columns.group[columns.count] = true;
			columns.lead[columns.count++] = i;
		}
	int room = canvas->clip.width - label - 1, each = columns.count ? room / columns.count - 1 : 0;
	columns.width = each < COLUMN_LEAST ? COLUMN_LEAST : each > COLUMN_MOST ? COLUMN_MOST : each;
	columns.shown = room / (columns.width + 1);
	columns.shown = columns.shown < 1 ? 1 : columns.shown;
	columns.shown = columns.shown < columns.count ? columns.shown : columns.count; /* none where no run is compared */
	*first = *first > columns.count - columns.shown ? columns.count - columns.shown : *first;
	*first = *first < 0 ? 0 : *first;
	columns.first = *first;
	return columns;
}

static struct canvas cell_of(struct canvas *canvas, const struct columns *columns, int column, int y)
{
	return canvas_part(canvas, (struct rect){columns->label + (column - columns->first) * (columns->width + 1), y, columns->width, 1});
}

static void write_cell(struct canvas *cell, enum theme_role role, int attributes, const char *text)
{
	if (canvas_text(cell, 0, 0, role, attributes, text) > cell->clip.width && cell->clip.width > 1)
		canvas_put(cell, cell->clip.width - 1, 0, ELLIPSIS, role, attributes);
}

/* "1 cifar-a", "134 mean ± sd" */
static void draw_heading(struct canvas *canvas, const struct view_compare *compare, const struct columns *columns)
{
	for (int i = columns->first; i < columns->first + columns->shown; i++) {
		struct canvas cell = cell_of(canvas, columns, i, 0);
		int lead = columns->lead[i], x = 0;
		if (columns->group[i]) {
			for (int run = 0; run < compare_count(compare); run++)
				if (compare->runs[run].group == compare->runs[lead].group)
					canvas_put(&cell, x++, 0, (uint32_t)('1' + run), compare_role(run), CELL_BOLD);
			canvas_text(&cell, x + 1, 0, ROLE_TITLE, 0, x + 1 + MEAN_WIDTH <= columns->width ? "mean \xc2\xb1 sd" : "\xc2\xb1 sd");
			continue;
		}
		canvas_put(&cell, 0, 0, (uint32_t)('1' + lead), compare_role(lead), CELL_BOLD);
		compare_draw_name(&cell, 2, 0, cell.clip.width - 2, compare_role(lead), CELL_BOLD, compare->runs[lead].name);
	}
	if (columns->shown < columns->count)
		canvas_format(canvas, 0, 0, ROLE_QUIET, 0, "%d-%d of %d", columns->first + 1, columns->first + columns->shown, columns->count);
}

/* ---- facts: numbers that are no settings */

static void write_status(const struct view_compared *run, char *text) { text_copy(text, COMPARE_TEXT, run->status); }
static void write_verdict(const struct view_compared *run, char *text) { text_copy(text, COMPARE_TEXT, run->verdict); }

static void write_bits(const struct view_compared *run, char *text)
{
	char bits[VIEW_NETWORKS][COMPARE_NUMBER];
	for (int network = 0; network < VIEW_NETWORKS; network++)
		snprintf(bits[network], sizeof bits[network], run->bits[network] < 32 ? "%d" : "float", run->bits[network]);
	bool quantized = run->bits[VIEW_D] < 32 || run->bits[VIEW_G] < 32;
	snprintf(text, COMPARE_TEXT, "%s/%s%s%.31s", bits[VIEW_D], bits[VIEW_G], quantized ? " " : "", quantized ? run->quantizer : "");
}

static void write_step(const struct view_compared *run, char *text) { text_count(text, COMPARE_TEXT, run->step); }

/* With the digits that the deviation leaves certain, four of the value at most: "62.2 ±1.2", "4.25 ±0.09", "192.1 ±0.3". */
static void write_score(double value, double deviation, char *text)
{
	char number[COMPARE_NUMBER];
	if (!isfinite(value))
		return;
	int most = fabs(value) < 100 ? MOST_DECIMALS : 1;
	int decimals = isfinite(deviation) && deviation > 1e-6 ? (int)fmin(most, fmax(1, -floor(log10(deviation / 2)))) : -1;
	if (decimals < 0 || fabs(value) >= 1e6 || deviation >= 1e6)
		text_copy(text, COMPARE_TEXT, screen_number(number, sizeof number, value, 4));
	else
		snprintf(text, COMPARE_TEXT, "%.*f \xc2\xb1%.*f", decimals, value, decimals, deviation);
}

static void write_fid(const struct view_compared *run, char *text) { write_score(run->fid, run->fid_std, text); }
static void write_best_fid(const struct view_compared *run, char *text) { write_score(run->best_fid, run->best_fid_std, text); }
static void write_is(const struct view_compared *run, char *text) { write_score(run->is, run->is_std, text); }
static void write_best_is(const struct view_compared *run, char *text) { write_score(run->best_is, run->best_is_std, text); }

static char recipe_letter(const struct view_compared *run) { return (char)('A' + (run->recipe_number - 1) % 26); }

static void write_recipe(const struct view_compared *run, char *text)
{
	if (run->recipe_number > 0)
		snprintf(text, COMPARE_TEXT, "%c", recipe_letter(run));
}

static void write_loss(const struct series *series, char *text)
{
	if (series->count)
		text_loss(text, COMPARE_TEXT, series->last);
}

static void write_loss_d(const struct view_compared *run, char *text) { write_loss(&run->curves[VIEW_LOSS_D], text); }
static void write_loss_g(const struct view_compared *run, char *text) { write_loss(&run->curves[VIEW_LOSS_G], text); }

static bool has_size(const struct view_compared *run)
{
	return run->packed_bytes >= 1 && isfinite(run->packed_bytes);
}

static void write_size(const struct view_compared *run, char *text)
{
	if (has_size(run))
		text_bytes_amount(text, COMPARE_TEXT, run->packed_bytes);
}

static void write_ratio(const struct view_compared *run, char *text)
{
	if (has_size(run) && isfinite(run->float_bytes) && run->float_bytes < 1e15)
		snprintf(text, COMPARE_TEXT, "%.1fx", run->float_bytes / run->packed_bytes);
}

static double last_of(const struct series *series) { return series->count ? series->last : NAN; }
static double value_loss_d(const struct view_compared *run) { return last_of(&run->curves[VIEW_LOSS_D]); }
static double value_loss_g(const struct view_compared *run) { return last_of(&run->curves[VIEW_LOSS_G]); }
static double value_fid(const struct view_compared *run) { return run->fid; }
static double value_best_fid(const struct view_compared *run) { return run->best_fid; }
static double value_is(const struct view_compared *run) { return run->is; }
static double value_best_is(const struct view_compared *run) { return run->best_is; }

static const struct fact {
	const char *name;
	void (*write)(const struct view_compared *run, char *text);
	double (*value)(const struct view_compared *run); /* NULL: no number that has a mean */
	bool score;
} facts[] = {
	{"status", write_status, NULL, false}, {"verdict", write_verdict, NULL, false}, {"step", write_step, NULL, false},
	{"D/G bits now", write_bits, NULL, false},
	{"FID", write_fid, value_fid, true}, {"best FID", write_best_fid, value_best_fid, true}, {"IS", write_is, value_is, true},
	{"best IS", write_best_is, value_best_is, true}, {"recipe", write_recipe, NULL, true},
	{"loss D", write_loss_d, value_loss_d, false}, {"loss G", write_loss_g, value_loss_g, false},
	{"G packed", write_size, NULL, false}, {"G ratio", write_ratio, NULL, false},
};

/* Over the runs of a group; scores of another recipe than the first one's are no part of it. */
static void write_spread(const struct view_compare *compare, int lead, const struct fact *fact, char *text)
{
	double sum = 0, squares = 0, count = 0;
	for (int i = 0; i < compare_count(compare); i++) {
		const struct view_compared *run = &compare->runs[i];
		double value = run->group == compare->runs[lead].group ? fact->value(run) : NAN;
		if (!isfinite(value) || (fact->score && run->recipe_number != compare->runs[lead].recipe_number))
			continue;
		sum += value;
		squares += value * value;
		count++;
	}
	double mean = sum / count, variance = count > 1 ? fmax((squares - sum * mean) / (count - 1), 0) : NAN;
	if (count > 0)
		write_score(mean, sqrt(variance), text);
}

static bool fact_known(const struct view_compare *compare, const struct fact *fact)
{
	char text[COMPARE_TEXT] = "";
	for (int i = 0; i < compare_count(compare); i++)
		fact->write(&compare->runs[i], text);
	return text[0] != '\0';
}

/* ---- lines */

struct line {
	const struct fact *fact;
	const struct view_setting *setting;
	const struct view_compared *recipe; /* the first run scored by it */
	const char *text;                   /* a sentence across all columns */
};

struct lines {
	struct line items[MOST_LINES];
	int count;
};

static int setting_count(const struct view_compare *compare)
{
	return compare->setting_count < 0 ? 0 : compare->setting_count > VIEW_SETTINGS ? VIEW_SETTINGS : compare->setting_count;
}

static int differing(const struct view_compare *compare)
{
	int count = 0;
	for (int i = 0; i < setting_count(compare); i++)
		count += compare->settings[i].differs;
	return count;
}

static bool first_of_recipe(const struct view_compare *compare, int index)
{
	for (int i = 0; i < index; i++)
		if (compare->runs[i].recipe_number == compare->runs[index].recipe_number)
			return false;
	return compare->runs[index].recipe_number > 0;
}

static void collect(struct lines *lines, const struct view_compare *compare, bool all)
{
	lines->count = 0;
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (fact_known(compare, &facts[i]))
			lines->items[lines->count++] = (struct line){.fact = &facts[i]};
	for (int i = 0; i < setting_count(compare); i++)
		if (all || compare->settings[i].differs)
			lines->items[lines->count++] = (struct line){.setting = &compare->settings[i]};
	if (!all && setting_count(compare) && !differing(compare))
		lines->items[lines->count++] = (struct line){.text = "no setting differs: the same training"};
	if (compare_recipes_differ(compare))
		lines->items[lines->count++] = (struct line){.text = "recipes differ: FID and IS of A, B .. are not to be compared"};
	for (int i = 0; i < compare_count(compare); i++)
		if (first_of_recipe(compare, i))
			lines->items[lines->count++] = (struct line){.recipe = &compare->runs[i]};
}

static void write_label(struct canvas *canvas, const struct columns *columns, int y, enum theme_role role, const char *text)
{
	struct canvas label = canvas_part(canvas, (struct rect){0, y, columns->label - 1, 1});
	write_cell(&label, role, 0, text);
}

static void draw_fact(struct canvas *canvas, int y, const struct view_compare *compare, const struct columns *columns,
	const struct fact *fact)
{
	bool warned = fact->write == write_recipe && compare_recipes_differ(compare);
	write_label(canvas, columns, y, ROLE_QUIET, fact->name);
	for (int i = columns->first; i < columns->first + columns->shown; i++) {
		struct canvas cell = cell_of(canvas, columns, i, y);
		const struct view_compared *run = &compare->runs[columns->lead[i]];
		char text[COMPARE_TEXT] = "";
		if (!columns->group[i])
			fact->write(run, text);
		else if (fact->value)
			write_spread(compare, columns->lead[i], fact, text);
		enum theme_role role = fact->write == write_verdict ? screen_verdict_role(run->verdict) : warned ? ROLE_WARNING : ROLE_TEXT;
		write_cell(&cell, text[0] ? role : ROLE_QUIET, 0, text[0] || columns->group[i] ? text : "-");
	}
}

/* Values that are not the first run's stand out. */
static void draw_setting(struct canvas *canvas, int y, const struct columns *columns, const struct view_setting *setting)
{
	write_label(canvas, columns, y, setting->differs ? ROLE_TITLE : ROLE_QUIET, setting->name);
	for (int i = columns->first; i < columns->first + columns->shown; i++) {
		struct canvas cell = cell_of(canvas, columns, i, y);
		const char *value = setting->values[columns->lead[i]];
		bool other = strcmp(value, setting->values[0]) != 0;
		if (!columns->group[i])
			write_cell(&cell, setting->differs ? ROLE_TEXT : ROLE_QUIET, other ? CELL_BOLD : 0, value[0] ? value : "-");
	}
}

static void draw_line(struct canvas *canvas, int y, const struct view_compare *compare, const struct columns *columns,
	const struct line *line)
{
	if (line->fact)
		draw_fact(canvas, y, compare, columns, line->fact);
	else if (line->setting)
		draw_setting(canvas, y, columns, line->setting);
	else if (line->recipe)
		canvas_format(canvas, 0, y, ROLE_QUIET, 0, "recipe %c: %s", recipe_letter(line->recipe), line->recipe->recipe);
	else
		canvas_text(canvas, 0, y, compare_recipes_differ(compare) ? ROLE_WARNING : ROLE_QUIET, 0, line->text);
}

/* Keeps the scroll position inside, and shows at the right where one is when not everything is in sight. */
static int scroll_to(struct canvas *canvas, struct compare_state *state, enum compare_pane pane, int lines, int rows)
{
	int *top = &state->top[pane];
	state->lines[pane] = lines;
	state->rows[pane] = rows;
	*top = *top > lines - rows ? lines - rows : *top;
	*top = *top < 0 ? 0 : *top;
	if (lines > rows && rows > 0) {
		int length = rows * rows / lines < 1 ? 1 : rows * rows / lines;
		int start = *top * (rows - length) / (lines - rows);
		canvas_fill(canvas, (struct rect){canvas->clip.width - 1, 1 + start, 1, length}, THUMB, ROLE_QUIET, 0);
	}
	return *top;
}

void compare_title_settings(const struct view_compare *compare, const struct compare_state *state, char *title, char *note)
{
	int all = setting_count(compare), differ = differing(compare);
	snprintf(title, COMPARE_TEXT, "scores and settings");
	if (state->all_settings)
		snprintf(note, COMPARE_TEXT, "all %d settings, d: those that differ", all);
	else
		snprintf(note, COMPARE_TEXT, "%d of %d differ, d: all", differ, all);
}

/* Labels give way where that brings every column into sight. */
static struct columns lay_out_settings(const struct view_compare *compare, const struct canvas *canvas, int *first)
{
	int share = canvas->clip.width / LABEL_SHARE, wide = share < LABEL_WIDTH ? share : LABEL_WIDTH;
	int narrow_first = *first;
	struct columns columns = lay_out(compare, canvas, wide, true, first);
	struct columns narrow = lay_out(compare, canvas, wide < LABEL_LEAST ? wide : LABEL_LEAST, true, &narrow_first);
	if (columns.shown == columns.count || narrow.shown < narrow.count)
		return columns;
	*first = narrow_first;
	return narrow;
}

void compare_draw_settings(struct canvas *canvas, const struct view_compare *compare, struct compare_state *state)
{
	struct lines lines;
	struct canvas body = canvas_part(canvas, (struct rect){0, 0, canvas->clip.width - 2, canvas->clip.height});
	struct columns columns = lay_out_settings(compare, &body, &state->left);
	collect(&lines, compare, state->all_settings);
	int rows = canvas->clip.height - 1, top = scroll_to(canvas, state, COMPARE_SETTINGS, lines.count, rows);
	draw_heading(&body, compare, &columns);
	for (int y = 0; y < rows && top + y < lines.count; y++)
		draw_line(&body, y + 1, compare, &columns, &lines.items[top + y]);
}

/* ---- journals */

static int tweak_count(const struct view_compared *run)
{
	return run->tweak_count < 0 ? 0 : run->tweak_count > VIEW_TWEAKS ? VIEW_TWEAKS : run->tweak_count;
}

/* The next step at which any run was changed; false: there is none. */
static bool next_step(const struct view_compare *compare, const int taken[], int64_t *step)
{
	bool found = false;
	for (int i = 0; i < compare_count(compare); i++) {
		const struct view_compared *run = &compare->runs[i];
		if (taken[i] >= tweak_count(run) || (found && run->tweaks[taken[i]].step >= *step))
			continue;
		*step = run->tweaks[taken[i]].step;
		found = true;
	}
	return found;
}

/* Takes everything a run was changed at that step: "D>2 Q>minmax". */
static void take_changes(const struct view_compared *run, int64_t step, int *taken, char *text)
{
	text[0] = '\0';
	for (; *taken < tweak_count(run) && run->tweaks[*taken].step == step; ++*taken) {
		size_t length = strlen(text);
		snprintf(text + length, COMPARE_TEXT - length, "%s%.15s", length ? " " : "", run->tweaks[*taken].label);
	}
}

static int count_steps(const struct view_compare *compare)
{
	int taken[VIEW_COMPARED] = {0}, count = 0;
	char text[COMPARE_TEXT];
	int64_t step = 0;
	for (; next_step(compare, taken, &step); count++)
		for (int i = 0; i < compare_count(compare); i++)
			take_changes(&compare->runs[i], step, &taken[i], text);
	return count;
}

/* One line a step at which something was changed; runs stay in their columns, so that equal steps lie beside each other. */
void compare_draw_journal(struct canvas *canvas, const struct view_compare *compare, struct compare_state *state)
{
	int steps = count_steps(compare), rows = canvas->clip.height - 1, taken[VIEW_COMPARED] = {0};
	if (!steps) {
		screen_draw_centred(canvas, ROLE_QUIET, compare->loading ? "reading the journals ..." : "nothing was changed while they trained");
		return;
	}
	struct canvas body = canvas_part(canvas, (struct rect){0, 0, canvas->clip.width - 2, canvas->clip.height});
	struct columns columns = lay_out(compare, &body, STEP_WIDTH + 1, false, &state->left);
	int top = scroll_to(canvas, state, COMPARE_JOURNAL, steps, rows);
	int64_t step = 0;
	draw_heading(&body, compare, &columns);
	if (columns.shown == columns.count)
		canvas_text_right(&body, STEP_WIDTH - 1, 0, ROLE_QUIET, 0, "step");
	for (int y = 1 - top; y <= rows && next_step(compare, taken, &step); y++) {
		char changes[VIEW_COMPARED][COMPARE_TEXT], number[COMPARE_NUMBER];
		for (int i = 0; i < compare_count(compare); i++)
			take_changes(&compare->runs[i], step, &taken[i], changes[i]);
		if (y < 1)
			continue;
		canvas_text_right(&body, STEP_WIDTH - 1, y, ROLE_QUIET, 0, text_count(number, sizeof number, step));
		for (int i = columns.first; i < columns.first + columns.shown; i++) {
			struct canvas cell = cell_of(&body, &columns, i, y);
			write_cell(&cell, changes[i][0] ? ROLE_MARK : ROLE_FRAME, 0, changes[i][0] ? changes[i] : "\xc2\xb7");
		}
	}
}
