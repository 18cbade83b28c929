/* A report in Markdown: what differs first, then what was seen. Every value from a run or a person is escaped. */
#include "app/cmd_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "app/cli.h"
#include "app/run_fields.h"
#include "app/run_seeds.h"
#include "engine/base/clock.h"

/* ---- words ---- */

/* What Markdown would take for markup, and line breaks, which would end a table's row. */
static void add_escaped(struct text *text, const char *words)
{
	for (const char *c = words; *c; c++) {
		if (strchr("\\`*_{}[]<>#|~", *c))
			text_append(text, "\\", 1);
		text_append(text, (unsigned char)*c < ' ' ? " " : c, 1);
	}
}

static void add_cell(struct text *text, const char *words)
{
	text_format(text, " ");
	add_escaped(text, words);
	text_format(text, " |");
}

static const char *text_in(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));
	return value ? value : "";
}

static double number_in(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "12.3 dB"; "-" when not known. */
static void add_number_cell(struct text *text, double value, int decimals, const char *unit)
{
	if (isfinite(value))
		text_format(text, " %.*f%s |", decimals, value, unit);
	else
		text_format(text, " - |");
}

static const char *format_time(char target[40], double unix_seconds)
{
	time_t seconds = (time_t)unix_seconds;
	struct tm utc;
	target[0] = '\0';
	if (unix_seconds > 0 && gmtime_r(&seconds, &utc))
		strftime(target, 40, "%Y-%m-%d %H:%M:%S UTC", &utc);
	return target;
}

/* ---- the runs ---- */

static const json_t *network_of(const struct run_report *report, const char *name)
{
	size_t i;
	const json_t *network;
	json_array_foreach(report->networks, i, network)
		if (strcmp(text_in(network, "network"), name) == 0)
			return network;
	return NULL;
}

static void add_run_row(struct text *text, const struct run_report *report)
{
	const struct run *run = &report->run;
	char d_bits[8], g_bits[8], count[32], time[32];
	run_bits_text(d_bits, sizeof d_bits, run->d_bits);
	run_bits_text(g_bits, sizeof g_bits, run->g_bits);
	text_format(text, "|");
	add_cell(text, run->name);
	add_cell(text, run_status_name(run->status));
	add_cell(text, run->model);
	add_cell(text, run->data);
	add_cell(text, d_bits);
	add_cell(text, g_bits);
	add_cell(text, run->d_bits == 32 && run->g_bits == 32 ? "-" : run->quantizer);
	add_cell(text, text_count(count, sizeof count, run->step));
	add_number_cell(text, run->epochs, 1, "");
	add_cell(text, text_duration(time, sizeof time, run->train_seconds));
	add_number_cell(text, number_in(network_of(report, "G"), "ratio"), 1, "x");
	add_cell(text, *run->verdict.kind ? run->verdict.kind : "-");
	text_format(text, "\n");
}

static void add_lineage(struct text *text, const struct reported_run *reported)
{
	const struct run_report *report = &reported->report;
	if (report->run.parent_id > 0) {
		add_escaped(text, report->run.name);
		text_format(text, " began at step %" PRId64 " of ", report->run.parent_step);
		if (*reported->parent)
			add_escaped(text, reported->parent);
		else
			text_format(text, "run %" PRId64 ", which is not in the store any more", report->run.parent_id);
		text_format(text, ".\n\n");
	}
	if (*report->run.message) {
		add_escaped(text, report->run.name);
		text_format(text, ": ");
		add_escaped(text, report->run.message);
		text_format(text, "\n\n");
	}
}

static void add_runs(struct text *text, const struct reported *reported)
{
	text_format(text, "| run | status | model | data | D bits | G bits | method | steps | epochs | trained | G smaller | verdict |\n"
	                  "|---|---|---|---|--:|--:|---|--:|--:|--:|--:|---|\n");
	for (int i = 0; i < reported->count; i++)
		add_run_row(text, &reported->runs[i].report);
	text_format(text, "\n");
	for (int i = 0; i < reported->count; i++)
		add_lineage(text, &reported->runs[i]);
}

/* ---- settings ---- */

static bool is_shown(const struct reported *reported, const struct setting_row *row)
{
	char first[SETTING_TEXT_SIZE], value[SETTING_TEXT_SIZE];
	settings_get(&reported->runs[0].settings, row, first, sizeof first);
	for (int i = 1; i < reported->count; i++)
		if (strcmp(first, settings_get(&reported->runs[i].settings, row, value, sizeof value)) != 0)
			return true;
	return reported->count == 1;
}

static int add_setting_rows(struct text *text, const struct reported *reported)
{
	int same = 0;
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char value[SETTING_TEXT_SIZE];
		if (!is_shown(reported, row)) {
			same++;
			continue;
		}
		text_format(text, "| %s |", row->name);
		for (int i = 0; i < reported->count; i++)
			add_cell(text, settings_get(&reported->runs[i].settings, row, value, sizeof value));
		text_format(text, "\n");
	}
	return same;
}

