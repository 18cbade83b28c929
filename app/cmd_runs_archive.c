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
	return runs_edit_many(&subcommand_runs_archive, argc, argv, &arguments.edit, RUN_SHELF_ALL, change, describe);
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
