/* qgan runs as scripts use it, on a made up store: what is listed, compared, asked in SQL and edited. */
#include <math.h>

#include <jansson.h>

#include "app/bench_store.h"
#include "app/figure_chart.h"
#include "app/settings.h"
#include "engine/base/text.h"
#include "store/store.h"
#include "tests/program_fixture.h"

enum { RUNS = 60 };

/* The JSON of a command that must succeed; the caller releases it. */
__attribute__((format(printf, 1, 2)))
static json_t *ask(const char *format, ...)
{
	char words[PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	int status = run("%s --json", words);
	if (status != 0)
		fail_msg("%s: status %d, %s", words, status, complaint);
	json_t *json = json_loads(output, 0, NULL);
	assert_non_null(json);
	return json;
}

__attribute__((format(printf, 2, 3)))
static void check_refused(const char *says, const char *format, ...)
{
	char words[PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	assert_int_equal(run("%s", words), 2);
	if (!strstr(complaint, says))
		fail_msg("%s: %s", words, complaint);
	assert_string_equal(output, "");
}

static size_t count_listed(const char *flags)
{
	json_t *json = ask("runs list %s", flags);
	size_t count = json_array_size(json_object_get(json, "runs"));
	json_decref(json);
	return count;
}

static bool go_on(void *context, int64_t done)
{
	(void)context, (void)done;
	return true;
}

static int make_store(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	struct store *store = store_open(temporary_path(&folder, "runs.db"), STORE_WRITE, NULL);
	bool good = store && bench_store_fill(store, RUNS, 3000, go_on, NULL, NULL);
	store_close(store);
	return good ? 0 : -1;
}

static int remove_store(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

/* ---- the list ---- */

static void lists_are_filtered_and_sorted(void **state)
{
	(void)state;
	assert_int_equal(count_listed(""), RUNS);
	assert_int_equal(count_listed("--limit 7"), 7);
	size_t few = count_listed("--filter 'bits.g<=2'"), many = count_listed("--filter 'bits.g>2'");
	assert_true(few > 5 && many > 5 && few + many == RUNS);
	assert_int_equal(count_listed("--filter 'bits.g<=2 or bits.g>2'"), RUNS);
	assert_int_equal(count_listed("--filter 'g-learning-rate>=1e-4'"), RUNS);
	json_t *json = ask("runs list --filter 'status:finished' --sort=-fid.best,name --columns name,fid.best,status");
	const json_t *runs = json_object_get(json, "runs");
	assert_true(json_array_size(runs) > 5);
	for (size_t i = 0; i < json_array_size(runs); i++) {
		const json_t *one = json_array_get(runs, i), *before = i > 0 ? json_array_get(runs, i - 1) : one;
		assert_int_equal(json_object_size(one), 3);
		assert_string_equal(json_string_value(json_object_get(one, "status")), "finished");
		assert_true(json_real_value(json_object_get(before, "fid_best")) >= json_real_value(json_object_get(one, "fid_best")));
	}
	json_decref(json);
	assert_int_equal(run("runs list --columns name,bits.g --limit 1"), 0);
	assert_true(strncmp(output, "name ", 5) == 0 && strstr(output, "bench-"));
	assert_int_equal(run("runs list --filter nothing"), 0);
	assert_non_null(strstr(complaint, "none of the 60 runs"));
	check_refused("filter, character 5: expected a number", "runs list --filter 'fid<many'");
	check_refused("unknown column \"nmae\"; did you mean name?", "runs list --columns nmae");
	check_refused("unknown field to sort by", "runs list --sort nothing");
	check_refused("there is no view", "runs list --view missing");
}

static void views_are_saved_and_shown(void **state)
{
	(void)state;
	assert_int_equal(run("runs views small --filter 'bits.g<=2' --columns name,bits.g --sort name"), 0);
	size_t few = count_listed("--view small");
	assert_int_equal(few, count_listed("--filter 'bits.g<=2'"));
	assert_int_equal(count_listed("--view small --filter ''"), RUNS); /* flags win */
	check_refused("filter, character", "runs views wrong --filter '('");
	check_refused("what shall view", "runs views empty");
	json_t *json = ask("runs views");
	assert_int_equal(json_array_size(json_object_get(json, "views")), 1);
	json_decref(json);
	assert_int_equal(run("runs views small --remove"), 0);
	check_refused("none was saved", "runs views small --remove");
}

/* ---- editing ---- */

static void runs_are_edited(void **state)
{
	(void)state;
	json_t *json = ask("runs tag 1 2 --add mine --add x --remove paper");
	assert_int_equal(json_array_size(json_object_get(json, "runs")), 2);
	json_decref(json);
	assert_int_equal(count_listed("--filter tag:mine"), 2);
	check_refused("tag \"two words\"", "runs tag 3 1 --add ok --add 'two words'");
	assert_int_equal(count_listed("--filter tag:ok"), 0); /* all or nothing */
	check_refused("there is no run \"bench-nothing\"", "runs tag 1 bench-nothing --add y");
	assert_int_equal(count_listed("--filter tag:y"), 0);
	check_refused("which runs?", "runs tag --add z");
	assert_int_equal(run("runs tag --filter tag:mine --add z"), 0);
	assert_int_equal(count_listed("--filter tag:z"), 2);
	assert_int_equal(run("runs note 1 'looks good'"), 0);
	assert_int_equal(run("runs note 1"), 0);
	assert_non_null(strstr(complaint, ": looks good"));
	assert_int_equal(count_listed("--filter '\"looks good\"'"), 1);
	assert_int_equal(run("runs rename 1 first"), 0);
	assert_int_equal(run("runs show first"), 0);
	assert_non_null(strstr(output, "looks good"));
	check_refused("already", "runs rename 2 first");
	assert_int_equal(run("runs archive first"), 0);
	assert_int_equal(count_listed(""), RUNS - 1);
	assert_int_equal(count_listed("--archived"), RUNS);
	assert_int_equal(run("runs archive --undo first"), 0);
	assert_int_equal(count_listed(""), RUNS);
}

static void deleted_runs_come_back_until_purged(void **state)
{
	(void)state;
	assert_int_equal(run("runs delete 4 5 6"), 0);
	assert_non_null(strstr(complaint, "restore brings it back"));
	assert_int_equal(count_listed(""), RUNS - 3);
	assert_int_equal(count_listed("--trash"), 3);
	assert_int_equal(run("runs restore 5"), 0);
	assert_int_equal(count_listed(""), RUNS - 2);
	check_refused("needs --yes", "runs purge 4");
	assert_int_equal(run("runs purge 5 --yes"), 1); /* not in the trash */
	assert_non_null(strstr(complaint, "is not in the trash"));
	json_t *json = ask("runs purge --all --yes");
	assert_int_equal(json_array_size(json_object_get(json, "purged")), 2);
	json_decref(json);
	assert_int_equal(count_listed("--trash"), 0);
	json = ask("runs sql 'SELECT count(*) AS n FROM metric_points WHERE run_id IN (4, 6)'");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(json, "rows"), 0), "n")), 0);
	json_decref(json);
}

