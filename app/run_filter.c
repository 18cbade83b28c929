/* From text to a tree in one array, and what the tree says of a run. */
#include "app/run_filter.h"

#include <ctype.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app/cli.h"
#include "app/run_fields.h"
#include "app/settings.h"
#include "engine/base/memory.h"

enum {
	MAX_NODES = 256, MAX_DEPTH = 64, MAX_VALUES = 16,
	VALUE_SIZE = 160, /* longest value, with its zero */
	MAX_REPEATS = 99, /* {n}: glibc copies the expression so often */
};

enum node_kind { NODE_ALL, NODE_ANY, NODE_NOT, NODE_COMPARE, NODE_WORD };
enum operation { HAS, EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, REGEX };

static const struct {
	const char *text; /* the longer ones first */
	enum operation operation;
} operations[] = {
	{"!=", UNEQUAL}, {"<=", LESS_EQUAL}, {">=", GREATER_EQUAL}, {":", HAS}, {"=", EQUAL}, {"<", LESS}, {">", GREATER}, {"~", REGEX},
};

struct value {
	char text[VALUE_SIZE];
	double number, span; /* equal: from number up to number + span (a day), or exactly when span is 0 */
	bool none;
};

struct node {
	enum node_kind kind;
	int left, right;                  /* ALL, ANY; NOT: left */
	const struct run_field *field;    /* COMPARE: this, or */
	const struct setting_row *setting;
	char key[64];                     /* of the setting in JSON, quoted */
	enum run_field_kind value_kind;
	bool bits;                        /* "float" is a value */
	enum operation operation;
	int value_count;
	struct value *values;             /* owned */
	regex_t *regex;                   /* owned */
};

struct run_filter {
	struct node *nodes;
	int count, root; /* root -1: every run */
};

/* ---- reading ---- */

struct reader {
	const char *text, *at;
	struct run_filter *filter;
	int depth;
	struct error *error;
};

__attribute__((format(printf, 3, 4)))
static bool refuse(struct reader *reader, const char *at, const char *format, ...)
{
	char sentence[ERROR_TEXT_SIZE / 2];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	return error_set(reader->error, ERROR_INPUT, "filter, character %d: %s", (int)(at - reader->text) + 1, sentence);
}

static void skip_blanks(struct reader *reader)
{
	while (isspace((unsigned char)*reader->at))
		reader->at++;
}

static bool add_node(struct reader *reader, struct node node, int *index)
{
	struct run_filter *filter = reader->filter;
	if (filter->count == MAX_NODES)
		return refuse(reader, reader->at, "too long: more than %d terms and operators", MAX_NODES);
	filter->nodes = memory_resized(filter->nodes, (size_t)filter->count + 1, sizeof *filter->nodes);
	filter->nodes[filter->count] = node;
	*index = filter->count++;
	return true;
}

/* Ends a bare word or the name of a field. */
static bool ends_word(char c)
{
	return c == '\0' || isspace((unsigned char)c) || strchr("()<>=!~:\"", c);
}

static const char *word_end(const char *at)
{
	while (!ends_word(*at))
		at++;
	return at;
}

/* At "and", "or", "not" standing alone. */
static bool at_keyword(const struct reader *reader, const char *keyword)
{
	size_t length = strlen(keyword);
	const char *end = reader->at + length;
	return strncasecmp(reader->at, keyword, length) == 0 && (*end == '\0' || isspace((unsigned char)*end) || strchr("()", *end));
}

static bool take_keyword(struct reader *reader, const char *keyword)
{
	if (!at_keyword(reader, keyword))
		return false;
	reader->at += strlen(keyword);
	return true;
}

/* "a b \" c", up to the closing quote. */
static bool read_quoted(struct reader *reader, char target[VALUE_SIZE])
{
	const char *start = reader->at++;
	size_t length = 0;
	while (*reader->at && *reader->at != '"') {
		if (*reader->at == '\\' && (reader->at[1] == '"' || reader->at[1] == '\\'))
			reader->at++;
		if (length == VALUE_SIZE - 1)
			return refuse(reader, start, "a value may have %d bytes", VALUE_SIZE - 1);
		target[length++] = *reader->at++;
	}
	target[length] = '\0';
	if (*reader->at != '"')
		return refuse(reader, start, "this quote has no end: expected another \"");
	reader->at++;
	return true;
}

