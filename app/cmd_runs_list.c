/* qgan runs list: the table of runs, for people or as JSON. */
#include "app/cmd_runs.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "app/run_list.h"
#include "app/text_table.h"
#include "engine/base/clock.h"

struct list_arguments {
	const char *store, *view, *filter, *columns, *sort;
	int64_t limit;
	bool json, archived, trash;
};

/* "live 62 %" where the end is known. */
static void list_cell(const struct run_field *field, const struct run *run, double now, char target[RUN_CELL_SIZE])
{
	enum { CUT_SIZE = 60 }; /* what is longer is in `runs show` */
	char cell[RUN_CELL_SIZE], cut[CUT_SIZE];
	run_field_cell(field, run, now, cell);
	bool whole = text_copy(cut, sizeof cut, cell);
	bool training = run->status == RUN_LIVE || run->status == RUN_PAUSED;
	if (field == run_field_find("status") && training && run->last_step > 0)
		snprintf(target, RUN_CELL_SIZE, "%.20s %d %%", cell, (int)(100.0 * (double)run->step / (double)run->last_step));
	else
		snprintf(target, RUN_CELL_SIZE, "%s%s", cut, whole ? "" : "...");
}

static int count_letters(const char *text)
{
	int count = 0;
	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* On a terminal lines that wrap are no table. What was asked for by name is shown in any case. */
static void fit_terminal(struct run_look *look, const struct run *const *runs, size_t count, double now)
{
	struct winsize size;
	int widths[RUN_FIELDS_MAX];
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return;
	for (int c = 0; c < look->columns.count; c++) {
		widths[c] = count_letters(look->columns.fields[c]->title);
		for (size_t i = 0; i < count; i++) {
			char cell[RUN_CELL_SIZE];
			list_cell(look->columns.fields[c], runs[i], now, cell);
			widths[c] = count_letters(cell) > widths[c] ? count_letters(cell) : widths[c];
		}
	}
	run_columns_fit(&look->columns, widths, size.ws_col);
}

static int print_table(const struct run_look *look, const struct run *const *runs, size_t count, double now)
{
	char cell[RUN_CELL_SIZE];
	struct text_column columns[RUN_FIELDS_MAX + 1] = {0};
	for (int i = 0; i < look->columns.count; i++) {
		const struct run_field *field = look->columns.fields[i];
		columns[i] = (struct text_column){.title = field->title, .right = run_field_is_number(field)};
	}
	struct text_table *table = text_table_create(columns);
	for (size_t i = 0; i < count; i++)
		for (int c = 0; c < look->columns.count; c++) {
			list_cell(look->columns.fields[c], runs[i], now, cell);
			text_table_add(table, "%s", cell);
		}
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static json_t *chosen_to_json(const struct run_columns *columns, const struct run *run, double now)
{
	json_t *json = json_object();
	for (int i = 0; i < columns->count; i++) {
		const struct run_field *field = columns->fields[i];
		json_object_set_new(json, field->json ? field->json : field->name, run_field_to_json(field, run, now));
	}
	return json;
}

/* Every field, or those that were asked for. */
static int print_json(const char *path, const struct run_look *look, bool chosen, const struct run *const *runs, size_t count,
                      double now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, chosen ? chosen_to_json(&look->columns, runs[i], now) : run_to_json(runs[i]));
	return cli_print_json(json_pack("{s:o, s:o}", "store", cli_json_text(path), "runs", list));
}

static void explain_nothing(const char *path, size_t total, const struct list_arguments *arguments)
{
	if (total == 0)
		fprintf(stderr, "no runs in %s\n", path);
	else if (arguments->trash)
		fprintf(stderr, "the trash of %s is empty, or the filter matches nothing in it\n", path);
	else
		fprintf(stderr, "none of the %zu runs in %s is to be shown: see --filter, --archived and --trash\n", total, path);
}

/* A saved view, with what the flags say in the place of its own. */
static bool find_view(struct store *store, const struct list_arguments *arguments, struct run_view *view, struct error *error)
{
	static const struct {
		const char *flag;
		size_t given, offset, size;
	} rows[] = {
		{"filter", offsetof(struct list_arguments, filter), offsetof(struct run_view, filter), VIEW_FILTER_SIZE},
		{"columns", offsetof(struct list_arguments, columns), offsetof(struct run_view, columns), VIEW_COLUMNS_SIZE},
		{"sort", offsetof(struct list_arguments, sort), offsetof(struct run_view, sort), STORE_TEXT_SIZE},
	};
	*view = (struct run_view){0};
	if (arguments->view && !store)
		return error_set(error, ERROR_INPUT, "there is no view \"%.60s\": there is no store yet", arguments->view);
	if (arguments->view && !store_find_view(store, arguments->view, view, error))
		return false;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *given = *(const char *const *)((const char *)arguments + rows[i].given);
		if (given && !text_copy((char *)view + rows[i].offset, rows[i].size, given))
			return error_set(error, ERROR_INPUT, "--%s: expected at most %zu bytes", rows[i].flag, rows[i].size - 1);
	}
	return true;
}

