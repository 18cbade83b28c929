#include "app/settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/gan/layer_bits.h"
#include "engine/gan/model.h"
#include "engine/metric/feature_network.h"

const char *setting_origin_name(enum setting_origin origin)
{
	static const char *const names[] = {
		[ORIGIN_DEFAULT] = "default", [ORIGIN_RUN] = "run", [ORIGIN_USER_FILE] = "config file", [ORIGIN_RECIPE] = "recipe",
		[ORIGIN_CONFIG_FILE] = "--config", [ORIGIN_ENVIRONMENT] = "environment", [ORIGIN_FLAG] = "flag",
		[ORIGIN_FORM] = "form",
	};
	return names[origin];
}

static void *field_of(struct gan_settings *settings, const struct setting_row *row)
{
	return (char *)settings + row->offset;
}

static const void *field_in(const struct gan_settings *settings, const struct setting_row *row)
{
	return (const char *)settings + row->offset;
}

void settings_describe(const struct setting_row *row, struct text *text)
{
	switch (row->kind) {
	case SETTING_NAME:
		text_format(text, "one of");
		for (int i = 0; row->choice(i); i++)
			text_format(text, "%s %s", i ? "," : "", row->choice(i));
		return;
	case SETTING_SEED:
		text_format(text, "an integer from 0 to %" PRId64 ", or random", INT64_MAX);
		return;
	case SETTING_DATA:
		text_format(text, "KIND or KIND:DIR in UTF-8, shorter than %d bytes", DATASET_SPEC_SIZE);
		return;
	case SETTING_FEATURES:
		text_format(text, "must be auto or NETWORK[:WEIGHTS] of");
		for (int i = 0; feature_network_kinds[i]; i++)
			text_format(text, "%s %s", i ? "," : "", feature_network_kinds[i]->usage);
		return;
	case SETTING_SWITCH:
		text_format(text, "yes or no");
		return;
	case SETTING_BITS:
		text_format(text, "NETWORK.LAYER=BITS, several separated by commas, such as G.deconv1=4,D.conv4=32, or none");
		return;
	case SETTING_INT:
	case SETTING_INT64:
		text_format(text, row->allowed ? "one of" : "an integer");
		break;
	case SETTING_REAL:
		text_format(text, "a number");
		break;
	}
	for (int i = 0; row->allowed && row->allowed[i] >= 0; i++)
		text_format(text, "%s %d", i ? "," : "", row->allowed[i]);
	if (!row->allowed && row->max >= SETTING_FOREVER)
		text_format(text, " of %g or more", row->min);
	else if (!row->allowed)
		text_format(text, " from %g to %.12g", row->min, row->max);
}

static bool refuse(const struct setting_row *row, const char *subject, const char *value, struct error *error)
{
	struct text expected = {0};
	char shown[64];
	settings_describe(row, &expected);
	bool whole = text_copy(shown, sizeof shown, value);
	error_set(error, ERROR_INPUT, "%s must be %s, not \"%s%s\"", subject, expected.bytes, shown, whole ? "" : "...");
	text_clear(&expected);
	return false;
}

static bool integer_fits(const struct setting_row *row, int64_t value)
{
	if (!row->allowed)
		return value >= (int64_t)row->min && value <= (int64_t)row->max;
	for (int i = 0; row->allowed[i] >= 0; i++)
		if (row->allowed[i] == value)
			return true;
	return false;
}

static bool name_fits(const struct setting_row *row, const char *value)
{
	for (int i = 0; row->choice(i); i++)
		if (!strcmp(row->choice(i), value))
			return true;
	return false;
}

/* The store keeps settings as JSON, which has no other text. */
static bool is_utf8(const char *value)
{
	json_t *probe = json_string(value);
	json_decref(probe);
	return probe;
}

static bool random_seed(uint64_t *seed)
{
	if (getrandom(seed, sizeof *seed, 0) != sizeof *seed)
		return false;
	*seed &= 0xFFFFFFFF; /* short enough to be typed again */
	return true;
}

static bool take_switch(bool *field, const char *value)
{
	bool yes = !strcmp(value, "yes");
	if (!yes && strcmp(value, "no") != 0)
		return false;
	*field = yes;
	return true;
}

static bool take_layer_bits(char field[LAYER_BITS_SIZE], const char *value)
{
	struct layer_exceptions exceptions;
	struct error unused;
	return *value && layer_exceptions_parse(value, &exceptions, &unused) && layer_exceptions_format(&exceptions, field, &unused);
}

/* That the weights are there is asked when they are needed. */
static bool take_features(char field[DATASET_SPEC_SIZE], const char *value)
{
	if (strlen(value) >= DATASET_SPEC_SIZE || !is_utf8(value) ||
	    (strcmp(value, FEATURES_AUTO) != 0 && !feature_network_kind_of(value)))
		return false;
	return text_copy(field, DATASET_SPEC_SIZE, value);
}

