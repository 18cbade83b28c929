/* What a study's report shows of its cells' runs: samples, weights' states, and scores while they trained, as pictures beside
 * the Markdown that names them. Nothing is written for what was not recorded. Main thread. */
#ifndef QGAN_APP_CMD_STUDY_PICTURES_H
#define QGAN_APP_CMD_STUDY_PICTURES_H

#include "app/study_results.h"
#include "engine/base/text.h"

struct study_report {
	struct store *store;
	const struct study_results *results;
	const char *folder; /* is there */
	struct text *text;  /* what has been written of report.md */
};

/* The Inception Score over the steps, as live scores have it: the float run and the cells of each group (Figure 2). */
bool study_report_curves(const struct study_report *report, struct error *error);

/* The states of D's first and G's last layer of every cell (Figures 1 and 3). */
bool study_report_states(const struct study_report *report, struct error *error);

/* The newest pictures of every cell, all of the same noise where runs have the same seed. */
bool study_report_samples(const struct study_report *report, struct error *error);

#endif
