/* The multi-precision search of the paper's section 4.2, as a question that can be asked again at any time: what is to be
 * measured next, after all that was measured so far?
 *
 *   stage 1   D's lowest bits that meet the target while G is float
 *   stage 2   G's lowest bits that meet it with that D
 *
 * Both go upward from the fewest bits and take the first cell that meets the target, since scores need not rise with the
 * bits (paper.md R15): a lower setting that serves is found even where a higher one fails. Float G is the last cell of
 * stage 2, met already in stage 1. Nothing is remembered: whoever keeps the measurements can stop and go on, and a cell
 * that was measured for another reason is not measured twice. Plain data; any thread. */
#ifndef QGAN_ENGINE_SEARCH_GREEDY_H
#define QGAN_ENGINE_SEARCH_GREEDY_H

#include <stdbool.h>
#include <stddef.h>

enum { SEARCH_FLOAT_BITS = 32, SEARCH_WIDTHS_MAX = 9 };

struct search_cell {
	int d_bits, g_bits; /* 1..8, or SEARCH_FLOAT_BITS */
};

/* What was found out about a cell. */
struct search_measure {
	struct search_cell cell;
	bool cut;     /* given up before it was scored: it does not meet any target */
	double score; /* of the finished cell, mean over its evaluations; NaN: as cut */
};

struct search_rules {
	int widths[SEARCH_WIDTHS_MAX]; /* bits that are tried, rising, the last one SEARCH_FLOAT_BITS */
	int width_count;               /* at least 1 */
	bool higher_is_better;         /* of the score: true for IS, false for FID */
	double target;                 /* met by a score that is as good, or better */
};

enum search_kind {
	SEARCH_MEASURE, /* `cell` comes next */
	SEARCH_MET,     /* the search has ended: `cell` is chosen */
	SEARCH_MISSED,  /* it has ended: no D meets the target even with a float G; `cell` came nearest */
};

struct search_step {
	enum search_kind kind;
	int stage;               /* 1 or 2 */
	struct search_cell cell;
	bool none;               /* MISSED: nothing could be scored, so that nothing came near */
	double score;            /* of `cell` unless it is still to be measured */
};

/* measures: in any order; the first one of a cell counts. */
void search_next(const struct search_rules *rules, const struct search_measure measures[], size_t count, struct search_step *step);

bool search_meets(const struct search_rules *rules, const struct search_measure *measure);

/* "1,2,4" in any order: sorted, without doubles, with float behind. False: not such a list. */
bool search_widths_parse(const char *text, struct search_rules *rules);

#endif
