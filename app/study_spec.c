#include "app/study_spec.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/model.h"
#include "engine/quant/quantizer.h"

const char *const study_kind_names[] = {"grid", "search", "layers", NULL};
const char *const study_phase_names[] = {"fine-tune", "scratch", NULL};
static const char *const cut_names[] = {"auto", "yes", "no", NULL};
static const char *const network_names[] = {"D", "G", "both", NULL};

enum row_kind { ROW_CHOICE, ROW_WORD, ROW_TITLE, ROW_NAMES, ROW_BITS, ROW_PAIRS, ROW_SEEDS, ROW_INTEGER, ROW_REAL };

struct row {
	struct study_row shown;
	enum row_kind kind;
	size_t offset;
	const char *const *choices; /* of CHOICE; NULL: any */
	const char *(*choice)(int index); /* of NAMES: of a registry */
	double min, max;
	const char *standard;
};

static const char *method_choice(int index) { return quantizer_names[index]; }
static const char *network_choice(int index) { return network_names[index]; }
static const char *model_choice(int index) { return model_families[index] ? model_families[index]->name : NULL; }

#define AT(field) offsetof(struct study_spec, field)

static const struct row rows[] = {
	{{"kind", "KIND", "grid, search or layers"}, ROW_CHOICE, AT(kind), .choices = study_kind_names, .standard = "grid"},
	{{"title", "TEXT", "one line for tables and reports"}, ROW_TITLE, AT(title), .standard = ""},
	{{"phase", "WORD", "fine-tune: cells start from a float run; scratch: from fresh weights"}, ROW_CHOICE, AT(phase),
	 .choices = study_phase_names, .standard = "fine-tune"},
	{{"from", "RUN[@STEP]", "the float run that cells start from; without it the study trains one"}, ROW_WORD, AT(from),
	 .standard = ""},
	{{"base-steps", "N", "steps of the float run that the study trains"}, ROW_INTEGER, AT(base_steps), .min = 1, .max = 1e9,
	 .standard = "10000"},
	{{"cell-steps", "N", "steps of every cell, from its start"}, ROW_INTEGER, AT(cell_steps), .min = 1, .max = 1e9,
	 .standard = "2000"},
	{{"methods", "LIST", "quantizers, commas between them"}, ROW_NAMES, AT(methods), .choice = method_choice, .standard = "em"},
	{{"bits", "LIST", "bits that are tried: 1 to 8, or 32 for float"}, ROW_BITS, AT(bits), .standard = "1, 2, 3, 4, 8"},
	{{"networks", "LIST", "which are quantized: D, G, both"}, ROW_NAMES, AT(networks), .choice = network_choice, .standard = "both"},
	{{"pairs", "LIST", "D/G bits one by one, 1/2, 1/3, instead of bits and networks"}, ROW_PAIRS, AT(pairs), .standard = ""},
	{{"seeds", "LIST", "a cell for each"}, ROW_SEEDS, AT(seeds), .standard = ""},
	{{"models", "LIST", "a cell for each"}, ROW_NAMES, AT(models), .choice = model_choice, .standard = ""},
	{{"recipe", "NAME", "how cells are scored"}, ROW_WORD, AT(recipe), .standard = ""},
	{{"features", "NAME", "the feature network of the scores"}, ROW_WORD, AT(features), .standard = ""},
	{{"samples", "N", "pictures an evaluation, 0: as the recipe says"}, ROW_INTEGER, AT(samples), .min = 0, .max = 1e6,
	 .standard = "0"},
	{{"evaluations", "N", "evaluations a cell that its scores are means over"}, ROW_INTEGER, AT(evaluations), .min = 1, .max = 100,
	 .standard = "3"},
	{{"cut", "WORD", "end cells early that fail by the verdict: yes, no, or auto: in a search alone"}, ROW_CHOICE, AT(cut),
	 .choices = cut_names, .standard = "auto"},
	{{"fid-max", "X", "target: a FID of at most X"}, ROW_REAL, AT(fid_max), .min = 0, .max = 1e9, .standard = "0"},
	{{"is-min", "X", "target: an Inception Score of at least X"}, ROW_REAL, AT(is_min), .min = 0, .max = 1e9, .standard = "0"},
	{{"fid-ratio", "R", "target: a FID of at most R times the float run's"}, ROW_REAL, AT(fid_ratio), .min = 0, .max = 1e9,
	 .standard = "0"},
	{{"budget-bytes", "N", "layers: bytes that the packed weights of both networks may take"}, ROW_REAL, AT(budget_bytes), .min = 0,
	 .max = 1e15, .standard = "0"},
	{{"scale", "X", "share of the full length that base and cells have, as results state it"}, ROW_REAL, AT(scale), .min = 1e-6,
	 .max = 1, .standard = "1"},
	{{"paper", "NAME", "published figures that stand beside the results"}, ROW_WORD, AT(paper), .standard = ""},
	{.shown = {NULL}},
};

