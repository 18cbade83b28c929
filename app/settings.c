#include "app/settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/gan/model.h"
#include "engine/nn/optimizer.h"
#include "engine/quant/quantizer.h"

static const char *quantizer_choice(int index)
{
	return quantizers[index] ? quantizers[index]->name : NULL;
}

static const char *model_choice(int index)
{
	return model_families[index] ? model_families[index]->name : NULL;
}

static const char *optimizer_choice(int index)
{
	return optimizers[index] ? optimizers[index]->name : NULL;
}

static const int allowed_sizes[] = {32, 64, 128, -1};
static const int allowed_channels[] = {0, 1, 3, -1};
static const int allowed_bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 32, -1};

#define AT(field) offsetof(struct gan_settings, field)
#define FOREVER 1e15 /* steps and epochs: more than any training, and exact in a double */

const struct setting_row setting_rows[] = {
	{.name = "model", .kind = SETTING_NAME, .offset = AT(model), .choice = model_choice, .standard = "dcgan",
	 .argument = "NAME", .help = "model family"},
	{.name = "data", .kind = SETTING_DATA, .offset = AT(data), .argument = "SPEC",
	 .help = "data set, KIND or KIND:DIR; see qgan data list"},
	{.name = "size", .kind = SETTING_INT, .offset = AT(size), .allowed = allowed_sizes, .standard = "32", .argument = "PIXELS",
	 .help = "height and width of the pictures"},
	{.name = "channels", .kind = SETTING_INT, .offset = AT(channels), .allowed = allowed_channels, .standard = "0",
	 .argument = "C", .help = "1 grey, 3 colour, 0 as the data set has them"},
	{.name = "width", .kind = SETTING_INT, .offset = AT(width), .min = 1, .max = MODEL_MAX_WIDTH, .standard = "32", .argument = "W",
	 .help = "first feature width: at 32 pixels G has 4W-2W-W channels"},
	{.name = "latent", .kind = SETTING_INT, .offset = AT(latent), .min = 1, .max = MODEL_MAX_LATENT, .standard = "100", .argument = "N",
	 .help = "length of the noise vector z"},
	{.name = "batch", .kind = SETTING_INT, .offset = AT(batch), .min = 2, .max = MODEL_MAX_BATCH, .standard = "64", .argument = "N",
	 .help = "pictures in a batch"},
	{.name = "d-bits", .kind = SETTING_INT, .offset = AT(bits[NETWORK_D]), .allowed = allowed_bits, .standard = "32",
	 .argument = "K", .help = "bits of D's weights, 32: not quantized"},
	{.name = "g-bits", .kind = SETTING_INT, .offset = AT(bits[NETWORK_G]), .allowed = allowed_bits, .standard = "32",
	 .argument = "K", .help = "bits of G's weights, 32: not quantized"},
	{.name = "quantizer", .kind = SETTING_NAME, .offset = AT(quantizer), .choice = quantizer_choice, .standard = "em",
	 .argument = "NAME", .help = "how weights become k-bit states"},
	{.name = "quantizer-iterations", .kind = SETTING_INT, .offset = AT(quantizer_iterations), .min = 0, .max = 1000,
	 .standard = "0", .argument = "N", .help = "iterations of a quantizer that iterates, 0: the method's own"},
	{.name = "optimizer", .kind = SETTING_NAME, .offset = AT(optimizer), .choice = optimizer_choice, .standard = "adam",
	 .argument = "NAME", .help = "how gradients change weights"},
	{.name = "d-learning-rate", .kind = SETTING_REAL, .offset = AT(learning_rate[NETWORK_D]), .min = 0, .max = 10,
	 .standard = "0.0002", .argument = "RATE", .help = "learning rate of D"},
	{.name = "g-learning-rate", .kind = SETTING_REAL, .offset = AT(learning_rate[NETWORK_G]), .min = 0, .max = 10,
	 .standard = "0.0002", .argument = "RATE", .help = "learning rate of G"},
	{.name = "beta1", .kind = SETTING_REAL, .offset = AT(beta1), .min = 0, .max = 0.999999, .standard = "0.5",
	 .argument = "BETA", .help = "Adam's first decay; momentum of SGD"},
	{.name = "beta2", .kind = SETTING_REAL, .offset = AT(beta2), .min = 0, .max = 0.999999999, .standard = "0.999",
	 .argument = "BETA", .help = "Adam's second decay"},
	{.name = "seed", .kind = SETTING_SEED, .offset = AT(seed), .standard = "7", .argument = "N",
	 .help = "start of every random sequence, or random"},
	{.name = "threads", .kind = SETTING_INT, .offset = AT(threads), .min = 0, .max = PARALLEL_MAX_THREADS, .standard = "0",
	 .argument = "N", .help = "compute threads, 0: one per usable core", .changes_nothing = true},
	{.name = "steps", .kind = SETTING_INT64, .offset = AT(steps), .min = 0, .max = FOREVER, .standard = "0", .argument = "N",
	 .help = "end after so many steps, 0: by epochs"},
	{.name = "epochs", .kind = SETTING_INT64, .offset = AT(epochs), .min = 0, .max = FOREVER, .standard = "12", .argument = "N",
	 .help = "end after so many epochs when steps is 0; 0: never"},
	{.name = "checkpoint-every", .kind = SETTING_INT64, .offset = AT(checkpoint_every), .min = 0, .max = FOREVER,
	 .standard = "500", .argument = "N", .help = "steps between checkpoints, 0: only at the end", .changes_nothing = true},
	{.name = "sample-every", .kind = SETTING_INT64, .offset = AT(sample_every), .min = 0, .max = FOREVER, .standard = "100",
	 .argument = "N", .help = "steps between sample grids, 0: on request", .changes_nothing = true},
	{.name = "layers-every", .kind = SETTING_INT64, .offset = AT(layers_every), .min = 0, .max = FOREVER, .standard = "50",
	 .argument = "N", .help = "steps between layer statistics, 0: never", .changes_nothing = true},
	{.name = "metric-every", .kind = SETTING_INT64, .offset = AT(metric_every), .min = 1, .max = FOREVER, .standard = "10",
	 .argument = "N", .help = "steps between points of the curves", .changes_nothing = true},
	{.name = "samples", .kind = SETTING_INT, .offset = AT(samples), .min = 1, .max = 1024, .standard = "64", .argument = "N",
	 .help = "tiles of the sample grid", .changes_nothing = true},
	{.name = NULL},
};
const int setting_count = sizeof setting_rows / sizeof *setting_rows - 1;
_Static_assert(sizeof setting_rows / sizeof *setting_rows - 1 <= SETTINGS_MAX, "settings_words has no room for every row");