/* Up to a blank, a comma where several may stand, or a parenthesis that was not opened in the value. */
static bool read_plain(struct reader *reader, bool several, char target[VALUE_SIZE])
{
	const char *start = reader->at;
	int open = 0;
	for (; *reader->at && !isspace((unsigned char)*reader->at) && !(several && *reader->at == ','); reader->at++) {
		if (*reader->at == ')' && open-- == 0)
			break;
		open += *reader->at == '(';
	}
	size_t length = (size_t)(reader->at - start);
	if (length >= VALUE_SIZE)
		return refuse(reader, start, "a value may have %d bytes", VALUE_SIZE - 1);
	memcpy(target, start, length);
	target[length] = '\0';
	return true;
}

/* ---- values ---- */

static bool take_suffix(const char *suffix, bool seconds, double *factor)
{
	static const struct {
		const char *suffix;
		bool seconds;
		double factor;
	} rows[] = {
		{"", false, 1}, {"k", false, 1e3}, {"K", false, 1e3}, {"M", false, 1e6}, {"G", false, 1e9}, {"%", false, 1},
		{"", true, 1}, {"s", true, 1}, {"m", true, 60}, {"min", true, 60}, {"h", true, 3600}, {"d", true, 86400}, {"w", true, 604800},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].seconds == seconds && strcmp(rows[i].suffix, suffix) == 0) {
			*factor = rows[i].factor;
			return true;
		}
	return false;
}

static bool read_number(const char *text, bool seconds, double *number)
{
	char *end;
	double factor;
	if (!isdigit((unsigned char)text[strspn(text, "+-.")]))
		return false; /* no "inf", "nan" */
	*number = strtod(text, &end);
	if (!take_suffix(end, seconds, &factor))
		return false;
	*number *= factor;
	return isfinite(*number);
}

static bool read_date(const char *text, struct value *value)
{
	struct tm parts = {.tm_isdst = -1};
	const char *end = strptime(text, "%Y-%m-%d", &parts);
	if (end && *end == '\0')
		value->span = 86400;
	else
		end = strptime(text, "%Y-%m-%dT%H:%M", &parts);
	if (!end || *end)
		return false;
	value->number = (double)mktime(&parts);
	return true;
}

static bool read_switch(const char *text, double *number)
{
	bool yes = strcasecmp(text, "yes") == 0, no = strcasecmp(text, "no") == 0;
	*number = yes;
	return yes || no;
}

static const char *expected_value(const struct node *node)
{
	if (node->bits)
		return "a number of bits, 1 to 8, or float";
	switch (node->value_kind) {
	case RUN_FIELD_NUMBER: return "a number, such as 5, 10k or 1.5M";
	case RUN_FIELD_SECONDS: return "a duration, such as 90s, 5m, 2h or 3d";
	case RUN_FIELD_DATE: return "a date, such as 2026-11-26 or 2026-11-26T10:30";
	case RUN_FIELD_SWITCH: return "yes or no";
	case RUN_FIELD_TEXT: case RUN_FIELD_WORDS: break;
	}
	return "a text";
}

static bool understand(struct node *node, struct value *value)
{
	value->none = strcasecmp(value->text, "none") == 0 && (node->operation == HAS || node->operation == EQUAL || node->operation == UNEQUAL);
	if (value->none)
		return true;
	if (node->bits && strcasecmp(value->text, "float") == 0) {
		value->number = 32;
		return true;
	}
	switch (node->value_kind) {
	case RUN_FIELD_NUMBER: return read_number(value->text, false, &value->number);
	case RUN_FIELD_SECONDS: return read_number(value->text, true, &value->number);
	case RUN_FIELD_DATE: return read_date(value->text, value);
	case RUN_FIELD_SWITCH: return read_switch(value->text, &value->number);
	case RUN_FIELD_TEXT: case RUN_FIELD_WORDS: break;
	}
	return value->text[0] != '\0';
}

