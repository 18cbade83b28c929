#include "engine/data/celeba.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

static const char csv_title[] = "image_id,partition";

static int compare_entries(const void *left, const void *right)
{
	return strcmp(((const struct celeba_entry *)left)->name, ((const struct celeba_entry *)right)->name);
}

/* One line, zero-terminated, which the entry's name goes on pointing into. */
static bool parse_line(char *line, struct celeba_entry *entry, struct error *error)
{
	char *gap = line + strcspn(line, " \t,"), *part = gap + strspn(gap, " \t,");
	size_t length = strcspn(part, " \t\r");
	char *end = part + length;
	if (gap == line || length != 1 || *part < '0' || *part > '2' || end[strspn(end, " \t\r")])
		return error_set(error, ERROR_INPUT, "expected a picture's name and 0, 1 or 2, not \"%.60s\"", line);
	entry->part = (enum celeba_part)(*part - '0');
	*gap = '\0';
	entry->name = line;
	return true;
}

static bool is_blank(const char *line) { return !line[strspn(line, " \t\r")]; }

static bool is_title(const char *line)
{
	size_t length = sizeof csv_title - 1;
	return !strncmp(line, csv_title, length) && is_blank(line + length);
}

static bool parse_lines(struct celeba_list *list, const char *name, struct error *error)
{
	size_t capacity = 0;
	int number = 1;
	for (char *line = list->text, *next; line; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (is_blank(line) || (number == 1 && is_title(line)))
			continue;
		if (list->count == capacity) {
			capacity = capacity ? 2 * capacity : 1024;
			list->entries = memory_resized(list->entries, capacity, sizeof *list->entries);
		}
		if (!parse_line(line, &list->entries[list->count], error))
			return error_prefix(error, "%s:%d", name, number);
		list->count++;
	}
	return list->count > 0 || error_set(error, ERROR_INPUT, "%s lists no picture", name);
}

static bool check_names(const struct celeba_list *list, const char *name, struct error *error)
{
	for (size_t i = 1; i < list->count; i++)
		if (!strcmp(list->entries[i - 1].name, list->entries[i].name))
			return error_set(error, ERROR_INPUT, "%s lists %.100s twice", name, list->entries[i].name);
	return true;
}

bool celeba_list_parse(const void *bytes, size_t size, const char *name, struct celeba_list *list, struct error *error)
{
	struct celeba_list read = {.text = memory_try_bytes(size + 1, name, error)};
	if (!read.text)
		return false;
	memcpy(read.text, bytes, size);
	bool good = !memchr(bytes, '\0', size) || error_set(error, ERROR_INPUT, "%s holds a zero byte: this is not a text file", name);
	good = good && parse_lines(&read, name, error);
	if (good)
		qsort(read.entries, read.count, sizeof *read.entries, compare_entries);
	if (good && check_names(&read, name, error)) {
		*list = read;
		return true;
	}
	celeba_list_clear(&read);
	return false;
}

void celeba_list_clear(struct celeba_list *list)
{
	free(list->entries);
	free(list->text);
	*list = (struct celeba_list){0};
}

enum celeba_part celeba_list_find(const struct celeba_list *list, const char *name)
{
	const struct celeba_entry wanted = {.name = name};
	const struct celeba_entry *found = bsearch(&wanted, list->entries, list->count, sizeof wanted, compare_entries);
	return found ? found->part : CELEBA_UNLISTED;
}
