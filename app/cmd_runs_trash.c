/* qgan runs delete, restore, purge: into the trash, out of it, and away for ever. */
#include "app/cmd_runs_edit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- into the trash and back ---- */

struct move_arguments {
	struct runs_edit_arguments edit;
	bool trash; /* into it */
};

static bool change(struct runs_edit *edit, const struct run *run, const void *context, struct error *error)
{
	return store_trash_run(edit->store, run->id, ((const struct move_arguments *)context)->trash, error);
}

static const char *describe(const struct run *run)
{
	return run->trashed > 0 ? "in the trash; qgan runs restore brings it back, qgan runs purge frees its space" : "out of the trash";
}

static int run_delete(int argc, char **argv)
{
	struct move_arguments arguments = {.trash = true};
	return runs_edit_many(&subcommand_runs_delete, argc, argv, &arguments.edit, RUN_SHELF_ALL, change, describe);
}

static int run_restore(int argc, char **argv)
{
	struct move_arguments arguments = {.trash = false};
	return runs_edit_many(&subcommand_runs_restore, argc, argv, &arguments.edit, RUN_SHELF_TRASH, change, describe);
}

/* ---- for ever ---- */

struct purge_arguments {
	struct runs_edit_arguments edit;
	bool all, yes;
};

/* On a terminal a person is asked; a script has to say it. */
static bool agree(const struct runs_edit *edit, const struct purge_arguments *arguments, struct error *error)
{
	char answer[16];
	if (arguments->yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return error_set(error, ERROR_INPUT, "deleting %zu run%s for ever needs --yes where nobody can be asked", edit->choice.count,
		                 edit->choice.count == 1 ? "" : "s");
	fprintf(stderr, "Delete %s%s with metrics, samples and checkpoints for ever? [y/N] ", edit->choice.runs[0].name,
	        edit->choice.count > 1 ? " and the others" : "");
	fflush(stderr);
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	return error_set(error, ERROR_CANCELLED, "nothing was deleted");
}

/* One at a time: files are no part of a transaction, and a run whose files are gone must go too. */
static bool purge_each(const struct runs_edit *edit, json_t *purged, double *bytes, struct error *error)
{
	for (size_t i = 0; i < edit->choice.count; i++) {
		double freed;
		bool good = store_purge_run(edit->store, edit->choice.runs[i].id, &freed, error);
		*bytes += freed;
		if (!good)
			return false;
		json_array_append_new(purged, json_string(edit->choice.runs[i].name));
	}
	return true;
}

static int run_purge(int argc, char **argv)
{
	struct purge_arguments arguments = {0};
	struct runs_edit edit = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_runs_purge.syntax, subcommand_runs_purge.help, argc, argv, &arguments, &words, &status))
		return status;
	json_t *purged = json_array();
	char amount[32];
	double bytes = 0;
	if (arguments.all && !arguments.edit.filter)
		arguments.edit.filter = "";
	bool good = runs_edit_begin(&edit, &arguments.edit, &words, RUN_SHELF_TRASH, &error) && agree(&edit, &arguments, &error) &&
	            purge_each(&edit, purged, &bytes, &error);
	if (!arguments.edit.json && json_array_size(purged) > 0)
		fprintf(stderr, "%zu run%s deleted for ever, %s of checkpoints freed\n", json_array_size(purged),
		        json_array_size(purged) == 1 ? "" : "s", text_bytes_amount(amount, sizeof amount, bytes));
	if (!good)
		status = cli_fail(&error);
	else
		status = arguments.edit.json ? cli_print_json(json_pack("{s:O, s:o}", "purged", purged, "bytes", cli_json_real(bytes))) : CLI_DONE;
	json_decref(purged);
	runs_edit_end(&edit);
	return status;
}

/* ---- rows ---- */

static const struct cli_option move_options[] = {
	RUNS_EDIT_OPTIONS(struct move_arguments, edit),
	{.name = NULL},
};

static const struct cli_option purge_options[] = {
	{.name = "all", .kind = CLI_FLAG, .offset = offsetof(struct purge_arguments, all), .help = "everything in the trash"},
	{.name = "yes", .kind = CLI_FLAG, .offset = offsetof(struct purge_arguments, yes), .help = "do not ask"},
	RUNS_EDIT_OPTIONS(struct purge_arguments, edit),
	{.name = NULL},
};

const struct subcommand subcommand_runs_delete = {
	.name = "delete",
	.help = "Put runs into the trash, from where they can be restored.",
	.syntax = {.positionals = "[RUN...]", .max = -1, .options = move_options,
		.notes = "A live run has to be stopped first. Nothing is deleted before qgan runs purge.\n"},
	.run = run_delete,
};

const struct subcommand subcommand_runs_restore = {
	.name = "restore",
	.help = "Take runs out of the trash.",
	.syntax = {.positionals = "[RUN...]", .max = -1, .options = move_options},
	.run = run_restore,
};

const struct subcommand subcommand_runs_purge = {
	.name = "purge",
	.help = "Delete runs of the trash for ever, with their files.",
	.syntax = {.positionals = "[RUN...]", .max = -1, .options = purge_options,
		.notes = "Runs that were forked from them stay, but without their parent they cannot be started over.\n"},
	.run = run_purge,
};
