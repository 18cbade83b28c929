/* qgan runs compare: runs beside each other. The store's answers become JSON first; the tables for people are written from
 * the same JSON, so that both say the same. */
#include "app/cmd_runs.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_choice.h"
#include "app/run_seeds.h"
#include "app/settings.h"
#include "app/text_table.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"

enum { MOST_RUNS = 16 };

struct arguments {
	const char *store, *filter;
	bool json, all;
};

/* What is compared besides settings, journal and scores; settings say what was asked for, these how it went. */
static const char *const compared_fields[] = {
	"status", "verdict", "reason", "bits.d", "bits.g", "quantizer", "step", "epochs", "duration", "loss.d", "loss.g", "ratio", "bytes.g",
	"parent", "tags", "note",
};
static const char *const score_fields[] = { /* the recipe last */
	"fid", "fid.best", "fid.best.step", "kid", "is", "is.best", "score.step", "recipe"};
enum { FIELDS = sizeof compared_fields / sizeof *compared_fields, SCORES = sizeof score_fields / sizeof *score_fields };

struct comparison {
	struct run runs[MOST_RUNS];
	json_t *journals[MOST_RUNS]; /* owned */
	struct gan_settings settings[MOST_RUNS];
	struct seeded_run seeded[MOST_RUNS];
	int groups[MOST_RUNS];       /* the first run of the same settings but for the seed */
	int count;
};

/* ---- reading ---- */

static void add_entry(void *context, const struct journal_entry *entry)
{
	json_array_append_new(context, json_pack("{s:I, s:s, s:s, s:o}", "step", (json_int_t)entry->step, "field", entry->field, "value",
		entry->value, "text", cli_json_text(entry->text)));
}

static bool add_run(struct comparison *comparison, struct store *store, const struct run_choice *choice, size_t index,
                    struct error *error)
{
	struct run *run = &comparison->runs[comparison->count];
	if (!run_choice_find(choice, index, store, run, error))
		return false;
	json_t *journal = comparison->journals[comparison->count++] = json_array();
	return store_visit_journal(store, run->id, add_entry, journal, error);
}

static void find_seeds(struct comparison *comparison)
{
	for (int i = 0; i < comparison->count; i++) {
		const struct run *run = &comparison->runs[i];
		bool known = run->config_json && settings_from_text(run->config_json, &comparison->settings[i], NULL);
		comparison->seeded[i] = (struct seeded_run){run, known ? &comparison->settings[i] : NULL};
	}
	runs_find_seeds(comparison->seeded, comparison->count, comparison->groups);
}

static bool read_runs(struct comparison *comparison, struct store *store, const struct cli_words *words, const char *filter,
                      struct error *error)
{
	struct run_choice choice;
	bool good = run_choice_read(store, words, filter, RUN_SHELF_USUAL, &choice, error);
	if (good && (choice.count < 2 || choice.count > MOST_RUNS))
		good = error_set(error, ERROR_INPUT, "expected 2 to %d different runs to compare, not %zu", MOST_RUNS, choice.count);
	for (size_t i = 0; good && i < choice.count; i++)
		good = add_run(comparison, store, &choice, i, error);
	run_choice_clear(&choice);
	if (good)
		find_seeds(comparison);
	return good;
}

static void clear(struct comparison *comparison)
{
	for (int i = 0; i < comparison->count; i++) {
		run_clear(&comparison->runs[i]);
		json_decref(comparison->journals[i]);
	}
}

/* ---- JSON ---- */

static json_t *read_settings(const struct run *run)
{
	json_t *settings = run->config_json ? json_loads(run->config_json, 0, NULL) : NULL;
	return json_is_object(settings) ? settings : (json_decref(settings), json_object());
}

/* A setting that a run was recorded without stands as null. */
static json_t *collect_setting(json_t *const settings[], int count, const char *name, bool *differs)
{
	json_t *values = json_array();
	*differs = false;
	for (int i = 0; i < count; i++) {
		json_t *value = json_object_get(settings[i], name);
		json_array_append(values, value ? value : json_null());
		*differs = *differs || !json_equal(json_array_get(values, 0), json_array_get(values, (size_t)i));
	}
	return values;
}

/* {"d_bits": [32, 2]}: a value for each run, only of those that differ unless `all`. In the order of the settings' table. */
static json_t *compare_settings(const struct comparison *comparison, bool all)
{
	json_t *settings[MOST_RUNS], *result = json_object();
	for (int i = 0; i < comparison->count; i++)
		settings[i] = read_settings(&comparison->runs[i]);
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char name[64];
		bool differs;
		text_copy(name, sizeof name, row->name);
		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : *c;
		json_t *values = collect_setting(settings, comparison->count, name, &differs);
		if (all || differs)
			json_object_set(result, name, values);
		json_decref(values);
	}
	for (int i = 0; i < comparison->count; i++)
		json_decref(settings[i]);
	return result;
}

