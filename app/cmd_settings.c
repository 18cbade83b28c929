/* qgan settings: what a training would use, and where every value comes from. */
#include "app/commands.h"

#include <stdio.h>

#include "app/settings.h"
#include "app/text_table.h"

struct settings_arguments {
	struct settings_words settings;
	bool json;
};

static int print_json(const struct gan_settings *settings, const struct settings_origins *origins)
{
	json_t *json = json_object(), *values = settings_to_json(settings);
	for (int i = 0; i < setting_count; i++) {
		char name[SETTING_NAME_SIZE];
		setting_json_name(&setting_rows[i], name);
		json_object_set_new(json, name, json_pack("{s:O, s:s}", "value", json_object_get(values, name),
		                                          "origin", setting_origin_name(origins->of[i])));
	}
	json_decref(values);
	return cli_print_json(json);
}

static int print_table(const struct gan_settings *settings, const struct settings_origins *origins)
{
	static const struct text_column columns[] = {{.title = "setting"}, {.title = "value"}, {.title = "from"}, {.title = NULL}};
	struct text_table *table = text_table_create(columns);
	for (int i = 0; i < setting_count; i++) {
		char value[SETTING_TEXT_SIZE];
		text_table_add(table, "%s", setting_rows[i].name);
		text_table_add(table, "%s", settings_get(settings, &setting_rows[i], value, sizeof value));
		text_table_add(table, "%s", setting_origin_name(origins->of[i]));
	}
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct settings_arguments arguments = {0};
	struct settings_origins origins;
	struct gan_settings settings;
	struct cli_words words;
	struct error error;
	int status;
	if (!cli_parse(&subcommand_settings.syntax, subcommand_settings.help, argc, argv, &arguments, &words, &status))
		return status;
	if (!settings_load(&arguments.settings, &settings, &origins, &error))
		return cli_fail(&error);
	return arguments.json ? print_json(&settings, &origins) : print_table(&settings, &origins);
}

static const struct cli_option options[] = {
	CLI_JSON(struct settings_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_settings = {
	.name = "settings",
	.help = "Say what a training with these settings would use, and where every value comes from.",
	.syntax = {
		.options = options,
		.shared_title = "Settings",
		.shared = settings_options,
		.shared_offset = offsetof(struct settings_arguments, settings),
	},
	.run = run,
};