/* ---- compare ---- */

static void comparisons_tell_what_differs(void **state)
{
	(void)state;
	json_t *json = ask("runs compare 10 11 12"), *values;
	const char *name;
	assert_int_equal(json_array_size(json_object_get(json, "runs")), 3);
	const json_t *settings = json_object_get(json, "settings");
	assert_true(json_object_size(settings) > 0 && !json_object_get(settings, "latent"));
	json_object_foreach((json_t *)settings, name, values) {
		const json_t *a = json_array_get(values, 0), *b = json_array_get(values, 1), *c = json_array_get(values, 2);
		assert_false(json_equal(a, b) && json_equal(b, c));
	}
	assert_int_equal(json_array_size(json_object_get(json_object_get(json, "scores"), "fid")), 3);
	assert_int_equal(json_array_size(json_object_get(json, "journals")), 3);
	json_decref(json);
	json = ask("runs compare 10 11 --all");
	assert_non_null(json_object_get(json_object_get(json, "settings"), "latent"));
	json_decref(json);
	assert_int_equal(run("runs compare 10 11"), 0);
	assert_non_null(strstr(output, "settings that differ"));
	assert_non_null(strstr(output, "scores"));
	check_refused("expected 2 to 16 different runs to compare, not 1", "runs compare 10 10");
	check_refused("there is no run", "runs compare 10 none");
}