const struct study_row *study_spec_rows(void)
{
	static struct study_row shown[sizeof rows / sizeof *rows];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		shown[i] = rows[i].shown;
	return shown;
}

static void *field_of(struct study_spec *spec, const struct row *row) { return (char *)spec + row->offset; }
static const void *field_in(const struct study_spec *spec, const struct row *row) { return (const char *)spec + row->offset; }

/* ---- lists ---- */

/* Takes the next item of "a, b" into `item`; false at the end. */
static bool next_item(const char **list, char item[STUDY_WORD_SIZE])
{
	while (isspace((unsigned char)**list))
		(*list)++;
	if (!**list)
		return false;
	size_t length = strcspn(*list, ","), kept = length;
	while (kept && isspace((unsigned char)(*list)[kept - 1]))
		kept--;
	snprintf(item, STUDY_WORD_SIZE, "%.*s", kept < STUDY_WORD_SIZE ? (int)kept : STUDY_WORD_SIZE - 1, *list);
	*list += length + ((*list)[length] == ',');
	return true;
}

static bool parse_bits(const char *text, int *bits)
{
	char *end;
	long value = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 0;
	*bits = (int)value;
	return ((value >= 1 && value <= 8) || value == QUANT_FLOAT_BITS) && !*end;
}

static bool parse_pair(const char *text, struct study_pair *pair)
{
	char d[STUDY_WORD_SIZE];
	const char *slash = strchr(text, '/');
	if (!slash)
		return false;
	snprintf(d, sizeof d, "%.*s", (int)(slash - text), text);
	return parse_bits(d, &pair->d) && parse_bits(slash + 1, &pair->g);
}

static bool parse_seed(const char *text, uint64_t *seed)
{
	char *end;
	*seed = isdigit((unsigned char)*text) ? strtoull(text, &end, 10) : 0;
	return isdigit((unsigned char)*text) && !*end && *seed <= INT64_MAX;
}

static bool is_choice(const struct row *row, const char *word)
{
	for (int i = 0; row->choice(i); i++)
		if (!strcmp(row->choice(i), word))
			return true;
	return false;
}

/* One item at its place; false: it is not of the list's kind. */
static bool set_item(struct study_spec *spec, const struct row *row, int index, const char *item)
{
	switch (row->kind) {
	case ROW_NAMES: {
		struct study_names *names = field_of(spec, row);
		text_copy(names->items[index], STUDY_WORD_SIZE, item);
		names->count = index + 1;
		return is_choice(row, item);
	}
	case ROW_BITS:
		spec->bit_count = index + 1;
		return parse_bits(item, &spec->bits[index]);
	case ROW_PAIRS:
		spec->pair_count = index + 1;
		return parse_pair(item, &spec->pairs[index]);
	default:
		spec->seed_count = index + 1;
		return parse_seed(item, &spec->seeds[index]);
	}
}

static void clear_list(struct study_spec *spec, const struct row *row)
{
	if (row->kind == ROW_NAMES)
		((struct study_names *)field_of(spec, row))->count = 0;
	else
		*(row->kind == ROW_BITS ? &spec->bit_count : row->kind == ROW_PAIRS ? &spec->pair_count : &spec->seed_count) = 0;
}

