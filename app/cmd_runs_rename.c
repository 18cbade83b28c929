/* qgan runs rename: another name, for the checkpoint files too. */
#include "app/cmd_runs_edit.h"

static const char *describe(const struct run *run)
{
	(void)run;
	return NULL;
}

static int run(int argc, char **argv)
{
	struct runs_edit_arguments arguments = {0};
	struct runs_edit edit = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_runs_rename.syntax, subcommand_runs_rename.help, argc, argv, &arguments, &words, &status))
		return status;
	const struct cli_words name = {1, words.items};
	bool good = runs_edit_begin(&edit, &arguments, &name, RUN_SHELF_ALL, &error) &&
	            store_rename_run(edit.store, edit.runs[0].id, words.items[1], &error);
	status = good ? runs_edit_report(&edit, arguments.json, describe) : cli_fail(&error);
	runs_edit_end(&edit);
	return status;
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