static int print(struct run_list *list, const struct list_arguments *arguments, struct run_look *look, const char *path)
{
	double now = clock_unix();
	look->shelf = arguments->trash ? RUN_SHELF_TRASH : arguments->archived ? RUN_SHELF_ALL : RUN_SHELF_USUAL;
	run_list_apply(list, look, now);
	size_t count;
	const struct run *const *runs = run_list_shown(list, &count);
	if (arguments->limit > 0 && count > (size_t)arguments->limit)
		count = (size_t)arguments->limit;
	if (arguments->json)
		return print_json(path, look, arguments->columns || arguments->view, runs, count, now);
	if (count > 0 && !arguments->columns && !arguments->view)
		fit_terminal(look, runs, count, now);
	if (count > 0)
		return print_table(look, runs, count, now);
	explain_nothing(path, run_list_total(list), arguments);
	return CLI_DONE;
}

static bool prepare(const struct list_arguments *arguments, struct run_list *list, struct run_look *look, struct error *error)
{
	struct run_view view;
	struct store *store = NULL;
	bool untouched = runs_store_is_untouched(arguments->store), changed;
	if (!untouched && !(store = runs_open_store(arguments->store, STORE_READ, error)))
		return false;
	bool good = find_view(store, arguments, &view, error) && run_look_parse(&view, look, error) &&
	            (!store || run_list_refresh(list, store, &changed, error));
	store_close(store);
	return good;
}

static int run(int argc, char **argv)
{
	struct list_arguments arguments = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_runs_list.syntax, subcommand_runs_list.help, argc, argv, &arguments, &words, &status))
		return status;
	char path[PATH_SIZE];
	struct error error = {0};
	struct run_look look = {0};
	struct run_list *list = run_list_create();
	bool good = path_store(arguments.store, path, &error) && prepare(&arguments, list, &look, &error);
	status = good ? print(list, &arguments, &look, path) : cli_fail(&error);
	run_look_clear(&look);
	run_list_destroy(list);
	return status;
}

#define AT(field) offsetof(struct list_arguments, field)

static const struct cli_option options[] = {
	{.name = "filter", .kind = CLI_TEXT, .argument = "TEXT", .offset = AT(filter), .hints = run_field_names,
	 .help = "only runs that match, see below"},
	{.name = "sort", .kind = CLI_TEXT, .argument = "FIELDS", .offset = AT(sort), .hints = run_field_names, .standard = "newest first",
	 .help = "fields to sort by, commas between them, - before one: falling"},
	{.name = "columns", .kind = CLI_TEXT, .argument = "FIELDS", .offset = AT(columns), .hints = run_field_names,
	 .help = "fields to show, commas between them"},
	{.name = "view", .kind = CLI_TEXT, .argument = "NAME", .offset = AT(view), .help = "filter, columns and sort of a saved view"},
	{.name = "limit", .kind = CLI_INTEGER, .argument = "N", .offset = AT(limit), .min = 1, .max = 1e9,
	 .help = "only the first N"},
	{.name = "archived", .kind = CLI_FLAG, .offset = AT(archived), .help = "the archived ones too"},
	{.name = "trash", .kind = CLI_FLAG, .offset = AT(trash), .help = "only those in the trash"},
	CLI_STORE(struct list_arguments, store),
	CLI_JSON(struct list_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_list = {
	.name = "list",
	.help = "List the runs of the store, the newest first.",
	.syntax = {.options = options,
		.notes = "Terms of a filter that stand side by side must all hold: bits.g<=2 tag:paper -status:crashed; there are or, not\n"
		         "and parentheses. man qgan lists the fields and the language. With --json all fields are told, or those of\n"
		         "--columns.\n"},
	.run = run,
};