static json_t *compare_fields(const struct comparison *comparison, const char *const names[], int count)
{
	json_t *result = json_object();
	double now = clock_unix();
	for (int f = 0; f < count; f++) {
		const struct run_field *field = run_field_find(names[f]);
		json_t *values = json_array();
		for (int i = 0; i < comparison->count; i++)
			json_array_append_new(values, run_field_to_json(field, &comparison->runs[i], now));
		json_object_set_new(result, field->json, values);
	}
	return result;
}

/* Scores of different recipes say nothing about each other. */
static bool recipes_differ(const struct comparison *comparison)
{
	const char *first = NULL;
	for (int i = 0; i < comparison->count; i++) {
		const char *identity = comparison->runs[i].scores.identity;
		if (*identity && first && strcmp(first, identity) != 0)
			return true;
		first = *identity ? identity : first;
	}
	return false;
}

/* {"mean": 61.2, "sd": 1.9, "runs": 3}; null where nothing is known. */
static json_t *spread_of(const struct comparison *comparison, int group, int field)
{
	struct seed_spread spread = runs_spread(comparison->seeded, comparison->groups, comparison->count, group, field);
	if (spread.runs == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:i}", "mean", cli_json_real(spread.mean), "sd", cli_json_real(spread.deviation), "runs", spread.runs);
}

/* [{"runs": ["a", "b"], "fid": {...}, ...}]: a group of more than one run each. */
static json_t *collect_seeds(const struct comparison *comparison)
{
	json_t *groups = json_array();
	for (int group = 0; group < comparison->count; group++) {
		json_t *names = json_array(), *json = json_object();
		for (int i = 0; i < comparison->count; i++)
			if (comparison->groups[i] == group)
				json_array_append_new(names, json_string(comparison->runs[i].name));
		json_object_set(json, "runs", names);
		for (int f = 0; f < SEED_FIELDS; f++)
			json_object_set_new(json, run_field_find(seed_fields[f])->json, spread_of(comparison, group, f));
		if (json_array_size(names) > 1)
			json_array_append(groups, json);
		json_decref(names);
		json_decref(json);
	}
	return groups;
}

static json_t *to_json(const struct comparison *comparison, bool all)
{
	json_t *names = json_array(), *journals = json_array();
	for (int i = 0; i < comparison->count; i++) {
		json_array_append_new(names, json_string(comparison->runs[i].name));
		json_array_append(journals, comparison->journals[i]);
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "runs", names, "settings", compare_settings(comparison, all),
		"fields", compare_fields(comparison, compared_fields, FIELDS), "scores", compare_fields(comparison, score_fields, SCORES),
		"scores_comparable", !recipes_differ(comparison), "seeds", collect_seeds(comparison), "journals", journals);
}

/* ---- tables for people ---- */

static struct text_table *begin_table(const struct comparison *comparison, struct text_column columns[MOST_RUNS + 2])
{
	columns[0] = (struct text_column){.title = ""};
	for (int i = 0; i < comparison->count; i++)
		columns[i + 1] = (struct text_column){.title = comparison->runs[i].name};
	columns[comparison->count + 1].title = NULL;
	return text_table_create(columns);
}

static void end_table(struct text_table *table, const char *title)
{
	printf("\n%s\n", title);
	text_table_print(table, stdout, 2);
	text_table_destroy(table);
}

static void add_json_cell(struct text_table *table, const json_t *value)
{
	char *text = json_is_string(value) ? memory_text(json_string_value(value)) : json_is_null(value) ? memory_text("-")
	           : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
	text_table_add(table, "%s", text ? text : "");
	free(text);
}

static void print_settings(const struct comparison *comparison, json_t *settings, bool all)
{
	struct text_column columns[MOST_RUNS + 2];
	const char *name;
	json_t *values, *value;
	size_t i;
	if (json_object_size(settings) == 0) {
		printf("\nall settings are equal\n");
		return;
	}
	struct text_table *table = begin_table(comparison, columns);
	json_object_foreach(settings, name, values) {
		text_table_add(table, "%s", name);
		json_array_foreach(values, i, value)
			add_json_cell(table, value);
	}
	end_table(table, all ? "settings" : "settings that differ");
}

static void add_field_row(struct text_table *table, const struct comparison *comparison, const struct run_field *field)
{
	char cell[RUN_CELL_SIZE];
	text_table_add(table, "%s", field->name);
	for (int i = 0; i < comparison->count; i++)
		text_table_add(table, "%s", run_field_cell(field, &comparison->runs[i], clock_unix(), cell));
}

