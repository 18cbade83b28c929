/* qgan runs WHAT: the store, read only. */
#include "app/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd_runs_show.h"
#include "app/paths.h"
#include "app/runs_json.h"
#include "app/text_table.h"
#include "engine/base/clock.h"
#include "store/store.h"

struct runs_arguments {
	const char *store;
	bool json;
};

/* ---- words ---- */

void bits_to_text(int bits, char text[8])
{
	if (bits == 32)
		snprintf(text, 8, "float");
	else
		snprintf(text, 8, "%d", bits);
}

static json_t *words_to_json(const char *words)
{
	json_t *list = json_array();
	for (size_t length; *words; words += length + (words[length] == ' ')) {
		length = strcspn(words, " ");
		json_array_append_new(list, json_stringn(words, length));
	}
	return list;
}

json_t *run_to_json(const struct run *run)
{
	json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:I}",
		"id", (json_int_t)run->id, "name", run->name, "status", run_status_name(run->status), "model", run->model,
		"data", run->data, "quantizer", run->quantizer, "size", run->size, "channels", run->channels, "width", run->width,
		"batch", run->batch, "d_bits", run->d_bits, "g_bits", run->g_bits, "seed", (json_int_t)run->seed);
	json_object_set_new(json, "step", json_integer(run->step));
	json_object_set_new(json, "last_step", run->last_step > 0 ? json_integer(run->last_step) : json_null());
	json_object_set_new(json, "epochs", cli_json_real(run->epochs));
	json_object_set_new(json, "loss_d", cli_json_real(run->loss_d));
	json_object_set_new(json, "loss_g", cli_json_real(run->loss_g));
	json_object_set_new(json, "train_seconds", cli_json_real(run->train_seconds));
	json_object_set_new(json, "created", cli_json_real(run->created));
	json_object_set_new(json, "heartbeat", cli_json_real(run->heartbeat));
	json_object_set_new(json, "ended", run->ended > 0 ? json_real(run->ended) : json_null());
	json_object_set_new(json, "parent_id", run->parent_id > 0 ? json_integer(run->parent_id) : json_null());
	json_object_set_new(json, "parent_step", run->parent_id > 0 ? json_integer(run->parent_step) : json_null());
	json_object_set_new(json, "version", json_string(run->version));
	json_object_set_new(json, "machine", json_string(run->machine));
	json_object_set_new(json, "host", json_string(run->host));
	json_object_set_new(json, "pid", json_integer(run->pid));
	json_object_set_new(json, "message", json_string(run->message));
	json_object_set_new(json, "verdict", run->verdict.kind[0] ? json_string(run->verdict.kind) : json_null());
	json_object_set_new(json, "verdict_warnings", words_to_json(run->verdict.warnings));
	json_object_set_new(json, "verdict_reason", json_string(run->verdict.reason));
	json_object_set_new(json, "verdict_action", json_string(run->verdict.action));
	return json;
}

/* ---- list ---- */

static const struct text_column list_columns[] = {
	{.title = "name"}, {.title = "status"}, {.title = "verdict"}, {.title = "model"}, {.title = "data"},
	{.title = "D", .right = true}, {.title = "G", .right = true}, {.title = "quantizer"},
	{.title = "step", .right = true}, {.title = "epochs", .right = true},
	{.title = "loss D", .right = true}, {.title = "loss G", .right = true}, {.title = "age", .right = true},
	{.title = NULL},
};

/* "live 62 %" where the end is known. */
static void add_status(struct text_table *table, const struct run *run)
{
	const char *name = run_status_name(run->status);
	if ((run->status == RUN_LIVE || run->status == RUN_PAUSED) && run->last_step > 0)
		text_table_add(table, "%s %d %%", name, (int)(100.0 * (double)run->step / (double)run->last_step));
	else
		text_table_add(table, "%s", name);
}

