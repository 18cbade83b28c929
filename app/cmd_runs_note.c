/* qgan runs note: a line for people. */
#include "app/cmd_runs_edit.h"

static const char *describe(const struct run *run)
{
	return run->note[0] ? run->note : "no note";
}

static int run(int argc, char **argv)
{
	return runs_edit_one(&subcommand_runs_note, argc, argv, store_note_run, describe);
}

static const struct cli_option options[] = {
	CLI_RUN_FILTER(struct runs_edit_arguments, filter),
	CLI_STORE(struct runs_edit_arguments, store),
	CLI_JSON(struct runs_edit_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_note = {
	.name = "note",
	.help = "Write a line of text to a run, \"\" for none; without TEXT, print it.",
	.syntax = {.positionals = "[RUN] [TEXT]", .max = 2, .options = options,
		.notes = "With --filter no RUN is named: TEXT goes to every run that matches.\n"},
	.run = run,
};
