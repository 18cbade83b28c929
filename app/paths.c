#include "app/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The base directory of a kind: the variable when it is absolute, else `fallback` under the home directory. */
static bool base_directory(const char *variable, const char *fallback, char path[PATH_SIZE], struct error *error)
{
	const char *value = getenv(variable);
	if (value && value[0] == '/') {
		if (snprintf(path, PATH_SIZE, "%s", value) >= PATH_SIZE)
			return error_set(error, ERROR_INPUT, "%s is longer than %d bytes", variable, PATH_SIZE - 1);
		return true;
	}
	const char *home = getenv("HOME");
	if (!home || home[0] != '/') {
		const struct passwd *user = getpwuid(getuid());
		home = user ? user->pw_dir : NULL;
	}
	if (!home || home[0] != '/')
		return error_set(error, ERROR_INPUT, "no home directory is known: set HOME or %s to an absolute path", variable);
	if (snprintf(path, PATH_SIZE, "%s/%s", home, fallback) >= PATH_SIZE)
		return error_set(error, ERROR_INPUT, "HOME is longer than %d bytes", PATH_SIZE - 1);
	return true;
}

static bool path_below(const char *variable, const char *fallback, const char *name, char path[PATH_SIZE], struct error *error)
{
	char base[PATH_SIZE];
	if (!base_directory(variable, fallback, base, error))
		return false;
	if (snprintf(path, PATH_SIZE, "%s/qgan/%s", base, name) >= PATH_SIZE)
		return error_set(error, ERROR_INPUT, "%s makes a path longer than %d bytes", variable, PATH_SIZE - 1);
	return true;
}

bool path_store(const char *flag, char path[PATH_SIZE], struct error *error)
{
	const char *variable = getenv("QGAN_STORE");
	const char *given = flag ? flag : variable && *variable ? variable : NULL;
	if (!given)
		return path_below("XDG_DATA_HOME", ".local/share", "runs.db", path, error);
	if (!*given)
		return error_set(error, ERROR_INPUT, "--store must be the name of a file, not an empty text");
	if (snprintf(path, PATH_SIZE, "%s", given) >= PATH_SIZE)
		return error_set(error, ERROR_INPUT, "the store's name is longer than %d bytes", PATH_SIZE - 1);
	return true;
}

bool path_config(char path[PATH_SIZE], struct error *error)
{
	return path_below("XDG_CONFIG_HOME", ".config", "config", path, error);
}

bool path_log(char path[PATH_SIZE], struct error *error)
{
	return path_below("XDG_STATE_HOME", ".local/state", "qgan.log", path, error);
}

bool path_make_parents(const char *path, struct error *error)
{
	char folder[PATH_SIZE];
	if (snprintf(folder, sizeof folder, "%s", path) >= PATH_SIZE)
		return error_set(error, ERROR_INPUT, "the path is longer than %d bytes", PATH_SIZE - 1);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) && errno != EEXIST)
			return error_set_errno(error, "cannot make the folder %s", folder);
		*slash = '/';
	}
	return true;
}