static void describe_items(const struct row *row, struct text *text)
{
	static const char *const words[] = {
		[ROW_BITS] = "bits from 1 to 8, or 32", [ROW_PAIRS] = "D/G bits such as 1/2", [ROW_SEEDS] = "whole numbers",
	};
	if (row->kind != ROW_NAMES) {
		text_format(text, "%s", words[row->kind]);
		return;
	}
	for (int i = 0; row->choice(i); i++)
		text_format(text, "%s%s", i ? ", " : "", row->choice(i));
}

static bool set_list(struct study_spec *spec, const struct row *row, const char *subject, const char *value, struct error *error)
{
	char item[STUDY_WORD_SIZE];
	clear_list(spec, row);
	for (int i = 0; next_item(&value, item); i++) {
		if (i == STUDY_LIST_MAX)
			return error_set(error, ERROR_INPUT, "%s: more than %d", subject, STUDY_LIST_MAX);
		if (!set_item(spec, row, i, item)) {
			struct text expected = {0};
			describe_items(row, &expected);
			error_set(error, ERROR_INPUT, "%s: \"%.40s\" is none of: %s", subject, item, expected.bytes);
			text_clear(&expected);
			return false;
		}
	}
	return true;
}

/* ---- single values ---- */

static bool set_number(struct study_spec *spec, const struct row *row, const char *subject, const char *value, struct error *error)
{
	char *end;
	double number = strtod(value, &end);
	bool whole = row->kind == ROW_INTEGER;
	if (!*value || *end || !(number >= row->min && number <= row->max) || (whole && number != floor(number)))
		return error_set(error, ERROR_INPUT, "%s must be a %snumber from %g to %g, not \"%.40s\"", subject, whole ? "whole " : "",
		                 row->min, row->max, value);
	if (whole)
		*(int64_t *)field_of(spec, row) = (int64_t)number;
	else
		*(double *)field_of(spec, row) = number;
	return true;
}

static bool set_word(struct study_spec *spec, const struct row *row, const char *subject, const char *value, struct error *error)
{
	struct text known = {0};
	bool good = row->kind != ROW_CHOICE;
	for (int i = 0; row->choices && row->choices[i]; i++) {
		text_format(&known, "%s%s", i ? ", " : "", row->choices[i]);
		good = good || !strcmp(row->choices[i], value);
	}
	size_t size = row->kind == ROW_TITLE ? (size_t)STORE_TEXT_SIZE : (size_t)STUDY_WORD_SIZE;
	if (!good)
		error_set(error, ERROR_INPUT, "%s must be one of %s, not \"%.40s\"", subject, known.bytes, value);
	else if (!text_copy(field_of(spec, row), size, value))
		good = error_set(error, ERROR_INPUT, "%s: expected at most %zu bytes", subject, size - 1);
	text_clear(&known);
	return good;
}

static const struct row *find_row(const char *name)
{
	for (const struct row *row = rows; row->shown.name; row++)
		if (!strcmp(row->shown.name, name))
			return row;
	return NULL;
}

static bool set_row(struct study_spec *spec, const struct row *row, const char *subject, const char *value, struct error *error)
{
	switch (row->kind) {
	case ROW_CHOICE: case ROW_WORD: case ROW_TITLE:
		return set_word(spec, row, subject, value, error);
	case ROW_INTEGER: case ROW_REAL:
		return set_number(spec, row, subject, value, error);
	case ROW_NAMES: case ROW_BITS: case ROW_PAIRS: case ROW_SEEDS:
		return set_list(spec, row, subject, value, error);
	}
	return false;
}

bool study_spec_set(struct study_spec *spec, const char *name, const char *subject, const char *value, struct error *error)
{
	const struct row *row = find_row(name);
	if (row)
		return set_row(spec, row, subject, value, error);
	const struct setting_row *setting = setting_find(name);
	if (!setting)
		return error_set(error, ERROR_INPUT, "unknown name \"%.60s\": neither of a study (qgan study --help) nor a setting", name);
	return settings_set(&spec->settings, setting, subject, value, error);
}

void study_spec_init(struct study_spec *spec)
{
	*spec = (struct study_spec){0};
	settings_set_defaults(&spec->settings);
	for (const struct row *row = rows; row->shown.name; row++)
		set_row(spec, row, row->shown.name, row->standard, NULL);
}

/* ---- text ---- */