bool settings_set(struct gan_settings *settings, const struct setting_row *row, const char *subject, const char *value,
                  struct error *error)
{
	void *field = field_of(settings, row);
	int64_t integer;
	double real;
	switch (row->kind) {
	case SETTING_INT:
	case SETTING_INT64:
		if (!text_to_int64(value, &integer) || !integer_fits(row, integer))
			break;
		if (row->kind == SETTING_INT)
			*(int *)field = (int)integer;
		else
			*(int64_t *)field = integer;
		return true;
	case SETTING_SEED:
		if (!strcmp(value, "random"))
			return random_seed(field) || error_set_errno(error, "%s: no random numbers from the system", subject);
		if (!text_to_int64(value, &integer) || integer < 0)
			break;
		*(uint64_t *)field = (uint64_t)integer;
		return true;
	case SETTING_REAL:
		if (!text_to_double(value, &real) || real < row->min || real > row->max)
			break;
		*(double *)field = real;
		return true;
	case SETTING_NAME:
		if (!name_fits(row, value))
			break;
		text_copy(field, GAN_NAME_SIZE, value);
		return true;
	case SETTING_DATA:
		if (!*value || strlen(value) >= DATASET_SPEC_SIZE || !is_utf8(value))
			break;
		text_copy(field, DATASET_SPEC_SIZE, value);
		return true;
	case SETTING_FEATURES:
		if (!take_features(field, value))
			break;
		return true;
	case SETTING_SWITCH:
		if (!take_switch(field, value))
			break;
		return true;
	case SETTING_BITS:
		if (!take_layer_bits(field, value))
			break;
		return true;
	}
	return refuse(row, subject, value, error);
}

/* The shortest of the usual lengths that reads back as the same number. */
static void format_real(char *target, size_t size, double value)
{
	double back;
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(target, size, "%.*g", digits, value);
		if (text_to_double(target, &back) && back == value)
			return;
	}
}

char *settings_get(const struct gan_settings *settings, const struct setting_row *row, char *target, size_t size)
{
	const void *field = field_in(settings, row);
	char digits[40];
	switch (row->kind) {
	case SETTING_INT:
		snprintf(digits, sizeof digits, "%d", *(const int *)field);
		break;
	case SETTING_INT64:
		snprintf(digits, sizeof digits, "%" PRId64, *(const int64_t *)field);
		break;
	case SETTING_SEED:
		snprintf(digits, sizeof digits, "%" PRIu64, *(const uint64_t *)field);
		break;
	case SETTING_REAL:
		format_real(digits, sizeof digits, *(const double *)field);
		break;
	case SETTING_SWITCH:
		text_copy(digits, sizeof digits, *(const bool *)field ? "yes" : "no");
		break;
	case SETTING_BITS:
		text_copy(target, size, *(const char *)field ? field : "none");
		return target;
	case SETTING_FEATURES:
		text_copy(target, size, *(const char *)field ? field : FEATURES_AUTO);
		return target;
	case SETTING_NAME:
	case SETTING_DATA:
		text_copy(target, size, field);
		return target;
	}
	text_copy(target, size, digits);
	return target;
}

const char *settings_standard(const struct setting_row *row, const char *model)
{
	const struct model_family *family = model_family_find(model, NULL);
	const char *own = family ? model_family_default(family, row->name) : NULL;
	return own ? own : row->standard ? row->standard : dataset_default_spec();
}

static void set_default(struct gan_settings *settings, const struct setting_row *row)
{
	if (!settings_set(settings, row, row->name, settings_standard(row, settings->model), NULL))
		abort(); /* a default out of its own range is wrong code; the tests walk the table */
}

void settings_set_defaults(struct gan_settings *settings)
{
	*settings = (struct gan_settings){0};
	for (const struct setting_row *row = setting_rows; row->name; row++) /* the model is the first one */
		set_default(settings, row);
}

void settings_follow_model(struct gan_settings *settings, const struct settings_origins *origins)
{
	for (const struct setting_row *row = setting_rows; row->name; row++)
		if (origins->of[row - setting_rows] == ORIGIN_DEFAULT && strcmp(row->name, "model") != 0)
			set_default(settings, row);
}

bool settings_check(const struct gan_settings *settings, struct error *error)
{
	struct gan_settings copy = *settings;
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char value[SETTING_TEXT_SIZE];
		settings_get(settings, row, value, sizeof value);
		if (!settings_set(&copy, row, row->name, value, error))
			return false;
	}
	return true;
}

int settings_differences(const struct gan_settings *left, const struct gan_settings *right,
                         const struct setting_row *rows[SETTINGS_MAX])
{
	int count = 0;
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char a[SETTING_TEXT_SIZE], b[SETTING_TEXT_SIZE];
		if (strcmp(settings_get(left, row, a, sizeof a), settings_get(right, row, b, sizeof b)))
			rows[count++] = row;
	}
	return count;
}
