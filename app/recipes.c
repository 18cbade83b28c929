#include "app/recipes.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "app/paths.h"
#include "engine/base/file_bytes.h"
#include "engine/base/memory.h"

enum { MOST_BYTES = 1 << 20 };

static const char ending[] = ".conf";
static const char fine_tune[] = "[fine-tune]";

/* ---- reading ---- */

static const char *next_line(const char *line)
{
	const char *newline = strchr(line, '\n');
	return newline ? newline + 1 : line + strlen(line);
}

static size_t length_of(const char *line)
{
	size_t length = strcspn(line, "\n");
	while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == ' '))
		length--;
	return length;
}

static bool is_header(const char *line)
{
	return length_of(line) == sizeof fine_tune - 1 && !strncmp(line, fine_tune, sizeof fine_tune - 1);
}

/* The comment at the head: title, then paragraphs, their lines joined. */
static void take_comment(struct recipe *recipe)
{
	struct text title = {0}, notes = {0};
	bool first = true, fresh = true;
	for (const char *line = recipe->text; *line == '#'; line = next_line(line)) {
		const char *words = line + 1 + strspn(line + 1, " ");
		size_t length = length_of(line), skipped = (size_t)(words - line);
		length = length > skipped ? length - skipped : 0;
		if (first)
			text_append(&title, words, length);
		else if (length > 0)
			text_format(&notes, "%s%.*s", !notes.length ? "" : fresh ? "\n" : " ", (int)length, words);
		fresh = length == 0;
		first = false;
	}
	recipe->title = memory_text(title.bytes ? title.bytes : "");
	recipe->notes = memory_text(notes.bytes ? notes.bytes : "");
	text_clear(&title);
	text_clear(&notes);
}

/* The file with the lines of the other part left empty, so that lines keep their numbers. */
static struct text part_of(const char *text, enum recipe_part wanted)
{
	enum recipe_part part = RECIPE_TRAIN;
	struct text result = {0};
	for (const char *line = text, *next; *line; line = next) {
		next = next_line(line);
		if (part == RECIPE_TRAIN && is_header(line))
			part = RECIPE_FINE_TUNE;
		else if (part == wanted)
			text_append(&result, line, strcspn(line, "\n"));
		text_append(&result, "\n", 1);
	}
	return result;
}

static const char *place_of(const struct recipe *recipe) { return recipe->path ? recipe->path : recipe->name; }

/* Takes text and path. Both parts must be settings, wherever they will be used. */
static bool fill(struct recipe *recipe, const char *name, char *text, char *path, struct error *error)
{
	*recipe = (struct recipe){.text = text, .path = path};
	text_copy(recipe->name, sizeof recipe->name, name);
	for (const char *line = text; *line; line = next_line(line))
		recipe->has_fine_tune |= is_header(line);
	take_comment(recipe);
	struct gan_settings probe;
	settings_set_defaults(&probe);
	bool good = true;
	for (enum recipe_part part = 0; good && part < RECIPE_PARTS; part++)
		good = (part == RECIPE_FINE_TUNE && !recipe->has_fine_tune) || recipe_apply(recipe, part, &probe, NULL, error);
	if (!good)
		recipe_clear(recipe);
	return good;
}

bool recipe_from_text(const struct recipe_text *row, struct recipe *recipe, struct error *error)
{
	return fill(recipe, row->name, memory_text(row->text), NULL, error);
}

static bool fill_file(struct recipe *recipe, const char *name, const char *path, struct error *error)
{
	struct file_bytes file;
	if (strlen(name) >= RECIPE_NAME_SIZE)
		return error_set(error, ERROR_INPUT, "%s: a recipe's name has at most %d bytes", path, RECIPE_NAME_SIZE - 1);
	if (!file_bytes_read(path, MOST_BYTES, &file, error))
		return false;
	if (memchr(file.bytes, '\0', file.size)) {
		file_bytes_clear(&file);
		return error_set(error, ERROR_INPUT, "%s holds a zero byte: this is not a text file", path);
	}
	char *text = memory_zeroed(file.size + 1, 1);
	memcpy(text, file.bytes, file.size);
	file_bytes_clear(&file);
	return fill(recipe, name, text, memory_text(path), error);
}

void recipe_clear(struct recipe *recipe)
{
	free(recipe->title);
	free(recipe->notes);
	free(recipe->text);
	free(recipe->path);
	*recipe = (struct recipe){0};
}

/* ---- all there are ---- */

/* Names of recipes and, for a person's, their files. */
struct found {
	char *name, *path; /* path NULL: part of the program */
};
struct finds {
	struct found *items;
	size_t count;
};

/* Takes both. The first one of a name stays. */
static void add_find(struct finds *finds, char *name, char *path)
{
	for (size_t i = 0; i < finds->count; i++)
		if (!strcmp(finds->items[i].name, name)) {
			free(name);
			free(path);
			return;
		}
	finds->items = memory_resized(finds->items, finds->count + 1, sizeof *finds->items);
	finds->items[finds->count++] = (struct found){name, path};
}

