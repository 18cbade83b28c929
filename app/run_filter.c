/* From text to a tree in one array. */
#include "app/run_filter_parts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/memory.h"

enum { MAX_NODES = 256, MAX_DEPTH = 64, MAX_VALUES = 16 };

static const struct {
	const char *text; /* the longer ones first */
	enum filter_operation operation;
} operations[] = {
	{"!=", FILTER_UNEQUAL}, {"<=", FILTER_LESS_EQUAL}, {">=", FILTER_GREATER_EQUAL}, {":", FILTER_HAS}, {"=", FILTER_EQUAL},
	{"<", FILTER_LESS}, {">", FILTER_GREATER}, {"~", FILTER_REGEX},
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

static bool add_node(struct reader *reader, struct filter_node node, int *index)
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
static bool read_quoted(struct reader *reader, char target[FILTER_VALUE_SIZE])
{
	const char *start = reader->at++;
	size_t length = 0;
	while (*reader->at && *reader->at != '"') {
		if (*reader->at == '\\' && (reader->at[1] == '"' || reader->at[1] == '\\'))
			reader->at++;
		if (length == FILTER_VALUE_SIZE - 1)
			return refuse(reader, start, "a value may have %d bytes", FILTER_VALUE_SIZE - 1);
		target[length++] = *reader->at++;
	}
	target[length] = '\0';
	if (*reader->at != '"')
		return refuse(reader, start, "this quote has no end: expected another \"");
	reader->at++;
	return true;
}

/* Up to a blank, a comma where several may stand, or a parenthesis that was not opened in the value. */
static bool read_plain(struct reader *reader, bool several, char target[FILTER_VALUE_SIZE])
{
	const char *start = reader->at;
	int open = 0;
	for (; *reader->at && !isspace((unsigned char)*reader->at) && !(several && *reader->at == ','); reader->at++) {
		if (*reader->at == ')' && open-- == 0)
			break;
		open += *reader->at == '(';
	}
	size_t length = (size_t)(reader->at - start);
	if (length >= FILTER_VALUE_SIZE)
		return refuse(reader, start, "a value may have %d bytes", FILTER_VALUE_SIZE - 1);
	memcpy(target, start, length);
	target[length] = '\0';
	return true;
}

/* ---- values ---- */

static bool compile_regex(struct reader *reader, const char *at, struct filter_node *node)
{
	const char *pattern = node->values[0].text;
	if (!filter_regex_is_cheap(pattern))
		return refuse(reader, at, "the regular expression may have no back references, one {n} up to %d and %d +",
		              FILTER_MAX_REPEATS, FILTER_MAX_PLUSES);
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

static bool read_value(struct reader *reader, struct filter_node *node, const char *operator)
{
	const char *start = reader->at;
	if (node->value_count == MAX_VALUES)
		return refuse(reader, start, "more than %d values", MAX_VALUES);
	node->values = memory_resized(node->values, (size_t)node->value_count + 1, sizeof *node->values);
	struct filter_value *value = &node->values[node->value_count++];
	*value = (struct filter_value){0};
	if (!(*start == '"' ? read_quoted(reader, value->text) : read_plain(reader, node->operation == FILTER_HAS, value->text)))
		return false;
	if (!filter_value_understand(node, value))
		return refuse(reader, start, "expected %s after %s", filter_value_expected(node), operator);
	return node->operation != FILTER_REGEX || compile_regex(reader, start, node);
}

static bool read_values(struct reader *reader, struct filter_node *node, const char *operator)
{
	do {
		if (!read_value(reader, node, operator))
			return false;
	} while (node->operation == FILTER_HAS && *reader->at == ',' && reader->at++);
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

static bool find_field(const char *name, struct filter_node *node)
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
static enum filter_operation find_operation(const char *at, size_t *length)
{
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		*length = strlen(operations[i].text);
		if (strncmp(at, operations[i].text, *length) == 0)
			return operations[i].operation;
	}
	*length = 0;
	return FILTER_HAS;
}

static bool fits(const struct filter_node *node)
{
	bool text = node->value_kind == RUN_FIELD_TEXT || node->value_kind == RUN_FIELD_WORDS;
	if (node->operation == FILTER_REGEX)
		return text;
	bool order = node->operation != FILTER_HAS && node->operation != FILTER_EQUAL && node->operation != FILTER_UNEQUAL;
	return !order || (!text && node->value_kind != RUN_FIELD_SWITCH);
}

static bool read_comparison(struct reader *reader, const char *name, const char *start, struct filter_node *node)
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
		return refuse(reader, reader->at, node->operation == FILTER_REGEX ? "%s is no text: expected one of : = != < <= > >="
		                                                           : "%s has no order: expected one of : = != ~", name);
	reader->at += length;
	return read_values(reader, node, operator);
}

static bool read_word(struct reader *reader, struct filter_node *node)
{
	node->kind = FILTER_WORD;
	node->values = memory_zeroed(1, sizeof *node->values);
	node->value_count = 1;
	if (*reader->at == '"')
		return read_quoted(reader, node->values[0].text);
	const char *end = word_end(reader->at);
	if (end - reader->at >= FILTER_VALUE_SIZE)
		return refuse(reader, reader->at, "a word may have %d bytes", FILTER_VALUE_SIZE - 1);
	snprintf(node->values[0].text, FILTER_VALUE_SIZE, "%.*s", (int)(end - reader->at), reader->at);
	reader->at = end;
	return true;
}

static void clear_node(struct filter_node *node)
{
	free(node->values);
	if (node->regex)
		regfree(node->regex);
	free(node->regex);
}

static bool read_term(struct reader *reader, int *index)
{
	const char *start = reader->at, *end = word_end(start);
	struct filter_node node = {.kind = FILTER_COMPARE};
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
		struct filter_node node = {.kind = FILTER_NOT};
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
		struct filter_node node = {.kind = FILTER_ALL, .left = *index};
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
		struct filter_node node = {.kind = FILTER_ANY, .left = *index};
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
