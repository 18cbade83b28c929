/* Where settings come from: defaults < the user's config file < a recipe < --config FILE < QGAN_* environment < flags. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli.h"
#include "app/paths.h"
#include "app/recipes.h"
#include "app/settings.h"
#include "engine/base/text.h"
#include "engine/gan/model.h"

enum { CONFIG_MAX_BYTES = 1 << 20, MAX_CHOICES = 32 };

static int row_index(const struct setting_row *row)
{
	return (int)(row - setting_rows);
}

static void note_origin(struct settings_origins *origins, const struct setting_row *row, enum setting_origin origin)
{
	if (origins)
		origins->of[row_index(row)] = origin;
}

void settings_standards_text(const struct setting_row *row, char *target, size_t size)
{
	const char *common = row->standard ? row->standard : dataset_default_spec();
	struct text text = {0};
	text_format(&text, "%s", common);
	for (int i = 0; model_families[i]; i++) {
		const char *own = model_family_default(model_families[i], row->name);
		if (own && strcmp(own, common) != 0)
			text_format(&text, "; %s: %s", model_families[i]->name, own);
	}
	text_copy(target, size, text.bytes);
	text_clear(&text);
}

const struct cli_option *settings_options(void)
{
	static struct cli_option options[SETTINGS_MAX + 3];
	static const char *choices[SETTINGS_MAX][MAX_CHOICES], *recipes[MAX_CHOICES];
	static char standards[SETTINGS_MAX][SETTING_TEXT_SIZE];
	if (options[0].name)
		return options;
	struct cli_option *option = options;
	for (const struct setting_row *row = setting_rows; row->name; row++, option++) {
		int i = row_index(row);
		for (int k = 0; row->choice && row->choice(k) && k < MAX_CHOICES - 1; k++)
			choices[i][k] = row->choice(k);
		settings_standards_text(row, standards[i], sizeof standards[i]);
		bool list = row->kind == SETTING_BITS;
		enum cli_kind kind = list ? CLI_LIST : row->kind == SETTING_SWITCH ? CLI_SWITCH : CLI_TEXT;
		*option = (struct cli_option){
			.name = row->name, .kind = kind, .argument = row->argument, .choices = row->choice ? choices[i] : NULL,
			.offset = list ? offsetof(struct settings_words, bits)
			               : offsetof(struct settings_words, flag) + (size_t)i * sizeof(char *),
			.standard = standards[i], .help = row->help,
		};
	}
	for (int k = 0; recipe_texts[k].name && k < MAX_CHOICES - 1; k++)
		recipes[k] = recipe_texts[k].name;
	*option++ = (struct cli_option){.name = "recipe", .kind = CLI_TEXT, .argument = "NAME", .choices = recipes,
		.offset = offsetof(struct settings_words, recipe), .help = "settings that belong together; with --from, its part for fine-tuning"};
	*option = (struct cli_option){.name = "config", .kind = CLI_TEXT, .argument = "FILE",
		.offset = offsetof(struct settings_words, config), .help = "read settings from this file of lines \"name = value\""};
	return options;
}

bool settings_words_has(const struct settings_words *words, const struct setting_row *row)
{
	return row->kind == SETTING_BITS ? words->bits.count > 0 : words->flag[row_index(row)] != NULL;
}

bool settings_words_any(const struct settings_words *words)
{
	for (const struct setting_row *row = setting_rows; row->name; row++)
		if (settings_words_has(words, row))
			return true;
	return words->config || words->recipe;
}

static const char *nearest_setting(const char *name)
{
	const char *names[SETTINGS_MAX];
	for (int i = 0; i < setting_count; i++)
		names[i] = setting_rows[i].name;
	return cli_nearest(name, names, (size_t)setting_count);
}

static void trim(char **begin, char *end)
{
	while (*begin < end && isspace((unsigned char)**begin))
		(*begin)++;
	while (end > *begin && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
}

/* "#" at the beginning of a line or after a blank: paths may hold one elsewhere. */
static void cut_comment(char *line)
{
	for (char *c = line; *c; c++)
		if (*c == '#' && (c == line || isspace((unsigned char)c[-1])))
			*c = '\0';
}