/* A copy of a run under another seed, with other last numbers. */
static void add_twin(struct store *store, const char *name, const char *twin, uint64_t seed, double fid, double loss)
{
	struct run run = {0};
	struct gan_settings settings;
	struct error error = {0};
	assert_true(store_find_run(store, name, &run, &error) && settings_from_text(run.config_json, &settings, &error));
	free(run.config_json);
	settings.seed = run.seed = seed;
	run.config_json = settings_to_text(&settings);
	run.loss_d = loss;
	text_copy(run.name, sizeof run.name, twin);
	assert_true(store_insert_run(store, &run, true, &error));
	struct score score = {.step = 10, .live = true, .samples = 100, .reference_samples = 100, .splits = 10, .dimensions = 64, .fid = fid,
		.fid_std = 1, .kid = NAN, .kid_std = NAN, .is_mean = 2, .is_std = 0.1, .recipe = "standard", .features = "classifier/x",
		.reference = "x", .split = "train"};
	assert_true(store_insert_score(store, run.id, &score, &error));
	run_clear(&run);
}

/* FIDs of 50 and 56: 53, and a sample's deviation of 4.243. */
static void seeds_have_a_mean(void **state)
{
	(void)state;
	struct store *store = store_open(temporary_path(&folder, "runs.db"), STORE_WRITE, NULL);
	add_twin(store, "40", "twin-a", 11, 50, 2);
	add_twin(store, "40", "twin-b", 12, 56, 4);
	store_close(store);
	json_t *json = ask("runs compare twin-a 41 twin-b");
	const json_t *groups = json_object_get(json, "seeds"), *group = json_array_get(groups, 0), *fid = json_object_get(group, "fid");
	assert_int_equal(json_array_size(groups), 1);
	assert_int_equal(json_array_size(json_object_get(group, "runs")), 2);
	assert_true(json_number_value(json_object_get(fid, "mean")) == 53 &&
	            fabs(json_number_value(json_object_get(fid, "sd")) - 4.2426) < 1e-3);
	assert_true(json_number_value(json_object_get(json_object_get(group, "loss_d"), "mean")) == 3);
	assert_int_equal(json_integer_value(json_object_get(fid, "runs")), 2);
	assert_true(json_is_null(json_object_get(group, "kid")));
	json_decref(json);
	assert_int_equal(run("runs compare twin-a 41 twin-b"), 0);
	assert_non_null(strstr(output, "twin-a and 1 more"));
	assert_non_null(strstr(output, "53 +-4.2"));
	assert_int_equal(run("runs compare twin-a twin-b"), 0);
	assert_non_null(strstr(output, "\n  recipe  classifier/x"));
	assert_int_equal(run("report twin-a twin-b --output twins"), 0);
	char report[8192];
	FILE *file = fopen(temporary_path(&folder, "twins/report.md"), "r");
	assert_non_null(file);
	report[fread(report, 1, sizeof report - 1, file)] = '\0';
	fclose(file);
	assert_non_null(strstr(report, "| twin-a, twin-b | 53.00 \xc2\xb1 4.24 | 53.00 \xc2\xb1 4.24 | - | 2.00 \xc2\xb1 0.00 |"));
	assert_int_equal(run("runs compare 41 twin-b"), 0);
	assert_null(strstr(output, "nothing but the seed"));
}

/* ---- which runs: every verb that takes several understands names, ids and --filter alike ---- */

static size_t count_runs(const char *words)
{
	json_t *json = ask("%s", words);
	size_t count = json_array_size(json_object_get(json, "runs"));
	json_decref(json);
	return count;
}

static void verbs_choose_runs_alike(void **state)
{
	(void)state;
	static const char *const verbs[] = {"runs compare", "runs export", "report", "runs tag --add t", "runs archive", "runs delete",
		"runs restore", "runs purge --yes"};
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		check_refused("which runs? expected names, ids or --filter TEXT", "%s", verbs[i]);
		check_refused("there is no run \"none\"", "%s 20 none", verbs[i]);
		check_refused("filter, character 5: expected a number", "%s --filter 'fid<many'", verbs[i]);
		check_refused("no run matches --filter name=none", "%s --filter name=none", verbs[i]);
	}
	assert_int_equal(run("runs tag 20 21 22 --add chosen"), 0);
	assert_int_equal(count_runs("runs compare --filter tag:chosen"), 3);
	assert_int_equal(count_runs("runs compare 21 23 --filter tag:chosen"), 4); /* each once */
	assert_int_equal(count_runs("runs export --output chosen.csv --filter tag:chosen"), 3);
	assert_int_equal(count_runs("runs export --output chosen.csv 23 20 --filter tag:chosen"), 4);
	check_refused("expected 2 to 16 different runs to compare, not", "runs compare --filter 'bits.g<=32'");
	check_refused("a report has room for 8 runs, not", "report --filter 'bits.g<=32'");
	check_refused("a chart has room for 8 runs, not", "runs export --format png --filter 'bits.g<=32'");
	assert_int_equal(run("report --filter tag:chosen --output chosen"), 0);
	/* what is read is what the list shows: not the archive, unless it is asked for */
	assert_int_equal(run("runs archive 22"), 0);
	assert_int_equal(count_runs("runs compare --filter tag:chosen"), count_listed("--filter tag:chosen"));
	assert_int_equal(count_runs("runs compare --filter 'tag:chosen archived:yes or tag:chosen archived:no'"), 3);
	assert_int_equal(run("runs archive 22 --undo"), 0);
	assert_int_equal(run("runs note --filter tag:chosen 'of the paper'"), 0);
	assert_int_equal(count_listed("--filter '\"of the paper\"'"), 3);
	check_refused("with --filter no RUN is named", "runs note --filter tag:chosen 20 text");
	check_refused("which runs?", "runs note");
}

