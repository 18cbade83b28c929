#include "app/paths.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/user_folder.h"

_Static_assert((int)PATH_SIZE == (int)USER_FOLDER_PATH, "paths are of one length everywhere");

bool path_store(const char *flag, char path[PATH_SIZE], struct error *error)
{
	const char *variable = getenv("QGAN_STORE");
	const char *given = flag ? flag : variable && *variable ? variable : NULL;
	if (!given)
		return user_folder_path("XDG_DATA_HOME", ".local/share", "runs.db", path, error);
	if (!*given)
		return error_set(error, ERROR_INPUT, "--store must be the name of a file, not an empty text");
	if (snprintf(path, PATH_SIZE, "%s", given) >= PATH_SIZE)
		return error_set(error, ERROR_INPUT, "the store's name is longer than %d bytes", PATH_SIZE - 1);
	return true;
}

bool path_config(char path[PATH_SIZE], struct error *error)
{
	return user_folder_path("XDG_CONFIG_HOME", ".config", "config", path, error);
}

bool path_recipes(char path[PATH_SIZE], struct error *error)
{
	return user_folder_path("XDG_CONFIG_HOME", ".config", "recipes", path, error);
}

bool path_log(char path[PATH_SIZE], struct error *error)
{
	return user_folder_path("XDG_STATE_HOME", ".local/state", "qgan.log", path, error);
}

bool path_theme(char path[PATH_SIZE], struct error *error)
{
	return user_folder_path("XDG_STATE_HOME", ".local/state", "theme", path, error);
}

bool path_list(char path[PATH_SIZE], struct error *error)
{
	return user_folder_path("XDG_STATE_HOME", ".local/state", "run-list", path, error);
}

bool path_make_parents(const char *path, struct error *error)
{
	return user_folder_make_parents(path, error);
}
