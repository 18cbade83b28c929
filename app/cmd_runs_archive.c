/* qgan runs archive: out of sight, not away. */
#include "app/cmd_runs_edit.h"

struct arguments {
	struct runs_edit_arguments edit;
	bool undo;
};

static bool change(struct runs_edit *edit, const struct run *run, const void *context, struct error *error)
{
	return store_archive_run(edit->store, run->id, !((const struct arguments *)context)->undo, error);
}

static const char *describe(const struct run *run)
{
	return run->archived ? "archived; qgan runs list --archived shows it" : "back in the list";
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct runs_edit edit = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_runs_archive.syntax, subcommand_runs_archive.help, argc, argv, &arguments, &words, &status))
		return status;
	bool good = runs_edit_begin(&edit, &arguments.edit, &words, RUN_SHELF_ALL, &error) &&
	            runs_edit_each(&edit, change, &arguments, &error);
	status = good ? runs_edit_report(&edit, arguments.edit.json, describe) : cli_fail(&error);
	runs_edit_end(&edit);
	return status;
}

static const struct cli_option options[] = {
	{.name = "undo", .kind = CLI_FLAG, .offset = offsetof(struct arguments, undo), .help = "bring them back into the list"},
	RUNS_EDIT_OPTIONS(struct arguments, edit),
	{.name = NULL},
};

const struct subcommand subcommand_runs_archive = {
	.name = "archive",
	.help = "Keep runs, but out of the list.",
	.syntax = {.positionals = "[RUN...]", .max = -1, .options = options},
	.run = run,
};