/* Whatever the charts of a run are, each can be asked for. */
static void every_chart_can_be_exported(void **state)
{
	(void)state;
	for (const struct chart_kind *kind = chart_kinds; kind->name; kind++) {
		int status = run("runs export 30 31 --format png --chart %s", kind->name);
		if (status != 0 && !strstr(complaint, "nothing to draw: none of the runs has values for the chart"))
			fail_msg("%s: %s", kind->name, complaint);
	}
	assert_int_equal(run("runs export 30 31 --format png --chart fid"), 0);
	static const char *const units[] = {"steps", "epochs", "images", "time"};
	for (int i = 0; i < 4; i++)
		assert_int_equal(run("runs export 30 31 --format png --over %s", units[i]), 0);
	check_refused("--over must be one of steps, epochs, images, time", "runs export 30 --format png --over years");
	check_refused("none of the runs has both a FID and a recorded size", "runs export 30 31 --format png --chart sizes");
}

/* ---- SQL ---- */

static void sql_only_reads(void **state)
{
	(void)state;
	static const char *const writing[] = {
		"DELETE FROM runs", "UPDATE runs SET note = 1", "DROP TABLE runs", "CREATE TEMP TABLE t (x)", "BEGIN", "VACUUM", "REINDEX",
		"PRAGMA user_version = 1", "PRAGMA journal_mode = DELETE", "PRAGMA query_only = 0", "ATTACH 'other.db' AS other", "ANALYZE",
		"WITH x AS (SELECT 1) INSERT INTO views SELECT 1, 2, 3, 4, 5",
	};
	for (size_t i = 0; i < sizeof writing / sizeof *writing; i++)
		check_refused("only reading is allowed", "runs sql \"%s\"", writing[i]);
	assert_int_equal(count_listed("--archived"), count_listed(""));
	check_refused("may not be modified", "runs sql \"UPDATE sqlite_master SET name = 'x'\"");
	check_refused("character 8: no such column: fidd", "runs sql 'SELECT fidd FROM runs'");
	check_refused("nothing after the first statement", "runs sql 'SELECT 1; SELECT 2'");
	check_refused("expected a statement", "runs sql ' -- nothing'");
	check_refused("exclude each other", "runs sql 'SELECT 1' --json --csv");
	check_refused("expected a SELECT", "runs sql");
	json_t *json = ask("runs sql \"SELECT 1 AS a, 2.5 AS b, 'x' AS c, NULL AS d, x'0102' AS e\"");
	const json_t *row = json_array_get(json_object_get(json, "rows"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "a")), 1);
	assert_true(json_real_value(json_object_get(row, "b")) == 2.5 && json_is_null(json_object_get(row, "d")));
	assert_string_equal(json_string_value(json_object_get(row, "c")), "x");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(row, "e"), "bytes")), 2);
	json_decref(json);
	json = ask("runs sql 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n' --limit 5");
	assert_int_equal(json_array_size(json_object_get(json, "rows")), 5);
	assert_true(json_is_true(json_object_get(json, "more")));
	json_decref(json);
	assert_int_equal(run("runs sql --csv \"SELECT 'a,b' AS x, 'say \\\"y\\\"' AS y, 3 AS z\""), 0);
	assert_string_equal(output, "x,y,z\r\n\"a,b\",\"say \"\"y\"\"\",3\r\n");
	assert_int_equal(run("runs sql 'SELECT name, step FROM runs LIMIT 1'"), 0);
	assert_true(strncmp(output, "name ", 5) == 0);
}