static void add_run(struct text_table *table, const struct run *run, double now)
{
	enum { DATA_COLUMN = 24 }; /* a long folder is in `runs show` */
	char d_bits[8], g_bits[8], step[32], loss_d[32], loss_g[32], age[32], data[DATA_COLUMN + 1];
	bits_to_text(run->d_bits, d_bits);
	bits_to_text(run->g_bits, g_bits);
	bool whole = text_copy(data, sizeof data, run->data);
	text_table_add(table, "%s", run->name);
	add_status(table, run);
	text_table_add(table, "%s", run->verdict.kind[0] ? run->verdict.kind : "-");
	text_table_add(table, "%s", run->model);
	text_table_add(table, "%s%s", data, whole ? "" : "...");
	text_table_add(table, "%s", d_bits);
	text_table_add(table, "%s", g_bits);
	text_table_add(table, "%s", run->quantizer);
	text_table_add(table, "%s", text_count(step, sizeof step, run->step));
	text_table_add(table, "%.1f", run->epochs);
	text_table_add(table, "%s", text_loss(loss_d, sizeof loss_d, run->loss_d));
	text_table_add(table, "%s", text_loss(loss_g, sizeof loss_g, run->loss_g));
	text_table_add(table, "%s", text_age(age, sizeof age, now - run->heartbeat));
}

static int print_list(const char *path, const struct run *runs, size_t count)
{
	if (count == 0) {
		fprintf(stderr, "no runs in %s\n", path);
		return CLI_DONE;
	}
	double now = clock_unix();
	struct text_table *table = text_table_create(list_columns);
	for (size_t i = 0; i < count; i++)
		add_run(table, &runs[i], now);
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int print_json_list(const char *path, const struct run *runs, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, run_to_json(&runs[i]));
	return cli_print_json(json_pack("{s:s, s:o}", "store", path, "runs", list));
}

/* Before the first training there is no store: that is an empty list, unless a file was asked for by name. */
static bool is_untouched(const struct runs_arguments *arguments, const char *path)
{
	return !arguments->store && !getenv("QGAN_STORE") && access(path, F_OK) != 0;
}

static bool read_runs(const char *path, struct run **runs, size_t *count, struct error *error)
{
	struct store *store = store_open(path, STORE_READ, error);
	bool success = store && store_list_runs(store, runs, count, error);
	store_close(store);
	return success;
}

static const struct subcommand list_command, show_command;

static int run_list(int argc, char **argv)
{
	struct runs_arguments arguments = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&list_command.syntax, list_command.help, argc, argv, &arguments, &words, &status))
		return status;
	char path[PATH_SIZE];
	struct error error = {0};
	struct run *runs = NULL;
	size_t count = 0;
	if (!path_store(arguments.store, path, &error) ||
	    (!is_untouched(&arguments, path) && !read_runs(path, &runs, &count, &error)))
		return cli_fail(&error);
	status = arguments.json ? print_json_list(path, runs, count) : print_list(path, runs, count);
	store_free_runs(runs, count);
	return status;
}

/* ---- show ---- */

static int run_show(int argc, char **argv)
{
	struct runs_arguments arguments = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&show_command.syntax, show_command.help, argc, argv, &arguments, &words, &status))
		return status;
	char path[PATH_SIZE];
	struct error error = {0};
	struct run_report report = {0};
	struct store *store = path_store(arguments.store, path, &error) ? store_open(path, STORE_READ, &error) : NULL;
	bool success = store && run_report_read(store, words.items[0], &report, &error);
	store_close(store);
	if (!success)
		status = cli_fail(&error);
	else
		status = arguments.json ? cli_print_json(run_report_to_json(&report)) : run_report_print(&report);
	run_report_clear(&report);
	return status;
}

/* ---- rows ---- */

static const struct cli_option options[] = {
	CLI_STORE(struct runs_arguments, store),
	CLI_JSON(struct runs_arguments, json),
	{.name = NULL},
};

static const struct subcommand list_command = {
	.name = "list",
	.help = "List the runs of the store, the newest first.",
	.syntax = {.options = options},
	.run = run_list,
};

static const struct subcommand show_command = {
	.name = "show",
	.help = "Show one run: settings, journal, last metrics and layer statistics, checkpoints, samples.",
	.syntax = {.positionals = "RUN", .min = 1, .max = 1, .options = options, .notes = "RUN is a name or an id.\n"},
	.run = run_show,
};

static const struct subcommand *const children[] = {&list_command, &show_command, &subcommand_runs_export, NULL};

const struct subcommand subcommand_runs = {
	.name = "runs",
	.help = "List, show and export recorded runs.",
	.children = children,
};