/* One line without its newline, zero-terminated; blank lines and comments are fine. */
static bool parse_config_line(char *line, enum setting_origin origin, struct gan_settings *settings,
                              struct settings_origins *origins, struct error *error)
{
	cut_comment(line);
	char *name = line, *end = line + strlen(line);
	trim(&name, end);
	if (!*name)
		return true;
	char *equals = strchr(name, '=');
	if (!equals)
		return error_set(error, ERROR_INPUT, "expected \"name = value\", not \"%.60s\"", name);
	char *value = equals + 1;
	trim(&value, value + strlen(value));
	trim(&name, equals);
	const struct setting_row *row = setting_find(name);
	if (!row) {
		const char *near = nearest_setting(name);
		return error_set(error, ERROR_INPUT, "unknown setting \"%.60s\"%s%s%s", name, near ? "; did you mean " : "",
		                 near ? near : "", near ? "?" : "");
	}
	if (!settings_set(settings, row, row->name, value, error))
		return false;
	note_origin(origins, row, origin);
	return true;
}

bool settings_parse_config(const char *name, const char *text, size_t length, enum setting_origin origin,
                           struct gan_settings *settings, struct settings_origins *origins, struct error *error)
{
	const char *at = text, *end = text + length;
	for (int number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t bytes = (size_t)((newline ? newline : end) - at);
		if (memchr(at, '\0', bytes))
			return error_set(error, ERROR_INPUT, "%s:%d: a zero byte: this is not a text file", name, number);
		struct text line = {0};
		text_append(&line, at, bytes);
		bool ok = parse_config_line(line.bytes, origin, settings, origins, error);
		text_clear(&line);
		if (!ok)
			return error_prefix(error, "%s:%d", name, number);
		at += bytes + 1;
	}
	return true;
}

/* The whole file; an error names it. Sets `*missing` instead when there is none. */
static bool read_config(const char *path, struct text *text, bool *missing, struct error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	*missing = file < 0 && errno == ENOENT;
	if (file < 0)
		return error_set_errno(error, "cannot read the config file %s", path);
	char block[4096];
	ssize_t got;
	while ((got = read(file, block, sizeof block)) > 0 && text->length <= CONFIG_MAX_BYTES)
		text_append(text, block, (size_t)got);
	bool ok = got == 0;
	if (got < 0)
		error_set_errno(error, "cannot read the config file %s", path);
	else if (got > 0)
		error_set(error, ERROR_INPUT, "the config file %s is larger than 1 MB", path);
	close(file);
	return ok;
}

static bool load_file(const char *path, bool may_be_missing, enum setting_origin origin, struct gan_settings *settings,
                      struct settings_origins *origins, struct error *error)
{
	struct text text = {0};
	bool missing, ok = read_config(path, &text, &missing, error);
	if (ok && text.length)
		ok = settings_parse_config(path, text.bytes, text.length, origin, settings, origins, error);
	text_clear(&text);
	if (!ok && missing && may_be_missing)
		return true;
	if (!ok && missing)
		error->code = ERROR_INPUT; /* a name the user gave */
	return ok;
}

static void variable_name(const struct setting_row *row, char name[64])
{
	snprintf(name, 64, "QGAN_%s", row->name);
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

/* A variable that is nearly a setting's would do nothing, without a word. Told once: the settings are read again for forms. */
static void warn_of_near_misses(void)
{
	enum { PREFIX = sizeof "QGAN_" - 1, MOST = 128 };
	static const char *const others[] = {"QGAN_STORE", "QGAN_KERNELS"};
	static bool told;
	const char *names[MOST], *near;
	size_t count = 0;
	for (const struct setting_row *row = setting_rows; row->name && count < MOST; row++)
		names[count++] = row->name;
	for (char **at = environ; *at && !told; at++) {
		char word[64], name[64];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(*at, "="), *at);
		if (strncmp(name, "QGAN_", PREFIX) != 0 || !strcmp(name, others[0]) || !strcmp(name, others[1]))
			continue;
		text_copy(word, sizeof word, name + PREFIX);
		for (char *c = word; *c; c++)
			*c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
		if (setting_find(word) || !(near = cli_nearest(word, names, count)))
			continue;
		variable_name(setting_find(near), word);
		cli_warn("%s in the environment is no setting; did you mean %s?", name, word);
	}
	told = true;
}

