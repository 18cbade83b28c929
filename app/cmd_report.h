/* What the parts of `qgan report` share: cmd_report.c (what is read, the files), cmd_report_write.c (the words). Main thread. */
#ifndef QGAN_APP_CMD_REPORT_H
#define QGAN_APP_CMD_REPORT_H

#include "app/cmd_runs_show.h"
#include "app/figure_chart.h"
#include "app/settings.h"
#include "engine/base/text.h"

enum { REPORT_SAMPLES = 4 /* pictures of a run, spread over its steps */, REPORT_CHARTS = 16 };

struct reported_run {
	struct run_report report;
	struct gan_settings settings;
	bool has_settings;       /* they could be read */
	char parent[RUN_NAME_SIZE]; /* what it was forked from; empty: nothing, or it is gone */
	struct run_curves curves, before;
	struct score *scores;    /* in order of steps; owned */
	size_t score_count;
	int sample_count;
	struct reported_sample {
		int64_t step;
		int tiles, g_bits;
		char file[128];      /* in the report's folder */
	} samples[REPORT_SAMPLES];
};

struct reported {
	struct reported_run *runs;
	int count;
	struct reported_chart {
		const struct chart_kind *kind;
		char file[64];
	} charts[REPORT_CHARTS];
	int chart_count;
	bool has_sizes;              /* sizes.png is there too */
};

/* The whole report as Markdown, links relative to its folder. */
void report_write_markdown(struct text *text, const struct reported *reported);

#endif