static void add_settings(struct text *text, const struct reported *reported)
{
	bool single = reported->count == 1;
	text_format(text, "## %s\n\n", single ? "Settings" : "Settings that differ");
	for (int i = 0; i < reported->count; i++)
		if (!reported->runs[i].has_settings) {
			text_format(text, "The settings of ");
			add_escaped(text, reported->runs[i].report.run.name);
			text_format(text, " cannot be read by this version of qgan.\n\n");
			return;
		}
	text_format(text, "As configured at the start; what was changed while training is in the journal.\n\n| setting |");
	for (int i = 0; i < reported->count; i++)
		add_cell(text, single ? "value" : reported->runs[i].report.run.name);
	text_format(text, "\n|---|");
	for (int i = 0; i < reported->count; i++)
		text_format(text, "---|");
	text_format(text, "\n");
	int same = add_setting_rows(text, reported);
	if (same > 0)
		text_format(text, "\nThe other %d settings are the same in all runs.\n", same);
	text_format(text, "\n");
}

/* ---- verdicts ---- */

static void add_verdicts(struct text *text, const struct reported *reported)
{
	text_format(text, "## Verdicts\n\n");
	for (int i = 0; i < reported->count; i++) {
		const struct run *run = &reported->runs[i].report.run;
		text_format(text, "- **");
		add_escaped(text, run->name);
		text_format(text, "**: %s", *run->verdict.kind ? run->verdict.kind : "not judged");
		if (*run->verdict.reason) {
			text_format(text, ". ");
			add_escaped(text, run->verdict.reason);
		}
		if (*run->verdict.action) {
			text_format(text, "; to try next: ");
			add_escaped(text, run->verdict.action);
		}
		text_format(text, "\n");
	}
	text_format(text, "\n");
}

/* ---- scores ---- */

static void add_spread(struct text *text, double mean, double deviation, int decimals)
{
	add_number_cell(text, mean, decimals, "");
	if (isfinite(mean) && isfinite(deviation)) {
		text->length -= strlen(" |");
		text_format(text, " ± %.*f |", decimals, deviation);
	}
}

static void add_score_row(struct text *text, const struct run *run, const struct score *score, const char *which)
{
	char step[32];
	text_format(text, "|");
	add_cell(text, run->name);
	add_cell(text, which);
	add_cell(text, text_count(step, sizeof step, score->step));
	add_spread(text, score->fid, score->fid_std, 2);
	add_spread(text, score->kid, score->kid_std, 5);
	add_spread(text, score->is_mean, score->is_std, 2);
	add_cell(text, score->recipe);
	add_cell(text, score->identity);
	text_format(text, "\n");
}

/* Of every identity the last score, and the best FID where that is another one. */
static void add_run_scores(struct text *text, const struct reported_run *run)
{
	for (size_t i = 0; i < run->score_count; i++) {
		const struct score *score = &run->scores[i], *best = score;
		bool last = true;
		for (size_t k = 0; k < run->score_count; k++) {
			if (strcmp(run->scores[k].identity, score->identity) != 0)
				continue;
			last &= k <= i;
			if (run->scores[k].fid < best->fid)
				best = &run->scores[k];
		}
		if (last && best != score)
			add_score_row(text, &run->report.run, best, "best");
		if (last)
			add_score_row(text, &run->report.run, score, best == score ? "last, best" : "last");
	}
}

