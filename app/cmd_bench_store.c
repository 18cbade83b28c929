/* qgan bench store: how a store of ten thousand runs opens, lists, filters, sorts and draws. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/bench_store.h"
#include "app/commands.h"
#include "app/interrupt.h"
#include "app/paths.h"
#include "app/run_list.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"

enum { REPEATS = 7, CHART_PARTS = 300 };

struct arguments {
	const char *file;
	int64_t runs, points;
	bool json;
};

struct bench {
	const char *path;
	struct store *store; /* a reader; open from the first measurement on */
	struct run_list *list;
	size_t runs, shown;
	int64_t longest, longest_steps; /* the run with the most steps */
	int64_t visited;
};

/* ---- what is measured ---- */

static bool open_store(struct bench *bench, struct error *error)
{
	store_close(bench->store);
	bench->store = store_open(bench->path, STORE_READ, error);
	return bench->store;
}

static bool read_list(struct bench *bench, struct error *error)
{
	bool changed;
	run_list_destroy(bench->list);
	bench->list = run_list_create();
	bool good = run_list_refresh(bench->list, bench->store, &changed, error);
	bench->runs = run_list_total(bench->list);
	return good;
}

static bool apply(struct bench *bench, const char *filter, const char *sort, struct error *error)
{
	struct run_view view = {0};
	struct run_look look;
	text_copy(view.filter, sizeof view.filter, filter);
	text_copy(view.sort, sizeof view.sort, sort);
	bool good = run_look_parse(&view, &look, error);
	if (good) {
		run_list_apply(bench->list, &look, clock_unix());
		run_list_shown(bench->list, &bench->shown);
	}
	run_look_clear(&look);
	return good;
}

static bool show_all(struct bench *bench, struct error *error)
{
	return apply(bench, "", "", error);
}

static bool open_and_show(struct bench *bench, struct error *error)
{
	return open_store(bench, error) && read_list(bench, error) && show_all(bench, error);
}

static bool filter_fields(struct bench *bench, struct error *error)
{
	return apply(bench, "bits.g<=2 (fid<60 or tag:paper) -status:crashed age<1w name~^bench", "", error);
}

static bool filter_settings(struct bench *bench, struct error *error)
{
	return apply(bench, "g-learning-rate>=2e-4 latent=100 bits.d:float", "", error);
}

static bool sort_numbers(struct bench *bench, struct error *error)
{
	return apply(bench, "", "-fid.best,name", error);
}

static bool sort_texts(struct bench *bench, struct error *error)
{
	return apply(bench, "", "data,verdict,-name", error);
}

static bool refresh_nothing(struct bench *bench, struct error *error)
{
	bool changed;
	return run_list_refresh(bench->list, bench->store, &changed, error);
}

static void count_bucket(void *context, const struct metric_bucket *bucket)
{
	((struct bench *)context)->visited += bucket->points;
}

static bool draw(struct bench *bench, int64_t from, int64_t to, struct error *error)
{
	return store_visit_metric_buckets(bench->store, bench->longest, from, to, CHART_PARTS, count_bucket, bench, error);
}

static bool chart_whole(struct bench *bench, struct error *error)
{
	return draw(bench, -1, -1, error);
}

static bool chart_tenth(struct bench *bench, struct error *error)
{
	return draw(bench, bench->longest_steps * 45 / 100, bench->longest_steps * 55 / 100, error);
}

static bool chart_thousandth(struct bench *bench, struct error *error)
{
	return draw(bench, bench->longest_steps / 2, bench->longest_steps / 2 + bench->longest_steps / 1000, error);
}

static void count_point(void *context, const struct metric_point *point)
{
	(void)point;
	((struct bench *)context)->visited++;
}

static bool chart_points(struct bench *bench, struct error *error)
{
	return store_visit_metrics(bench->store, bench->longest, -1, count_point, bench, error);
}

/* In this order: later ones use what earlier ones opened and read. */
static const struct measurement {
	const char *name, *label;
	bool (*measure)(struct bench *bench, struct error *error);
} measurements[] = {
	{"open_and_list_ms", "open, read and show the list", open_and_show},
	{"open_ms", "  of it: open", open_store},
	{"list_ms", "  read", read_list},
	{"show_ms", "  show all", show_all},
	{"filter_ms", "filter by fields and text", filter_fields},
	{"filter_settings_ms", "filter by settings", filter_settings},
	{"sort_numbers_ms", "sort by numbers", sort_numbers},
	{"sort_texts_ms", "sort by texts", sort_texts},
	{"refresh_ms", "look for changes, none", refresh_nothing},
	{"chart_ms", "chart of the longest run", chart_whole},
	{"chart_tenth_ms", "  a tenth of it", chart_tenth},
	{"chart_thousandth_ms", "  a thousandth", chart_thousandth},
	{"points_ms", "  every point, one by one", chart_points},
};
enum { MEASUREMENTS = sizeof measurements / sizeof *measurements };

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