static bool load_environment(struct gan_settings *settings, struct settings_origins *origins, struct error *error)
{
	warn_of_near_misses();
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char name[64];
		variable_name(row, name);
		const char *value = getenv(name);
		if (!value || !*value)
			continue;
		if (!settings_set(settings, row, name, value, error))
			return false;
		note_origin(origins, row, ORIGIN_ENVIRONMENT);
	}
	return true;
}

/* A flag given several times: each must be good by itself, together they are one value. */
static bool set_list(struct gan_settings *settings, const struct setting_row *row, const char *subject, const struct cli_list *list,
                     struct error *error)
{
	struct text joined = {0};
	bool good = true;
	for (int i = 0; good && i < list->count; i++) {
		struct gan_settings probe = *settings;
		char value[SETTING_TEXT_SIZE];
		good = settings_set(&probe, row, subject, list->items[i], error);
		settings_get(&probe, row, value, sizeof value);
		if (strcmp(value, "none") != 0)
			text_format(&joined, "%s%s", joined.length ? "," : "", value);
	}
	good = good && settings_set(settings, row, subject, joined.bytes ? joined.bytes : "none", error);
	text_clear(&joined);
	return good;
}

static bool load_flags(const struct settings_words *words, struct gan_settings *settings, struct settings_origins *origins,
                       struct error *error)
{
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char subject[64];
		snprintf(subject, sizeof subject, "--%s", row->name);
		if (!settings_words_has(words, row))
			continue;
		bool good = row->kind == SETTING_BITS ? set_list(settings, row, subject, &words->bits, error)
		                                      : settings_set(settings, row, subject, words->flag[row_index(row)], error);
		if (!good)
			return false;
		note_origin(origins, row, ORIGIN_FLAG);
	}
	return true;
}

static void set_origins(struct settings_origins *origins, enum setting_origin origin)
{
	for (int i = 0; origins && i < SETTINGS_MAX; i++)
		origins->of[i] = origin;
}

static bool load_recipe(const struct settings_words *words, enum recipe_part part, struct gan_settings *settings,
                        struct settings_origins *origins, struct error *error)
{
	struct recipe recipe;
	if (!words->recipe)
		return true;
	if (!recipe_find(words->recipe, &recipe, error))
		return false;
	bool good = recipe_apply(&recipe, part, settings, origins, error);
	recipe_clear(&recipe);
	return good;
}

bool settings_load(const struct settings_words *words, struct gan_settings *settings, struct settings_origins *origins,
                   struct error *error)
{
	char path[PATH_SIZE];
	struct error no_home;
	struct settings_origins own;
	origins = origins ? origins : &own;
	settings_set_defaults(settings);
	set_origins(origins, ORIGIN_DEFAULT);
	if (path_config(path, &no_home) && !load_file(path, true, ORIGIN_USER_FILE, settings, origins, error))
		return false;
	if (!load_recipe(words, RECIPE_TRAIN, settings, origins, error))
		return false;
	if (words->config && !load_file(words->config, false, ORIGIN_CONFIG_FILE, settings, origins, error))
		return false;
	if (!load_environment(settings, origins, error) || !load_flags(words, settings, origins, error))
		return false;
	settings_follow_model(settings, origins);
	return true;
}

bool settings_apply_flags(const struct settings_words *words, struct gan_settings *settings, struct settings_origins *origins,
                          struct error *error)
{
	set_origins(origins, ORIGIN_RUN);
	if (!load_recipe(words, RECIPE_FINE_TUNE, settings, origins, error))
		return false;
	if (words->config && !load_file(words->config, false, ORIGIN_CONFIG_FILE, settings, origins, error))
		return false;
	return load_flags(words, settings, origins, error);
}
