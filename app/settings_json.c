/* Settings as the JSON that the store keeps. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings.h"

static json_t *value_to_json(const struct gan_settings *settings, const struct setting_row *row)
{
	const void *field = (const char *)settings + row->offset;
	switch (row->kind) {
	case SETTING_INT:
		return json_integer(*(const int *)field);
	case SETTING_INT64:
		return json_integer(*(const int64_t *)field);
	case SETTING_SEED:
		return json_integer((json_int_t)*(const uint64_t *)field);
	case SETTING_REAL:
		return cli_json_real(*(const double *)field);
	case SETTING_SWITCH:
		return json_boolean(*(const bool *)field);
	case SETTING_BITS:
		return json_string(*(const char *)field ? field : "none");
	case SETTING_FEATURES:
		return json_string(*(const char *)field ? field : FEATURES_AUTO);
	case SETTING_NAME:
	case SETTING_DATA:
		break;
	}
	return json_string(field);
}

void setting_json_name(const struct setting_row *row, char name[SETTING_NAME_SIZE])
{
	text_copy(name, SETTING_NAME_SIZE, row->name);
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
}

json_t *settings_to_json(const struct gan_settings *settings)
{
	json_t *json = json_object();
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char name[SETTING_NAME_SIZE];
		setting_json_name(row, name);
		json_object_set_new(json, name, value_to_json(settings, row));
	}
	return json;
}

static const struct setting_row *find_json_name(const char *name)
{
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char own[SETTING_NAME_SIZE];
		setting_json_name(row, own);
		if (!strcmp(own, name))
			return row;
	}
	return NULL;
}

/* A JSON number, string, true or false as the text that settings_set reads; false for anything else. */
static bool json_value_text(const json_t *value, char text[SETTING_TEXT_SIZE])
{
	if (json_is_string(value))
		return text_copy(text, SETTING_TEXT_SIZE, json_string_value(value));
	if (json_is_boolean(value))
		return text_copy(text, SETTING_TEXT_SIZE, json_is_true(value) ? "yes" : "no");
	if (json_is_integer(value))
		return snprintf(text, SETTING_TEXT_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) > 0;
	return json_is_real(value) && snprintf(text, SETTING_TEXT_SIZE, "%.17g", json_real_value(value)) > 0;
}

bool settings_from_json(const json_t *json, struct gan_settings *settings, struct error *error)
{
	if (!json_is_object(json))
		return error_set(error, ERROR_INPUT, "the settings must be a JSON object");
	struct gan_settings read;
	struct settings_origins origins = {.of = {ORIGIN_DEFAULT}};
	settings_set_defaults(&read);
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)json, name, value) {
		const struct setting_row *row = find_json_name(name);
		char text[SETTING_TEXT_SIZE];
		if (!row)
			return error_set(error, ERROR_INPUT, "unknown setting \"%.60s\"", name);
		if (!json_value_text(value, text))
			return error_set(error, ERROR_INPUT, "%s must be a number, a text, true or false", name);
		if (!settings_set(&read, row, name, text, error))
			return false;
		origins.of[row - setting_rows] = ORIGIN_RUN;
	}
	settings_follow_model(&read, &origins);
	*settings = read;
	return true;
}

char *settings_origins_to_text(const struct settings_origins *origins)
{
	json_t *json = json_object();
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		enum setting_origin origin = origins->of[row - setting_rows];
		char name[SETTING_NAME_SIZE];
		setting_json_name(row, name);
		if (origin != ORIGIN_DEFAULT)
			json_object_set_new(json, name, json_string(setting_origin_name(origin)));
	}
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

char *settings_to_text(const struct gan_settings *settings)
{
	json_t *json = settings_to_json(settings);
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!text)
		abort(); /* only when a small allocation is refused */
	return text;
}

bool settings_from_text(const char *text, struct gan_settings *settings, struct error *error)
{
	json_error_t place;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &place);
	if (!json)
		return error_set(error, ERROR_INPUT, "the settings are not JSON: line %d: %s", place.line, place.text);
	bool ok = settings_from_json(json, settings, error);
	json_decref(json);
	return ok;
}