const struct setting_row *setting_find(const char *name)
{
	for (const struct setting_row *row = setting_rows; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

const char *setting_origin_name(enum setting_origin origin)
{
	static const char *const names[] = {
		[ORIGIN_DEFAULT] = "default", [ORIGIN_RUN] = "run", [ORIGIN_USER_FILE] = "config file",
		[ORIGIN_CONFIG_FILE] = "--config", [ORIGIN_ENVIRONMENT] = "environment", [ORIGIN_FLAG] = "flag",
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

/* "must be an integer from 1 to 4096", "must be one of em, minmax" and so on. */
static void describe_expected(const struct setting_row *row, struct text *text)
{
	switch (row->kind) {
	case SETTING_NAME:
		text_format(text, "must be one of");
		for (int i = 0; row->choice(i); i++)
			text_format(text, "%s %s", i ? "," : "", row->choice(i));
		return;
	case SETTING_SEED:
		text_format(text, "must be an integer from 0 to %" PRId64 ", or random", INT64_MAX);
		return;
	case SETTING_DATA:
		text_format(text, "must be KIND or KIND:DIR in UTF-8, shorter than %d bytes", DATASET_SPEC_SIZE);
		return;
	case SETTING_INT:
	case SETTING_INT64:
		text_format(text, row->allowed ? "must be one of" : "must be an integer");
		break;
	case SETTING_REAL:
		text_format(text, "must be a number");
		break;
	}
	for (int i = 0; row->allowed && row->allowed[i] >= 0; i++)
		text_format(text, "%s %d", i ? "," : "", row->allowed[i]);
	if (!row->allowed && row->max >= FOREVER)
		text_format(text, " of %g or more", row->min);
	else if (!row->allowed)
		text_format(text, " from %g to %.12g", row->min, row->max);
}

static bool refuse(const struct setting_row *row, const char *subject, const char *value, struct error *error)
{
	struct text expected = {0};
	char shown[64];
	describe_expected(row, &expected);
	bool whole = text_copy(shown, sizeof shown, value);
	error_set(error, ERROR_INPUT, "%s %s, not \"%s%s\"", subject, expected.bytes, shown, whole ? "" : "...");
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
	case SETTING_NAME:
	case SETTING_DATA:
		text_copy(target, size, field);
		return target;
	}
	text_copy(target, size, digits);
	return target;
}

void settings_set_defaults(struct gan_settings *settings)
{
	*settings = (struct gan_settings){0};
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		struct error error = {0};
		if (!settings_set(settings, row, row->name, row->standard ? row->standard : dataset_default_spec(), &error))
			abort(); /* a default out of its own range is wrong code; the tests walk the table */
	}
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