static void free_finds(struct finds *finds)
{
	for (size_t i = 0; i < finds->count; i++) {
		free(finds->items[i].name);
		free(finds->items[i].path);
	}
	free(finds->items);
}

static int compare_finds(const void *left, const void *right)
{
	return strcmp(((const struct found *)left)->name, ((const struct found *)right)->name);
}

/* "FOLDER/a/b.conf" -> "a/b"; NULL for other files. To be freed. */
static char *name_of(const char *path, size_t folder_length)
{
	size_t length = strlen(path), after = sizeof ending - 1;
	if (length <= folder_length + 1 + after || strcmp(path + length - after, ending) != 0)
		return NULL;
	char *name = memory_text(path + folder_length + 1);
	name[length - folder_length - 1 - after] = '\0';
	return name;
}

static void find_files(struct finds *finds)
{
	char folder[PATH_SIZE];
	struct error no_home;
	if (!path_recipes(folder, &no_home))
		return;
	FTS *walk = fts_open((char *[]){folder, NULL}, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	for (FTSENT *entry; walk && (entry = fts_read(walk));) {
		char *name = entry->fts_info == FTS_F ? name_of(entry->fts_path, strlen(folder)) : NULL;
		if (name)
			add_find(finds, name, memory_text(entry->fts_path));
	}
	if (walk)
		fts_close(walk);
}

static struct finds find_all(void)
{
	struct finds finds = {0};
	find_files(&finds);
	for (const struct recipe_text *row = recipe_texts; row->name; row++)
		add_find(&finds, memory_text(row->name), NULL);
	qsort(finds.items, finds.count, sizeof *finds.items, compare_finds);
	return finds;
}

static bool open_find(const struct found *find, struct recipe *recipe, struct error *error)
{
	if (find->path)
		return fill_file(recipe, find->name, find->path, error);
	for (const struct recipe_text *row = recipe_texts; row->name; row++)
		if (!strcmp(row->name, find->name))
			return recipe_from_text(row, recipe, error);
	return false;
}

bool recipes_list(struct recipe **recipes, size_t *count, struct error *error)
{
	struct finds finds = find_all();
	*recipes = memory_zeroed(finds.count, sizeof **recipes);
	*count = 0;
	bool good = true;
	for (; good && *count < finds.count; *count += good)
		good = open_find(&finds.items[*count], &(*recipes)[*count], error);
	free_finds(&finds);
	if (!good)
		recipes_free(*recipes, *count);
	return good;
}

void recipes_free(struct recipe *recipes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		recipe_clear(&recipes[i]);
	free(recipes);
}

static bool refuse(const char *name, const struct finds *finds, struct error *error)
{
	const char **names = memory_zeroed(finds->count, sizeof *names);
	struct text known = {0};
	for (size_t i = 0; i < finds->count; i++) {
		names[i] = finds->items[i].name;
		text_format(&known, "%s%s", i ? ", " : "", names[i]);
	}
	const char *near = cli_nearest(name, names, finds->count);
	if (near)
		error_set(error, ERROR_INPUT, "unknown recipe \"%.60s\"; did you mean %s?", name, near);
	else
		error_set(error, ERROR_INPUT, "unknown recipe \"%.60s\": expected one of %.300s", name, known.bytes);
	text_clear(&known);
	free(names);
	return false;
}

bool recipe_find(const char *name, struct recipe *recipe, struct error *error)
{
	struct finds finds = find_all();
	const struct found *found = NULL;
	for (size_t i = 0; i < finds.count; i++)
		if (!strcmp(finds.items[i].name, name))
			found = &finds.items[i];
	bool good = found ? open_find(found, recipe, error) : refuse(name, &finds, error);
	free_finds(&finds);
	return good;
}

/* ---- using one ---- */

/* "cifar10" where "cifar10:DIR" is set already says nothing new. */
static bool is_kind_of(const char *kind, const char *spec)
{
	size_t length = strlen(kind);
	return !strncmp(kind, spec, length) && spec[length] == ':';
}

bool recipe_apply(const struct recipe *recipe, enum recipe_part part, struct gan_settings *settings,
                  struct settings_origins *origins, struct error *error)
{
	if (part == RECIPE_FINE_TUNE && !recipe->has_fine_tune)
		return error_set(error, ERROR_INPUT, "recipe %s has no %s part for --from: leave it out", recipe->name, fine_tune);
	struct gan_settings before = *settings;
	struct settings_origins origins_before = origins ? *origins : (struct settings_origins){0};
	const struct setting_row *data = setting_find("data");
	struct text text = part_of(recipe->text, part);
	bool good = settings_parse_config(place_of(recipe), text.bytes ? text.bytes : "", text.length, ORIGIN_RECIPE, settings,
	                                  origins, error);
	text_clear(&text);
	if (good && is_kind_of(settings->data, before.data)) {
		text_copy(settings->data, sizeof settings->data, before.data);
		if (origins)
			origins->of[data - setting_rows] = origins_before.of[data - setting_rows];
	}
	return good;
}