static void add_scores(struct text *text, const struct reported *reported)
{
	size_t count = 0;
	for (int i = 0; i < reported->count; i++)
		count += reported->runs[i].score_count;
	text_format(text, "## Scores\n\n");
	if (count == 0) {
		text_format(text, "%s never scored.\n\n", reported->count == 1 ? "The run was" : "The runs were");
		return;
	}
	text_format(text, "Scores can be compared only where the last column says the same.\n\n"
	                  "| run | which | step | FID | KID | Inception Score | recipe | depends on |\n|---|---|--:|--:|--:|--:|---|---|\n");
	for (int i = 0; i < reported->count; i++)
		add_run_scores(text, &reported->runs[i]);
	text_format(text, "\n");
}

/* ---- seeds ---- */

static void add_seed_row(struct text *text, const struct seeded_run runs[], const int groups[], int count, int group)
{
	static const int decimals[SEED_FIELDS] = {2, 2, 5, 2, 2, 3, 3};
	text_format(text, "| ");
	for (int i = 0, named = 0; i < count; i++)
		if (groups[i] == group) {
			text_format(text, "%s", named++ ? ", " : "");
			add_escaped(text, runs[i].run->name);
		}
	text_format(text, " |");
	for (int f = 0; f < SEED_FIELDS; f++) {
		struct seed_spread spread = runs_spread(runs, groups, count, group, f);
		add_spread(text, spread.mean, spread.deviation, decimals[f]);
	}
	text_format(text, "\n");
}