/* A back reference takes exponential time, a repeated repetition exponential memory. */
static bool is_cheap(const char *pattern)
{
	int braces = 0;
	for (const char *c = pattern; *c; c++) {
		if (*c == '\\') {
			if (isdigit((unsigned char)c[1]))
				return false;
			c += c[1] != '\0';
		} else if (*c == '{') {
			const char *second = strchr(c, ',');
			if (++braces > 1 || atoi(c + 1) > MAX_REPEATS || (second && atoi(second + 1) > MAX_REPEATS))
				return false;
		}
	}
	return true;
}

static bool compile_regex(struct reader *reader, const char *at, struct node *node)
{
	const char *pattern = node->values[0].text;
	if (!is_cheap(pattern))
		return refuse(reader, at, "the regular expression may have no back references and one {n} up to %d", MAX_REPEATS);
	regex_t regex;
	int result = regcomp(&regex, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);
	if (result != 0) {
		char text[120];
		regerror(result, &regex, text, sizeof text);
		return refuse(reader, at, "not a regular expression: %s", text);
	}
	node->regex = memory_zeroed(1, sizeof *node->regex);
	*node->regex = regex;
	return true;
}

static bool read_value(struct reader *reader, struct node *node, const char *operator)
{
	const char *start = reader->at;
	if (node->value_count == MAX_VALUES)
		return refuse(reader, start, "more than %d values", MAX_VALUES);
	node->values = memory_resized(node->values, (size_t)node->value_count + 1, sizeof *node->values);
	struct value *value = &node->values[node->value_count++];
	*value = (struct value){0};
	if (!(*start == '"' ? read_quoted(reader, value->text) : read_plain(reader, node->operation == HAS, value->text)))
		return false;
	if (!understand(node, value))
		return refuse(reader, start, "expected %s after %s", expected_value(node), operator);
	return node->operation != REGEX || compile_regex(reader, start, node);
}

static bool read_values(struct reader *reader, struct node *node, const char *operator)
{
	do {
		if (!read_value(reader, node, operator))
			return false;
	} while (node->operation == HAS && *reader->at == ',' && reader->at++);
	return true;
}

/* ---- terms ---- */

static enum run_field_kind kind_of_setting(const struct setting_row *row)
{
	switch (row->kind) {
	case SETTING_INT: case SETTING_INT64: case SETTING_SEED: case SETTING_REAL: return RUN_FIELD_NUMBER;
	case SETTING_SWITCH: return RUN_FIELD_SWITCH;
	case SETTING_NAME: case SETTING_DATA: case SETTING_FEATURES: case SETTING_BITS: break;
	}
	return RUN_FIELD_TEXT;
}

static bool find_field(const char *name, struct node *node)
{
	bool setting_only = strncmp(name, "cfg.", 4) == 0;
	node->field = setting_only ? NULL : run_field_find(name);
	if (node->field) {
		node->value_kind = node->field->kind;
		node->bits = node->field->unit && strcmp(node->field->unit, "bits") == 0;
		return true;
	}
	node->setting = setting_find(name + (setting_only ? 4 : 0));
	if (!node->setting)
		return false;
	node->value_kind = kind_of_setting(node->setting);
	snprintf(node->key, sizeof node->key, "\"%s\"", node->setting->name);
	for (char *c = node->key; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return true;
}

/* *length 0: there is none here. */
static enum operation find_operation(const char *at, size_t *length)
{
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		*length = strlen(operations[i].text);
		if (strncmp(at, operations[i].text, *length) == 0)
			return operations[i].operation;
	}
	*length = 0;
	return HAS;
}

static bool fits(const struct node *node)
{
	bool text = node->value_kind == RUN_FIELD_TEXT || node->value_kind == RUN_FIELD_WORDS;
	if (node->operation == REGEX)
		return text;
	bool order = node->operation != HAS && node->operation != EQUAL && node->operation != UNEQUAL;
	return !order || (!text && node->value_kind != RUN_FIELD_SWITCH);
}

static bool read_comparison(struct reader *reader, const char *name, const char *start, struct node *node)
{
	size_t length;
	struct error unknown;
	if (!find_field(name, node)) {
		run_field_fail("field", name, &unknown);
		return refuse(reader, start, "%s", unknown.text);
	}
	node->operation = find_operation(reader->at, &length);
	if (length == 0)
		return refuse(reader, reader->at, "expected one of : = != < <= > >= ~ after %s", name);
	char operator[4];
	snprintf(operator, sizeof operator, "%.*s", (int)length, reader->at);
	if (!fits(node))
		return refuse(reader, reader->at, node->operation == REGEX ? "%s is no text: expected one of : = != < <= > >="
		                                                           : "%s has no order: expected one of : = != ~", name);
	reader->at += length;
	return read_values(reader, node, operator);
}

