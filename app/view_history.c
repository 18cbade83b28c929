/* How a layer's states were occupied over time, in bounded memory: every column stands for `merged` records, the newest
 * one alone for its own; when there is no room for another, columns merge in pairs. */
#include <string.h>

#include "app/view_fill.h"

/* Neighbouring states are added up until there are no more than VIEW_HISTORY_STATES. */
static struct view_history_column make_column(int64_t step, int bits, int states, const int64_t *counts)
{
	struct view_history_column column = {.step = step, .bits = bits};
	double all = 0;
	for (int i = 0; i < states; i++)
		all += (double)counts[i];
	int together = states > VIEW_HISTORY_STATES ? states / VIEW_HISTORY_STATES : 1;
	for (int i = 0; all > 0 && i < states && i / together < VIEW_HISTORY_STATES; i++)
		column.shares[i / together] += (float)((double)counts[i] / all);
	return column;
}

/* The mean of what `records` and `more` records say; with other bits the later ones count. */
static void merge(struct view_history_column *column, int records, const struct view_history_column *later, int more)
{
	if (column->bits != later->bits) {
		column->bits = later->bits;
		memcpy(column->shares, later->shares, sizeof column->shares);
		return;
	}
	for (int i = 0; i < VIEW_HISTORY_STATES; i++)
		column->shares[i] += (later->shares[i] - column->shares[i]) * (float)more / (float)(records + more);
}

/* The newest record becomes part of the column before it if that has room. */
static void settle_newest(struct view_history *history)
{
	if (history->count >= 2 && history->open < history->merged) {
		merge(&history->columns[history->count - 2], history->open, &history->columns[history->count - 1], 1);
		history->open++;
		history->count--;
	} else {
		history->open = 1;
	}
}

static void merge_pairs(struct view_history *history)
{
	for (int i = 0; i < history->count / 2; i++) {
		history->columns[i] = history->columns[2 * i];
		merge(&history->columns[i], history->merged, &history->columns[2 * i + 1], history->merged);
	}
	history->count /= 2;
	history->merged *= 2;
	history->open = history->merged;
}

void view_history_add(struct view_history *history, int64_t step, int bits, int states, const int64_t *counts)
{
	enum { MOST_SETTLED = VIEW_HISTORY - 2 }; /* even, and room for the newest */
	struct view_history_column column = make_column(step, bits, states, counts);
	if (history->count > 0 && history->columns[history->count - 1].step == step) {
		/* Only the newest column can be of one record's step alone. */
		history->columns[history->count - 1] = column;
		return;
	}
	if (history->count == 0)
		history->merged = 1;
	else
		settle_newest(history);
	if (history->count == MOST_SETTLED && history->open == history->merged)
		merge_pairs(history);
	history->columns[history->count++] = column;
}

void view_history_forget(struct view *view)
{
	for (int network = 0; network < VIEW_NETWORKS; network++)
		for (int i = 0; i < VIEW_MAX_LAYERS; i++)
			view->history[network][i] = (struct view_history){0};
}
