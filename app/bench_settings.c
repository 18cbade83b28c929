#include "app/bench_settings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/recipes.h"
#include "app/settings.h"
#include "engine/base/memory.h"
#include "engine/tensor/precision.h"

static const char *const names[] = {
	"model", "size", "width", "channels", "batch", "latent", "threads", "d-bits", "g-bits", "quantizer", "quantizer-iterations",
	"precision", "critic-steps", "layer-norm",
};
enum { NAMES = sizeof names / sizeof *names };
static_assert((int)NAMES <= (int)BENCH_SETTINGS_MOST, "room for a value each");

/* What no recipe and no flag says is the paper's CIFAR-10 network and one update of each network, so that families compare; else the
 * model's own defaults. */
static const struct { const char *name, *value; } standards[] = {{"width", "128"}, {"channels", "3"}, {"critic-steps", "1"}};

static const char *standard_here(const char *name)
{
	for (size_t i = 0; i < sizeof standards / sizeof *standards; i++)
		if (!strcmp(standards[i].name, name))
			return standards[i].value;
	return NULL;
}

/* The settings' own rows, without their defaults where these differ here. */
const struct cli_option *bench_settings_options(void)
{
	static struct cli_option options[NAMES + 1];
	for (int i = 0; i < NAMES; i++) {
		const struct setting_row *row = setting_find(names[i]);
		const char *standard = standard_here(row->name) ? standard_here(row->name) : row->standard;
		options[i] = (struct cli_option){
			.name = row->name, .argument = row->argument, .kind = row->kind == SETTING_SWITCH ? CLI_SWITCH : CLI_TEXT,
			.offset = offsetof(struct bench_settings, values) + (size_t)i * sizeof(char *), .standard = standard, .help = row->help,
		};
	}
	return options;
}

static bool apply_recipe(const char *name, struct gan_settings *settings, struct settings_origins *origins, struct error *error)
{
	struct recipe recipe;
	if (!recipe_find(name, &recipe, error))
		return false;
	bool good = recipe_apply(&recipe, RECIPE_TRAIN, settings, origins, error);
	recipe_clear(&recipe);
	return good;
}

/* The model is the first of the rows: others follow it. */
bool bench_settings_read(const struct bench_settings *given, struct gan_settings *settings, struct error *error)
{
	struct settings_origins origins = {.of = {ORIGIN_DEFAULT}};
	settings_set_defaults(settings);
	if (given->recipe && !apply_recipe(given->recipe, settings, &origins, error))
		return false;
	for (int i = 0; i < NAMES; i++) {
		char subject[64];
		const struct setting_row *row = setting_find(names[i]);
		bool by_recipe = origins.of[row - setting_rows] == ORIGIN_RECIPE;
		snprintf(subject, sizeof subject, "--%s", row->name);
		const char *value = given->values[i] ? given->values[i] : by_recipe ? NULL : standard_here(row->name);
		if (value && !settings_set(settings, row, subject, value, error))
			return false;
		if (i == 0)
			settings_follow_model(settings, &origins);
	}
	precision_settle(settings->precision, sizeof settings->precision);
	return settings->channels || error_set(error, ERROR_INPUT, "--channels must be 1 or 3 here, not 0: there is no data set");
}

void bench_settings_print(const struct gan_settings *settings)
{
	printf("%s %dx%dx%d, width %d, batch %d, D %d bits, G %d bits\n", settings->model, settings->size, settings->size,
	       settings->channels, settings->width, settings->batch, settings->bits[NETWORK_D], settings->bits[NETWORK_G]);
}

bool bench_noise_pictures(const struct gan_settings *settings, struct dataset *dataset, struct error *error)
{
	*dataset = (struct dataset){.spec = "noise", .kind = "noise", .size = settings->size, .channels = settings->channels,
	                            .count = (size_t)settings->batch * 4};
	size_t bytes = dataset->count * (size_t)settings->size * (size_t)settings->size * (size_t)settings->channels;
	dataset->pixels = memory_try_bytes(bytes, "pictures", error);
	if (!dataset->pixels)
		return false;
	uint32_t state = 1;
	for (size_t i = 0; i < bytes; i++) {
		state = state * 1664525u + 1013904223u;
		dataset->pixels[i] = (uint8_t)(state >> 24);
	}
	return true;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

double bench_median(double values[], int count)
{
	qsort(values, (size_t)count, sizeof *values, compare_doubles);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}
