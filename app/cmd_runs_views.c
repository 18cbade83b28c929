/* qgan runs views: saved looks at the list. */
#include "app/cmd_runs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/run_list.h"
#include "app/text_table.h"

struct arguments {
	const char *store, *filter, *columns, *sort;
	bool json, remove;
};

static int print_views(struct store *store, bool json, struct error *error)
{
	static const struct text_column columns[] = {
		{.title = "view"}, {.title = "filter"}, {.title = "sort"}, {.title = "columns"}, {.title = NULL},
	};
	struct run_view *views = NULL;
	size_t count = 0;
	if (store && !store_list_views(store, &views, &count, error))
		return cli_fail(error);
	json_t *list = json_array();
	struct text_table *table = text_table_create(columns);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "name", views[i].name, "filter", cli_json_text(views[i].filter),
			"sort", cli_json_text(views[i].sort), "columns", cli_json_text(views[i].columns)));
		text_table_add(table, "%s", views[i].name);
		text_table_add(table, "%s", views[i].filter);
		text_table_add(table, "%s", views[i].sort);
		text_table_add(table, "%s", views[i].columns);
	}
	if (!json && count > 0)
		text_table_print(table, stdout, 0);
	else if (!json)
		fprintf(stderr, "no views yet: qgan runs views NAME --filter TEXT saves one\n");
	text_table_destroy(table);
	free(views);
	json_t *result = json_pack("{s:o}", "views", list);
	if (json)
		return cli_print_json(result);
	json_decref(result);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

/* A view that could not be shown is not saved. */
static bool check_view(const struct run_view *view, struct error *error)
{
	struct run_look look;
	bool good = run_look_parse(view, &look, error);
	run_look_clear(&look);
	return good;
}

static bool save(struct store *store, const char *name, const struct arguments *arguments, struct error *error)
{
	struct run_view view = {0};
	const char *filter = arguments->filter ? arguments->filter : "", *columns = arguments->columns ? arguments->columns : "";
	const char *sort = arguments->sort ? arguments->sort : "";
	if (!text_copy(view.name, sizeof view.name, name) || !text_copy(view.filter, sizeof view.filter, filter) ||
	    !text_copy(view.columns, sizeof view.columns, columns) || !text_copy(view.sort, sizeof view.sort, sort))
		return error_set(error, ERROR_INPUT, "too long: a name has %d bytes at most, filter and columns %d, sort %d", RUN_NAME_SIZE - 1,
		                 VIEW_FILTER_SIZE - 1, STORE_TEXT_SIZE - 1);
	return check_view(&view, error) && store_save_view(store, &view, error);
}

static bool change(struct store *store, const char *name, const struct arguments *arguments, struct error *error)
{
	bool content = arguments->filter || arguments->columns || arguments->sort;
	if (arguments->remove && content)
		return error_set(error, ERROR_INPUT, "--remove deletes the view: leave out --filter, --columns and --sort");
	if (!arguments->remove && !content)
		return error_set(error, ERROR_INPUT, "what shall view %.60s show? expected --filter, --columns or --sort, or --remove", name);
	return arguments->remove ? store_delete_view(store, name, error) : save(store, name, arguments, error);
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_runs_views.syntax, subcommand_runs_views.help, argc, argv, &arguments, &words, &status))
		return status;
	bool untouched = runs_store_is_untouched(arguments.store);
	if (words.count == 0 && untouched)
		return print_views(NULL, arguments.json, &error);
	struct store *store = runs_open_store(arguments.store, words.count ? STORE_WRITE : STORE_READ, &error);
	if (!store || (words.count && !change(store, words.items[0], &arguments, &error)))
		status = cli_fail(&error);
	else
		status = print_views(store, arguments.json, &error);
	store_close(store);
	return status;
}

#define AT(field) offsetof(struct arguments, field)

static const struct cli_option options[] = {
	{.name = "filter", .kind = CLI_TEXT, .argument = "TEXT", .offset = AT(filter), .hints = run_field_names,
	 .help = "as in qgan runs list"},
	{.name = "sort", .kind = CLI_TEXT, .argument = "FIELDS", .offset = AT(sort), .hints = run_field_names, .help = "as in qgan runs list"},
	{.name = "columns", .kind = CLI_TEXT, .argument = "FIELDS", .offset = AT(columns), .hints = run_field_names,
	 .help = "as in qgan runs list"},
	{.name = "remove", .kind = CLI_FLAG, .offset = AT(remove), .help = "delete the view NAME"},
	CLI_STORE(struct arguments, store),
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_views = {
	.name = "views",
	.help = "List the saved views of the list of runs; with NAME, save or delete one.",
	.syntax = {.positionals = "[NAME]", .max = 1, .options = options, .notes = "qgan runs list --view NAME shows one.\n"},
	.run = run,
};