static bool read_word(struct reader *reader, struct node *node)
{
	node->kind = NODE_WORD;
	node->values = memory_zeroed(1, sizeof *node->values);
	node->value_count = 1;
	if (*reader->at == '"')
		return read_quoted(reader, node->values[0].text);
	const char *end = word_end(reader->at);
	if (end - reader->at >= VALUE_SIZE)
		return refuse(reader, reader->at, "a word may have %d bytes", VALUE_SIZE - 1);
	snprintf(node->values[0].text, VALUE_SIZE, "%.*s", (int)(end - reader->at), reader->at);
	reader->at = end;
	return true;
}

static void clear_node(struct node *node)
{
	free(node->values);
	if (node->regex)
		regfree(node->regex);
	free(node->regex);
}

static bool read_term(struct reader *reader, int *index)
{
	const char *start = reader->at, *end = word_end(start);
	struct node node = {.kind = NODE_COMPARE};
	bool good;
	if (*end != '\0' && strchr("<>=!~:", *end)) {
		char name[64];
		if (end == start)
			return refuse(reader, start, "expected the name of a field before %c", *end);
		snprintf(name, sizeof name, "%.*s", (int)(end - start), start);
		reader->at = end;
		good = read_comparison(reader, name, start, &node);
	} else {
		good = read_word(reader, &node);
	}
	good = good && add_node(reader, node, index);
	if (!good)
		clear_node(&node);
	return good;
}

/* ---- the grammar ---- */

static bool read_any(struct reader *reader, int *index);

static bool read_one(struct reader *reader, int *index)
{
	skip_blanks(reader);
	const char *start = reader->at;
	if (++reader->depth > MAX_DEPTH)
		return refuse(reader, start, "nested too deep: %d levels at most", MAX_DEPTH);
	bool good;
	if (*start == '\0' || *start == ')' || at_keyword(reader, "or") || at_keyword(reader, "and")) {
		good = refuse(reader, start, "expected a word, a field or a parenthesis");
	} else if (take_keyword(reader, "not") || *start == '-') {
		struct node node = {.kind = NODE_NOT};
		reader->at += *start == '-';
		good = read_one(reader, &node.left) && add_node(reader, node, index);
	} else if (*start == '(') {
		reader->at++;
		good = read_any(reader, index);
		if (good && *reader->at != ')')
			good = refuse(reader, reader->at, "expected ) for the ( at character %d", (int)(start - reader->text) + 1);
		reader->at += good;
	} else {
		good = read_term(reader, index);
	}
	reader->depth--;
	return good;
}

static bool read_all(struct reader *reader, int *index)
{
	if (!read_one(reader, index))
		return false;
	for (skip_blanks(reader); *reader->at && *reader->at != ')' && !at_keyword(reader, "or"); skip_blanks(reader)) {
		struct node node = {.kind = NODE_ALL, .left = *index};
		take_keyword(reader, "and");
		if (!read_one(reader, &node.right) || !add_node(reader, node, index))
			return false;
	}
	return true;
}

static bool read_any(struct reader *reader, int *index)
{
	if (!read_all(reader, index))
		return false;
	while (take_keyword(reader, "or")) {
		struct node node = {.kind = NODE_ANY, .left = *index};
		if (!read_all(reader, &node.right) || !add_node(reader, node, index))
			return false;
	}
	return true;
}

struct run_filter *run_filter_create(const char *text, struct error *error)
{
	struct run_filter *filter = memory_zeroed(1, sizeof *filter);
	struct reader reader = {.text = text, .at = text, .filter = filter, .error = error};
	filter->root = -1;
	skip_blanks(&reader);
	bool good = *reader.at == '\0' || read_any(&reader, &filter->root);
	if (good && *reader.at)
		good = refuse(&reader, reader.at, "this ) has no ( before it");
	if (good)
		return filter;
	run_filter_destroy(filter);
	return NULL;
}