/* ---- the schema in words ---- */

struct columns {
	char names[QUERY_MAX_COLUMNS][64];
	int count;
};

static void keep_nothing(void *context, const char *const names[], int count)
{
	(void)context, (void)names, (void)count;
}

static void keep_name(void *context, const struct query_value values[], int count)
{
	struct columns *columns = context;
	assert_true(count == 1 && columns->count < QUERY_MAX_COLUMNS);
	text_copy(columns->names[columns->count++], 64, values[0].text);
}

static void read_names(struct store *store, const char *sql, struct columns *columns)
{
	const struct query_visitor visitor = {columns, keep_nothing, keep_name};
	struct error error = {0};
	bool more;
	columns->count = 0;
	if (!store_query(store, sql, QUERY_MAX_COLUMNS, &visitor, &more, &error))
		fail_msg("%s", error.text);
}

static int find_name(const struct columns *columns, const char *name, size_t length)
{
	for (int i = 0; i < columns->count; i++)
		if (strlen(columns->names[i]) == length && strncmp(columns->names[i], name, length) == 0)
			return i;
	return -1;
}

/* Marks the columns that one row speaks of: "a, b", "a .. d". */
static void mark_columns(const struct schema_row *row, const struct columns *columns, int told[])
{
	int before = -1;
	bool range = false;
	for (const char *at = row->column; *at; at += strspn(at, ", ")) {
		size_t length = strcspn(at, ", ");
		int index = find_name(columns, at, length);
		if (strncmp(at, "..", 2) != 0 && index < 0)
			fail_msg("%s has no column %s", row->table, row->column);
		for (int i = range ? before + 1 : index; index >= 0 && i <= index; i++)
			told[i]++;
		range = strncmp(at, "..", 2) == 0;
		before = range ? before : index;
		at += length;
	}
}

static void every_column_is_told_once(void **state)
{
	(void)state;
	struct columns tables, columns;
	struct store *store = store_open(temporary_path(&folder, "runs.db"), STORE_READ, NULL);
	read_names(store, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'", &tables);
	for (int t = 0; t < tables.count; t++) {
		char sql[160];
		int told[QUERY_MAX_COLUMNS] = {0};
		bool described = false;
		snprintf(sql, sizeof sql, "SELECT name FROM pragma_table_info('%s')", tables.names[t]);
		read_names(store, sql, &columns);
		for (const struct schema_row *row = schema_rows; row->table; row++)
			if (strcmp(row->table, tables.names[t]) == 0 && row->column)
				mark_columns(row, &columns, told);
			else if (strcmp(row->table, tables.names[t]) == 0)
				described = true;
		if (!described)
			fail_msg("schema.c says nothing about table %s", tables.names[t]);
		for (int i = 0; i < columns.count; i++)
			if (told[i] != 1)
				fail_msg("schema.c says %d times what %s.%s is", told[i], tables.names[t], columns.names[i]);
	}
	for (const struct schema_row *row = schema_rows; row->table; row++)
		if (find_name(&tables, row->table, strlen(row->table)) < 0)
			fail_msg("there is no table %s", row->table);
	store_close(store);
}

static void without_a_store_it_says_so(void **state)
{
	(void)state;
	check_refused("there is no store", "runs tag 1 --add x --store none.db");
	check_refused("there is no store", "runs sql 'SELECT 1' --store none.db");
	assert_int_equal(access(temporary_path(&folder, "none.db"), F_OK), -1);
	assert_int_equal(run("bench store --runs 20 --points 500 --json"), 0);
	json_t *json = json_loads(output, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(json, "runs")), 20);
	assert_int_equal(json_integer_value(json_object_get(json, "longest_points")), 50);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_filtered_and_sorted),
		cmocka_unit_test(views_are_saved_and_shown),
		cmocka_unit_test(comparisons_tell_what_differs),
		cmocka_unit_test(verbs_choose_runs_alike),
		cmocka_unit_test(every_chart_can_be_exported),
		cmocka_unit_test(sql_only_reads),
		cmocka_unit_test(every_column_is_told_once),
		cmocka_unit_test(runs_are_edited),
		cmocka_unit_test(deleted_runs_come_back_until_purged),
		cmocka_unit_test(without_a_store_it_says_so),
		cmocka_unit_test(seeds_have_a_mean),
	};
	return cmocka_run_group_tests_name("runs_command", tests, make_store, remove_store);
}
