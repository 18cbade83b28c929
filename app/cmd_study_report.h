/* A study as a Markdown file with its charts as PNG and its results as CSV, our figures beside the published ones. Main
 * thread. */
#ifndef QGAN_APP_CMD_STUDY_REPORT_H
#define QGAN_APP_CMD_STUDY_REPORT_H

#include "app/study_results.h"

/* DIR/report.md, results.csv and the pictures that report.md names; the folder is made. Each file is replaced whole or not at
 * all. */
bool study_report_write(struct store *store, const struct study_results *results, const char *folder, struct error *error);

#endif