/* Only where some runs differ in nothing but the seed. */
static void add_seeds(struct text *text, const struct reported *reported)
{
	struct seeded_run runs[FIGURE_CHART_RUNS];
	int groups[FIGURE_CHART_RUNS];
	bool headed = false;
	for (int i = 0; i < reported->count; i++)
		runs[i] = (struct seeded_run){&reported->runs[i].report.run, reported->runs[i].has_settings ? &reported->runs[i].settings : NULL};
	runs_find_seeds(runs, reported->count, groups);
	for (int group = 0; group < reported->count; group++) {
		if (runs_count_seeds(groups, reported->count, group) < 2)
			continue;
		if (!headed)
			text_format(text, "## Over seeds\n\nMean \xc2\xb1 deviation of runs that differ in nothing but the seed.\n\n"
			                  "| runs | FID | best FID | KID | IS | best IS | loss D | loss G |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
		headed = true;
		add_seed_row(text, runs, groups, reported->count, group);
	}
	if (headed)
		text_format(text, "\n");
}

/* ---- pictures ---- */

static void add_charts(struct text *text, const struct reported *reported)
{
	if (reported->chart_count > 0)
		text_format(text, "## Curves\n\n");
	for (int i = 0; i < reported->chart_count; i++)
		text_format(text, "![%s](%s)\n\n", reported->charts[i].kind->title, reported->charts[i].file);
	if (reported->has_sizes)
		text_format(text, "## Size\n\n![Best FID against the size of G](sizes.png)\n\n");
}

static void add_samples(struct text *text, const struct reported *reported)
{
	bool headed = false;
	for (int i = 0; i < reported->count; i++) {
		const struct reported_run *run = &reported->runs[i];
		if (run->sample_count > 0 && !headed)
			text_format(text, "## Samples\n\nThe same noise at every step of a run.\n\n");
		headed |= run->sample_count > 0;
		if (run->sample_count > 0 && reported->count > 1) {
			text_format(text, "### ");
			add_escaped(text, run->report.run.name);
			text_format(text, "\n\n");
		}
		for (int s = 0; s < run->sample_count; s++) {
			char step[32], bits[8];
			run_bits_text(bits, sizeof bits, run->samples[s].g_bits);
			text_count(step, sizeof step, run->samples[s].step);
			text_format(text, "Step %s, G %s%s:\n\n![step %s](%s)\n\n", step, bits, run->samples[s].g_bits == 32 ? "" : " bit",
			            step, run->samples[s].file);
		}
	}
}

/* ---- layers ---- */

static void add_layer_row(struct text *text, const json_t *layer)
{
	char bits[8], size[32];
	run_bits_text(bits, sizeof bits, number_in(layer, "bits"));
	text_format(text, "| %s.", text_in(layer, "network"));
	add_escaped(text, text_in(layer, "layer"));
	text_format(text, " |");
	add_cell(text, text_in(layer, "shape"));
	add_cell(text, text_in(layer, "quantizer"));
	add_cell(text, bits);
	add_number_cell(text, 100 * number_in(layer, "utilization"), 0, " %");
	add_number_cell(text, number_in(layer, "dead_states"), 0, "");
	add_number_cell(text, number_in(layer, "sqnr_db"), 1, " dB");
	text_format(text, isfinite(number_in(layer, "mse")) ? " %.3g |" : " - |", number_in(layer, "mse"));
	add_cell(text, text_bytes_amount(size, sizeof size, number_in(layer, "packed_bytes")));
	text_format(text, "\n");
}

static void add_layers(struct text *text, const struct reported_run *run, bool named)
{
	size_t i;
	const json_t *layer;
	if (json_array_size(run->report.layers) == 0)
		return;
	text_format(text, "## Layers%s", named ? " of " : "");
	if (named)
		add_escaped(text, run->report.run.name);
	text_format(text, "\n\nAt step %" PRId64 ".\n\n", (int64_t)number_in(json_array_get(run->report.layers, 0), "step"));
	text_format(text, "| layer | shape | method | bits | utilization | dead states | SQNR | MSE | size |\n"
	                  "|---|---|---|--:|--:|--:|--:|--:|--:|\n");
	json_array_foreach(run->report.layers, i, layer)
		add_layer_row(text, layer);
	const json_t *both = network_of(&run->report, "both");
	char packed[32], floats[32];
	text_format(text, "\nD and G together: %s packed, %s in float.\n\n",
	            text_bytes_amount(packed, sizeof packed, number_in(both, "packed_bytes")),
	            text_bytes_amount(floats, sizeof floats, number_in(both, "float32_bytes")));
}

/* ---- the journal ---- */

static void add_journal(struct text *text, const struct reported_run *run, bool named)
{
	size_t i;
	const json_t *entry;
	text_format(text, "## Journal%s", named ? " of " : "");
	if (named)
		add_escaped(text, run->report.run.name);
	text_format(text, "\n\n");
	if (json_array_size(run->report.journal) == 0) {
		text_format(text, "Nothing was changed while it trained.\n\n");
		return;
	}
	text_format(text, "| step | time | what |\n|--:|---|---|\n");
	json_array_foreach(run->report.journal, i, entry) {
		char time[40], step[32];
		text_format(text, "|");
		add_cell(text, text_count(step, sizeof step, (int64_t)number_in(entry, "step")));
		add_cell(text, format_time(time, number_in(entry, "time")));
		add_cell(text, text_in(entry, "text"));
		text_format(text, "\n");
	}
	text_format(text, "\n");
}

/* ---- the whole ---- */

static void add_machines(struct text *text, const struct reported *reported)
{
	char now[40];
	text_format(text, "## Made with\n\n");
	for (int i = 0; i < reported->count; i++) {
		const struct run *run = &reported->runs[i].report.run;
		char created[40];
		text_format(text, "- ");
		add_escaped(text, run->name);
		text_format(text, ": begun %s, qgan ", format_time(created, run->created));
		add_escaped(text, run->version);
		text_format(text, " on ");
		add_escaped(text, run->machine);
		text_format(text, "\n");
	}
	text_format(text, "- this report: %s, qgan %s\n", format_time(now, clock_unix()), QGAN_VERSION);
}

void report_write_markdown(struct text *text, const struct reported *reported)
{
	bool several = reported->count > 1;
	text_format(text, "# ");
	if (several)
		text_format(text, "%d runs side by side", reported->count);
	else
		add_escaped(text, reported->runs[0].report.run.name);
	text_format(text, "\n\n");
	add_runs(text, reported);
	add_scores(text, reported);
	add_seeds(text, reported);
	add_verdicts(text, reported);
	add_settings(text, reported);
	add_charts(text, reported);
	add_samples(text, reported);
	for (int i = 0; i < reported->count; i++)
		add_layers(text, &reported->runs[i], several);
	for (int i = 0; i < reported->count; i++)
		add_journal(text, &reported->runs[i], several);
	add_machines(text, reported);
}
