/* The walk of `qgan bench ui` through the workbench: which keys, and by what the screen shows that it has answered each.
 * A training changes the screen all the time, so that a change alone is no answer. Pure; one thread. */
#ifndef QGAN_APP_BENCH_WALK_H
#define QGAN_APP_BENCH_WALK_H

#include <stdint.h>

#include "app/screen_model.h"

enum bench_answer {
	BENCH_UNASKED, /* nothing to wait for: load, or putting things in order */
	BENCH_TEXT,    /* the text is there */
	BENCH_GONE,    /* the text is not there any more */
	BENCH_ROW,     /* another row is the selected one, or it is elsewhere */
	BENCH_BODY,    /* anything between header and log line is another: where only keys change that */
};

struct bench_key {
	const char *bytes, *name; /* what the terminal sends; for people */
	const char *where;        /* the screen it is pressed on */
	enum bench_answer answer;
	const char *text;         /* TEXT, GONE */
};

/* What a dashboard of any size shows, and nothing else does: the newest numbers. */
#define BENCH_DASHBOARD "D(G(z)) 0."

/* One round; the first key is pressed on the dashboard of the live run, and so it ends. Needs BENCH_WALK_RUNS runs that are over. */
enum { BENCH_WALK_RUNS = 100 };
extern const struct bench_key bench_walk[];
extern const int bench_walk_length;

/* From wherever it is to where the walk begins: closes, unmarks, shows every run and opens the newest. */
extern const char *const bench_walk_home[]; /* NULL at the end */

/* What answers are told by, when the key is pressed. */
struct bench_before {
	uint64_t row, body;
};
struct bench_before bench_walk_look(const struct screen_model *screen);

/* False before the key is pressed, if the key is to be counted. */
bool bench_walk_answered(const struct bench_key *key, const struct bench_before *before, const struct screen_model *screen);

#endif
