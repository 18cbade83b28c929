/* What the benchmarks that train have in common: the settings' own rows as flags, whatever the user's files say, and pictures
 * of noise to train on. Main thread. */
#ifndef QGAN_APP_BENCH_SETTINGS_H
#define QGAN_APP_BENCH_SETTINGS_H

#include "app/cli.h"
#include "engine/data/dataset.h"
#include "engine/gan/settings.h"

enum { BENCH_SETTINGS_MOST = 24 };

struct bench_settings { /* part of a subcommand's arguments */
	const char *values[BENCH_SETTINGS_MOST], *recipe; /* a switch that stands alone: "yes" */
};

const struct cli_option *bench_settings_options(void); /* the rows; offsets are within struct bench_settings */
#define BENCH_RECIPE(type, field) \
	{.name = "recipe", .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(type, field.recipe), \
	 .help = "the settings of this recipe's training, where no flag says otherwise"}

bool bench_settings_read(const struct bench_settings *given, struct gan_settings *settings, struct error *error);

void bench_settings_print(const struct gan_settings *settings); /* a line on stdout */

/* A step's time does not depend on what they show. Release with free(dataset->pixels). */
bool bench_noise_pictures(const struct gan_settings *settings, struct dataset *dataset, struct error *error);

double bench_median(double values[], int count); /* sorts them; count at least 1 */

#endif
