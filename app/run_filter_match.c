#include "app/run_filter_parts.h"

#include <math.h>
#include <string.h>
#include <strings.h>

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

static double setting_number(const struct filter_node *node, const char *text)
{
	double number;
	if (node->value_kind == RUN_FIELD_SWITCH)
		return *text ? strcmp(text, "true") == 0 : NAN;
	return text_to_double(text, &number) ? number : NAN;
}

static bool compare_number(enum filter_operation operation, double number, const struct filter_value *value)
{
	if (value->none)
		return isnan(number);
	switch (operation) {
	case FILTER_LESS: return number < value->number;
	case FILTER_LESS_EQUAL: return number <= value->number || number < value->number + value->span;
	case FILTER_GREATER: return number > value->number && number >= value->number + value->span;
	case FILTER_GREATER_EQUAL: return number >= value->number;
	case FILTER_HAS: case FILTER_EQUAL: case FILTER_UNEQUAL: case FILTER_REGEX: break;
	}
	return value->span > 0 ? number >= value->number && number < value->number + value->span : number == value->number;
}

static bool compare_text(const struct filter_node *node, const char *text, const struct filter_value *value)
{
	if (value->none && !*text)
		return true;
	if (node->value_kind == RUN_FIELD_WORDS)
		return run_words_have(text, value->text);
	return node->operation == FILTER_HAS ? strcasestr(text, value->text) != NULL : strcasecmp(text, value->text) == 0;
}

static bool matches_value(const struct filter_node *node, const struct run *run, double now)
{
	char setting[STORE_TEXT_SIZE];
	bool is_text = node->value_kind == RUN_FIELD_TEXT || node->value_kind == RUN_FIELD_WORDS;
	if (node->setting)
		find_setting(run->config_json, node->key, setting);
	const char *text = node->setting ? setting : is_text ? run_field_text(node->field, run) : "";
	if (node->operation == FILTER_REGEX)
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
	const struct filter_node *node = &filter->nodes[index];
	switch (node->kind) {
	case FILTER_ALL: return matches(filter, node->left, run, now) && matches(filter, node->right, run, now);
	case FILTER_ANY: return matches(filter, node->left, run, now) || matches(filter, node->right, run, now);
	case FILTER_NOT: return !matches(filter, node->left, run, now);
	case FILTER_COMPARE: return matches_value(node, run, now) != (node->operation == FILTER_UNEQUAL);
	case FILTER_WORD: break;
	}
	return matches_word(node->values[0].text, run);
}

bool run_filter_matches(const struct run_filter *filter, const struct run *run, double now)
{
	return !filter || filter->root < 0 || matches(filter, filter->root, run, now);
}