static void print_fields(const struct comparison *comparison, const char *title, const char *const names[], int count)
{
	struct text_column columns[MOST_RUNS + 2];
	struct text_table *table = begin_table(comparison, columns);
	for (int f = 0; f < count; f++)
		add_field_row(table, comparison, run_field_find(names[f]));
	end_table(table, title);
}

static void print_scores(const struct comparison *comparison)
{
	bool any = false;
	for (int i = 0; i < comparison->count; i++)
		any = any || comparison->runs[i].scores.identity[0];
	if (!any)
		return;
	bool differ = recipes_differ(comparison);
	print_fields(comparison, "scores", score_fields, SCORES - 1); /* a recipe is too long for a column */
	if (differ)
		printf("  NOT comparable: the recipes differ\n");
	for (int i = 0, told = 0; i < comparison->count && (differ || !told); i++) {
		const struct run *run = &comparison->runs[i];
		if (*run->scores.identity)
			told += printf("  %s%s%s\n", differ ? run->name : "recipe", differ ? ": " : "  ", run->scores.identity);
	}
}

static void add_spread(struct text_table *table, const json_t *spread)
{
	const json_t *deviation = json_object_get(spread, "sd");
	if (json_is_number(deviation))
		text_table_add(table, "%.4g +-%.2g", json_number_value(json_object_get(spread, "mean")), json_number_value(deviation));
	else
		text_table_add(table, json_is_object(spread) ? "%.4g" : "-", json_number_value(json_object_get(spread, "mean")));
}

/* A column a group, named by its first run and how many there are. */
static void print_seeds(const json_t *groups)
{
	struct text_column columns[MOST_RUNS + 2] = {{.title = ""}};
	char titles[MOST_RUNS][96];
	size_t count = json_array_size(groups);
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const json_t *names = json_object_get(json_array_get(groups, i), "runs");
		snprintf(titles[i], sizeof titles[i], "%s and %zu more", json_string_value(json_array_get(names, 0)), json_array_size(names) - 1);
		columns[i + 1] = (struct text_column){.title = titles[i]};
	}
	struct text_table *table = text_table_create(columns);
	for (int f = 0; f < SEED_FIELDS; f++) {
		text_table_add(table, "%s", seed_fields[f]);
		for (size_t i = 0; i < count; i++)
			add_spread(table, json_object_get(json_array_get(groups, i), run_field_find(seed_fields[f])->json));
	}
	end_table(table, "mean and deviation over runs that differ in nothing but the seed");
}

static void print_journals(const struct comparison *comparison)
{
	for (int i = 0; i < comparison->count; i++) {
		size_t index;
		json_t *entry;
		if (json_array_size(comparison->journals[i]) > 0)
			printf("\njournal of %s\n", comparison->runs[i].name);
		json_array_foreach(comparison->journals[i], index, entry) {
			char step[32];
			text_count(step, sizeof step, json_integer_value(json_object_get(entry, "step")));
			printf("  %10s  %s\n", step, json_string_value(json_object_get(entry, "text")));
		}
	}
}

static int print(const struct comparison *comparison, const struct arguments *arguments)
{
	json_t *json = to_json(comparison, arguments->all);
	if (arguments->json)
		return cli_print_json(json);
	print_fields(comparison, "runs", compared_fields, FIELDS);
	print_settings(comparison, json_object_get(json, "settings"), arguments->all);
	print_scores(comparison);
	print_seeds(json_object_get(json, "seeds"));
	print_journals(comparison);
	json_decref(json);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct comparison comparison = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_runs_compare.syntax, subcommand_runs_compare.help, argc, argv, &arguments, &words, &status))
		return status;
	struct store *store = runs_open_store(arguments.store, STORE_READ, &error);
	bool good = store && read_runs(&comparison, store, &words, arguments.filter, &error);
	store_close(store);
	status = good ? print(&comparison, &arguments) : cli_fail(&error);
	clear(&comparison);
	return status;
}

static const struct cli_option options[] = {
	{.name = "all", .kind = CLI_FLAG, .offset = offsetof(struct arguments, all), .help = "every setting, not only those that differ"},
	CLI_RUN_FILTER(struct arguments, filter),
	CLI_STORE(struct arguments, store),
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_compare = {
	.name = "compare",
	.help = "Put runs beside each other: settings that differ, how they went, scores with their recipes, means over seeds, journals.",
	.syntax = {.positionals = "[RUN...]", .max = -1, .options = options,
		.notes = "RUN is a name or an id; 2 to 16 runs are compared.\n"},
	.run = run,
};
