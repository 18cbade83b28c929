#include "app/choices.h"

#include <stdio.h>
#include <string.h>

#include "app/paths.h"
#include "engine/base/replace_file.h"
#include "engine/base/text.h"

typedef bool path_function(char path[PATH_SIZE], struct error *error);

/* Takes `text` apart again. */
static bool write_file(path_function *find, struct text *text, struct error *error)
{
	char path[PATH_SIZE];
	bool good = find(path, error) && path_make_parents(path, error) &&
	            replace_file(path, &(struct file_part){text->bytes, text->length}, 1, error);
	text_clear(text);
	return good;
}

static FILE *open_file(path_function *find)
{
	char path[PATH_SIZE];
	struct error no_home;
	return find(path, &no_home) ? fopen(path, "re") : NULL;
}

/* The next line; empty when there is none. */
static void read_line(FILE *file, char *line, int size)
{
	if (!fgets(line, size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

bool theme_remember(const char *name, struct error *error)
{
	struct text line = {0};
	text_format(&line, "%s\n", name);
	return write_file(path_theme, &line, error);
}

const struct theme *theme_remembered(void)
{
	char name[64];
	FILE *file = open_file(path_theme);
	if (!file)
		return NULL;
	read_line(file, name, sizeof name);
	fclose(file);
	return theme_find(name);
}

bool list_remember(const struct run_view *look, struct error *error)
{
	struct text lines = {0};
	text_format(&lines, "%s\n%s\n", look->columns, look->sort);
	return write_file(path_list, &lines, error);
}

void list_remembered(struct run_view *look)
{
	FILE *file = open_file(path_list);
	look->columns[0] = look->sort[0] = '\0';
	if (!file)
		return;
	read_line(file, look->columns, sizeof look->columns);
	read_line(file, look->sort, sizeof look->sort);
	fclose(file);
}
