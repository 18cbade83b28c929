#include "app/theme_choice.h"

#include <stdio.h>
#include <string.h>

#include "app/paths.h"
#include "engine/base/replace_file.h"
#include "engine/base/text.h"

enum { NAME_SIZE = 64 };

bool theme_remember(const char *name, struct error *error)
{
	char path[PATH_SIZE];
	struct text line = {0};
	text_format(&line, "%s\n", name);
	bool good = path_theme(path, error) && path_make_parents(path, error) &&
	            replace_file(path, &(struct file_part){line.bytes, line.length}, 1, error);
	text_clear(&line);
	return good;
}

const struct theme *theme_remembered(void)
{
	char path[PATH_SIZE], name[NAME_SIZE] = "";
	struct error no_home;
	FILE *file = path_theme(path, &no_home) ? fopen(path, "re") : NULL;
	if (!file)
		return NULL;
	if (!fgets(name, sizeof name, file))
		name[0] = '\0';
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return theme_find(name);
}
