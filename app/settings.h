/* The settings of a training as a table: one row per field of struct gan_settings. Flags, config files, environment,
 * forms, help, completion and the store's JSON all go through the same rows.
 *
 * Layers, later ones win: defaults < the user's config file < --recipe NAME < --config FILE < QGAN_* environment < flags.
 * A recipe goes before the user's file because it is asked for by name and stands for known results. Where each value came
 * from is kept. A config file has lines "name = value"; "#" begins a comment; the names are the flags'. */
#ifndef QGAN_APP_SETTINGS_H
#define QGAN_APP_SETTINGS_H

#include <jansson.h>

#include "app/cli.h"
#include "engine/gan/settings.h"

enum setting_kind { /* type of the field */
	SETTING_INT,
	SETTING_INT64,
	SETTING_SEED, /* uint64_t below 2^63, or "random" */
	SETTING_REAL,
	SETTING_NAME, /* char [GAN_NAME_SIZE], one of the choices */
	SETTING_DATA, /* char [DATASET_SPEC_SIZE] */
	SETTING_SWITCH, /* bool: yes or no; a flag that stands alone means yes */
	SETTING_FEATURES, /* char [DATASET_SPEC_SIZE]: a feature network, or "auto" */
	SETTING_BITS, /* char [LAYER_BITS_SIZE]: bits of single layers (engine/gan/layer_bits.h), or "none" for none */
};

struct setting_row {
	const char *name;                     /* "d-bits"; the variable is QGAN_D_BITS */
	enum setting_kind kind;
	size_t offset;                        /* in struct gan_settings */
	double min, max;                      /* range of numbers, both ends allowed */
	const int *allowed;                   /* the only values of an INT, ended by -1; NULL: the range */
	const char *(*choice)(int index);     /* names of a registry, NULL at its end */
	const char *standard;                 /* default, as text, where the model family has none of its own; NULL: asked of the
	                                       * data sets */
	const char *argument;                 /* what help calls the value; NULL for a switch */
	const char *help;                     /* one line, no full stop */
	bool changes_nothing;                 /* cadence, threads: another value gives the same training */
};

#define SETTING_FOREVER 1e15 /* max of steps and epochs: more than any training, and exact in a double */
enum { SETTINGS_MAX = 64, SETTING_TEXT_SIZE = DATASET_SPEC_SIZE, SETTING_NAME_SIZE = 64 };
extern const struct setting_row setting_rows[]; /* ends with name NULL */
extern const int setting_count;
const struct setting_row *setting_find(const char *name); /* NULL: unknown */

enum setting_origin {
	ORIGIN_DEFAULT, ORIGIN_RUN /* the run that is continued or forked */, ORIGIN_USER_FILE, ORIGIN_RECIPE,
	ORIGIN_CONFIG_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG, ORIGIN_FORM /* of the workbench */,
};
const char *setting_origin_name(enum setting_origin origin);

/* Flags as met on the command line, not yet looked at. A command that takes settings embeds one in its arguments and
 * names it in its syntax: .shared_title = "Settings", .shared = settings_options, .shared_offset = offsetof(..). */
struct settings_words {
	const char *flag[SETTINGS_MAX]; /* by row; NULL: not given */
	struct cli_list bits;           /* --bits of single layers: given several times, they add up */
	const char *config;             /* --config FILE */
	const char *recipe;             /* --recipe NAME */
};
const struct cli_option *settings_options(void);
bool settings_words_has(const struct settings_words *words, const struct setting_row *row); /* its flag was given */
bool settings_words_any(const struct settings_words *words); /* at least one setting was given */

struct settings_origins {
	enum setting_origin of[SETTINGS_MAX]; /* by row */
};

void settings_set_defaults(struct gan_settings *settings); /* of the default model */

/* Some defaults depend on the model family. The default of a row under a model, as text; and every row that nobody has set
 * (its origin is ORIGIN_DEFAULT) to the default under settings->model: after the layers below, or when a form changes the
 * model. settings_load has done this already. */
const char *settings_standard(const struct setting_row *row, const char *model);
void settings_follow_model(struct gan_settings *settings, const struct settings_origins *origins);
void settings_standards_text(const struct setting_row *row, char *target, size_t size); /* "0.0002; wgan-gp: 0.0001" */

/* One value by name. ERROR_INPUT says what was expected; `subject` is how the sentence calls it ("--d-bits"). */
bool settings_set(struct gan_settings *settings, const struct setting_row *row, const char *subject, const char *value,
                  struct error *error);
char *settings_get(const struct gan_settings *settings, const struct setting_row *row, char *target, size_t size); /* as text */

/* What a value must be: "an integer from 1 to 4096", "one of em, minmax". Appended. */
void settings_describe(const struct setting_row *row, struct text *text);

/* All layers. `origins` may be NULL. */
bool settings_load(const struct settings_words *words, struct gan_settings *settings, struct settings_origins *origins,
                   struct error *error);

/* Only --recipe NAME (its part for fine-tuning), --config FILE and the flags, over settings that came from a run (for --from
 * and --resume); origins of the rest become ORIGIN_RUN. */
bool settings_apply_flags(const struct settings_words *words, struct gan_settings *settings, struct settings_origins *origins,
                          struct error *error);

/* A config file's text over `settings`; `name` is how errors call it: "FILE:LINE: sentence". Rows set get `origin`. */
bool settings_parse_config(const char *name, const char *text, size_t length, enum setting_origin origin,
                           struct gan_settings *settings, struct settings_origins *origins, struct error *error);

/* Every value is in range (a name not longer than its field, a data spec of a known kind).
 * settings_load has done this already; settings from elsewhere (JSON, a file) may need it. */
bool settings_check(const struct gan_settings *settings, struct error *error);

/* For the store. JSON: one object, names as in the rows with '_' for '-', numbers as numbers. Names missing in the
 * JSON keep their default; unknown names and bad values are errors. The text is owned by the caller. */
void setting_json_name(const struct setting_row *row, char name[SETTING_NAME_SIZE]); /* "d_bits" */
json_t *settings_to_json(const struct gan_settings *settings);
bool settings_from_json(const json_t *json, struct gan_settings *settings, struct error *error);
char *settings_to_text(const struct gan_settings *settings);
char *settings_origins_to_text(const struct settings_origins *origins); /* without those at their default */
bool settings_from_text(const char *text, struct gan_settings *settings, struct error *error);

/* Rows whose values differ, in table order; returns how many. */
int settings_differences(const struct gan_settings *left, const struct gan_settings *right,
                         const struct setting_row *rows[SETTINGS_MAX]);

#endif
