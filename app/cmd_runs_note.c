/* qgan runs note: a line for people. */
#include "app/cmd_runs_edit.h"

static bool change(struct runs_edit *edit, const struct run *run, const void *context, struct error *error)
{
	return store_note_run(edit->store, run->id, context, error);
}

static const char *describe(const struct run *run)
{
	return run->note[0] ? run->note : "no note";
}

static int run(int argc, char **argv)
{
	struct runs_edit_arguments arguments = {0};
	struct runs_edit edit = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_runs_note.syntax, subcommand_runs_note.help, argc, argv, &arguments, &words, &status))
		return status;
	const struct cli_words name = {1, words.items};
	bool good = runs_edit_begin(&edit, &arguments, &name, RUN_SHELF_ALL, &error) &&
	            (words.count == 1 || runs_edit_each(&edit, change, words.items[1], &error));
	status = good ? runs_edit_report(&edit, arguments.json, describe) : cli_fail(&error);
	runs_edit_end(&edit);
	return status;
}

static const struct cli_option options[] = {
	CLI_STORE(struct runs_edit_arguments, store),
	CLI_JSON(struct runs_edit_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_note = {
	.name = "note",
	.help = "Write a line of text to a run, \"\" for none; without TEXT, print it.",
	.syntax = {.positionals = "RUN [TEXT]", .min = 1, .max = 2, .options = options},
	.run = run,
};
