/* qgan runs tag: names that group runs. */
#include "app/cmd_runs_edit.h"

struct arguments {
	struct runs_edit_arguments edit;
	struct cli_list add, remove;
};

static bool change(struct runs_edit *edit, const struct run *run, const void *context, struct error *error)
{
	const struct arguments *arguments = context;
	for (int i = 0; i < arguments->remove.count; i++)
		if (!store_tag_run(edit->store, run->id, arguments->remove.items[i], false, error))
			return false;
	for (int i = 0; i < arguments->add.count; i++)
		if (!store_tag_run(edit->store, run->id, arguments->add.items[i], true, error))
			return false;
	return true;
}

static const char *describe(const struct run *run)
{
	return run->tags[0] ? run->tags : "no tags";
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {0};
	return runs_edit_many(&subcommand_runs_tag, argc, argv, &arguments.edit, RUN_SHELF_ALL, change, describe);
}

static const struct cli_option options[] = {
	{.name = "add", .kind = CLI_LIST, .argument = "TAG", .offset = offsetof(struct arguments, add),
	 .help = "give them this tag; may be given several times"},
	{.name = "remove", .kind = CLI_LIST, .argument = "TAG", .offset = offsetof(struct arguments, remove),
	 .help = "take this tag from them; may be given several times"},
	RUNS_EDIT_OPTIONS(struct arguments, edit),
	{.name = NULL},
};

const struct subcommand subcommand_runs_tag = {
	.name = "tag",
	.help = "Give runs tags, or take them away; without either, print them.",
	.syntax = {.positionals = "[RUN...]", .max = -1, .options = options},
	.run = run,
};
