/* qgan runs rename: another name, for the checkpoint files too. */
#include "app/cmd_runs_edit.h"

static const char *describe(const struct run *run)
{
	(void)run;
	return NULL;
}

static int run(int argc, char **argv)
{
	return runs_edit_one(&subcommand_runs_rename, argc, argv, store_rename_run, describe);
}

static const struct cli_option options[] = {
	CLI_STORE(struct runs_edit_arguments, store),
	CLI_JSON(struct runs_edit_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_rename = {
	.name = "rename",
	.help = "Give a run another name; its checkpoint files move along.",
	.syntax = {.positionals = "RUN NAME", .min = 2, .max = 2, .options = options,
		.notes = "A live run keeps its name until it has ended.\n"},
	.run = run,
};
