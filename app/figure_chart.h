/* The curves of one run or several as a picture for papers and reports: the raw values faint, their mean over a fiftieth of
 * the steps strong, changes made live as dashed marks. Lines differ by colour and by dashes, and with several runs by the
 * number at their end. Of a single fork its ancestors' curves stand before its own. Written whole or not at all. Any thread. */
#ifndef QGAN_APP_FIGURE_CHART_H
#define QGAN_APP_FIGURE_CHART_H

#include "app/run_curves.h"
#include "ui/view.h"

enum { CHART_KIND_LINES = 2, FIGURE_CHART_RUNS = 8, FIGURE_CHART_WIDTH = 1200, FIGURE_CHART_HEIGHT = 560 };

struct chart_kind {
	const char *name;    /* "loss": part of the file's name */
	const char *title, *axis;
	const char *columns[CHART_KIND_LINES]; /* of struct run_curves; NULL: no more */
	const char *labels[CHART_KIND_LINES];
	double low, high;    /* a fixed scale; equal: taken from the values */
	bool log_scale;      /* where every value is positive */
	bool scored;         /* a score: runs that were scored otherwise than the first are left out, and that is said */
};
extern const struct chart_kind chart_kinds[]; /* ends with name NULL */
const struct chart_kind *chart_kind_find(const char *name);

struct figure_chart_run {
	const char *name;
	const struct run_curves *curves; /* borrowed, as the next */
	const struct run_curves *before; /* of what it was forked from, up to the fork: drawn for a single run, grey; NULL: nothing */
};

struct figure_chart {
	const struct chart_kind *kind;
	const struct figure_chart_run *runs;
	int run_count;                /* 1 .. FIGURE_CHART_RUNS */
	const struct view_mark *marks; /* borrowed; drawn for a single run */
	int mark_count;
	enum chart_unit over;         /* the x axis */
};

/* False without an error being set: no run has a value of it, there is nothing to draw. */
bool figure_chart_has_values(const struct figure_chart *chart);

bool figure_chart_write_png(const struct figure_chart *chart, const char *path, struct error *error);

#endif