void run_filter_destroy(struct run_filter *filter)
{
	if (!filter)
		return;
	for (int i = 0; i < filter->count; i++)
		clear_node(&filter->nodes[i]);
	free(filter->nodes);
	free(filter);
}

bool run_filter_mentions(const struct run_filter *filter, const char *field)
{
	for (int i = 0; filter && i < filter->count; i++)
		if (filter->nodes[i].field && strcmp(filter->nodes[i].field->name, field) == 0)
			return true;
	return false;
}

/* ---- matching ---- */

/* The value of a setting as text, straight from the store's flat JSON: parsing it for every run of a long list would be
 * felt at every key. Quotes inside a text are escaped, so a quoted key is only found where a key is. */
static void find_setting(const char *json, const char *key, char target[STORE_TEXT_SIZE])
{
	const char *at = json ? strstr(json, key) : NULL;
	target[0] = '\0';
	if (!at)
		return;
	at += strlen(key);
	at += strspn(at, " :");
	bool quoted = *at == '"';
	size_t length = 0;
	for (at += quoted; *at && *at != '"' && (quoted || !strchr(",}", *at)) && length < STORE_TEXT_SIZE - 1; at++) {
		at += *at == '\\' && at[1];
		target[length++] = *at;
	}
	target[length] = '\0';
}

static double setting_number(const struct node *node, const char *text)
{
	double number;
	if (node->value_kind == RUN_FIELD_SWITCH)
		return *text ? strcmp(text, "true") == 0 : NAN;
	return text_to_double(text, &number) ? number : NAN;
}

static bool compare_number(enum operation operation, double number, const struct value *value)
{
	if (value->none)
		return isnan(number);
	switch (operation) {
	case LESS: return number < value->number;
	case LESS_EQUAL: return number <= value->number || number < value->number + value->span;
	case GREATER: return number > value->number && number >= value->number + value->span;
	case GREATER_EQUAL: return number >= value->number;
	case HAS: case EQUAL: case UNEQUAL: case REGEX: break;
	}
	return value->span > 0 ? number >= value->number && number < value->number + value->span : number == value->number;
}

static bool compare_text(const struct node *node, const char *text, const struct value *value)
{
	if (value->none && !*text)
		return true;
	if (node->value_kind == RUN_FIELD_WORDS)
		return run_words_have(text, value->text);
	return node->operation == HAS ? strcasestr(text, value->text) != NULL : strcasecmp(text, value->text) == 0;
}

static bool matches_value(const struct node *node, const struct run *run, double now)
{
	char setting[STORE_TEXT_SIZE];
	bool is_text = node->value_kind == RUN_FIELD_TEXT || node->value_kind == RUN_FIELD_WORDS;
	if (node->setting)
		find_setting(run->config_json, node->key, setting);
	const char *text = node->setting ? setting : is_text ? run_field_text(node->field, run) : "";
	if (node->operation == REGEX)
		return regexec(node->regex, text, 0, NULL, 0) == 0;
	double number = is_text ? NAN : node->setting ? setting_number(node, text) : run_field_number(node->field, run, now);
	for (int i = 0; i < node->value_count; i++)
		if (is_text ? compare_text(node, text, &node->values[i]) : compare_number(node->operation, number, &node->values[i]))
			return true;
	return false;
}

static bool matches_word(const char *word, const struct run *run)
{
	return strcasestr(run->name, word) || strcasestr(run->tags, word) || strcasestr(run->data, word) || strcasestr(run->note, word);
}

static bool matches(const struct run_filter *filter, int index, const struct run *run, double now)
{
	const struct node *node = &filter->nodes[index];
	switch (node->kind) {
	case NODE_ALL: return matches(filter, node->left, run, now) && matches(filter, node->right, run, now);
	case NODE_ANY: return matches(filter, node->left, run, now) || matches(filter, node->right, run, now);
	case NODE_NOT: return !matches(filter, node->left, run, now);
	case NODE_COMPARE: return matches_value(node, run, now) != (node->operation == UNEQUAL);
	case NODE_WORD: break;
	}
	return matches_word(node->values[0].text, run);
}

bool run_filter_matches(const struct run_filter *filter, const struct run *run, double now)
{
	return !filter || filter->root < 0 || matches(filter, filter->root, run, now);
}
