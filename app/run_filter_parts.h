/* A filter as its files share it: app/run_filter.c reads the grammar, run_filter_values.c what stands after an operator,
 * run_filter_match.c answers. */
#ifndef QGAN_APP_RUN_FILTER_PARTS_H
#define QGAN_APP_RUN_FILTER_PARTS_H

#include <regex.h>

#include "app/run_fields.h"
#include "app/run_filter.h"
#include "app/settings.h"

enum {
	FILTER_VALUE_SIZE = 160, /* longest value, with its zero */
	FILTER_MAX_PLUSES = 6,   /* each copies what it repeats, and copies of it when one stands on another: a++++ is 16 a's */
	FILTER_MAX_REPEATS = 99, /* {n}: glibc copies the expression so often */
};

enum filter_node_kind { FILTER_ALL, FILTER_ANY, FILTER_NOT, FILTER_COMPARE, FILTER_WORD };
enum filter_operation {
	FILTER_HAS, FILTER_EQUAL, FILTER_UNEQUAL, FILTER_LESS, FILTER_LESS_EQUAL, FILTER_GREATER, FILTER_GREATER_EQUAL, FILTER_REGEX,
};

struct filter_value {
	char text[FILTER_VALUE_SIZE];
	double number, span; /* equal: from number up to number + span (a day), or exactly when span is 0 */
	bool none;
};

struct filter_node {
	enum filter_node_kind kind;
	int left, right;                  /* ALL, ANY; NOT: left */
	const struct run_field *field;    /* COMPARE: this, or */
	const struct setting_row *setting;
	char key[64];                     /* of the setting in JSON, quoted */
	enum run_field_kind value_kind;
	bool bits;                        /* "float" is a value */
	enum filter_operation operation;
	int value_count;
	struct filter_value *values;      /* owned */
	regex_t *regex;                   /* owned */
};

struct run_filter {
	struct filter_node *nodes;
	int count, root; /* root -1: every run */
};

/* Fills number, span and none from the text, as the node's field and operation want it; false: it does not fit. */
bool filter_value_understand(const struct filter_node *node, struct filter_value *value);
const char *filter_value_expected(const struct filter_node *node); /* "a number, such as 5, 10k or 1.5M" */

/* No back reference, which takes exponential time, and no repeated repetition, which takes exponential memory. */
bool filter_regex_is_cheap(const char *pattern);

#endif
