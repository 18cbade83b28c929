/* qgan recipes list | show: settings by name, and how to use them. */
#include "app/commands.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app/recipes.h"
#include "app/text_table.h"

enum { LINE_WIDTH = 80 };

static const struct subcommand list_command, show_command;

struct recipes_arguments {
	bool json, text;
};

/* What a part sets, in the order of the settings table. The fine-tuning part goes over the training's. */
static struct gan_settings settings_of(const struct recipe *recipe, enum recipe_part part, struct settings_origins *origins)
{
	struct gan_settings settings;
	struct error unused; /* a recipe that was found has been read already */
	settings_set_defaults(&settings);
	*origins = (struct settings_origins){0};
	recipe_apply(recipe, RECIPE_TRAIN, &settings, part == RECIPE_TRAIN ? origins : NULL, &unused);
	if (part == RECIPE_FINE_TUNE)
		recipe_apply(recipe, RECIPE_FINE_TUNE, &settings, origins, &unused);
	return settings;
}

/* ---- list ---- */

static json_t *summary_to_json(const struct recipe *recipe)
{
	return json_pack("{s:o, s:o, s:o, s:b}", "name", cli_json_text(recipe->name), "title", cli_json_text(recipe->title),
	                 "file", cli_json_text(recipe->path), "fine_tune", recipe->has_fine_tune);
}

static int print_json_list(const struct recipe *recipes, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, summary_to_json(&recipes[i]));
	return cli_print_json(json_pack("{s:o}", "recipes", list));
}

static int print_list(const struct recipe *recipes, size_t count)
{
	static const struct text_column columns[] = {{.title = "recipe"}, {.title = "what it is"}, {.title = NULL}};
	struct text_table *table = text_table_create(columns);
	for (size_t i = 0; i < count; i++) {
		text_table_add(table, "%s", recipes[i].name);
		text_table_add(table, "%s%s%s%s", recipes[i].title, recipes[i].path ? " (" : "", recipes[i].path ? recipes[i].path : "",
		               recipes[i].path ? ")" : "");
	}
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run_list(int argc, char **argv)
{
	struct recipes_arguments arguments = {0};
	struct cli_words words;
	struct recipe *recipes;
	struct error error;
	size_t count;
	int status;
	if (!cli_parse(&list_command.syntax, list_command.help, argc, argv, &arguments, &words, &status))
		return status;
	if (!recipes_list(&recipes, &count, &error))
		return cli_fail(&error);
	status = arguments.json ? print_json_list(recipes, count) : print_list(recipes, count);
	recipes_free(recipes, count);
	return status;
}

/* ---- show ---- */

static json_t *part_to_json(const struct recipe *recipe, enum recipe_part part)
{
	struct settings_origins origins;
	struct gan_settings settings = settings_of(recipe, part, &origins);
	json_t *all = settings_to_json(&settings), *json = json_object();
	for (int i = 0; i < setting_count; i++) {
		char name[SETTING_NAME_SIZE];
		setting_json_name(&setting_rows[i], name);
		if (origins.of[i] == ORIGIN_RECIPE)
			json_object_set(json, name, json_object_get(all, name));
	}
	json_decref(all);
	return json;
}

static int print_json(const struct recipe *recipe)
{
	json_t *json = summary_to_json(recipe);
	json_object_set_new(json, "notes", cli_json_text(recipe->notes));
	json_object_set_new(json, "train", part_to_json(recipe, RECIPE_TRAIN));
	json_object_set_new(json, "fine_tune", recipe->has_fine_tune ? part_to_json(recipe, RECIPE_FINE_TUNE) : json_null());
	return cli_print_json(json);
}

/* Paragraphs, a line each, broken between words. */
static void print_wrapped(const char *text)
{
	int column = 0;
	while (*text) {
		int length = (int)strcspn(text, " \n");
		if (column > 0 && column + 1 + length > LINE_WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += printf("%s%.*s", column ? " " : "", length, text);
		text += length;
		for (; isspace((unsigned char)*text); text++)
			if (*text == '\n') {
				printf("\n\n");
				column = 0;
			}
	}
	if (column)
		putchar('\n');
}

static void print_part(const struct recipe *recipe, enum recipe_part part)
{
	struct settings_origins origins;
	struct gan_settings settings = settings_of(recipe, part, &origins);
	for (int i = 0; i < setting_count; i++) {
		char value[SETTING_TEXT_SIZE];
		if (origins.of[i] == ORIGIN_RECIPE)
			printf("  %-22s %s\n", setting_rows[i].name, settings_get(&settings, &setting_rows[i], value, sizeof value));
	}
}

/* The folder is the reader's to say, where there must be one. */
static const char *data_to_give(const struct recipe *recipe)
{
	struct settings_origins origins;
	struct gan_settings settings = settings_of(recipe, RECIPE_TRAIN, &origins);
	const struct dataset_kind *kind = dataset_kind_find(settings.data);
	return kind && kind->takes_directory && !kind->default_directory ? kind->usage : NULL;
}

static int print_recipe(const struct recipe *recipe)
{
	const char *data = data_to_give(recipe);
	printf("%s%s%s%s\n", recipe->name, recipe->path ? " (" : "", recipe->path ? recipe->path : "", recipe->path ? ")" : "");
	print_wrapped(recipe->title);
	if (*recipe->notes) {
		putchar('\n');
		print_wrapped(recipe->notes);
	}
	printf("\nTrain: qgan train --recipe %s%s%s\n", recipe->name, data ? " --data " : "", data ? data : "");
	print_part(recipe, RECIPE_TRAIN);
	if (recipe->has_fine_tune) {
		printf("\nFine-tune: qgan train --from RUN --recipe %s\n", recipe->name);
		print_part(recipe, RECIPE_FINE_TUNE);
	}
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run_show(int argc, char **argv)
{
	struct recipes_arguments arguments = {0};
	struct cli_words words;
	struct recipe recipe;
	struct error error;
	int status;
	if (!cli_parse(&show_command.syntax, show_command.help, argc, argv, &arguments, &words, &status))
		return status;
	if (!recipe_find(words.items[0], &recipe, &error))
		return cli_fail(&error);
	if (arguments.text)
		status = fputs(recipe.text, stdout) < 0 || fflush(stdout) ? CLI_FAILED : CLI_DONE;
	else
		status = arguments.json ? print_json(&recipe) : print_recipe(&recipe);
	recipe_clear(&recipe);
	return status;
}

/* ---- rows ---- */

static const struct cli_option list_options[] = {
	CLI_JSON(struct recipes_arguments, json),
	{.name = NULL},
};

static const struct cli_option show_options[] = {
	CLI_JSON(struct recipes_arguments, json),
	{.name = "text", .kind = CLI_FLAG, .offset = offsetof(struct recipes_arguments, text),
	 .help = "print the file itself, to begin one's own with"},
	{.name = NULL},
};

static const struct subcommand list_command = {
	.name = "list",
	.help = "List the recipes: the program's, and those in the configuration folder.",
	.syntax = {.options = list_options},
	.run = run_list,
};

static const struct subcommand show_command = {
	.name = "show",
	.help = "Say what a recipe sets, why, and how to use it.",
	.syntax = {.positionals = "NAME", .min = 1, .max = 1, .options = show_options},
	.run = run_show,
};

static const struct subcommand *const children[] = {&list_command, &show_command, NULL};

const struct subcommand subcommand_recipes = {
	.name = "recipes",
	.help = "List or show recipes: the paper's configurations and others by name.",
	.children = children,
};
