#include "app/run_filter_parts.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

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

static bool read_date(const char *text, struct filter_value *value)
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

const char *filter_value_expected(const struct filter_node *node)
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

bool filter_value_understand(const struct filter_node *node, struct filter_value *value)
{
	const enum filter_operation operation = node->operation;
	const bool equality = operation == FILTER_HAS || operation == FILTER_EQUAL || operation == FILTER_UNEQUAL;
	value->none = equality && strcasecmp(value->text, "none") == 0;
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

bool filter_regex_is_cheap(const char *pattern)
{
	int braces = 0, pluses = 0;
	for (const char *c = pattern; *c; c++) {
		if (*c == '+' && ++pluses > FILTER_MAX_PLUSES)
			return false;
		if (*c == '\\') {
			if (isdigit((unsigned char)c[1]))
				return false;
			c += c[1] != '\0';
		} else if (*c == '{') {
			const char *second = strchr(c, ',');
			if (++braces > 1 || atoi(c + 1) > FILTER_MAX_REPEATS || (second && atoi(second + 1) > FILTER_MAX_REPEATS))
				return false;
		}
	}
	return true;
}