static bool take(struct bench *bench, const struct measurement *measurement, double *median, struct error *error)
{
	double seconds[REPEATS];
	for (int i = 0; i < REPEATS; i++) {
		double begun = clock_seconds();
		if (!measurement->measure(bench, error))
			return error_prefix(error, "%s", measurement->name);
		seconds[i] = clock_seconds() - begun;
	}
	qsort(seconds, REPEATS, sizeof *seconds, compare);
	*median = seconds[REPEATS / 2];
	return true;
}

static void find_longest(struct bench *bench)
{
	size_t count;
	const struct run *const *runs = run_list_shown(bench->list, &count);
	for (size_t i = 0; i < count; i++)
		if (runs[i]->step > bench->longest_steps) {
			bench->longest = runs[i]->id;
			bench->longest_steps = runs[i]->step;
		}
}

static bool measure_all(struct bench *bench, double seconds[MEASUREMENTS], struct error *error)
{
	for (int i = 0; i < MEASUREMENTS; i++) {
		bench->visited = 0;
		if (interrupt_count())
			return error_set(error, ERROR_CANCELLED, "interrupted");
		if (!take(bench, &measurements[i], &seconds[i], error))
			return false;
		if (measurements[i].measure == show_all)
			find_longest(bench);
	}
	return true;
}

static int report(const struct bench *bench, const double seconds[MEASUREMENTS], bool json)
{
	int64_t points = bench->visited / REPEATS; /* of the last measurement */
	if (json) {
		json_t *object = json_pack("{s:I, s:I}", "runs", (json_int_t)bench->runs, "longest_points", (json_int_t)points);
		for (int i = 0; i < MEASUREMENTS; i++)
			json_object_set_new(object, measurements[i].name, cli_json_rounded(seconds[i] * 1e3, 4));
		return cli_print_json(object);
	}
	char count[32];
	printf("%s runs; ", text_count(count, sizeof count, (int64_t)bench->runs));
	printf("the longest has %s points\n", text_count(count, sizeof count, points));
	for (int i = 0; i < MEASUREMENTS; i++)
		printf("%-30s %10.3f ms\n", measurements[i].label, seconds[i] * 1e3);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

/* ---- the store ---- */

static bool tell_progress(void *context, int64_t done)
{
	cli_progress_update(context, done, NULL);
	return interrupt_count() == 0;
}

static bool make_store(const char *path, const struct arguments *arguments, struct error *error)
{
	struct store *store = store_open(path, STORE_WRITE, error);
	if (!store)
		return false;
	struct cli_progress bar;
	cli_progress_begin(&bar, "making the store", "points", 0, arguments->points);
	bool good = bench_store_fill(store, arguments->runs, arguments->points, tell_progress, &bar, error);
	cli_progress_end(&bar);
	store_close(store);
	return good;
}

static void remove_store(const char *folder)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	char path[PATH_SIZE];
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(path, sizeof path, "%s/bench.db%s", folder, endings[i]);
		unlink(path);
	}
	rmdir(folder);
}

static int measure(const char *path, bool json)
{
	struct bench bench = {.path = path};
	double seconds[MEASUREMENTS];
	struct error error = {0};
	bool good = measure_all(&bench, seconds, &error);
	int status = good ? report(&bench, seconds, json) : interrupt_exit_status() ? interrupt_exit_status() : cli_fail(&error);
	run_list_destroy(bench.list);
	store_close(bench.store);
	return status;
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {.runs = 10000, .points = 10000000};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_bench_store.syntax, subcommand_bench_store.help, argc, argv, &arguments, &words, &status))
		return status;
	char folder[] = "/tmp/qgan-bench-XXXXXX", path[PATH_SIZE];
	if (arguments.file && !text_copy(path, sizeof path, arguments.file))
		return cli_fail((error_set(&error, ERROR_INPUT, "--file: the path is too long"), &error));
	if (!arguments.file) {
		if (!mkdtemp(folder))
			return cli_fail((error_set_errno(&error, "cannot make a folder in /tmp"), &error));
		snprintf(path, sizeof path, "%s/bench.db", folder);
	}
	interrupt_install();
	bool made = access(path, F_OK) == 0 || make_store(path, &arguments, &error);
	status = made ? measure(path, arguments.json) : interrupt_exit_status() ? interrupt_exit_status() : cli_fail(&error);
	if (!arguments.file)
		remove_store(folder);
	return status;
}

static const struct cli_option options[] = {
	{.name = "file", .kind = CLI_TEXT, .argument = "FILE", .offset = offsetof(struct arguments, file),
	 .help = "measure this store, made up and kept when it is not there; else one in /tmp, removed afterwards"},
	{.name = "runs", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, runs), .min = 1, .max = 1e6,
	 .standard = "10000", .help = "runs of the store that is made"},
	{.name = "points", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, points), .min = 10, .max = 1e9,
	 .standard = "10000000", .help = "its metric points, a tenth of them in one run"},
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_bench_store = {
	.name = "store",
	.help = "Time how a large store opens, lists, filters, sorts and draws: the median of seven times each.",
	.syntax = {.options = options},
	.run = run,
};
