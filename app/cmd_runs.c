/* qgan runs VERB. */
#include "app/cmd_runs.h"

#include <stdlib.h>
#include <unistd.h>

struct store *runs_open_store(const char *given, enum store_mode mode, struct error *error)
{
	char path[PATH_SIZE];
	return path_store(given, path, error) ? store_open(path, mode, error) : NULL;
}

bool runs_store_is_untouched(const char *given)
{
	char path[PATH_SIZE];
	struct error error;
	return !given && !getenv("QGAN_STORE") && path_store(NULL, path, &error) && access(path, F_OK) != 0;
}

static const struct subcommand *const children[] = {
	&subcommand_runs_list, &subcommand_runs_show, &subcommand_runs_compare, &subcommand_runs_export, &subcommand_runs_views,
	&subcommand_runs_tag,
	&subcommand_runs_note, &subcommand_runs_rename, &subcommand_runs_archive, &subcommand_runs_delete, &subcommand_runs_restore,
	&subcommand_runs_purge, &subcommand_runs_sql, NULL,
};

const struct subcommand subcommand_runs = {
	.name = "runs",
	.help = "List, show, compare, edit and export recorded runs.",
	.children = children,
};