static char *trimmed(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	for (char *end = text + strlen(text); end > text && isspace((unsigned char)end[-1]); )
		*--end = '\0';
	return text;
}

static bool parse_line(char *line, struct study_spec *spec, struct error *error)
{
	for (char *c = line; *c; c++)
		if (*c == '#' && (c == line || isspace((unsigned char)c[-1])))
			*c = '\0';
	char *name = trimmed(line), *equals = strchr(name, '=');
	if (!*name)
		return true;
	if (!equals)
		return error_set(error, ERROR_INPUT, "expected \"name = value\", not \"%.60s\"", name);
	*equals = '\0';
	name = trimmed(name);
	return study_spec_set(spec, name, name, trimmed(equals + 1), error);
}

bool study_spec_parse(const char *name, const char *text, struct study_spec *spec, struct error *error)
{
	for (int number = 1; *text; number++) {
		struct text line = {0};
		size_t length = strcspn(text, "\n");
		text_append(&line, text, length);
		bool good = parse_line(line.bytes, spec, error);
		text_clear(&line);
		if (!good)
			return error_prefix(error, "%s:%d", name, number);
		text += length + (text[length] == '\n');
	}
	return true;
}

static void print_row(const struct study_spec *spec, const struct row *row, struct text *text)
{
	const void *field = field_in(spec, row);
	const struct study_names *names = field;
	switch (row->kind) {
	case ROW_CHOICE: case ROW_WORD: case ROW_TITLE:
		text_format(text, "%s", (const char *)field);
		break;
	case ROW_INTEGER:
		text_format(text, "%" PRId64, *(const int64_t *)field);
		break;
	case ROW_REAL:
		text_format(text, "%.17g", *(const double *)field);
		break;
	case ROW_NAMES:
		for (int i = 0; i < names->count; i++)
			text_format(text, "%s%s", i ? ", " : "", names->items[i]);
		break;
	case ROW_BITS:
		for (int i = 0; i < spec->bit_count; i++)
			text_format(text, "%s%d", i ? ", " : "", spec->bits[i]);
		break;
	case ROW_PAIRS:
		for (int i = 0; i < spec->pair_count; i++)
			text_format(text, "%s%d/%d", i ? ", " : "", spec->pairs[i].d, spec->pairs[i].g);
		break;
	case ROW_SEEDS:
		for (int i = 0; i < spec->seed_count; i++)
			text_format(text, "%s%" PRIu64, i ? ", " : "", spec->seeds[i]);
		break;
	}
}

char *study_spec_text(const struct study_spec *spec)
{
	struct text text = {0};
	const struct setting_row *changed[SETTINGS_MAX];
	struct study_spec standard;
	char value[SETTING_TEXT_SIZE];
	study_spec_init(&standard);
	for (const struct row *row = rows; row->shown.name; row++) {
		struct text own = {0}, other = {0};
		print_row(spec, row, &own);
		print_row(&standard, row, &other);
		if (strcmp(own.bytes ? own.bytes : "", other.bytes ? other.bytes : ""))
			text_format(&text, "%s = %s\n", row->shown.name, own.bytes ? own.bytes : "");
		text_clear(&own);
		text_clear(&other);
	}
	int count = settings_differences(&spec->settings, &standard.settings, changed);
	for (int i = 0; i < count; i++)
		text_format(&text, "%s = %s\n", changed[i]->name, settings_get(&spec->settings, changed[i], value, sizeof value));
	return text.bytes ? text.bytes : memory_text("");
}

bool study_spec_cuts(const struct study_spec *spec)
{
	return !strcmp(spec->cut, "yes") || (!strcmp(spec->cut, "auto") && !strcmp(spec->kind, study_kind_names[STUDY_SEARCH]));
}

void study_spec_scale(struct study_spec *spec, double scale)
{
	spec->base_steps = (int64_t)fmax(1, round((double)spec->base_steps * scale));
	spec->cell_steps = (int64_t)fmax(1, round((double)spec->cell_steps * scale));
	if (spec->settings.eval_every)
		spec->settings.eval_every = (int64_t)fmax(1, round((double)spec->settings.eval_every * scale));
	spec->scale *= scale;
}
