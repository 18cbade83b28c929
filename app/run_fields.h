/* What is known about a run as a table: columns, sorting, filters, JSON, completion and the manual all read these rows.
 * A new column of the list is one row here. Any thread. */
#ifndef QGAN_APP_RUN_FIELDS_H
#define QGAN_APP_RUN_FIELDS_H

#include <jansson.h>

#include "engine/base/text.h"
#include "store/store.h"

enum run_field_kind {
	RUN_FIELD_NUMBER,
	RUN_FIELD_SECONDS, /* a duration or an age: filters take 90s, 5m, 2h, 3d, 1w */
	RUN_FIELD_DATE,    /* unix seconds: filters take 2026-11-26 or 2026-11-26T10:30 */
	RUN_FIELD_TEXT,
	RUN_FIELD_WORDS,   /* names with blanks between them: tags */
	RUN_FIELD_SWITCH,  /* yes or no */
};

enum run_field_type { /* of the member of struct run */
	RUN_MEMBER_INT, RUN_MEMBER_INT64, RUN_MEMBER_UINT64, RUN_MEMBER_DOUBLE, RUN_MEMBER_BOOL, RUN_MEMBER_CHARS,
	RUN_MEMBER_NONE,
};

struct run_field {
	const char *name;      /* "bits.d" */
	const char *aliases;   /* other names, blanks between them; NULL: none */
	const char *title;     /* heading of the column */
	enum run_field_kind kind;
	enum run_field_type type;
	size_t offset;
	bool zero_is_none;     /* 0 means that it is not known, or that there is none */
	double (*number)(const struct run *run, double now);      /* works a number out; NULL: the member is it */
	const char *(*text)(const struct run *run);               /* likewise a text */
	char *(*format)(char *target, size_t size, double value); /* of a number for people; NULL: %g */
	const char *unit;      /* "s", "images"; NULL: none */
	const char *json;      /* name in JSON; NULL: not there */
	int width, most;       /* columns it needs, and can use (0: no more than it needs) */
	int priority;          /* 0: a narrow list keeps it; higher: it goes earlier */
	const char *help;      /* one line, no full stop */
};

extern const struct run_field run_fields[]; /* ends with name NULL */
extern const int run_field_count;
enum { RUN_FIELDS_MAX = 64, RUN_CELL_SIZE = 96 };

/* By name or alias; NULL: unknown. run_field_fail: always false, names the nearest. `what`: "column". */
const struct run_field *run_field_find(const char *name);
const char *const *run_field_names(void); /* NULL-terminated */
bool run_field_fail(const char *what, const char *name, struct error *error);

bool run_field_is_number(const struct run_field *field); /* TEXT and WORDS have a text; a SWITCH is 0 or 1 */
/* NaN: not known. now: unix seconds. */
double run_field_number(const struct run_field *field, const struct run *run, double now);
const char *run_field_text(const struct run_field *field, const struct run *run); /* borrowed */
/* For people; "-" where there is nothing. Returns target. */
char *run_field_cell(const struct run_field *field, const struct run *run, double now, char target[RUN_CELL_SIZE]);
json_t *run_field_to_json(const struct run_field *field, const struct run *run, double now);

char *run_bits_text(char *target, size_t size, double bits); /* "2", or "float" */
bool run_words_have(const char *words, const char *word);    /* names with blanks between them; case does not matter */

/* Every field that has a place in JSON, without the settings. */
json_t *run_to_json(const struct run *run);

/* ---- columns: "name,status,fid" ---- */
struct run_columns {
	const struct run_field *fields[RUN_FIELDS_MAX];
	int count;
};
extern const char run_columns_standard[];
bool run_columns_parse(const char *text, struct run_columns *columns, struct error *error); /* "": the standard ones */

/* Leaves out those of the highest priority, the last ones first, until all fit `room` with two blanks between; widths by
 * column, kept in step. Fields of priority 0 stay in any case. */
void run_columns_fit(struct run_columns *columns, int widths[RUN_FIELDS_MAX], int room);

/* ---- sorting: "fid,-age" ---- */
enum { RUN_SORT_MAX = 8 };
struct run_sort {
	struct {
		const struct run_field *field;
		bool falling;
	} keys[RUN_SORT_MAX];
	int count; /* 0: newest first */
};
bool run_sort_parse(const char *text, struct run_sort *sort, struct error *error);
/* What is not known comes last, rising or falling; equal ones newest first. */
void run_sort_apply(const struct run_sort *sort, const struct run **runs, size_t count, double now);

#endif
